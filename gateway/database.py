"""A database, SQLite or PostgreSQL: how it is opened, and how its failures look from above."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, BigInteger, Dialect, MetaData, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator

from gateway.errors import ConfigurationError, StoreUnavailable
from gateway.keyfiles import OWNER_ONLY, read_private
from gateway.settings import StoreSettings

CONNECT_SECONDS = 5
COMMAND_SECONDS = 30
"""How long PostgreSQL may take to connect and for one statement, before it counts as away."""
IDLE_IN_TRANSACTION_SECONDS = 60
"""After this PostgreSQL ends a transaction whose process hangs: it must not hold the log's lock for ever."""
BUSY_SECONDS = 15
"""How long a writer to SQLite waits for its turn."""
SQLITE_PREFIX = "sqlite:///"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of the index's database; the pseudonym service's has the log and the meters as they stand here."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """A time zone aware time as whole microseconds since 1970 UTC: it sorts alike in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Store microseconds."""
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=int(value))


def open_engine(settings: StoreSettings) -> AsyncEngine:
    """Return an engine for the settings; nothing is connected before it is used.

    A commit that returns is durable. Statements and parameters never appear in its errors or logs.

    Raises:
        ConfigurationError: the SQLite file cannot be made, or the password file cannot be read.

    """
    if settings.url.startswith(SQLITE_PREFIX):
        return _sqlite_engine(Path(settings.url.removeprefix(SQLITE_PREFIX)))
    return _postgres_engine(settings)


@asynccontextmanager
async def begin(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Run the block in one transaction; commit at its end, roll back on an error.

    Raises:
        StoreUnavailable: the database cannot be reached, refuses, or does not commit. Nothing was written.

    """
    try:
        connection = await engine.connect()
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnavailable(f"no connection to the database ({type(error).__name__})") from None
    try:
        async with connection.begin():
            yield connection
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"the database refuses ({type(error).__name__})") from None
    finally:
        await _close(connection)


Insert = postgresql.Insert | sqlite.Insert


def insert_into(connection: AsyncConnection, table: Table) -> Insert:
    """Return an INSERT that can say ON CONFLICT: the one statement that each database has in a class of its own."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


async def _close(connection: AsyncConnection) -> None:
    try:
        await connection.close()
    except (SQLAlchemyError, StoreUnavailable):
        # The server went away under it: there is nothing left to give back.
        await connection.invalidate()


def _postgres_engine(settings: StoreSettings) -> AsyncEngine:
    url = make_url(settings.url).set(drivername="postgresql+asyncpg")
    if settings.password_file is not None:
        url = url.set(password=read_private(settings.password_file).decode().strip())
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": COMMAND_SECONDS,
            "server_settings": {
                "application_name": "verwijsindex",
                "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
                # What the server's own configuration may have switched off: a commit that returns is durable.
                "synchronous_commit": "on",
            },
        },
    )

    @event.listens_for(engine.sync_engine, "handle_error")
    def _on_error(context: ExceptionContext) -> None:
        # The driver lets failures of the network and its own timeouts through as they are.
        if isinstance(context.original_exception, OSError):
            name = type(context.original_exception).__name__
            raise StoreUnavailable(f"no answer from the database ({name})") from None

    return engine


def _sqlite_engine(path: Path) -> AsyncEngine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The file is made with narrow rights before SQLite writes into it; its -wal and -shm take them over.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER_ONLY))
    except OSError as error:
        raise ConfigurationError(f"cannot open the database file {path}: {error.strerror}") from None
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions of its own: BEGIN IMMEDIATE below does.
        connection.isolation_level = None
        cursor = connection.cursor()
        # FULL: what was committed survives a power cut; an answer leaves after its record is durable.
        # secure_delete: a dead letter on its way to the bus leaves no pseudonym in freed pages.
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Any) -> None:
        # IMMEDIATE: two writers queue up instead of one failing half-way.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
