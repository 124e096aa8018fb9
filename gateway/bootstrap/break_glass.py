"""Composition of the officers' desk: reviewing declarations and counting them, on the index's own store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.bootstrap.stores import checked
from gateway.breakglass.reviewing import Reviews
from gateway.breakglass.sealing import TextSealer
from gateway.breakglass.usage import UsageReader
from gateway.clock import now
from gateway.index.sql.store import open_store
from gateway.keyfiles import load_secret
from gateway.settings import IndexSettings


@dataclass(frozen=True, slots=True)
class OfficersDesk:
    """What the officers of an index work with."""

    reviews: Reviews
    usage: UsageReader


def text_sealer(settings: IndexSettings) -> TextSealer:
    """Return what seals and opens stated texts; ConfigurationError where the sealing key cannot be used."""
    return TextSealer(load_secret(settings.sealing_key))


@asynccontextmanager
async def open_desk(settings: IndexSettings) -> AsyncIterator[OfficersDesk]:
    """Open the officers' desk and close its store at the end.

    Raises:
        ConfigurationError: the schema of the store cannot be used.
        Unavailable: the store cannot be reached.

    """
    async with checked(open_store(settings.store)) as store:
        yield OfficersDesk(Reviews(store=store, clock=now), UsageReader(store=store, clock=now))
