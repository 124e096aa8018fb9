"""Facts as rows and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Decider,
    Fact,
    FactMessage,
    HouseholdFact,
    InvolvementFact,
    MergeFact,
    Oin,
    PartnerKind,
    Phase,
    Reference,
    SealedPseudonym,
    SecrecyClass,
    Subject,
)

Row = dict[str, Any]


def subjects_of(fact: Fact) -> Sequence[Subject]:
    """Return the persons a fact is about, each at its place."""
    match fact:
        case HouseholdFact(members=members):
            return [member.subject for member in members]
        case MergeFact(old=old, new=new):
            return [old, new]
        case InvolvementFact(subject=subject) | ConsentFact(subject=subject):
            return [subject]


def subject_key_rows(fact: Fact, *, table: str) -> list[Row]:
    """Return who the fact is about, one row a person and epoch, as long as no merge moves it.

    Raises:
        TypeError: a pseudonym is not sealed. Nothing that a partner sent as it is may reach the database.

    """
    rows = []
    for place, subject in enumerate(subjects_of(fact)):
        for pseudonym in subject.pseudonyms:
            if not isinstance(pseudonym, SealedPseudonym):
                raise TypeError("the index keeps sealed pseudonyms only")
            rows.append(
                {
                    "fact": table,
                    "partner": fact.partner,
                    "reference": fact.reference,
                    "place": place,
                    "epoch": pseudonym.epoch,
                    "subject": None if isinstance(fact, MergeFact) else pseudonym.reveal(),
                    "stated": pseudonym.reveal(),
                }
            )
    return rows


def involvement_row(fact: InvolvementFact) -> Row:
    """Return the columns of an involvement, without its version and its person."""
    return {
        "partner": fact.partner,
        "reference": fact.reference,
        "phase": fact.phase.value,
        "since": fact.since,
        "until": fact.until,
        "desk": fact.desk,
        "secrecy": fact.secrecy.value,
        "shielded": fact.shielded,
    }


def read_involvement(row: Any, subject: Subject) -> InvolvementFact:
    """Return the involvement in a row with its person."""
    return InvolvementFact(
        partner=Oin(row.partner),
        reference=Reference(row.reference),
        subject=subject,
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
            "place": place,
            "role": member.role,
            "since": member.since,
            "until": member.until,
        }
        for place, member in enumerate(fact.members)
    ]


def consent_row(fact: ConsentFact) -> Row:
    """Return the columns of a consent, without its version and its person."""
    return {
        "partner": fact.partner,
        "reference": fact.reference,
        "effect": fact.effect.value,
        "decided_by": fact.decided_by.value,
        "holder_kinds": orjson.dumps(sorted(fact.holder_kinds)),
        "asking_kinds": orjson.dumps(sorted(fact.asking_kinds)),
        "purposes": orjson.dumps(sorted(fact.purposes)),
        "holders": _organisations(fact.holders),
        "askers": _organisations(fact.askers),
        "since": fact.since,
        "until": fact.until,
    }


def read_consent(row: Any, subject: Subject) -> ConsentFact:
    """Return the consent in a row with its person."""
    return ConsentFact(
        partner=Oin(row.partner),
        reference=Reference(row.reference),
        subject=subject,
        effect=ConsentEffect(row.effect),
        decided_by=Decider(row.decided_by),
        holder_kinds=frozenset(PartnerKind(kind) for kind in orjson.loads(row.holder_kinds)),
        asking_kinds=frozenset(PartnerKind(kind) for kind in orjson.loads(row.asking_kinds)),
        purposes=frozenset(orjson.loads(row.purposes)),
        since=row.since,
        until=row.until,
        holders=_read_organisations(row.holders),
        askers=_read_organisations(row.askers),
        version=row.message_id,
    )


def _organisations(oins: Iterable[Oin]) -> bytes | None:
    return orjson.dumps(sorted(oins)) if oins else None


def _read_organisations(oins: bytes | None) -> frozenset[Oin]:
    return frozenset(Oin(oin) for oin in orjson.loads(oins)) if oins else frozenset()


def current_row(message: FactMessage) -> Row:
    """Return the row of the version that counts: the fact, and what orders it among its versions."""
    match message.fact:
        case InvolvementFact() as fact:
            row = involvement_row(fact)
        case HouseholdFact() as fact:
            row = {"partner": fact.partner, "reference": fact.reference, "suppressed": fact.suppressed}
        case ConsentFact() as fact:
            row = consent_row(fact)
        case MergeFact() as fact:
            row = {"partner": fact.partner, "reference": fact.reference, "undone": fact.undone}
    return row | _ordering(message)


def version_row(message: FactMessage, *, kind: str) -> Row:
    """Return the row that keeps the version as history; its body is JSON with everything the fact said."""
    epochs = [each.epoch for subject in subjects_of(message.fact) for each in subject.pseudonyms]
    return {
        "kind": kind,
        "partner": message.fact.partner,
        "reference": message.fact.reference,
        "event": message.event.value,
        "epoch": max(epochs, default=None),
        "body": _body(message, kind=kind),
    } | _ordering(message)


def _ordering(message: FactMessage) -> Row:
    return {"recorded_at": message.recorded_at, "message_id": message.id.id}


def _body(message: FactMessage, *, kind: str) -> bytes:
    match message.fact:
        case InvolvementFact() as fact:
            body = involvement_row(fact)
        case HouseholdFact() as fact:
            body = {"suppressed": fact.suppressed, "members": member_rows(fact)}
        case ConsentFact() as fact:
            body = consent_row(fact)
        case MergeFact() as fact:
            body = {"undone": fact.undone}
    keys = [
        [row["place"], row["epoch"], row["stated"].hex()]
        for row in subject_key_rows(message.fact, table=kind)
    ]
    return orjson.dumps(body | {"subjects": keys}, default=_plain, option=orjson.OPT_SORT_KEYS)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise TypeError(type(value).__name__)
