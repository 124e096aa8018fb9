"""A store over a database: transactions of one kind, and the schema that the code needs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.database import begin
from gateway.migrating import Schema

Unit = TypeVar("Unit")


class SqlStore(Generic[Unit]):
    """A database, opened once a process. `unit` makes a unit of work over the connection of a transaction."""

    def __init__(self, engine: AsyncEngine, schema: Schema, unit: Callable[[AsyncConnection], Unit]) -> None:
        self._engine = engine
        self._schema = schema
        self._unit = unit

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Unit]:
        """Begin a transaction; it commits when the block ends without an error.

        Raises:
            StoreUnavailable: the database cannot be reached, refuses, or does not commit. Nothing was written.

        """
        async with begin(self._engine) as connection:
            yield self._unit(connection)

    async def check(self) -> None:
        """Return if the store answers with the schema this code needs; raises as `Schema.check`."""
        await self._schema.check(self._engine)

    async def close(self) -> None:
        """Release every connection; idempotent."""
        await self._engine.dispose()
