"""The access log as a table: rows are added, never changed and never removed.

Sequences follow commits: an appender holds a lock until its transaction ends (SQLite: the one writer's; on
PostgreSQL: an advisory lock), so that no lower number can be committed after a higher one was read, and a
reader that goes on from the last number it saw misses nothing. A rolled back append may leave a gap; a number
is never used twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit.canonical import from_bytes, to_bytes
from gateway.audit.model import AuditRecord, StoredAuditRecord
from gateway.audit.ports import AuditLog
from gateway.database import Moment, metadata

_APPEND_LOCK = 0x5645_5257
"""The key of the log's advisory lock ("VERW" in ASCII)."""

audit_records = Table(
    "audit_records",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("record_id", String(36), nullable=False, unique=True),
    Column("at", Moment, nullable=False),
    Column("event", String(32), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("organisation", String(20)),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)


class SqlAuditLog(AuditLog):
    """The log inside one transaction of the index's database."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def append(self, records: Sequence[AuditRecord]) -> None:
        """Add the records in this order."""
        if not records:
            return
        if self._connection.dialect.name == "postgresql":
            await self._connection.execute(
                text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _APPEND_LOCK}
            )
        await self._connection.execute(insert(audit_records), [_row(record) for record in records])

    async def read(self, *, after: int = 0, limit: int = 1000) -> Sequence[StoredAuditRecord]:
        """Return up to `limit` records with a sequence above `after`, oldest first."""
        rows = await self._connection.execute(
            select(audit_records.c.sequence, audit_records.c.body)
            .where(audit_records.c.sequence > after)
            .order_by(audit_records.c.sequence)
            .limit(limit)
        )
        return [StoredAuditRecord(sequence=sequence, record=from_bytes(body)) for sequence, body in rows]

    async def count(self) -> int:
        """Return how many records the log holds."""
        found = await self._connection.execute(select(func.count()).select_from(audit_records))
        return int(found.scalar_one())


def _row(record: AuditRecord) -> dict[str, object]:
    return {
        "record_id": record.record_id,
        "at": record.at,
        "event": record.event.value,
        "outcome": record.outcome.value,
        "organisation": record.organisation,
        "body": to_bytes(record),
    }
