"""Reading a log is itself on record (NEN 7513): the one way in which people get to see records."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord, StoredAuditRecord
from gateway.audit.ports import AuditLog
from gateway.domain import Professional

_PAGE = 1000


class ReadReason(StrEnum):
    """What was read, as the `reason` of the record that says so. What a room shows itself has a code of its own."""

    LISTED = "listed"
    """The log, or a part of it."""
    EXPLAINED = "explained"
    """One question, explained."""
    COMPARED = "compared"
    """The questions of a period, asked again under two convenants; only counts came out."""
    REFUSALS_LISTED = "refusals-listed"
    """What partners recorded that they do not share."""


async def read_on_record(
    log: AuditLog,
    *,
    after: int,
    limit: int | None,
    event: str,
    at: datetime,
    reader: Professional | None = None,
) -> list[StoredAuditRecord]:
    """Return the records after a number, of one event if it is named, oldest first and at most `limit`.

    Appends a record that says the log was listed, and by whom if that is known. Hand nothing out before the
    transaction has committed.
    """
    found: list[StoredAuditRecord] = []
    place = after
    while limit is None or len(found) < limit:
        page = await log.read(after=place, limit=_PAGE)
        if not page:
            break
        found += [stored for stored in page if not event or stored.record.event == event]
        place = page[-1].sequence
    await record_access(log, ReadReason.LISTED, at=at, reader=reader)
    return found if limit is None else found[:limit]


async def find_on_record(
    log: AuditLog, record_id: str, *, at: datetime, reader: Professional
) -> StoredAuditRecord | None:
    """Return the record that a receipt names, to explain it; None if there is none.

    Appends a record that says who read the log, also where nothing was found. Hand nothing out before the
    transaction has committed.
    """
    found = await log.find(record_id)
    await record_access(log, ReadReason.EXPLAINED, at=at, reader=reader)
    return found


async def record_access(
    log: AuditLog, reason: ReadReason, *, at: datetime, reader: Professional | None = None
) -> None:
    """Append a record that says what was read of the log, and by whom if that is known."""
    await log.append(
        [
            AuditRecord(
                at=at,
                event=AuditEvent.LOG_ACCESS,
                outcome=AuditOutcome.DONE,
                professional=reader,
                reason=reason.value,
            )
        ]
    )
