"""Whom a fact counts for after its partner's merges: pure, and the same for every order of arrival."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.domain import Pseudonym, Subject

_Places = Mapping[frozenset[Pseudonym], Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingMerge:
    """A merge of one partner that was not undone. `order` is when it was recorded, then its message id."""

    old: Subject
    new: Subject
    order: tuple[datetime, str]


class Merges:
    """The standing merges of one partner, in the order in which they were recorded.

    Whom each of them leads to in the end is worked out once. Whom a fact counts for is then found without going
    through the merges: a partner may have thousands, and a batch thousands of persons.
    """

    def __init__(self, merges: Iterable[StandingMerge] = ()) -> None:
        self._merges = sorted(merges, key=lambda merge: merge.order)
        self._moments = [merge.order[0] for merge in self._merges]
        self._by_epochs: defaultdict[frozenset[int], list[int]] = defaultdict(list)
        for number, merge in enumerate(self._merges):
            self._by_epochs[_epochs(merge.old)].append(number)
        self._projected: dict[tuple[frozenset[int], frozenset[int]], _Places] = {}
        self._ends = [merge.new for merge in self._merges]
        for number in reversed(range(len(self._merges))):
            self._ends[number] = self._end(self._merges[number].new, number + 1)

    def counts_as(self, stated: Subject, *, recorded_at: datetime) -> Subject:
        """Return the person for whom a fact counts whose partner named `stated`.

        The merges are gone through once, in the order in which they were recorded: each one that was recorded
        when the fact was there already, and whose old person the fact counts for by then, moves it on. So
        chains are followed, of a reversed pair the last one said decides, and no circle can go on for ever.

        `recorded_at` is when the fact was recorded first. A fact that is first recorded after a merge and names
        the old person is taken at its word: the number may be somebody else's.
        """
        return self._end(stated, bisect_left(self._moments, recorded_at))

    def _end(self, person: Subject, start: int) -> Subject:
        """Return whom the merges from number `start` on lead to."""
        first = self._first(person, start)
        return person if first is None else self._ends[first]

    def _first(self, person: Subject, start: int) -> int | None:
        """Return the number of the first merge from `start` on whose old person this is.

        Two subjects are one person exactly if they are equal under the epochs that both have, and have any.
        """
        epochs = _epochs(person)
        found: list[int] = []
        for others in self._by_epochs:
            shared = epochs & others
            if shared:
                numbers = self._places(others, shared).get(_under(person, shared), ())
                place = bisect_left(numbers, start)
                found += numbers[place : place + 1]
        return min(found, default=None)

    def _places(self, epochs: frozenset[int], shared: frozenset[int]) -> _Places:
        """Return the merges whose old person has these epochs, by what it is under the shared ones."""
        known = self._projected.get((epochs, shared))
        if known is None:
            places: defaultdict[frozenset[Pseudonym], list[int]] = defaultdict(list)
            for number in self._by_epochs[epochs]:
                places[_under(self._merges[number].old, shared)].append(number)
            known = self._projected[epochs, shared] = places
        return known


def _epochs(person: Subject) -> frozenset[int]:
    return frozenset(pseudonym.epoch for pseudonym in person.pseudonyms)


def _under(person: Subject, epochs: frozenset[int]) -> frozenset[Pseudonym]:
    return frozenset(pseudonym for pseudonym in person.pseudonyms if pseudonym.epoch in epochs)
