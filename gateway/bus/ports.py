"""What the rest of the project may ask of a bus: durable topics, consumer groups, at-least-once delivery.

Implementations: `sqlite.py` (embedded, one machine, several processes) and `kafka.py` (Apache Kafka). Both
pass `tests/bus/contract.py`. Topic names are in `topics.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class BusRecord:
    """One record for or from a topic. Headers are few, short and free of personal data."""

    topic: str
    key: bytes
    value: bytes = field(repr=False)
    headers: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a record stands: unique for ever within one bus."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A record as a consumer got it."""

    position: Position
    record: BusRecord


class Publisher(Protocol):
    """Writes records. Safe to share between tasks."""

    async def publish(self, records: Sequence[BusRecord]) -> None:
        """Return once every record is durable, in the given order within each key.

        Raises:
            BusUnavailable: nothing or only the first part was written; publish the same again.
            InvalidInput: a record is too large for the bus (path `value`); the others were not tried.

        """


class Consumer(Protocol):
    """One member of a consumer group. Used by one task at a time."""

    async def receive(self, *, most: int, timeout_seconds: float) -> Sequence[Delivery]:
        """Return up to `most` deliveries, in order within each key; empty after `timeout_seconds`.

        Records come once per group as long as their receiver commits them; after a crash, a rebalance or a
        close without commit they come again. A delivery is never received twice by the same consumer
        without such an interruption.
        """

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        """Record that the group is done with these and all earlier ones of their partitions.

        A commit for a partition that has meanwhile moved to another member is dropped, not an error: that
        member receives those records again, and the receiver's own deduplication makes that harmless.
        """


class Bus(Protocol):
    """A connection to one bus."""

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Create those topics that do not exist; do nothing for the others."""

    def publisher(self) -> AbstractAsyncContextManager[Publisher]:
        """Open a publisher."""

    def consumer(self, *, group: str, topics: Sequence[str]) -> AbstractAsyncContextManager[Consumer]:
        """Join `group` on exactly these topics, from the first record where the group has no offset yet."""

    def browse(self, topic: str) -> AsyncIterator[Delivery]:
        """Yield what the topic holds now, oldest first, without a group and without moving any offset."""

    async def close(self) -> None:
        """Release every connection; idempotent."""
