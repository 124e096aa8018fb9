"""The embedded bus: a durable log in one SQLite file that several processes on one machine share.

Which process reads a topic for a group is an advisory lock of the operating system (flock), so that a killed
process gives it up at once and no lease has to run out. The first member of a group takes every topic that is
free; another takes over what it leaves. A waiting consumer is poked by publishers (`pokes.py`).
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.bus.logfile import PAGE_BYTES, LogFile
from gateway.bus.pokes import Waiter, poke
from gateway.bus.ports import BusRecord, Consumer, Delivery, Publisher
from gateway.errors import BusUnavailable, InvalidInput

LARGEST_RECORD_BYTES = 16 * 1024 * 1024
SAFETY_CHECK_SECONDS = 5.0
"""A poke can be lost, and a killed member sends none: a consumer looks again by itself this often."""
BROWSE_PAGE = 500


class SqliteBus:
    """The bus in a SQLite file (WAL). Safe to open from many processes at once."""

    def __init__(self, path: Path) -> None:
        self.log = LogFile(path)
        self.waiters = path.with_name(path.name + ".waiters")
        self._locks = path.with_name(path.name + ".locks")

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Create those topics that do not exist."""
        await asyncio.to_thread(self.log.create_topics, topics)

    @asynccontextmanager
    async def publisher(self) -> AsyncIterator[Publisher]:
        """Open a publisher."""
        yield _SqlitePublisher(self)

    @asynccontextmanager
    async def consumer(self, *, group: str, topics: Sequence[str]) -> AsyncIterator[Consumer]:
        """Join a group; topics that another member holds are taken over when it goes."""
        await asyncio.to_thread(self.log.require_topics, topics)
        member = _SqliteConsumer(self, group, topics)
        try:
            yield member
        finally:
            member.close()

    async def browse(self, topic: str) -> AsyncIterator[Delivery]:
        """Yield what the topic holds when browsing starts, oldest first."""
        end = await asyncio.to_thread(self.log.end, topic)
        at = 0
        while at < end:
            page = await asyncio.to_thread(self.log.read, topic, at, before=end, most=BROWSE_PAGE)
            for delivery in page:
                yield delivery
            at = page[-1].position.offset + 1

    async def close(self) -> None:
        """Close the file; idempotent."""
        await asyncio.to_thread(self.log.close)

    def lock_path(self, group: str, topic: str) -> Path:
        """Return the file whose lock says which process reads a topic for a group."""
        return self._locks / hashlib.sha256(f"{group}\0{topic}".encode()).hexdigest()


class _SqlitePublisher(Publisher):
    def __init__(self, bus: SqliteBus) -> None:
        self._bus = bus

    async def publish(self, records: Sequence[BusRecord]) -> None:
        if any(len(record.value) > LARGEST_RECORD_BYTES for record in records):
            raise InvalidInput.at("value", f"must be at most {LARGEST_RECORD_BYTES} bytes")
        if records:
            await asyncio.to_thread(self._append_and_poke, records)

    def _append_and_poke(self, records: Sequence[BusRecord]) -> None:
        self._bus.log.append(records)
        poke(self._bus.waiters)


class _SqliteConsumer(Consumer):
    """One member: holds the lock of every topic it reads, and remembers how far it has read.

    Its state changes on the event loop alone, after a read has come back: a receive() that is cancelled while
    a thread reads has taken nothing.
    """

    def __init__(self, bus: SqliteBus, group: str, topics: Sequence[str]) -> None:
        self._bus = bus
        self._group = group
        self._topics = tuple(topics)
        self._locks: dict[str, int] = {}
        self._next: dict[str, int] = {}
        try:
            self._waiter = Waiter(bus.waiters)
        except OSError as error:
            raise BusUnavailable(f"nothing can wait beside the bus file ({error.strerror})") from None

    def close(self) -> None:
        self._waiter.close()
        self._next.clear()
        for descriptor in self._locks.values():
            os.close(descriptor)
        self._locks.clear()
        # A member that waits for these topics can take them now.
        poke(self._bus.waiters)

    async def receive(self, *, most: int, timeout_seconds: float) -> Sequence[Delivery]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while True:
            self._waiter.drain()
            self._lock_free_topics()
            found = await self._read(most)
            remaining = deadline - loop.time()
            if found or remaining <= 0:
                return found
            await self._waiter.wait(min(remaining, SAFETY_CHECK_SECONDS))

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        places: dict[str, int] = {}
        for delivery in deliveries:
            topic = delivery.position.topic
            if topic in self._next:
                places[topic] = max(places.get(topic, 0), delivery.position.offset + 1)
        if places:
            await asyncio.to_thread(self._bus.log.move, self._group, places)

    def _lock_free_topics(self) -> None:
        for topic in self._topics:
            if topic not in self._locks:
                descriptor = _try_lock(self._bus.lock_path(self._group, topic))
                if descriptor is not None:
                    self._locks[topic] = descriptor

    async def _read(self, most: int) -> list[Delivery]:
        """Read on, beginning with the topic that had its turn longest ago."""
        new = [topic for topic in self._locks if topic not in self._next]
        if new:
            # Read only now that the lock is held: until then another member could still move the place.
            self._next |= await asyncio.to_thread(self._bus.log.places, self._group, new)
        found, pages = await asyncio.to_thread(self._read_pages, dict(self._next), most)
        for topic, end in pages.items():
            del self._next[topic]
            self._next[topic] = end
        return found

    def _read_pages(self, places: dict[str, int], most: int) -> tuple[list[Delivery], dict[str, int]]:
        found: list[Delivery] = []
        ends: dict[str, int] = {}
        for topic, start in places.items():
            page = self._bus.log.read(topic, start, most=most - len(found))
            if page:
                found += page
                ends[topic] = page[-1].position.offset + 1
            if len(found) >= most or sum(len(each.record.value) for each in found) >= PAGE_BYTES:
                break
        return found, ends


def _try_lock(path: Path) -> int | None:
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise BusUnavailable(f"the locks of the bus cannot be used ({error.strerror})") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
