"""Merges are said again once one of their persons has a new epoch, so that what they moved is found under it too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Set
from datetime import datetime

from adapters.kit.facts import FactMaker, Statement
from adapters.kit.merging import as_before, is_taken_in, sides_kept
from adapters.kit.persons import Persons, in_use
from adapters.kit.state import LastSaid, last_said, say_again
from gateway.domain import Bsn, MergeFact, Reference, Subject


class Renewing:
    """Notes new epochs of persons, within one transaction of the state file, and says what follows.

    `epochs` are those in use; none where that is not known.
    """

    def __init__(
        self, connection: sqlite3.Connection, maker: FactMaker, *, now: datetime, epochs: Set[int]
    ) -> None:
        self._connection = connection
        self._maker = maker
        self._now = now
        self._epochs = epochs
        self._persons = Persons(connection, maker.reference_key)

    def renew(self, persons: Iterable[tuple[Bsn, Subject]]) -> list[Statement]:
        """Note the pseudonyms of these persons; return the merges to say again, in the order they were said.

        Each keeps its time, and so holds for what it held for. Merges of one moment are ordered by their messages:
        those that were said after one that is said again follow it again.
        """
        found: dict[Reference, tuple[LastSaid, Statement]] = {}
        for bsn, subject in persons:
            for reference in self._persons.renew(bsn, subject):
                said = self._again(reference)
                if said is None or _is_as_said(*said):
                    continue
                found[reference] = said
                for other in self._persons.merges_said_with(reference):
                    following = self._again(other)
                    if following is not None:
                        found[other] = following
        for reference in found:
            say_again(self._connection, reference)
        in_turn = sorted(found.values(), key=lambda said: (said[0].recorded_at, said[0].message_id))
        return [statement for _last, statement in in_turn]

    def _again(self, reference: Reference) -> tuple[LastSaid, Statement] | None:
        """Return what was said of a merge and what is to be said now; None where nothing is.

        A merge that the index never took in is said again by what says it; a refused undoing is said again here.
        """
        last, sides = last_said(self._connection, reference), self._persons.merged(reference)
        if last is None or sides is None:
            return None
        is_undone = bool(last.kept["undone"])
        old, new = (in_use(person.subject, self._epochs) for person in sides)
        if old is None or new is None or not (is_taken_in(last) or (is_undone and not last.digest)):
            return None
        fact = MergeFact(partner=self._maker.partner, reference=reference, old=old, new=new, undone=is_undone)
        kept = last.kept | sides_kept(fact)
        if is_undone:
            return last, Statement(fact=fact, recorded_at=self._now, is_change=False, kept=kept)
        return last, as_before(fact, last, kept, now=self._now)


def _is_as_said(last: LastSaid, statement: Statement) -> bool:
    kept = statement.kept or {}
    return bool(last.digest) and all(kept[side] == last.kept[side] for side in ("old", "new"))
