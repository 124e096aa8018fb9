"""Whom a fact counts for after its partner's merges: one pure function, the same for every order of arrival."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.domain import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingMerge:
    """A merge of one partner that was not undone. `order` is when it was recorded, then its message id."""

    old: Subject
    new: Subject
    order: tuple[datetime, str]


def counts_as(stated: Subject, *, recorded_at: datetime, merges: Iterable[StandingMerge]) -> Subject:
    """Return the person for whom a fact counts whose partner named `stated`.

    The partner's merges are gone through once, in the order in which they were recorded: each one that was
    recorded when the fact was there already, and whose old person the fact counts for by then, moves it on. So
    chains are followed, of a reversed pair the last one said decides, and no circle can go on for ever.

    `recorded_at` is when the fact was recorded first. A fact that is first recorded after a merge and names
    the old person is taken at its word: the number may be somebody else's.
    """
    person = stated
    for merge in sorted(merges, key=lambda merge: merge.order):
        if merge.order[0] >= recorded_at and merge.old.is_same_person(person):
            person = merge.new
    return person
