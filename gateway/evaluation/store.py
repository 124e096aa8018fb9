"""The service's own database, SQLite or PostgreSQL: a batch's meter, counter and audit record in one transaction."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.audit.sql import SqlAuditLog
from gateway.database import open_engine
from gateway.evaluation.migrate import SCHEMA
from gateway.evaluation.ports import EvaluationStore, Transaction
from gateway.evaluation.usage import SqlUsageCounts
from gateway.metering.sql import SqlMeters
from gateway.settings import StoreSettings
from gateway.store import SqlStore


class SqlTransaction(Transaction):
    """One unit of work over one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._meters = SqlMeters(connection)
        self._usage = SqlUsageCounts(connection)
        self._audit = SqlAuditLog(connection)

    @property
    def meters(self) -> SqlMeters:
        """The partners' quotas."""
        return self._meters

    @property
    def usage(self) -> SqlUsageCounts:
        """The counters that the index compares with what it sees."""
        return self._usage

    @property
    def audit(self) -> SqlAuditLog:
        """The custodian's own log."""
        return self._audit


class SqlEvaluationStore(SqlStore[Transaction], EvaluationStore):
    """The service's database, opened once a process."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine, SCHEMA, SqlTransaction)


def open_evaluation_store(settings: StoreSettings) -> SqlEvaluationStore:
    """Return the store of the settings; nothing is connected before it is used."""
    return SqlEvaluationStore(open_engine(settings))
