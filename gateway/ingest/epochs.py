"""After an overlap the rows of the old epoch go, a while later and a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.clock import wait
from gateway.domain import Oin
from gateway.errors import ConfigurationError, StoreUnavailable
from gateway.index.door import EpochBook
from gateway.index.ports import IndexStore
from gateway.ingest import events
from gateway.pseudonyms.pinned import PinnedKeys

LOOK_SECONDS = 60.0
ROWS_AT_ONCE = 500
"""Rows a transaction: small enough that messages hardly wait for it."""


class EpochKeeper:
    """Removes what stands under epochs that are over. Any number of processes may run one; stop at any point."""

    def __init__(
        self,
        *,
        store: IndexStore,
        book: EpochBook,
        index: Oin,
        keep: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        """`keep` is how long the rows stay after their epoch ended: time to put a mistaken end right."""
        self._store = store
        self._book = book
        self._index = index
        self._keep = keep
        self._clock = clock

    async def run(self, stop: asyncio.Event, *, look_seconds: float = LOOK_SECONDS) -> None:
        """Look again and again until `stop` is set; what is away or wrong is logged, and tried the next time."""
        while not stop.is_set():
            try:
                await self.forget()
            except (StoreUnavailable, ConfigurationError) as error:
                events.EPOCHS_NOT_READ.emit(error=str(error))
            await wait(stop, look_seconds)

    async def forget(self) -> int:
        """Remove what is due and return how many rows went.

        Raises:
            ConfigurationError: the public keys cannot be read; nothing was removed.
            StoreUnavailable: what was removed before stays removed.

        """
        now = self._clock()
        before = first_kept(self._book.keys(), now - self._keep)
        if before is None:
            return 0
        removed = 0
        while True:
            async with self._store.transaction() as tx:
                gone = await tx.facts.forget_epochs(before, limit=ROWS_AT_ONCE)
                removed += gone
                if not gone and removed:
                    await tx.audit.append([self._record(before - 1, now)])
            if not gone:
                break
        if removed:
            events.EPOCH_FORGOTTEN.emit(epoch=before - 1, rows=removed)
        return removed

    def _record(self, epoch: int, now: datetime) -> AuditRecord:
        return AuditRecord(
            at=now,
            event=AuditEvent.ADMINISTRATION,
            outcome=AuditOutcome.DONE,
            organisation=self._index,
            reason="epoch-forgotten",
            epoch=epoch,
        )


def first_kept(keys: PinnedKeys, ended_before: datetime) -> int | None:
    """Return the number of the first epoch whose rows stay: all before it ended at that time or earlier.

    None where no epoch goes; and where none would stay: a file without a current epoch is more likely wrong than
    the end of the index.
    """
    kept = [key.epoch for key in keys.keys if key.valid_until is None or key.valid_until > ended_before]
    gone = [key.epoch for key in keys.keys if kept and key.epoch < min(kept)]
    return min(kept) if gone else None
