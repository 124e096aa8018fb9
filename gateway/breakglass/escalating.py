"""A review that is not done in time escalates by itself, and again every day until it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.breakglass import events
from gateway.breakglass.noticing import tell_all
from gateway.clock import wait
from gateway.domain import Declaration
from gateway.errors import StoreUnavailable
from gateway.index.ports import IndexStore
from gateway.messages.notices import NoticeEvent

LOOK_SECONDS = 60.0
AGAIN_AFTER = timedelta(days=1)
OVERDUE = "overdue"
"""The reason in the audit record of an escalation."""


class EscalationKeeper:
    """Escalates reviews that are overdue. Any number of processes may run one; each escalation happens once."""

    def __init__(self, *, store: IndexStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def run(self, stop: asyncio.Event, *, look_seconds: float = LOOK_SECONDS) -> None:
        """Look again and again until `stop` is set; a store that is away is told, and tried the next time."""
        while not stop.is_set():
            try:
                await self.escalate()
            except StoreUnavailable as error:
                events.POSTPONED.emit(error=str(error))
            await wait(stop, look_seconds)

    async def escalate(self) -> int:
        """Escalate what is overdue and was not escalated in the last day; return how many.

        The audit record, the notices and the mark that keeps it from happening twice are one transaction each.

        Raises:
            StoreUnavailable: what was escalated before stays so.

        """
        now = self._clock()
        async with self._store.transaction() as tx:
            overdue = await tx.declarations.overdue(now)
        done = 0
        for declaration in overdue:
            if _is_due(declaration, now):
                done += await self._escalate(declaration, now)
        return done

    async def _escalate(self, declaration: Declaration, now: datetime) -> bool:
        record = AuditRecord(
            at=now,
            event=AuditEvent.REVIEW,
            outcome=AuditOutcome.DONE,
            organisation=declaration.partner,
            kind=declaration.kind,
            subject=declaration.subject,
            purpose=declaration.purpose,
            convenant=declaration.convenant,
            reason=OVERDUE,
            emergency=declaration.id,
        )
        async with self._store.transaction() as tx:
            # First: whoever gets the row escalates, and another process finds it done.
            if not await tx.declarations.escalated(declaration.id, now, not_since=now - AGAIN_AFTER):
                return False
            uses = (await tx.declarations.uses_of([declaration.id])).get(declaration.id, ())
            shown = {partner for use in uses for partner in use.shown}
            await tx.outgoing.add(
                tell_all(shown, NoticeEvent.OVERDUE, declaration, at=now, occasion=record.record_id)
            )
            await tx.audit.append([record])
        events.OVERDUE.emit(
            organisation=declaration.partner,
            declaration=declaration.id,
            due=declaration.review_due.isoformat(),
        )
        return True


def _is_due(declaration: Declaration, now: datetime) -> bool:
    return declaration.escalated_at is None or declaration.escalated_at <= now - AGAIN_AFTER
