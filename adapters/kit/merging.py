"""What the partner's own records say about who is who: a merge, its undoing, and a BSN that was corrected.

Where nothing else of the partner stands under the old BSN, one `subject-merged` moves all that was said under it:
involvements, consents, household memberships. Where another of the partner's numbers stands for the old BSN, that
BSN is somebody else's: then only the involvements of this number are said again, under the new one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from adapters.kit.facts import FactMaker, Statement
from adapters.kit.keys import ReferenceKind, opaque_reference
from adapters.kit.mapping import MergeUnit, UndoUnit
from adapters.kit.model import MergeDraft
from adapters.kit.persons import KnownPerson, Persons
from adapters.kit.state import LastSaid, kept_involvement, last_said
from gateway.domain import Bsn, InvolvementFact, MergeFact, Phase, Pseudonym, Reference, Subject

_OPEN = (Phase.PROVISIONAL, Phase.ACTIVE)


class Merging:
    """Turns units about persons into statements, within one transaction of the state file.

    `subjects` holds the pseudonyms of the persons that the units name; `now` is the time of this run.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        maker: FactMaker,
        *,
        subjects: Mapping[Bsn, Subject],
        now: datetime,
    ) -> None:
        self._connection = connection
        self._maker = maker
        self._subjects = subjects
        self._now = now
        self._persons = Persons(connection, maker.reference_key)

    def told(self, number: str, bsn: Bsn, recorded_at: datetime | None) -> list[Statement]:
        """Note that a record gives the person with this number that BSN; return what follows from a new one.

        A record older than the one known so far changes nothing.
        """
        before = self._persons.known(number)
        after = self._person(bsn, recorded_at)
        if before is not None and after.recorded_at < before.recorded_at:
            return []
        if before != after:
            self._persons.know(number, after)
        if before is None or before.bsn == after.bsn:
            return []
        key = f"{number}>{before.bsn.hex()}>{after.bsn.hex()}@{after.recorded_at.isoformat()}"
        if self._is_mergeable(before, after, number):
            reference = self._reference(ReferenceKind.MERGE, key)
            return [self._merge(reference, before, after, [])]
        return self._said_again(number, after, recorded_at)

    def note(self, reference: Reference, number: str) -> None:
        """Note of which person an involvement is."""
        self._persons.note_involvement(reference, number)

    def merged(self, unit: MergeUnit) -> list[Statement]:
        """Return what follows from a merge of two numbers; nothing where all of it was said before."""
        draft = unit.draft
        old, new = self._of(draft.old, draft.old_bsn, unit), self._of(draft.new, draft.new_bsn, unit)
        moves, moved = self._moves(draft, new, unit.recorded_at)
        if old is None or new is None or old.bsn == new.bsn:
            return moves
        if not self._is_mergeable(old, new, draft.old, draft.new):
            sources = [source for source, *_ in moved]
            return [*moves, *self._said_again(draft.old, new, unit.recorded_at, besides=sources)]
        reference = self._free_reference(draft.key, unit.recorded_at)
        if reference is None:
            return []
        return [self._merge(reference, old, new, moved), *moves]

    def undone(self, unit: UndoUnit) -> list[Statement]:
        """Return the undoing of each merge that stands under the keys, once; what it moved is put back."""
        statements: list[Statement] = []
        for key in unit.keys:
            reference, last = self._latest(key)
            if last is None or last.kept["undone"]:
                continue
            old, new = (Subject(*map(Pseudonym.parse, last.kept[side])) for side in ("old", "new"))
            kept = last.kept | {"undone": True, "at": (unit.recorded_at or self._now).isoformat()}
            fact = MergeFact(partner=self._maker.partner, reference=reference, old=old, new=new, undone=True)
            statements.append(self._about_all(fact, unit.recorded_at, kept))
            for move in last.kept["moved"]:
                statements += self._put_back(move, unit.recorded_at)
        return statements

    def _person(self, bsn: Bsn, recorded_at: datetime | None) -> KnownPerson:
        return KnownPerson(
            bsn=self._persons.mark(bsn), subject=self._subjects[bsn], recorded_at=recorded_at or self._now
        )

    def _of(self, number: str, bsn: Bsn | None, unit: MergeUnit) -> KnownPerson | None:
        """Return who it is: by the BSN in the record, else by what the number stood for last."""
        if bsn is not None:
            return self._person(bsn, unit.recorded_at)
        return self._persons.known(number) if number else None

    def _is_mergeable(self, old: KnownPerson, new: KnownPerson, *numbers: str) -> bool:
        """Tell whether all that was said under the old BSN is about the new person.

        Not where another number has that BSN too. And where the two share no epoch, nothing of the old one's
        can still be in the index, or the index does not know it.
        """
        epochs = {pseudonym.epoch for pseudonym in old.subject.pseudonyms}
        share = any(pseudonym.epoch in epochs for pseudonym in new.subject.pseudonyms)
        return share and not self._persons.is_shared(old.bsn, *numbers)

    def _merge(
        self, reference: Reference, old: KnownPerson, new: KnownPerson, moved: list[list[str]]
    ) -> Statement:
        last = last_said(self._connection, reference)
        kept = {
            "old": [pseudonym.text() for pseudonym in old.subject.pseudonyms],
            "new": [pseudonym.text() for pseudonym in new.subject.pseudonyms],
            "undone": False,
            "moved": moved if last is None else last.kept["moved"] + moved,
        }
        fact = MergeFact(partner=self._maker.partner, reference=reference, old=old.subject, new=new.subject)
        return self._about_all(fact, new.recorded_at, kept)

    def _about_all(self, fact: MergeFact, recorded_at: datetime | None, kept: Mapping[str, Any]) -> Statement:
        """Return a statement that holds for all that was said until now, such as consents read this morning."""
        moment = max(self._now, recorded_at or self._now)
        return Statement(fact=fact, recorded_at=moment, is_change=False, kept=kept)

    def _said_again(
        self, number: str, person: KnownPerson, recorded_at: datetime | None, *, besides: Sequence[str] = ()
    ) -> list[Statement]:
        """Return the involvements of the number that stand, each under its reference, about this person."""
        references = self._persons.involvements(number)
        standing = (self._standing(each) for each in references if each not in besides)
        return [
            Statement(fact=replace(fact, subject=person.subject), recorded_at=recorded_at)
            for fact in standing
            if fact is not None
        ]

    def _moves(
        self, draft: MergeDraft, new: KnownPerson | None, recorded_at: datetime | None
    ) -> tuple[list[Statement], list[list[str]]]:
        """Return how an involvement kept under the old number itself goes on under the new one.

        Its reference is retracted. The new number has the same involvement from then on, unless it has an open
        one, or one that ended like this one. Nobody is registered without a BSN. The second value is what an
        undoing needs: both references (the new one may be empty) and the phase.
        """
        source = self._reference(ReferenceKind.INVOLVEMENT, draft.old)
        stood = self._standing(source) if draft.old else None
        if stood is None:
            return [], []
        statements = [Statement(fact=replace(stood, phase=Phase.RETRACTED), recorded_at=recorded_at)]
        target = ""
        if draft.new and new is not None:
            reference = self._reference(ReferenceKind.INVOLVEMENT, draft.new)
            there = self._standing(reference)
            if there is None or (stood.phase in _OPEN and there.phase not in _OPEN):
                target = reference
                fact = replace(stood, reference=reference, subject=new.subject)
                statements.append(Statement(fact=fact, recorded_at=recorded_at))
                self._persons.note_involvement(reference, draft.new)
                if self._persons.known(draft.new) is None:
                    self._persons.know(draft.new, new)
        return statements, [[source, target, stood.phase.value]]

    def _put_back(self, move: Sequence[str], recorded_at: datetime | None) -> list[Statement]:
        """Return what undoes a move: the old reference stands as the involvement stands now, the new one never was."""
        source, target, phase = move
        before = self._last_involvement(Reference(source))
        if before is None or before.phase is not Phase.RETRACTED:
            return []
        now = self._last_involvement(Reference(target)) if target else None
        if now is None:
            return [Statement(fact=replace(before, phase=Phase(phase)), recorded_at=recorded_at)]
        back = replace(now, reference=before.reference, subject=before.subject)
        gone = replace(now, phase=Phase.RETRACTED)
        return [Statement(fact=fact, recorded_at=recorded_at) for fact in (back, gone)]

    def _standing(self, reference: Reference) -> InvolvementFact | None:
        found = self._last_involvement(reference)
        return None if found is None or found.phase is Phase.RETRACTED else found

    def _last_involvement(self, reference: Reference) -> InvolvementFact | None:
        last = last_said(self._connection, reference)
        if last is None:
            return None
        return kept_involvement(last.kept, partner=self._maker.partner, reference=reference)

    def _free_reference(self, key: str, recorded_at: datetime | None) -> Reference | None:
        """Return the reference of the merge: another one after an undoing, None for a merge from before that."""
        reference, last = self._latest(key)
        if last is None or not last.kept["undone"]:
            return reference
        if recorded_at is None or recorded_at <= datetime.fromisoformat(last.kept["at"]):
            return None
        return self._latest(key, beyond=True)[0]

    def _latest(self, key: str, *, beyond: bool = False) -> tuple[Reference, LastSaid | None]:
        """Return the last reference used for a key with what was said under it; `beyond`: the first unused one."""
        found: tuple[Reference, LastSaid] | None = None
        for number in count(1):
            reference = self._reference(ReferenceKind.MERGE, key if number == 1 else f"{key}#{number}")
            last = last_said(self._connection, reference)
            if last is None:
                break
            found = (reference, last)
        return (reference, None) if beyond or found is None else found

    def _reference(self, kind: ReferenceKind, number: str) -> Reference:
        return opaque_reference(self._maker.reference_key, kind, number)
