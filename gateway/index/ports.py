"""What the rooms above may ask of the store, always inside one transaction.

    async with store.transaction() as tx:
        fresh = await tx.facts.claim(ids)
        …
        await tx.audit.append(records)

The transaction commits when the block ends without an error and is rolled back otherwise. One implementation
(`sql/`) serves SQLite and PostgreSQL; `tests/index/contract.py` runs against both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from gateway.audit.ports import AuditLog
from gateway.bus.ports import BusRecord
from gateway.domain import FactMessage, HouseholdFacts, MessageId, Oin, Partner, Pseudonym


class Saved(StrEnum):
    """What became of a fact that was written."""

    CREATED = "created"
    """The first version under its reference."""
    UPDATED = "updated"
    """The version that now counts."""
    SUPERSEDED = "superseded"
    """Kept as history: a version recorded later already stands."""


class Facts(Protocol):
    """Involvements, household assertions and consents."""

    async def claim(self, ids: Sequence[MessageId]) -> frozenset[MessageId]:
        """Mark the messages as taken in and return those that were not taken in before."""

    async def save(self, message: FactMessage) -> Saved:
        """Add the fact as a version under its partner and reference.

        The version with the latest `recorded_at` counts, ties going to the greatest message id, whatever
        order they arrive in: a late message never revives an involvement that ended after it.
        """

    async def save_all(self, messages: Sequence[FactMessage]) -> Sequence[Saved]:
        """Do the same as `save` for each message in turn; a store may do it in fewer steps."""
        return [await self.save(message) for message in messages]

    async def households(
        self, subjects: Sequence[Pseudonym], *, on: date
    ) -> Mapping[Pseudonym, HouseholdFacts]:
        """Return for every subject what is current on that day; an unknown subject has an empty household.

        Everything returned is of one moment. Involvements and consents stand by person, partner, reference.
        """

    async def counts(self) -> Mapping[str, int]:
        """Return the number of current rows: `involvements`, `households`, `consents`, `versions`, `subjects`."""

    async def position(self) -> int:
        """Return how far the index has come: grows with every committed write of a fact."""


class Directory(Protocol):
    """The partners."""

    async def save(self, partner: Partner) -> None:
        """Add the partner, or replace it whole."""

    async def find(self, oin: Oin) -> Partner | None:
        """Return the partner, switched on or off; None if there is none."""

    async def all(self) -> Sequence[Partner]:
        """Return every partner, by kind, name and OIN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A record that waits in the store until the bus has it."""

    number: int
    record: BusRecord


class OutgoingQueue(Protocol):
    """Records for the bus, written in the transaction that caused them and published after it.

    Publishing happens at least once; every record has a `ce_id` that stays the same, so a reader can tell a
    repetition.
    """

    async def add(self, records: Sequence[BusRecord]) -> None:
        """Queue the records in this order."""

    async def waiting(self, *, limit: int) -> Sequence[Outgoing]:
        """Return the oldest records that are not published yet."""

    async def remove(self, numbers: Sequence[int]) -> None:
        """Forget records that the bus has."""


class Transaction(Protocol):
    """One unit of work over everything that must change together."""

    @property
    def facts(self) -> Facts:
        """Involvements, households and consents."""

    @property
    def partners(self) -> Directory:
        """The partners."""

    @property
    def audit(self) -> AuditLog:
        """The access log."""

    @property
    def outgoing(self) -> OutgoingQueue:
        """What waits for the bus."""


class IndexStore(Protocol):
    """The database, opened once a process."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction that may write. Raises StoreUnavailable when the database is away."""

    async def check(self) -> None:
        """Return if the store answers and its schema is the one this code needs.

        Raises:
            StoreUnavailable: no connection.
            ConfigurationError: the schema is older or newer; says to run `verwijsindex migrate`.

        """

    async def close(self) -> None:
        """Release every connection; idempotent."""
