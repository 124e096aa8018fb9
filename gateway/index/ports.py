"""What the rooms above may ask of the store, always inside one transaction.

    async with store.transaction() as tx:
        fresh = await tx.facts.claim(ids)
        …
        await tx.audit.append(records)

The transaction commits when the block ends without an error and is rolled back otherwise. One implementation
(`sql/`) serves SQLite and PostgreSQL; `tests/index/contract.py` runs against both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from gateway.agreement.ports import Agreements
from gateway.audit.ports import AuditLog
from gateway.bus.ports import BusRecord
from gateway.domain import (
    ConsentFact,
    FactMessage,
    HouseholdFacts,
    InvolvementFact,
    MessageId,
    Oin,
    Partner,
    Reference,
    Subject,
)
from gateway.index.declarations import Declarations
from gateway.index.refusals import Refusals
from gateway.metering.ports import Meters


class Saved(StrEnum):
    """What became of a fact that was written."""

    CREATED = "created"
    """The first version under its reference."""
    UPDATED = "updated"
    """The version that now counts."""
    SUPERSEDED = "superseded"
    """Kept as history: a version recorded later already stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingConsent:
    """A partner's own statement as it counts now; only one recorded later takes its place."""

    fact: ConsentFact
    recorded_at: datetime


class Facts(Protocol):
    """Involvements, household assertions, consents, and the merges that move them."""

    async def claim(self, ids: Sequence[MessageId]) -> frozenset[MessageId]:
        """Mark the messages as taken in and return those that were not taken in before."""

    async def save(self, message: FactMessage) -> Saved:
        """Add the fact as a version under its partner and reference.

        The version with the latest `recorded_at` counts, ties going to the greatest message id, whatever
        order they arrive in: a late message never revives an involvement that ended after it. Of a merge that
        was undone the undoing counts, whatever is recorded later.

        A merge moves what its own partner said about the old person, of facts first recorded up to the merge,
        whenever they arrive (`gateway.index.merging`).
        """

    async def save_all(self, messages: Sequence[FactMessage]) -> Sequence[Saved]:
        """Do the same as `save` for each message in turn; a store may do it in fewer steps."""
        return [await self.save(message) for message in messages]

    async def households(self, subjects: Sequence[Subject], *, on: date) -> Mapping[Subject, HouseholdFacts]:
        """Return for every subject what is current on that day; an unknown subject has an empty household.

        Everything returned is of one moment. Involvements and consents stand by person, partner, reference.
        Whoever a current assertion names that is suppressed (*indicatie geheim*) is linked to nobody by any assertion,
        whoever made it, until its partner has reviewed that.

        In an overlap of two epochs a fact, and a question, may lack one of a person's pseudonyms. What withholds
        (secrecy, an objection) then counts as soon as any fact of the index, current or not, names its pseudonym beside
        one of the person's. What shows something counts for the same person alone.
        """

    async def ties(
        self, asked: Collection[tuple[Oin, Subject]], *, on: date
    ) -> frozenset[tuple[Oin, Subject]]:
        """Return those of the pairs in which the partner is involved with the person by its own facts alone.

        It has a current involvement with the person, or with another member of a current, unsuppressed household
        that it asserts itself and that names the person. What another partner says changes nothing.
        """

    async def own_consents(self, partner: Oin, subject: Subject) -> Sequence[ConsentFact]:
        """Return what the partner itself recorded about the person and counts for it now, withdrawn or over included.

        By reference. Nothing of what others recorded.
        """

    async def own_consent(self, partner: Oin, reference: Reference) -> StandingConsent | None:
        """Return the standing version of the partner's own statement under this reference; None if there is none.

        Withdrawn or over included, and about whom it counts for now.
        """

    async def current_involvements(
        self, *, on: date, after: tuple[Oin, Reference] | None = None, limit: int = 1000
    ) -> Sequence[InvolvementFact]:
        """Return up to `limit` involvements that are current on that day, in an order of the store's own.

        `after` is the partner and reference of the last one of the page before; without it, the first page. What is
        written between two pages may be missed or met; what stands throughout is met once.
        """

    async def counts(self) -> Mapping[str, int]:
        """Return the number of current rows: `involvements`, `households`, `consents`, `versions`."""

    async def newest_epochs(self, *, on: date) -> Mapping[Oin, Mapping[int, int]]:
        """Return for every partner how many persons in its current facts have which epoch as their newest.

        Those below the newest epoch in use would be lost if the old epoch ended now. Persons are counted once
        for every fact that names them.
        """

    async def forget_epochs(self, before: int, *, limit: int) -> int:
        """Remove up to `limit` pseudonyms of epochs below `before`, and what names nobody without them.

        Returns how many rows went; 0 when there is nothing left to remove. Safe to stop and to repeat.
        """

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
    def agreements(self) -> Agreements:
        """The convenant: its versions and who signed them."""

    @property
    def declarations(self) -> Declarations:
        """Break-glass: what was declared, used and reviewed."""

    @property
    def refusals(self) -> Refusals:
        """What partners decided not to share."""

    @property
    def meters(self) -> Meters:
        """What the partners have taken of their questions and misses."""

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
