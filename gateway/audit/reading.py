"""Reading a log is itself on record (NEN 7513): the one way in which people get to see records."""

from __future__ import annotations

from datetime import datetime

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord, StoredAuditRecord
from gateway.audit.ports import AuditLog

_PAGE = 1000


async def read_on_record(
    log: AuditLog, *, after: int, limit: int | None, event: str, at: datetime
) -> list[StoredAuditRecord]:
    """Return the records after a number, of one event if it is named, oldest first and at most `limit`.

    Appends a record that says the log was read. Hand nothing out before the transaction has committed.
    """
    found: list[StoredAuditRecord] = []
    place = after
    while limit is None or len(found) < limit:
        page = await log.read(after=place, limit=_PAGE)
        if not page:
            break
        found += [stored for stored in page if not event or stored.record.event == event]
        place = page[-1].sequence
    await log.append([AuditRecord(at=at, event=AuditEvent.LOG_ACCESS, outcome=AuditOutcome.DONE)])
    return found if limit is None else found[:limit]
