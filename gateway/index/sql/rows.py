"""Facts as rows and back."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Decider,
    FactMessage,
    HouseholdFact,
    InvolvementFact,
    Oin,
    PartnerKind,
    Phase,
    Pseudonym,
    Reference,
    SecrecyClass,
)

Row = dict[str, Any]


def involvement_row(fact: InvolvementFact) -> Row:
    """Return the columns of an involvement, without its version."""
    return {
        "partner": fact.partner,
        "reference": fact.reference,
        "subject": fact.subject.reveal(),
        "phase": fact.phase.value,
        "since": fact.since,
        "until": fact.until,
        "desk": fact.desk,
        "secrecy": fact.secrecy.value,
        "shielded": fact.shielded,
    }


def read_involvement(row: Any) -> InvolvementFact:
    """Return the involvement in a row."""
    return InvolvementFact(
        partner=Oin(row.partner),
        reference=Reference(row.reference),
        subject=Pseudonym(row.subject),
        phase=Phase(row.phase),
        since=row.since,
        until=row.until,
        desk=row.desk,
        secrecy=SecrecyClass(row.secrecy),
        shielded=row.shielded,
    )


def member_rows(fact: HouseholdFact) -> list[Row]:
    """Return one row a member."""
    return [
        {
            "partner": fact.partner,
            "reference": fact.reference,
            "subject": member.subject.reveal(),
            "role": member.role,
            "since": member.since,
            "until": member.until,
        }
        for member in fact.members
    ]


def consent_row(fact: ConsentFact) -> Row:
    """Return the columns of a consent, without its version."""
    return {
        "partner": fact.partner,
        "reference": fact.reference,
        "subject": fact.subject.reveal(),
        "effect": fact.effect.value,
        "decided_by": fact.decided_by.value,
        "holder_kinds": orjson.dumps(sorted(fact.holder_kinds)),
        "asking_kinds": orjson.dumps(sorted(fact.asking_kinds)),
        "purposes": orjson.dumps(sorted(fact.purposes)),
        "since": fact.since,
        "until": fact.until,
    }


def read_consent(row: Any) -> ConsentFact:
    """Return the consent in a row."""
    return ConsentFact(
        partner=Oin(row.partner),
        reference=Reference(row.reference),
        subject=Pseudonym(row.subject),
        effect=ConsentEffect(row.effect),
        decided_by=Decider(row.decided_by),
        holder_kinds=frozenset(PartnerKind(kind) for kind in orjson.loads(row.holder_kinds)),
        asking_kinds=frozenset(PartnerKind(kind) for kind in orjson.loads(row.asking_kinds)),
        purposes=frozenset(orjson.loads(row.purposes)),
        since=row.since,
        until=row.until,
    )


def current_row(message: FactMessage) -> Row:
    """Return the row of the version that counts: the fact, and what orders it among its versions."""
    match message.fact:
        case InvolvementFact() as fact:
            row = involvement_row(fact)
        case HouseholdFact() as fact:
            row = {"partner": fact.partner, "reference": fact.reference, "suppressed": fact.suppressed}
        case ConsentFact() as fact:
            row = consent_row(fact)
    return row | _ordering(message)


def version_row(message: FactMessage, *, kind: str) -> Row:
    """Return the row that keeps the version as history; its body is JSON with everything the fact said."""
    return {
        "kind": kind,
        "partner": message.fact.partner,
        "reference": message.fact.reference,
        "event": message.event.value,
        "body": _body(message),
    } | _ordering(message)


def _ordering(message: FactMessage) -> Row:
    return {"recorded_at": message.recorded_at, "message_id": message.id.id}


def _body(message: FactMessage) -> bytes:
    match message.fact:
        case InvolvementFact() as fact:
            body = involvement_row(fact)
        case HouseholdFact() as fact:
            body = {"suppressed": fact.suppressed, "members": member_rows(fact)}
        case ConsentFact() as fact:
            body = consent_row(fact)
    return orjson.dumps(body, default=_plain, option=orjson.OPT_SORT_KEYS)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex() if len(value) == 32 else value.decode("utf-8")
    raise TypeError(type(value).__name__)
