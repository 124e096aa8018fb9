"""Records that wait for the bus, in the database."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.bus.ports import BusRecord
from gateway.index.ports import Outgoing, OutgoingQueue
from gateway.index.sql.tables import outgoing


class SqlOutgoingQueue(OutgoingQueue):
    """The queue inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, records: Sequence[BusRecord]) -> None:
        """Queue the records in this order."""
        rows = [
            {
                "topic": record.topic,
                "key": record.key,
                # Header values are bytes of any kind; latin-1 keeps each byte as one character.
                "headers": orjson.dumps({k: v.decode("latin-1") for k, v in record.headers.items()}),
                "value": record.value,
            }
            for record in records
        ]
        if rows:
            await self._connection.execute(insert(outgoing), rows)

    async def waiting(self, *, limit: int) -> Sequence[Outgoing]:
        """Return the oldest records that are not published yet."""
        rows = await self._connection.execute(select(outgoing).order_by(outgoing.c.number).limit(limit))
        return [
            Outgoing(
                number=row.number,
                record=BusRecord(
                    topic=row.topic,
                    key=row.key,
                    value=row.value,
                    headers={k: v.encode("latin-1") for k, v in orjson.loads(row.headers).items()},
                ),
            )
            for row in rows
        ]

    async def remove(self, numbers: Sequence[int]) -> None:
        """Forget records that the bus has."""
        if numbers:
            await self._connection.execute(delete(outgoing).where(outgoing.c.number.in_(numbers)))
