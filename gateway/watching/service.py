"""The watch: looks again and again, names a partner once a period, and never stands in the way of anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from gateway.clock import day_of, hour_of, wait
from gateway.index.ports import IndexStore
from gateway.telemetry.alarms import Alarms
from gateway.watching import events
from gateway.watching.judging import judge
from gateway.watching.model import Finding, WatchTerms
from gateway.watching.ports import UsageSource

HOURS = 24
"""As many hours of the clock as a window has, the one under way included: never more than one night."""


class Watch:
    """Compares the pseudonym service's counters with the index's own facts and log."""

    def __init__(
        self,
        *,
        store: IndexStore,
        usage: UsageSource,
        terms: WatchTerms,
        alarms: Alarms,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._usage = usage
        self._terms = terms
        self._alarms = alarms
        self._clock = clock

    async def look(self) -> Sequence[Finding]:
        """Return how every partner stands in the last 24 hours, by OIN.

        Raises:
            PseudonymsUnavailable: the pseudonym service does not answer.
            NotPermitted, Unauthenticated: it does not take this for the index's certificate.
            StoreUnavailable: the store is away.

        """
        now = self._clock()
        since = window_start(now)
        # Before the store is opened: an embedded store has one transaction at a time, and lookups wait for it.
        evaluated = await self._usage.since(since)
        async with self._store.transaction() as tx:
            epochs = await tx.facts.newest_epochs(on=day_of(now))
            asked = await tx.audit.asked_about(since, now)
        registered = {partner: sum(persons.values()) for partner, persons in epochs.items()}
        return judge(evaluated, registered, asked, self._terms)

    async def look_and_name(self) -> Sequence[Finding]:
        """Do the same, and write the alarm event for every partner that rings and was not named in this period."""
        findings = await self.look()
        for finding in findings:
            if finding.rings and self._alarms.is_due(finding.partner, self._clock()):
                events.UNEXPLAINED.emit(
                    organisation=finding.partner,
                    evaluations=finding.evaluated,
                    explained=finding.explained,
                )
        return findings

    async def run(self, stop: asyncio.Event, *, every_seconds: float) -> None:
        """Look at once and then every so many seconds until `stop` is set; what goes wrong is told and tried again."""
        events.STARTED.emit(every_seconds=every_seconds, factor=self._terms.factor, floor=self._terms.floor)
        while not stop.is_set():
            # Whatever it is, lookups go on: the watch runs beside them. Only being cancelled ends it.
            (outcome,) = await asyncio.gather(self.look_and_name(), return_exceptions=True)
            if isinstance(outcome, BaseException):
                # The class alone: the text of an unforeseen error may hold anything.
                events.POSTPONED.emit(error=type(outcome).__name__, every_seconds=every_seconds)
            await wait(stop, every_seconds)


def window_start(now: datetime) -> datetime:
    """Return where the window that ends now begins: a whole hour in UTC, 23 to 24 hours ago."""
    return hour_of(now) - timedelta(hours=HOURS - 1)
