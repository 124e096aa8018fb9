"""What the service needs: a store of its own, and the keys."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from gateway.audit.ports import AuditLog
from gateway.evaluation.model import Usage
from gateway.metering.ports import Meters
from gateway.pseudonyms.epochs import PublicEpoch
from gateway.pseudonyms.ports import EvaluationKey


class UsageCounts(Protocol):
    """The counters inside one transaction."""

    async def add(self, usage: Usage) -> None:
        """Add `usage.evaluations` to what the partner had in that hour, epoch and purpose."""

    async def since(self, hour: datetime) -> Sequence[Usage]:
        """Return the rows from that hour on, by hour, partner, epoch and purpose."""


class Transaction(Protocol):
    """One unit of work: a batch is metered, counted and recorded together, or not at all."""

    @property
    def meters(self) -> Meters:
        """The partners' quotas."""

    @property
    def usage(self) -> UsageCounts:
        """The counters that the index compares with what it sees."""

    @property
    def audit(self) -> AuditLog:
        """The custodian's own log."""


class EvaluationStore(Protocol):
    """The service's database, opened once a process."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction that may write. Raises StoreUnavailable when the database is away."""

    async def check(self) -> None:
        """Return if the store answers and its schema is the one this code needs.

        Raises:
            StoreUnavailable: no connection.
            ConfigurationError: the schema is older or newer; says which command to run.

        """

    async def close(self) -> None:
        """Release every connection; idempotent."""


class EvaluationKeys(Protocol):
    """The keys of every epoch, as they stand now: a rotation shows while the service runs."""

    async def key(self, epoch: int, now: datetime) -> EvaluationKey:
        """Return the key of an epoch that is current.

        Raises:
            EpochRefused: EPOCH_UNKNOWN, EPOCH_NOT_BEGUN or EPOCH_ENDED.
            ConfigurationError: the key ring cannot be read or used.

        """

    async def public(self) -> Sequence[PublicEpoch]:
        """Return every epoch, oldest first. Raises ConfigurationError like `key`."""
