"""The store: transactions over everything that must change together, on SQLite or PostgreSQL."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.audit.sql import SqlAuditLog
from gateway.database import open_engine
from gateway.index.migrate import SCHEMA
from gateway.index.ports import IndexStore, Transaction
from gateway.index.sql.agreements import SqlAgreements
from gateway.index.sql.declarations import SqlDeclarations
from gateway.index.sql.directory import SqlDirectory
from gateway.index.sql.facts import SqlFacts
from gateway.index.sql.outgoing import SqlOutgoingQueue
from gateway.index.sql.refusals import SqlRefusals
from gateway.metering.sql import SqlMeters
from gateway.settings import StoreSettings
from gateway.store import SqlStore


class SqlTransaction(Transaction):
    """One unit of work over one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._facts = SqlFacts(connection)
        self._partners = SqlDirectory(connection)
        self._audit = SqlAuditLog(connection)
        self._declarations = SqlDeclarations(connection)
        self._refusals = SqlRefusals(connection)
        self._meters = SqlMeters(connection)
        self._outgoing = SqlOutgoingQueue(connection)
        self._agreements = SqlAgreements(connection)

    @property
    def facts(self) -> SqlFacts:
        """Involvements, households and consents."""
        return self._facts

    @property
    def partners(self) -> SqlDirectory:
        """The partners."""
        return self._partners

    @property
    def audit(self) -> SqlAuditLog:
        """The access log."""
        return self._audit

    @property
    def agreements(self) -> SqlAgreements:
        """The convenant: its versions and who signed them."""
        return self._agreements

    @property
    def declarations(self) -> SqlDeclarations:
        """Break-glass: what was declared, used and reviewed."""
        return self._declarations

    @property
    def refusals(self) -> SqlRefusals:
        """What partners decided not to share."""
        return self._refusals

    @property
    def meters(self) -> SqlMeters:
        """What the partners have taken of their questions and misses."""
        return self._meters

    @property
    def outgoing(self) -> SqlOutgoingQueue:
        """What waits for the bus."""
        return self._outgoing


class SqlIndexStore(SqlStore[Transaction], IndexStore):
    """The index's database, opened once a process."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine, SCHEMA, SqlTransaction)


def open_store(settings: StoreSettings) -> SqlIndexStore:
    """Return the store of the settings; nothing is connected before it is used."""
    return SqlIndexStore(open_engine(settings))
