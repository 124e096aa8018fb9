"""The service's own database, SQLite or PostgreSQL: a batch's meter, counter and audit record in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.audit.sql import SqlAuditLog
from gateway.database import begin, open_engine
from gateway.evaluation.migrate import SCHEMA
from gateway.evaluation.ports import EvaluationStore, Transaction
from gateway.evaluation.usage import SqlUsageCounts
from gateway.metering.sql import SqlMeter
from gateway.settings import StoreSettings


class SqlTransaction(Transaction):
    """One unit of work over one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._meter = SqlMeter(connection)
        self._usage = SqlUsageCounts(connection)
        self._audit = SqlAuditLog(connection)

    @property
    def meter(self) -> SqlMeter:
        """The partners' quotas."""
        return self._meter

    @property
    def usage(self) -> SqlUsageCounts:
        """The counters that the index compares with what it sees."""
        return self._usage

    @property
    def audit(self) -> SqlAuditLog:
        """The custodian's own log."""
        return self._audit


class SqlEvaluationStore(EvaluationStore):
    """The service's database, opened once a process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Begin a transaction; it commits when the block ends without an error."""
        async with begin(self._engine) as connection:
            yield SqlTransaction(connection)

    async def check(self) -> None:
        """Return if the store answers with the schema this code needs."""
        await SCHEMA.check(self._engine)

    async def close(self) -> None:
        """Release every connection."""
        await self._engine.dispose()


def open_evaluation_store(settings: StoreSettings) -> SqlEvaluationStore:
    """Return the store of the settings; nothing is connected before it is used."""
    return SqlEvaluationStore(open_engine(settings))
