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
    Decider,
    Fact,
    FactMessage,
    HouseholdFact,
    HouseholdMember,
    InvolvementFact,
    MergeFact,
    MessageId,
    Phase,
    Reference,
    SealedPseudonym,
    SecrecyClass,
    Subject,
)
from tests.support.sealed import NOON, OIN_GGZ, OIN_VT, consent, involvement, message, person

PARTNERS = st.sampled_from([OIN_VT, OIN_GGZ])
PERSONS = st.sampled_from(["anna", "bram", "carla", "dirk"])
EPOCHS = st.sampled_from([(1,), (1, 2), (2,)])
REFERENCES = st.sampled_from([Reference("R-1"), Reference("r-2"), Reference("r_3")])
STARTS = st.dates(date(2026, 2, 27), date(2026, 3, 4))
ENDS = st.none() | st.dates(date(2026, 3, 4), date(2026, 3, 6)) | st.just(date(2026, 3, 1))


@st.composite
def periods(draw: st.DrawFn) -> tuple[date, date | None]:
    since, until = draw(STARTS), draw(ENDS)
    return since, until if until is None or until >= since else None


ORGANISATIONS = st.frozensets(PARTNERS, max_size=2)
Epochs = st.SearchStrategy[tuple[int, ...]]


@st.composite
def subjects(draw: st.DrawFn, epochs: Epochs) -> Subject:
    """A person under one epoch or two, as partners name them while one takes over from another."""
    return person(draw(PERSONS), *draw(epochs))


@st.composite
def involvements(draw: st.DrawFn, epochs: Epochs) -> InvolvementFact:
    since, until = draw(periods())
    return involvement(
        draw(PARTNERS),
        "",
        subject=draw(subjects(epochs)),
        reference=draw(REFERENCES),
        phase=draw(st.sampled_from(Phase)),
        secrecy=draw(st.sampled_from(SecrecyClass)),
        shielded=draw(st.booleans()),
        since=since,
        until=until,
    )


@st.composite
def households(draw: st.DrawFn, epochs: Epochs) -> HouseholdFact:
    members = []
    for name in draw(st.sets(PERSONS)):
        since, until = draw(st.just((None, None)) | periods())
        subject = person(name, *draw(epochs))
        members.append(HouseholdMember(subject=subject, since=since, until=until))
    return HouseholdFact(
        partner=draw(PARTNERS),
        reference=draw(REFERENCES),
        members=tuple(members),
        suppressed=draw(st.booleans()),
    )


@st.composite
def consents(draw: st.DrawFn, epochs: Epochs) -> ConsentFact:
    since, until = draw(periods())
    return consent(
        draw(PARTNERS),
        "",
        subject=draw(subjects(epochs)),
        holder="ggz",
        asking="politie",
        reference=draw(REFERENCES),
        effect=draw(st.sampled_from(ConsentEffect)),
        decided_by=draw(st.sampled_from(Decider)),
        holders=draw(ORGANISATIONS),
        askers=draw(ORGANISATIONS),
        since=since,
        until=until,
    )


@st.composite
def merges(draw: st.DrawFn, epochs: Epochs) -> MergeFact:
    old, new = draw(st.permutations(["anna", "bram", "carla", "dirk"]))[:2]
    return MergeFact(
        partner=draw(PARTNERS),
        reference=draw(REFERENCES),
        old=person(old, *draw(epochs)),
        new=person(new, *draw(epochs)),
        undone=draw(st.integers(0, 3)) == 0,
    )


@st.composite
def histories(draw: st.DrawFn, epochs: Epochs = EPOCHS) -> list[FactMessage]:
    """Up to twelve messages; times are few, so that ties happen, and ids order them."""
    kinds = involvements(epochs) | households(epochs) | consents(epochs) | merges(epochs)
    facts = draw(st.lists(kinds, min_size=1, max_size=12))
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


def persons_in(fact: Fact) -> list[Subject]:
    """Return whom a fact is about."""
    match fact:
        case HouseholdFact(members=members):
            return [member.subject for member in members]
        case MergeFact(old=old, new=new):
            return [old, new]
        case InvolvementFact(subject=subject) | ConsentFact(subject=subject):
            return [subject]


def _renamed_fact(fact: Fact, tag: str) -> Fact:
    reference = Reference(f"{fact.reference}-{tag}")
    match fact:
        case HouseholdFact(members=members):
            moved = tuple(replace(member, subject=_renamed(member.subject, tag)) for member in members)
            return replace(fact, reference=reference, members=moved)
        case MergeFact(old=old, new=new):
            return replace(fact, reference=reference, old=_renamed(old, tag), new=_renamed(new, tag))
        case InvolvementFact() | ConsentFact():
            return replace(fact, reference=reference, subject=_renamed(fact.subject, tag))


def _renamed(subject: Subject, tag: str) -> Subject:
    return Subject(
        *(
            SealedPseudonym(hashlib.sha256(each.reveal() + tag.encode()).digest(), epoch=each.epoch)
            for each in subject.pseudonyms
        )
    )
