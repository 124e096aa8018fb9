"""The embedded bus: a durable log in one SQLite file that several processes on one machine share.

Every topic has one partition. A group's place in a topic is a row; which process holds a topic for a group is
an advisory lock of the operating system, so a killed process gives it up at once. A waiting consumer sleeps on
a datagram socket that publishers poke after their commit; nothing polls in between.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import socket
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import TypeVar

import orjson

from gateway.bus.ports import BusRecord, Consumer, Delivery, Position, Publisher
from gateway.errors import BusUnavailable, InvalidInput

LARGEST_RECORD_BYTES = 16 * 1024 * 1024
SAFETY_CHECK_SECONDS = 5.0
"""A poke can be lost (a full socket buffer); no record waits longer than this for it."""
BUSY_TIMEOUT_SECONDS = 10.0
BROWSE_PAGE = 500

_SCHEMA = """
CREATE TABLE IF NOT EXISTS topic (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (
    topic TEXT NOT NULL REFERENCES topic (name), number INTEGER NOT NULL,
    key BLOB NOT NULL, headers BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (topic, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS place (
    grp TEXT NOT NULL, topic TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (grp, topic)
) WITHOUT ROWID;
"""

Result = TypeVar("Result")


class SqliteBus:
    """The bus in a SQLite file (WAL). Safe to open from many processes at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiters = path.with_name(path.name + ".waiters")
        self._locks = path.with_name(path.name + ".locks")

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Create those topics that do not exist."""

        def create(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR IGNORE INTO topic VALUES (?)", [(topic,) for topic in topics])

        await self.run(create)

    @asynccontextmanager
    async def publisher(self) -> AsyncIterator[Publisher]:
        """Open a publisher."""
        yield _SqlitePublisher(self)

    @asynccontextmanager
    async def consumer(self, *, group: str, topics: Sequence[str]) -> AsyncIterator[Consumer]:
        """Join a group; topics that another member holds are taken over when it goes."""
        await self.run(lambda connection: _require_topics(connection, topics))
        member = _SqliteConsumer(self, group, topics)
        member.open()
        try:
            yield member
        finally:
            member.close()

    async def browse(self, topic: str) -> AsyncIterator[Delivery]:
        """Yield what the topic holds when browsing starts, oldest first."""
        end = await self.run(lambda connection: _end_of(connection, topic))
        at = 0
        while at < end:
            page = await self._page(topic, at, min(BROWSE_PAGE, end - at))
            for delivery in page:
                yield delivery
            at = page[-1].position.offset + 1 if page else end

    async def _page(self, topic: str, start: int, most: int) -> list[Delivery]:
        return await self.run(lambda connection: _read(connection, topic, start, most))

    async def close(self) -> None:
        """Nothing stays open between calls."""

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `work` in one transaction on a thread of its own.

        Raises:
            BusUnavailable: the file cannot be opened or written.

        """
        return await asyncio.to_thread(self._run, work)

    def _run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            with closing(self._connect()) as connection:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    result = work(connection)
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
                return result
        except sqlite3.Error as error:
            raise BusUnavailable(f"the bus file cannot be used ({error.sqlite_errorname})") from None

    def _connect(self) -> sqlite3.Connection:
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # The file is made with narrow rights before SQLite writes into it.
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a record that publish() returned for survives a power cut, as acks=all does on a cluster.
        connection.execute("PRAGMA synchronous = FULL")
        if connection.execute("PRAGMA user_version").fetchone() == (0,):
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = 1; COMMIT;")
        return connection

    def poke(self) -> None:
        """Wake every consumer that waits on this file, in every process."""
        if not self._waiters.is_dir():
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)  # noqa: FBT003 - the standard library's own signature
            for address in self._waiters.iterdir():
                self._poke_one(sender, address)

    def _poke_one(self, sender: socket.socket, address: Path) -> None:
        try:
            target = address.readlink()
            sender.sendto(b"\0", str(target))
        except BlockingIOError:
            return  # Its buffer is full of pokes: it will wake up.
        except (ConnectionRefusedError, FileNotFoundError):
            # Left behind by a process that was killed.
            address.unlink(missing_ok=True)
        except OSError:
            return

    def new_waiter(self) -> tuple[socket.socket, Path]:
        """Return a socket that pokes arrive on, and the name under which publishers find it.

        The socket itself lives under a short path: the name of a Unix socket holds about a hundred bytes, and
        the folder of the bus may be deeper than that.
        """
        self._waiters.mkdir(mode=0o700, exist_ok=True)
        home = Path(tempfile.mkdtemp(prefix="vwi-"))
        waiter = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        waiter.setblocking(False)  # noqa: FBT003
        waiter.bind(str(home / "s"))
        name = self._waiters / home.name
        name.symlink_to(home / "s")
        return waiter, name

    def lock_path(self, group: str, topic: str) -> Path:
        """Return the file whose lock says which process holds a topic for a group."""
        self._locks.mkdir(mode=0o700, exist_ok=True)
        return self._locks / hashlib.sha256(f"{group}\0{topic}".encode()).hexdigest()


class _SqlitePublisher(Publisher):
    def __init__(self, bus: SqliteBus) -> None:
        self._bus = bus

    async def publish(self, records: Sequence[BusRecord]) -> None:
        if any(len(record.value) > LARGEST_RECORD_BYTES for record in records):
            raise InvalidInput.at("value", f"must be at most {LARGEST_RECORD_BYTES} bytes")
        if not records:
            return
        await self._bus.run(lambda connection: _append(connection, records))
        await asyncio.to_thread(self._bus.poke)


class _SqliteConsumer(Consumer):
    """One member: holds the lock of every topic it reads, and remembers how far it has read."""

    def __init__(self, bus: SqliteBus, group: str, topics: Sequence[str]) -> None:
        self._bus = bus
        self._group = group
        self._topics = tuple(topics)
        self._locks: dict[str, int] = {}
        self._next: dict[str, int] = {}

    def open(self) -> None:
        self._waiter, self._waiter_name = self._bus.new_waiter()

    def close(self) -> None:
        home = self._waiter_name.readlink()
        self._waiter_name.unlink(missing_ok=True)
        self._waiter.close()
        home.unlink(missing_ok=True)
        home.parent.rmdir()
        for descriptor in self._locks.values():
            os.close(descriptor)
        # A member that waits for these topics can take them now.
        self._bus.poke()

    async def receive(self, *, most: int, timeout_seconds: float) -> Sequence[Delivery]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while True:
            self._drain_pokes()
            taken = await asyncio.to_thread(self._take_free_topics)
            found = await self._fetch(most, taken)
            remaining = deadline - loop.time()
            if found or remaining <= 0:
                return found
            with suppress(TimeoutError):
                await asyncio.wait_for(loop.sock_recv(self._waiter, 1), min(remaining, SAFETY_CHECK_SECONDS))

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        places = {
            delivery.position.topic: delivery.position.offset + 1
            for delivery in deliveries
            if delivery.position.topic in self._locks
        }

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO place VALUES (?, ?, ?) "
                "ON CONFLICT (grp, topic) DO UPDATE SET next = max(next, excluded.next)",
                [(self._group, topic, place) for topic, place in places.items()],
            )

        await self._bus.run(write)

    def _drain_pokes(self) -> None:
        with suppress(BlockingIOError):
            while self._waiter.recv(1):
                pass

    def _take_free_topics(self) -> list[str]:
        """Try to lock the topics that are not held yet; return those that were taken."""
        taken = []
        for topic in self._topics:
            if topic in self._locks:
                continue
            descriptor = os.open(self._bus.lock_path(self._group, topic), os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            self._locks[topic] = descriptor
            taken.append(topic)
        return taken

    async def _fetch(self, most: int, taken: Sequence[str]) -> list[Delivery]:
        return await self._bus.run(lambda connection: self._read_on(connection, most, taken))

    def _read_on(self, connection: sqlite3.Connection, most: int, taken: Sequence[str]) -> list[Delivery]:
        for topic in taken:
            row = connection.execute(
                "SELECT next FROM place WHERE grp = ? AND topic = ?", (self._group, topic)
            ).fetchone()
            self._next[topic] = row[0] if row else 0
        found: list[Delivery] = []
        for topic in self._locks:
            page = _read(connection, topic, self._next[topic], most - len(found))
            if page:
                self._next[topic] = page[-1].position.offset + 1
                found += page
        return found


def _append(connection: sqlite3.Connection, records: Sequence[BusRecord]) -> None:
    _require_topics(connection, sorted({record.topic for record in records}))
    connection.executemany(
        "INSERT INTO record SELECT ?1, coalesce(max(number) + 1, 0), ?2, ?3, ?4 FROM record WHERE topic = ?1",
        [(record.topic, record.key, _headers_out(record), record.value) for record in records],
    )


def _read(connection: sqlite3.Connection, topic: str, start: int, most: int) -> list[Delivery]:
    rows = connection.execute(
        "SELECT number, key, headers, value FROM record WHERE topic = ? AND number >= ? ORDER BY number LIMIT ?",
        (topic, start, max(most, 0)),
    )
    return [
        Delivery(
            position=Position(topic=topic, partition=0, offset=number),
            record=BusRecord(topic=topic, key=key, value=value, headers=_headers_in(headers)),
        )
        for number, key, headers, value in rows
    ]


def _end_of(connection: sqlite3.Connection, topic: str) -> int:
    _require_topics(connection, [topic])
    row = connection.execute("SELECT max(number) FROM record WHERE topic = ?", (topic,)).fetchone()
    return 0 if row[0] is None else int(row[0]) + 1


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
