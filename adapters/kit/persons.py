"""Which person each of the partner's own numbers stood for last, in the state file: keyed digests and pseudonyms."""

from __future__ import annotations

import sqlite3
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
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """What one of the partner's numbers stood for, by the record with the latest time so far.

    `bsn` is a keyed digest: it tells that a BSN changed, also when an epoch has passed since.
    """

    bsn: bytes
    subject: Subject
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
        subject = Subject(*map(Pseudonym.parse, orjson.loads(row[1])))
        return KnownPerson(bsn=row[0], subject=subject, recorded_at=datetime.fromisoformat(row[2]))

    def know(self, number: str, person: KnownPerson) -> None:
        """Note whom the number stands for."""
        subject = orjson.dumps([pseudonym.text() for pseudonym in person.subject.pseudonyms])
        self._connection.execute(
            "INSERT OR REPLACE INTO persons VALUES (?, ?, ?, ?)",
            (self._digest(number), person.bsn, subject, person.recorded_at.isoformat()),
        )

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
