"""Builders of synthetic facts: one call a fact, with only what a test is about spelled out."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Any

from uuid_utils.compat import uuid7

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Decider,
    Event,
    Fact,
    FactMessage,
    HouseholdFact,
    HouseholdMember,
    InvolvementFact,
    MergeFact,
    MessageId,
    Oin,
    PartnerKind,
    Phase,
    Pseudonym,
    Reference,
    Subject,
)
from verwijsindex.v1 import common_pb2

OIN_VT = Oin("00000099100000000100")
OIN_GGZ = Oin("00000099100000000200")
OIN_POLITIE = Oin("00000099100000000300")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SINCE = date(2026, 1, 15)


def person(name: str, *epochs: int) -> Subject:
    """Return a synthetic person, the same for the same name, under these epochs (the first, if none is named)."""
    return Subject(*(pseudonym(name, epoch) for epoch in epochs or (1,)))


def pseudonym(name: str, epoch: int = 1) -> Pseudonym:
    """Return the pseudonym of a synthetic person under one epoch."""
    content = f"synthetic person {name} epoch {epoch}".encode()
    return Pseudonym(hashlib.sha256(content).digest(), epoch=epoch)


def wire_subject(name: str, *epochs: int) -> list[common_pb2.SubjectPseudonym]:
    """Return a synthetic person as a question over gRPC names them."""
    return [
        common_pb2.SubjectPseudonym(value=each.reveal(), epoch=each.epoch)
        for each in person(name, *epochs).pseudonyms
    ]


def involvement(partner: Oin, who: str, **changes: Any) -> InvolvementFact:
    """Return an active involvement of a partner with a person."""
    values: dict[str, Any] = {
        "partner": partner,
        "reference": Reference(f"ref-{partner[-4:]}-{who}"),
        "subject": person(who),
        "phase": Phase.ACTIVE,
        "since": SINCE,
        "desk": "frontoffice",
    }
    return InvolvementFact(**values | changes)


def household(partner: Oin, *who: str, **changes: Any) -> HouseholdFact:
    """Return an assertion that these persons form a household."""
    values: dict[str, Any] = {
        "partner": partner,
        "reference": Reference(f"household-{'-'.join(who)}"),
        "members": tuple(HouseholdMember(subject=person(name)) for name in who),
    }
    return HouseholdFact(**values | changes)


def consent(partner: Oin, who: str, *, holder: str, asking: str, **changes: Any) -> ConsentFact:
    """Return a consent of a person to show one kind of holder to one kind of asker."""
    values: dict[str, Any] = {
        "partner": partner,
        "reference": Reference(f"consent-{who}-{holder}-{asking}".replace("_", "-")),
        "subject": person(who),
        "effect": ConsentEffect.PERMIT,
        "decided_by": Decider.SUBJECT,
        "holder_kinds": frozenset({PartnerKind(holder)}),
        "asking_kinds": frozenset({PartnerKind(asking)}),
        "purposes": frozenset({"coordination-of-care"}),
        "since": SINCE,
    }
    return ConsentFact(**values | changes)


def merge(partner: Oin, one: str, other: str, **changes: Any) -> MergeFact:
    """Return a partner's statement that what it recorded under one person was about another."""
    values: dict[str, Any] = {
        "partner": partner,
        "reference": Reference(f"merge-{one}-{other}"),
        "old": person(one),
        "new": person(other),
    }
    return MergeFact(**values | changes)


def message(fact: Fact, *, recorded_at: datetime = NOON, **changes: Any) -> FactMessage:
    """Return the message that carries a fact, with a new id and the event that fits."""
    values: dict[str, Any] = {
        "id": MessageId(fact.partner, str(uuid7())),
        "event": event_of(fact),
        "recorded_at": recorded_at,
        "fact": fact,
    }
    return FactMessage(**values | changes)


def event_of(fact: Fact) -> Event:
    """Return the event of a first message about the fact."""
    match fact:
        case HouseholdFact():
            return Event.HOUSEHOLD_ASSERTED
        case ConsentFact(effect=effect):
            return {
                ConsentEffect.PERMIT: Event.CONSENT_GIVEN,
                ConsentEffect.OBJECT: Event.CONSENT_OBJECTED,
                ConsentEffect.WITHDRAWN: Event.CONSENT_WITHDRAWN,
            }[effect]
        case MergeFact(undone=undone):
            return Event.SUBJECT_MERGE_UNDONE if undone else Event.SUBJECT_MERGED
        case InvolvementFact(phase=Phase.ENDED):
            return Event.INVOLVEMENT_ENDED
        case InvolvementFact(phase=Phase.RETRACTED):
            return Event.INVOLVEMENT_RETRACTED
        case InvolvementFact():
            return Event.INVOLVEMENT_STARTED
