"""What the partner's own records say about who is who: a merge, its undoing, and a BSN that was corrected.

Where nothing else of the partner stands under the old BSN, one `subject-merged` moves all that was said under it:
involvements, consents, household memberships. Where another of the partner's numbers stands for the old BSN, that
BSN is somebody else's: then only the involvements of this number are said again, under the new one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from adapters.kit.facts import FactMaker, Statement
from adapters.kit.keys import ReferenceKind, opaque_reference
from adapters.kit.mapping import MergeUnit, UndoUnit
from adapters.kit.model import MergeDraft
from adapters.kit.persons import KnownPerson, NamedPerson, Persons, epochs_of, in_use
from adapters.kit.state import LastSaid, kept_involvement, last_said
from gateway.clock import CLOCK_TOLERANCE
from gateway.domain import Bsn, InvolvementFact, MergeFact, Phase, Pseudonym, Reference, Subject

_OPEN = (Phase.PROVISIONAL, Phase.ACTIVE)

NOT_MOVED = (
    "the old number has no pseudonym in use any more: what was said under it beside these involvements, such as "
    "consents and households, does not move; say it again under the new number"
)
NOT_UNDONE = (
    "the old number of this merge has no pseudonym in use any more: the merge cannot be undone; "
    "say what is about the old number again"
)


class Merging:
    """Turns one unit about persons into statements, within one transaction of the state file.

    `subjects` holds the pseudonyms of the persons that the units name; `now` is the time of this run; `epochs` are
    those in use, none where that is not known. `problem` is what could not be said, for the report.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        maker: FactMaker,
        *,
        subjects: Mapping[Bsn, Subject],
        now: datetime,
        epochs: Set[int],
    ) -> None:
        self._connection = connection
        self._maker = maker
        self._subjects = subjects
        self._now = now
        self._epochs = epochs
        self.problem = ""
        self._persons = Persons(connection, maker.reference_key)

    def told(self, number: str, bsn: Bsn, recorded_at: datetime | None) -> list[Statement]:
        """Note that a record gives the person with this number that BSN; return what follows from a new one.

        A record older than the one known so far changes nothing.
        """
        before = self._persons.known(number)
        after = self._person(bsn, recorded_at)
        if before is not None and self._is_before(after.recorded_at, before.recorded_at):
            return []
        if before != after:
            self._persons.know(number, after)
        if before is None:
            return []
        if before.bsn == after.bsn:
            return self._refused(number, after)
        key = f"{number}>{before.bsn.hex()}>{after.bsn.hex()}@{after.recorded_at.isoformat()}"
        if self._is_mergeable(before, after, number):
            reference = self._reference(ReferenceKind.MERGE, key)
            self._persons.note_correction(number, reference)
            return [self._merge(reference, before, after, recorded_at)]
        self._tell_what_stays(before, number)
        return self._said_again(number, after, recorded_at)

    def _refused(self, number: str, person: KnownPerson) -> list[Statement]:
        """Return the merge by which the number's BSN was corrected once more, where the index refused it."""
        reference = self._persons.correction(number)
        last = None if reference is None else last_said(self._connection, reference)
        sides = None if reference is None else self._persons.merged(reference)
        if reference is None or last is None or sides is None or last.digest or sides[1].bsn != person.bsn:
            return []
        if self._is_mergeable(sides[0], person, number):
            return [self._merge(reference, sides[0], person, person.recorded_at)]
        return self._said_again(number, person, person.recorded_at)

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
            last = self._latest(draft.key)[1]
            if last is None or not is_taken_in(last):
                self._tell_what_stays(old, draft.old, draft.new)
            sources = [source for source, *_ in moved]
            return [*moves, *self._said_again(draft.old, new, unit.recorded_at, besides=sources)]
        reference = self._free_reference(draft.key, unit.recorded_at)
        if reference is None:
            return []
        return [self._merge(reference, old, new, unit.recorded_at, moved), *moves]

    def undone(self, unit: UndoUnit) -> list[Statement]:
        """Return the undoing of each merge that stands under the keys, once; what it moved is put back.

        One that the index refused is said again. Without a pseudonym in use of both persons it is not said.
        """
        statements: list[Statement] = []
        for key in unit.keys:
            reference, last = self._latest(key)
            if last is None or (last.kept["undone"] and last.digest):
                continue
            old, new = (in_use(person, self._epochs) for person in self._sides(reference, last))
            if old is None or new is None:
                self.problem = NOT_UNDONE
                continue
            kept = last.kept | {"undone": True, "at": (unit.recorded_at or self._now).isoformat()}
            fact = MergeFact(partner=self._maker.partner, reference=reference, old=old, new=new, undone=True)
            statements.append(self._about_all(fact, unit.recorded_at, kept))
            for move in last.kept["moved"]:
                statements += self._put_back(move, old, unit.recorded_at)
        return statements

    def _sides(self, reference: Reference, last: LastSaid) -> Sequence[Subject]:
        """Return the old and the new person of a merge, as they are known by now."""
        known = self._persons.merged(reference)
        if known is not None:
            return [person.subject for person in known]
        return [Subject(*map(Pseudonym.parse, last.kept[side])) for side in ("old", "new")]

    def _person(self, bsn: Bsn, recorded_at: datetime | None) -> KnownPerson:
        return KnownPerson(
            bsn=self._persons.mark(bsn), subject=self._subjects[bsn], recorded_at=recorded_at or self._now
        )

    def _of(self, number: str, bsn: Bsn | None, unit: MergeUnit) -> KnownPerson | None:
        """Return who it is: by the BSN in the record, else by what the number stood for last."""
        if bsn is not None:
            return self._person(bsn, unit.recorded_at)
        return self._persons.known(number) if number else None

    def _is_mergeable(self, old: NamedPerson, new: NamedPerson, *numbers: str) -> bool:
        """Tell whether all that was said under the old BSN is about the new person.

        Not where another number has that BSN too. And where the two share no epoch in use, nothing of the old
        one's can still be in the index, or the index does not know it.
        """
        return not self._persons.is_shared(old.bsn, *numbers) and bool(self._in_use(old) & self._in_use(new))

    def _in_use(self, person: NamedPerson) -> Set[int]:
        epochs = epochs_of(person.subject)
        return epochs & self._epochs if self._epochs else epochs

    def _tell_what_stays(self, old: NamedPerson, *numbers: str) -> None:
        """Say in the report that not all moves, unless another number stands for the person: then it must not."""
        if not self._persons.is_shared(old.bsn, *numbers):
            self.problem = NOT_MOVED

    def _merge(
        self,
        reference: Reference,
        old: NamedPerson,
        new: NamedPerson,
        recorded_at: datetime | None,
        moved: Sequence[list[str]] = (),
    ) -> Statement:
        last, before = last_said(self._connection, reference), self._persons.merged(reference)
        fact = MergeFact(
            partner=self._maker.partner,
            reference=reference,
            old=in_use(old.subject, self._epochs) or old.subject,
            new=in_use(new.subject, self._epochs) or new.subject,
        )
        kept = sides_kept(fact) | {
            "undone": False,
            "moved": [*(last.kept["moved"] if last is not None else ()), *moved],
        }
        self._persons.note_merge(reference, old, new)
        is_same = before is not None and [each.bsn for each in before] == [old.bsn, new.bsn]
        if last is not None and is_same and is_taken_in(last):
            # The same merge in another epoch: it holds for what it held for, and for nothing said since.
            return as_before(fact, last, kept, now=self._now)
        return self._about_all(fact, recorded_at, kept)

    def _about_all(self, fact: MergeFact, recorded_at: datetime | None, kept: Mapping[str, Any]) -> Statement:
        """Return a statement that holds for all that was said until now, such as consents read this morning."""
        moment = max(self._now, recorded_at or self._now)
        return Statement(fact=fact, recorded_at=moment, is_change=False, kept=kept)

    def _is_before(self, moment: datetime, known: datetime) -> bool:
        """Tell whether a record is older than what is known; a time in the future is one of a wrong clock."""
        return moment < known <= self._now + CLOCK_TOLERANCE

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

    def _put_back(self, move: Sequence[str], old: Subject, recorded_at: datetime | None) -> list[Statement]:
        """Return what undoes a move: the old reference stands as the involvement stands now, the new one never was."""
        source, target, phase = move
        before = self._last_involvement(Reference(source))
        if before is None or before.phase is not Phase.RETRACTED:
            return []
        person = in_use(before.subject, self._epochs) or old
        now = self._last_involvement(Reference(target)) if target else None
        if now is None:
            back = replace(before, phase=Phase(phase), subject=person)
            return [Statement(fact=back, recorded_at=recorded_at)]
        back = replace(now, reference=before.reference, subject=person)
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
        undone_at = datetime.fromisoformat(last.kept["at"])
        if recorded_at is None or recorded_at == undone_at or self._is_before(recorded_at, undone_at):
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


def as_before(fact: MergeFact, last: LastSaid, kept: Mapping[str, Any], *, now: datetime) -> Statement:
    """Return the statement of a merge that stands and is said again, with the time that it had."""
    is_possible = last.recorded_at <= now + CLOCK_TOLERANCE
    return Statement(
        fact=fact,
        recorded_at=last.recorded_at if is_possible else now,
        is_change=False,
        kept={**kept, "again": True},
    )


def sides_kept(fact: MergeFact) -> dict[str, Any]:
    """Return what the state file keeps of the two persons of a merge."""
    sides = {"old": fact.old, "new": fact.new}
    return {name: [each.text() for each in person.pseudonyms] for name, person in sides.items()}


def is_taken_in(last: LastSaid) -> bool:
    """Tell whether the index took the merge in, as far as is known: refused once said again, it stands as before."""
    return not last.kept["undone"] and (bool(last.digest) or "again" in last.kept)
