"""Composition of the watch: the index's store, the pseudonym service's counters, and the terms of the settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from gateway.bootstrap.stores import checked
from gateway.clock import now
from gateway.errors import ConfigurationError
from gateway.index.ports import IndexStore
from gateway.index.sql.store import open_store
from gateway.settings import IndexSettings
from gateway.telemetry.alarms import Alarms
from gateway.watching import events
from gateway.watching.model import Finding, WatchTerms
from gateway.watching.service import Watch
from gateway.watching.usage import open_usage


@asynccontextmanager
async def open_watch(settings: IndexSettings, store: IndexStore) -> AsyncIterator[Watch]:
    """Open the watch of an index and close its connection at the end.

    Raises:
        ConfigurationError: the settings name no pseudonym service, or the index's certificate cannot be used.

    """
    if settings.pseudonym_service is None:
        raise ConfigurationError(
            "pseudonym_service.address: set it to compare evaluations with registrations and questions"
        )
    terms = WatchTerms(factor=settings.watch.factor, floor=settings.watch.floor)
    alarms = Alarms(timedelta(seconds=settings.alarm.repeat_seconds))
    async with open_usage(settings.pseudonym_service, settings.tls) as usage:
        yield Watch(store=store, usage=usage, terms=terms, alarms=alarms, clock=now)


async def watch_beside(settings: IndexSettings, store: IndexStore, stop: asyncio.Event) -> None:
    """Watch until `stop` is set; without a pseudonym service in the settings, say so once and return."""
    if settings.pseudonym_service is None:
        events.OFF.emit(setting="pseudonym_service.address")
        return
    async with open_watch(settings, store) as watch:
        await watch.run(stop, every_seconds=settings.watch.every_seconds)


async def run_watch(settings: IndexSettings, stop: asyncio.Event) -> None:
    """Watch in a process of its own until `stop` is set; raises as `open_watch`, and Unavailable without a store."""
    async with checked(open_store(settings.store)) as store, open_watch(settings, store) as watch:
        await watch.run(stop, every_seconds=settings.watch.every_seconds)


async def watch_once(settings: IndexSettings) -> Sequence[Finding]:
    """Return how every partner stands now; raises as `open_watch` and `Watch.look`."""
    async with checked(open_store(settings.store)) as store, open_watch(settings, store) as watch:
        return await watch.look()
