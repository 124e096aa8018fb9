"""Whom a fact is about, for the store in memory: plain functions of one fact or one person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Fact,
    FactMessage,
    HouseholdFact,
    InvolvementFact,
    MergeFact,
    Phase,
    Pseudonym,
    Subject,
)


def pseudonyms_in(fact: Fact) -> Iterable[Pseudonym]:
    """Return every pseudonym in a fact."""
    return (pseudonym for person in persons_in(fact) for pseudonym in person.pseudonyms)


def persons_in(fact: Fact) -> Sequence[Subject]:
    """Return whom a fact is about, each at its place."""
    match fact:
        case HouseholdFact(members=members):
            return [each.subject for each in members]
        case MergeFact(old=old, new=new):
            return [old, new]
        case _:
            return [fact.subject]


def current_persons(fact: Fact, on: date) -> Iterable[Subject]:
    """Return whom a fact is about that is not over on that day."""
    match fact:
        case HouseholdFact(members=members):
            return [each.subject for each in members if each.until is None or each.until >= on]
        case InvolvementFact(phase=phase):
            is_open = phase in {Phase.PROVISIONAL, Phase.ACTIVE} and (fact.until is None or fact.until >= on)
            return [fact.subject] if is_open else []
        case ConsentFact(effect=effect):
            is_over = effect is ConsentEffect.WITHDRAWN or (fact.until is not None and fact.until < on)
            return [] if is_over else [fact.subject]
        case MergeFact():
            return []


def without_epochs(version: FactMessage, before: int) -> FactMessage | None:
    """Return the version without pseudonyms of epochs below `before`; None where nobody is left in it."""
    fact = version.fact
    if isinstance(fact, MergeFact):
        old, new = later(fact.old, before), later(fact.new, before)
        return None if old is None or new is None else replace(version, fact=replace(fact, old=old, new=new))
    if not isinstance(fact, HouseholdFact):
        subject = later(fact.subject, before)
        return None if subject is None else replace(version, fact=replace(fact, subject=subject))
    if not fact.members:
        return version
    members = [(member, later(member.subject, before)) for member in fact.members]
    left = tuple(replace(member, subject=subject) for member, subject in members if subject is not None)
    return replace(version, fact=replace(fact, members=left)) if left else None


def later(subject: Subject, before: int) -> Subject | None:
    """Return the person without the pseudonyms of epochs below `before`; None where there is no other."""
    left = [each for each in subject.pseudonyms if each.epoch >= before]
    return Subject(*left) if left else None


def names(persons: Iterable[Subject], subject: Subject) -> bool:
    """Tell whether one of the persons is this one."""
    return any(person.is_same_person(subject) for person in persons)


def overlaps(persons: Iterable[Subject], subject: Subject) -> bool:
    """Tell whether one of the persons shares a pseudonym with this one."""
    return any(person.overlaps(subject) for person in persons)
