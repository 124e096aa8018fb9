"""What the partner has said so far, in one SQLite file of its own (mode 0600), with its outbox beside it.

The file holds no BSN, no number of the partner's own and nothing of a case: per opaque reference a keyed digest
of the last fact, and for an involvement what a retraction must repeat; per number of a person, and for both persons
of a merge, the pseudonyms known last and a keyed digest of the BSN; and the notices for the partner's officers. State
and outbox are written in one transaction, so that no stop, however sudden, loses a message or makes it twice.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson

from adapters.kit.persons import SCHEMA as PERSONS
from gateway.domain import InvolvementFact, Oin, Phase, Pseudonym, Reference, SecrecyClass, Subject
from gateway.errors import ConfigurationError, StoreUnavailable, UnsafeConfigurationError

BUSY_TIMEOUT_SECONDS = 10.0
OWNER_ONLY = 0o600

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (
    reference TEXT PRIMARY KEY, digest BLOB NOT NULL, recorded_at TEXT NOT NULL, message_id TEXT NOT NULL,
    kept BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (digest BLOB PRIMARY KEY, message_id TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_message ON seen (message_id);
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL UNIQUE, reference TEXT NOT NULL,
    topic TEXT NOT NULL, key BLOB NOT NULL, headers BLOB NOT NULL, value BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS sent (
    message_id TEXT PRIMARY KEY, reference TEXT NOT NULL, outcome TEXT, reason TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notices (
    id TEXT PRIMARY KEY, at TEXT NOT NULL, body BLOB NOT NULL, seen INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSaid:
    """The last fact under one reference. `kept` is what the kind of fact needs again, as JSON.

    `digest` is empty where it is to be said again: then its time binds nobody either, which may be why it was refused.
    """

    digest: bytes
    recorded_at: datetime
    message_id: str
    kept: dict[str, Any] = field(repr=False)


class StateFile:
    """The partner's file. Every change is one `transaction`; a process may open it while another has it."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            UnsafeConfigurationError: others than the owner have rights on it.
            ConfigurationError: it is not a file of this kind, or its folder cannot be written.

        """
        _make_private(path)
        try:
            self._connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript(_SCHEMA + PERSONS)
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(f"{path} cannot be used as the state file: {error}") from None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection inside one transaction: all of the block is durable after it, or none.

        Raises:
            StoreUnavailable: the file is busy, full or cannot be written; nothing was changed.

        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(f"the adapter's state file does not take a change: {error}") from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def last_said(connection: sqlite3.Connection, reference: Reference) -> LastSaid | None:
    """Return the last fact under a reference, None where nothing stands."""
    row = connection.execute(
        "SELECT digest, recorded_at, message_id, kept FROM state WHERE reference = ?", (reference,)
    ).fetchone()
    if row is None:
        return None
    return LastSaid(
        digest=row[0],
        recorded_at=datetime.fromisoformat(row[1]),
        message_id=row[2],
        kept=orjson.loads(row[3]),
    )


def remember(connection: sqlite3.Connection, reference: Reference, said: LastSaid) -> None:
    """Put the last fact under a reference."""
    connection.execute(
        "INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?)",
        (reference, said.digest, said.recorded_at.isoformat(), said.message_id, orjson.dumps(said.kept)),
    )


def was_seen(connection: sqlite3.Connection, digest: bytes) -> bool:
    """Tell whether the change with this digest was sent before."""
    return connection.execute("SELECT 1 FROM seen WHERE digest = ?", (digest,)).fetchone() is not None


def see(connection: sqlite3.Connection, digest: bytes, message_id: str) -> None:
    """Note that a change was sent, so that the same export sends it once."""
    connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (digest, message_id))


def unsay(connection: sqlite3.Connection, message_id: str) -> None:
    """Forget that a message was sent: the index refused it, so the next run must send its fact again."""
    connection.execute("UPDATE state SET digest = x'' WHERE message_id = ?", (message_id,))
    connection.execute("DELETE FROM seen WHERE message_id = ?", (message_id,))


def say_again(connection: sqlite3.Connection, reference: Reference) -> None:
    """Let the fact under a reference be said again, though it is what was said last."""
    connection.execute("UPDATE state SET digest = x'' WHERE reference = ?", (reference,))


def keep_involvement(fact: InvolvementFact) -> dict[str, Any]:
    """Return what a later retraction of the involvement must repeat."""
    return {
        "phase": fact.phase.value,
        "subject": [pseudonym.text() for pseudonym in fact.subject.pseudonyms],
        "since": fact.since.isoformat(),
        "until": None if fact.until is None else fact.until.isoformat(),
        "desk": fact.desk,
        "secrecy": fact.secrecy.value,
        "shielded": fact.shielded,
    }


def kept_involvement(kept: dict[str, Any], *, partner: Oin, reference: Reference) -> InvolvementFact:
    """Return the involvement that `keep_involvement` kept."""
    return InvolvementFact(
        partner=partner,
        reference=reference,
        subject=Subject(*map(Pseudonym.parse, kept["subject"])),
        phase=Phase(kept["phase"]),
        since=date.fromisoformat(kept["since"]),
        until=None if kept["until"] is None else date.fromisoformat(kept["until"]),
        desk=kept["desk"],
        secrecy=SecrecyClass(kept["secrecy"]),
        shielded=kept["shielded"],
    )


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise ConfigurationError(f"cannot open the state file {path}: {error.strerror}") from None
    if mode & 0o077:
        raise UnsafeConfigurationError(f"{path} has mode {mode:04o}; make it 0600: chmod 600 {path}")
