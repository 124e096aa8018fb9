"""What a Consent resource of a message says, once the closed profile has been checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.domain import ConsentEffect, ConsentFact, Decider, Oin, PartnerKind
from gateway.domain.consenting import MOST_ORGANISATIONS
from gateway.errors import MessageRejected, RejectionReason, Violation
from gateway.messages import codes

Json = dict[str, Any]


def kinds_in(provision: Json, role: str, path: str) -> frozenset[PartnerKind]:
    """Return the kinds of partners in this role; MessageRejected at the consent's `path` where there is none."""
    kinds = frozenset(map(PartnerKind, _actors(provision, role, codes.KIND_SYSTEM)))
    if not kinds:
        raise _broken(f"{path}.provision.actor", f"must name at least one {role}")
    return kinds


def organisations_in(provision: Json, role: str, path: str) -> frozenset[Oin]:
    """Return the organisations to which the role is narrowed, none for all; MessageRejected for too many."""
    organisations = frozenset(map(Oin, _actors(provision, role, codes.OIN_SYSTEM)))
    if len(organisations) > MOST_ORGANISATIONS:
        rule = f"must name at most {MOST_ORGANISATIONS} organisations as {role}"
        raise _broken(f"{path}.provision.actor", rule)
    return organisations


def decider_in(consent: Json, path: str) -> Decider:
    """Return who decided; MessageRejected unless the categories say so once."""
    found = [
        category["coding"][0]["code"]
        for category in consent["category"]
        if category["coding"][0]["system"] == codes.DECIDER_SYSTEM
    ]
    if len(found) != 1 or found[0] not in set(Decider):
        raise _broken(f"{path}.category", "must name the decider once")
    return Decider(found[0])


def check_status(consent: Json, fact: ConsentFact, path: str) -> None:
    """Check that consent which nobody can be sure of is proposed, and no other; MessageRejected at `status`.

    Whether it is active or inactive the event says too; that the two agree is checked with it (`agrees`).
    """
    if fact.effect is ConsentEffect.PERMIT and consent["status"] not in {
        codes.CONSENT_INACTIVE,
        codes.consent_status(fact),
    }:
        rule = "must be proposed where it is not established who decides, and active otherwise"
        raise _broken(f"{path}.status", rule)


def agrees(consent: Json, fact: ConsentFact) -> bool:
    """Tell whether the resource says the same as the event from which the fact has its effect."""
    denies = fact.effect is ConsentEffect.OBJECT
    return (
        consent["status"] == codes.consent_status(fact) and (consent["provision"]["type"] == "deny") is denies
    )


def _actors(provision: Json, role: str, system: str) -> Iterator[str]:
    for actor in provision["actor"]:
        identifier = actor["reference"]["identifier"]
        if actor["role"]["coding"][0]["code"] == role and identifier["system"] == system:
            yield identifier["value"]


def _broken(path: str, rule: str) -> MessageRejected:
    return MessageRejected(RejectionReason.PROFILE, Violation(path, rule))
