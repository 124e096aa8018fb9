"""The durable log of the embedded bus: topics, records and the places of consumer groups in one SQLite file.

Every topic has one partition, and its records are numbered from 0 without gaps. The file is shared by several
processes (WAL: one writes while others read). Everything here blocks; `sqlite.py` calls it from threads.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import orjson

from gateway.bus.ports import BusRecord, Delivery, Position
from gateway.errors import BusUnavailable, ConfigurationError

BUSY_TIMEOUT_SECONDS = 10.0
"""How long one process waits for the commit of another before the bus counts as away."""
PAGE_BYTES = 32 * 1024 * 1024
"""What is read into memory at once: a page ends with the record that passes this."""
VERSION = 1

_SCHEMA = f"""
CREATE TABLE topic (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE record (
    topic TEXT NOT NULL REFERENCES topic (name), number INTEGER NOT NULL,
    key BLOB NOT NULL, headers BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (topic, number)
) WITHOUT ROWID;
CREATE TABLE place (
    grp TEXT NOT NULL, topic TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (grp, topic)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""

Result = TypeVar("Result")


class LogFile:
    """One connection to the file, used by one thread at a time; reopened by itself after `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def create_topics(self, topics: Sequence[str]) -> None:
        """Create those topics that do not exist."""

        def create(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR IGNORE INTO topic VALUES (?)", [(topic,) for topic in topics])

        self._run("BEGIN IMMEDIATE", create)

    def require_topics(self, topics: Sequence[str]) -> None:
        """Raise BusUnavailable that names the first of `topics` that does not exist."""
        self._run("BEGIN", lambda connection: _require_topics(connection, topics))

    def append(self, records: Sequence[BusRecord]) -> None:
        """Write all records or none, durably, in the given order."""

        def write(connection: sqlite3.Connection) -> None:
            _require_topics(connection, sorted({record.topic for record in records}))
            connection.executemany(
                "INSERT INTO record "
                "SELECT ?1, coalesce(max(number) + 1, 0), ?2, ?3, ?4 FROM record WHERE topic = ?1",
                [(record.topic, record.key, _headers_out(record), record.value) for record in records],
            )

        self._run("BEGIN IMMEDIATE", write)

    def read(self, topic: str, start: int, *, before: int | None = None, most: int) -> list[Delivery]:
        """Return at most `most` records with numbers from `start` and below `before`, oldest first."""
        return self._run("BEGIN", lambda connection: _page(connection, topic, start, before, most))

    def end(self, topic: str) -> int:
        """Return the number that the next record of the topic gets."""

        def find(connection: sqlite3.Connection) -> int:
            _require_topics(connection, [topic])
            row = connection.execute("SELECT max(number) + 1 FROM record WHERE topic = ?", (topic,))
            return row.fetchone()[0] or 0

        return self._run("BEGIN", find)

    def places(self, group: str, topics: Sequence[str]) -> dict[str, int]:
        """Return for each topic the number of the first record that the group is not done with."""

        def find(connection: sqlite3.Connection) -> dict[str, int]:
            stored = dict(connection.execute("SELECT topic, next FROM place WHERE grp = ?", (group,)))
            return {topic: stored.get(topic, 0) for topic in topics}

        return self._run("BEGIN", find)

    def move(self, group: str, places: Mapping[str, int]) -> None:
        """Move the group forward to these places; a place behind the present one changes nothing."""

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO place VALUES (?, ?, ?) "
                "ON CONFLICT (grp, topic) DO UPDATE SET next = max(next, excluded.next)",
                [(group, topic, place) for topic, place in places.items()],
            )

        self._run("BEGIN IMMEDIATE", write)

    def close(self) -> None:
        """Close the connection; idempotent."""
        with self._turn:
            self._forget_connection()

    def _forget_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self, begin: str, work: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            with self._turn, self._transaction(begin) as connection:
                return work(connection)
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", type(error).__name__)
            raise BusUnavailable(f"the bus file cannot be used ({name})") from None
        except OSError as error:
            raise BusUnavailable(f"the bus file cannot be used ({error.strerror})") from None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        if self._connection is None:
            self._connection = _connect(self.path)
        self._connection.execute(begin)
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            # A failed COMMIT can leave the transaction open; a fresh connection never inherits one.
            self._forget_connection()
            raise


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The file is made with narrow rights before SQLite writes into it; its -wal and -shm copy them. Never
    # open and close a file that may be in use: that would drop the locks SQLite holds on it (POSIX fcntl).
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    turn_path = path.with_name(path.name + ".opening")
    with os.fdopen(os.open(turn_path, os.O_CREAT | os.O_RDWR, 0o600)) as turn:
        # Turning a new file to WAL does not wait for others that do the same: one process at a time.
        fcntl.flock(turn, fcntl.LOCK_EX)
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: the log is synced at every commit, so what publish() returned for survives a power cut, as
        # acks=all does on a cluster. With NORMAL in WAL mode the last commits could be gone.
        connection.execute("PRAGMA synchronous = FULL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        elif version != VERSION:
            raise ConfigurationError(
                f"{path} was made by another version of the bus (form {version}, this is {VERSION})"
            )


def _page(
    connection: sqlite3.Connection, topic: str, start: int, before: int | None, most: int
) -> list[Delivery]:
    rows = connection.execute(
        "SELECT number, key, headers, value FROM record "
        "WHERE topic = ?1 AND number >= ?2 AND (?3 IS NULL OR number < ?3) ORDER BY number LIMIT ?4",
        (topic, start, before, max(most, 0)),
    )
    page, size = [], 0
    for number, key, headers, value in rows:
        record = BusRecord(topic=topic, key=key, value=value, headers=_headers_in(headers))
        page.append(Delivery(position=Position(topic=topic, partition=0, offset=number), record=record))
        size += len(value)
        if size >= PAGE_BYTES:
            break
    return page


def _require_topics(connection: sqlite3.Connection, topics: Sequence[str]) -> None:
    for topic in topics:
        if connection.execute("SELECT 1 FROM topic WHERE name = ?", (topic,)).fetchone() is None:
            raise BusUnavailable(
                f"the bus has no topic {topic}; add the partner with `verwijsindex partners add`"
            )


def _headers_out(record: BusRecord) -> bytes:
    # Header values are bytes of any kind; latin-1 keeps each byte as one character.
    return orjson.dumps({name: value.decode("latin-1") for name, value in record.headers.items()})


def _headers_in(stored: bytes) -> dict[str, bytes]:
    return {name: value.encode("latin-1") for name, value in orjson.loads(stored).items()}
