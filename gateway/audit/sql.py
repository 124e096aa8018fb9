"""The access log as a table: rows are added, never changed and never removed.

Sequences follow commits: an appender holds a lock until its transaction ends (SQLite: the one writer's; on
PostgreSQL: an advisory lock), so that no lower number can be committed after a higher one was read, and a
reader that goes on from the last number it saw misses nothing. A rolled back append may leave a gap; a number
is never used twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    String,
    Table,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit.canonical import from_bytes, to_bytes
from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord, StoredAuditRecord
from gateway.audit.ports import AuditLog
from gateway.database import Moment, metadata
from gateway.domain import Oin

_APPEND_LOCK = 0x5645_5257
"""The key of the log's advisory lock ("VERW" in ASCII)."""

_IDS_AHEAD = timedelta(hours=1)
"""How much earlier than its `at` a record may have got its id: far more than a batch takes."""

audit_records = Table(
    "audit_records",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("record_id", String(36), nullable=False, unique=True),
    Column("at", Moment, nullable=False),
    Column("event", String(32), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("organisation", String(20)),
    # The newest of the person's sealed pseudonyms; NULL where the record is about nobody.
    Column("person", LargeBinary(32)),
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
        return [_stored(sequence, body) for sequence, body in rows]

    async def count(self) -> int:
        """Return how many records the log holds."""
        found = await self._connection.execute(select(func.count()).select_from(audit_records))
        return int(found.scalar_one())

    async def asked_about(self, since: datetime, until: datetime) -> Mapping[Oin, int]:
        """Return about how many persons each organisation had questions answered in that time."""
        persons = func.count(audit_records.c.person.distinct())
        return await self._of_answered(persons, since, until)

    async def answered(self, since: datetime, until: datetime) -> Mapping[Oin, int]:
        """Return how many questions of each organisation were answered in that time."""
        return await self._of_answered(func.count(), since, until)

    async def _of_answered(
        self, counted: ColumnElement[int], since: datetime, until: datetime
    ) -> Mapping[Oin, int]:
        columns = audit_records.c
        rows = await self._connection.execute(
            select(columns.organisation, counted)
            .where(*_is_answered(since, until))
            .group_by(columns.organisation)
        )
        return {Oin(organisation): count for organisation, count in rows}

    async def find(self, record_id: str) -> StoredAuditRecord | None:
        """Return the record that a receipt names; None if there is none."""
        columns = audit_records.c
        rows = await self._connection.execute(
            select(columns.sequence, columns.body).where(columns.record_id == record_id)
        )
        return next((_stored(sequence, body) for sequence, body in rows), None)

    async def answers(
        self, since: datetime, until: datetime, *, after: int = 0, limit: int = 1000
    ) -> Sequence[StoredAuditRecord]:
        """Return up to `limit` answered questions about somebody in that time, oldest first."""
        columns = audit_records.c
        rows = await self._connection.execute(
            select(columns.sequence, columns.body)
            .where(*_is_answered(since, until), columns.sequence > after)
            .order_by(columns.sequence)
            .limit(limit)
        )
        return [_stored(sequence, body) for sequence, body in rows]


def _stored(sequence: int, body: bytes) -> StoredAuditRecord:
    return StoredAuditRecord(sequence=sequence, record=from_bytes(body))


def _is_answered(since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    """An answered question about somebody, by a known organisation, in that time."""
    columns = audit_records.c
    return (
        # Ids are in the order of time and have an index: years of log are passed over.
        columns.record_id >= _first_id(since - _IDS_AHEAD),
        columns.at >= since,
        columns.at < until,
        columns.event == AuditEvent.LOOKUP.value,
        columns.outcome.in_([AuditOutcome.DONE.value, AuditOutcome.EMPTY.value]),
        columns.organisation.is_not(None),
        columns.person.is_not(None),
    )


def _first_id(moment: datetime) -> str:
    """Return the smallest UUIDv7 of that millisecond (RFC 9562, section 5.7: its first 48 bits are the time)."""
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"


def _row(record: AuditRecord) -> dict[str, object]:
    return {
        "record_id": record.record_id,
        "at": record.at,
        "event": record.event.value,
        "outcome": record.outcome.value,
        "organisation": record.organisation,
        "person": None if record.subject is None else record.subject.pseudonyms[-1].reveal(),
        "body": to_bytes(record),
    }
