"""Which person each of the partner's own numbers stood for last, in the state file, and which merges were said.

Keyed digests and pseudonyms only. A person who gains an epoch gains it everywhere here, whatever named the BSN.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

import orjson

from adapters.kit.keys import keyed_digest
from gateway.domain import Bsn, Pseudonym, Reference, Subject

SCHEMA = """
CREATE TABLE IF NOT EXISTS persons (
    person BLOB PRIMARY KEY, bsn BLOB NOT NULL, subject BLOB NOT NULL, recorded_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS persons_bsn ON persons (bsn);
CREATE TABLE IF NOT EXISTS involved (reference TEXT PRIMARY KEY, person BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS involved_person ON involved (person);
CREATE TABLE IF NOT EXISTS merged (
    reference TEXT NOT NULL, side TEXT NOT NULL, bsn BLOB NOT NULL, subject BLOB NOT NULL,
    PRIMARY KEY (reference, side)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS merged_bsn ON merged (bsn);
CREATE TABLE IF NOT EXISTS corrected (person BLOB PRIMARY KEY, reference TEXT NOT NULL) WITHOUT ROWID;
"""


_KNOWN_BY_BSN = (
    (
        "SELECT DISTINCT subject FROM persons WHERE bsn = ?",
        "UPDATE persons SET subject = ? WHERE bsn = ? AND subject = ?",
    ),
    (
        "SELECT DISTINCT subject FROM merged WHERE bsn = ?",
        "UPDATE merged SET subject = ? WHERE bsn = ? AND subject = ?",
    ),
)
"""Where pseudonyms stand beside the digest of a BSN: how to read them, and how to change them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPerson:
    """A person: a keyed digest of the BSN, and the pseudonyms known so far.

    The digest tells that a BSN changed, also when an epoch has passed since.
    """

    bsn: bytes
    subject: Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson(NamedPerson):
    """What one of the partner's numbers stood for, by the record with the latest time so far."""

    recorded_at: datetime


class Persons:
    """The partner's numbers of persons, within one transaction of the state file."""

    def __init__(self, connection: sqlite3.Connection, key: bytes) -> None:
        """Take the partner's reference key."""
        self._connection = connection
        self._key = key

    def mark(self, bsn: Bsn) -> bytes:
        """Return the keyed digest of a BSN."""
        return keyed_digest(self._key, "bsn", bsn.reveal().encode())

    def known(self, number: str) -> KnownPerson | None:
        """Return whom the number stood for; None where it was in nothing that was sent."""
        row = self._connection.execute(
            "SELECT bsn, subject, recorded_at FROM persons WHERE person = ?", (self._digest(number),)
        ).fetchone()
        if row is None:
            return None
        return KnownPerson(
            bsn=row[0], subject=_read_subject(row[1]), recorded_at=datetime.fromisoformat(row[2])
        )

    def know(self, number: str, person: KnownPerson) -> None:
        """Note whom the number stands for."""
        self._connection.execute(
            "INSERT OR REPLACE INTO persons VALUES (?, ?, ?, ?)",
            (self._digest(number), person.bsn, _subject(person.subject), person.recorded_at.isoformat()),
        )

    def renew(self, bsn: Bsn, subject: Subject) -> Set[Reference]:
        """Note the pseudonyms of a person who has an epoch now that was not known; return the merges with it.

        Merges that the index refused when they were said again are among them, whatever is known.
        """
        mark, renewed = self.mark(bsn), _subject(subject)
        has_gained = False
        for find, change in _KNOWN_BY_BSN:
            for (stored,) in self._connection.execute(find, (mark,)).fetchall():
                if not epochs_of(subject) <= epochs_of(_read_subject(stored)):
                    self._connection.execute(change, (renewed, mark, stored))
                    has_gained = True
        merges = self._connection.execute(
            "SELECT DISTINCT reference FROM merged JOIN state USING (reference)"
            " WHERE bsn = ? AND (? OR digest = x'')",
            (mark, has_gained),
        )
        return {Reference(row[0]) for row in merges}

    def lacks(self, mark: bytes, epochs: Set[int]) -> bool:
        """Tell whether the person with this digest is known, as a number or in a merge, and not under all of these."""
        return any(
            not epochs <= epochs_of(_read_subject(stored))
            for find, _change in _KNOWN_BY_BSN
            for (stored,) in self._connection.execute(find, (mark,)).fetchall()
        )

    def has_refused_merge(self, mark: bytes) -> bool:
        """Tell whether a merge of the person with this digest was refused and is to be said again."""
        found = self._connection.execute(
            "SELECT 1 FROM merged JOIN state USING (reference) WHERE bsn = ? AND digest = x''", (mark,)
        )
        return found.fetchone() is not None

    def note_merge(self, reference: Reference, old: NamedPerson, new: NamedPerson) -> None:
        """Note of which two persons a merge is."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO merged VALUES (?, ?, ?, ?)",
            [
                (reference, side, person.bsn, _subject(person.subject))
                for side, person in (("old", old), ("new", new))
            ],
        )

    def merged(self, reference: Reference) -> tuple[NamedPerson, NamedPerson] | None:
        """Return the old and the new person of a merge; None for one that is not known."""
        rows = self._connection.execute(
            "SELECT side, bsn, subject FROM merged WHERE reference = ?", (reference,)
        ).fetchall()
        sides = {side: NamedPerson(bsn=bsn, subject=_read_subject(subject)) for side, bsn, subject in rows}
        return (sides["old"], sides["new"]) if sides else None

    def merges_said_with(self, reference: Reference) -> Set[Reference]:
        """Return the merges of the same moment that were said after this one."""
        rows = self._connection.execute(
            "SELECT other.reference FROM state AS one JOIN state AS other USING (recorded_at)"
            " WHERE one.reference = ? AND other.message_id > one.message_id"
            " AND other.reference IN (SELECT reference FROM merged)",
            (reference,),
        )
        return {Reference(row[0]) for row in rows}

    def note_correction(self, number: str, reference: Reference) -> None:
        """Note by which merge the last correction of a number's BSN was said."""
        self._connection.execute(
            "INSERT OR REPLACE INTO corrected VALUES (?, ?)", (self._digest(number), reference)
        )

    def correction(self, number: str) -> Reference | None:
        """Return the merge by which the last correction of the number's BSN was said."""
        row = self._connection.execute(
            "SELECT reference FROM corrected WHERE person = ?", (self._digest(number),)
        ).fetchone()
        return None if row is None else Reference(row[0])

    def is_shared(self, bsn: bytes, *numbers: str) -> bool:
        """Tell whether a number beside these stands for the person with the BSN."""
        rows = self._connection.execute("SELECT person FROM persons WHERE bsn = ?", (bsn,))
        return not {row[0] for row in rows} <= {self._digest(number) for number in numbers}

    def note_involvement(self, reference: Reference, number: str) -> None:
        """Note of which person an involvement is."""
        self._connection.execute(
            "INSERT OR REPLACE INTO involved VALUES (?, ?)", (reference, self._digest(number))
        )

    def involvements(self, number: str) -> list[Reference]:
        """Return the involvements of the person with the number."""
        rows = self._connection.execute(
            "SELECT reference FROM involved WHERE person = ? ORDER BY reference", (self._digest(number),)
        )
        return [Reference(row[0]) for row in rows]

    def _digest(self, number: str) -> bytes:
        return keyed_digest(self._key, "person", number.encode())


def epochs_of(subject: Subject) -> Set[int]:
    """Return the epochs under which a person is known."""
    return {pseudonym.epoch for pseudonym in subject.pseudonyms}


def in_use(subject: Subject, epochs: Set[int]) -> Subject | None:
    """Return the person under these epochs, None for one who has none of them; no epochs: it is not known."""
    left = [each for each in subject.pseudonyms if each.epoch in epochs or not epochs]
    return Subject(*left) if left else None


def _subject(subject: Subject) -> bytes:
    return orjson.dumps([pseudonym.text() for pseudonym in subject.pseudonyms])


def _read_subject(stored: bytes) -> Subject:
    return Subject(*map(Pseudonym.parse, orjson.loads(stored)))
