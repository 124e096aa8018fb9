"""Random histories of facts: a few partners, persons and references, so that versions meet each other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Fact,
    FactMessage,
    HouseholdFact,
    HouseholdMember,
    InvolvementFact,
    MessageId,
    Phase,
    Pseudonym,
    Reference,
    SecrecyClass,
)
from tests.support.facts import NOON, OIN_GGZ, OIN_VT, consent, involvement, message, person

PARTNERS = st.sampled_from([OIN_VT, OIN_GGZ])
PERSONS = st.sampled_from(["anna", "bram", "carla", "dirk"])
REFERENCES = st.sampled_from([Reference("R-1"), Reference("r-2"), Reference("r_3")])
STARTS = st.dates(date(2026, 2, 27), date(2026, 3, 4))
ENDS = st.none() | st.dates(date(2026, 3, 4), date(2026, 3, 6)) | st.just(date(2026, 3, 1))


@st.composite
def periods(draw: st.DrawFn) -> tuple[date, date | None]:
    since, until = draw(STARTS), draw(ENDS)
    return since, until if until is None or until >= since else None


@st.composite
def involvements(draw: st.DrawFn) -> InvolvementFact:
    since, until = draw(periods())
    return involvement(
        draw(PARTNERS),
        draw(PERSONS),
        reference=draw(REFERENCES),
        phase=draw(st.sampled_from(Phase)),
        secrecy=draw(st.sampled_from(SecrecyClass)),
        shielded=draw(st.booleans()),
        since=since,
        until=until,
    )


@st.composite
def households(draw: st.DrawFn) -> HouseholdFact:
    members = []
    for name in draw(st.sets(PERSONS)):
        since, until = draw(st.just((None, None)) | periods())
        members.append(HouseholdMember(subject=person(name), since=since, until=until))
    return HouseholdFact(
        partner=draw(PARTNERS),
        reference=draw(REFERENCES),
        members=tuple(members),
        suppressed=draw(st.booleans()),
    )


@st.composite
def consents(draw: st.DrawFn) -> ConsentFact:
    since, until = draw(periods())
    return consent(
        draw(PARTNERS),
        draw(PERSONS),
        holder="ggz",
        asking="politie",
        reference=draw(REFERENCES),
        effect=draw(st.sampled_from(ConsentEffect)),
        since=since,
        until=until,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[FactMessage]:
    """Up to twelve messages; times are few, so that ties happen, and ids order them."""
    facts = draw(st.lists(involvements() | households() | consents(), min_size=1, max_size=12))
    return [
        message(
            fact,
            id=MessageId(fact.partner, f"{number:04}"),
            recorded_at=NOON + timedelta(microseconds=draw(st.integers(0, 3))),
        )
        for number, fact in enumerate(facts)
    ]


def renamed(messages: Sequence[FactMessage], *, tag: str) -> list[FactMessage]:
    """Return the history with persons and references of its own, so that one store can take many."""
    return [
        replace(item, id=MessageId(item.id.source, f"{item.id.id}-{tag}"), fact=_renamed_fact(item.fact, tag))
        for item in messages
    ]


def persons_in(fact: Fact) -> list[Pseudonym]:
    """Return whom a fact is about."""
    match fact:
        case HouseholdFact(members=members):
            return [member.subject for member in members]
        case InvolvementFact(subject=subject) | ConsentFact(subject=subject):
            return [subject]


def _renamed_fact(fact: Fact, tag: str) -> Fact:
    reference = Reference(f"{fact.reference}-{tag}")
    match fact:
        case HouseholdFact(members=members):
            moved = tuple(replace(member, subject=_renamed(member.subject, tag)) for member in members)
            return replace(fact, reference=reference, members=moved)
        case InvolvementFact() | ConsentFact():
            return replace(fact, reference=reference, subject=_renamed(fact.subject, tag))


def _renamed(subject: Pseudonym, tag: str) -> Pseudonym:
    return Pseudonym(hashlib.sha256(subject.reveal() + tag.encode()).digest())
