"""Composition: the one place that knows which store, bus, convenant and server a site is made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.bus.opening import open_bus
from gateway.bus.ports import Bus
from gateway.convenant.model import Convenant
from gateway.convenant.reading import read_convenant
from gateway.errors import ConfigurationError, InvalidInput
from gateway.index.ports import IndexStore
from gateway.index.sql.store import open_store
from gateway.ingest.loop import IngestLoop
from gateway.ingest.service import IngestService
from gateway.lookup.quota import QuotaTerms
from gateway.lookup.service import LookupService
from gateway.rpc.server import RpcServer
from gateway.settings import IndexSettings


@dataclass(frozen=True, slots=True)
class Site:
    """The opened parts of one index."""

    settings: IndexSettings
    store: IndexStore
    bus: Bus
    convenant: Convenant


def now() -> datetime:
    """The clock of every process: time zone aware, UTC."""
    return datetime.now(UTC)


def load_convenant(settings: IndexSettings) -> Convenant:
    """Read the convenant of the settings; ConfigurationError when it cannot be used."""
    try:
        return read_convenant(settings.convenant.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the convenant {settings.convenant}: {error.strerror}"
        ) from None
    except InvalidInput as error:
        raise ConfigurationError(f"the convenant {settings.convenant} is refused: {error}") from None


@asynccontextmanager
async def open_site(settings: IndexSettings) -> AsyncIterator[Site]:
    """Open store, bus and convenant, check that they can be used, and close them at the end.

    Raises:
        ConfigurationError: the convenant or the schema of the store cannot be used.
        Unavailable: the store cannot be reached.

    """
    convenant = load_convenant(settings)
    store = open_store(settings.store)
    bus = open_bus(settings.bus)
    try:
        await store.check()
        yield Site(settings, store, bus, convenant)
    finally:
        await bus.close()
        await store.close()


def ingest_loop(site: Site) -> IngestLoop:
    """Build the loop that takes messages in."""
    terms = site.settings.ingest
    service = IngestService(store=site.store, clock=now, largest_message_bytes=terms.largest_message_bytes)
    return IngestLoop(bus=site.bus, store=site.store, service=service, group=terms.group, batch=terms.batch)


async def run_ingest(settings: IndexSettings, stop: asyncio.Event) -> None:
    """Take messages in until `stop` is set."""
    async with open_site(settings) as site:
        await ingest_loop(site).run(stop)


async def run_server(
    settings: IndexSettings, stop: asyncio.Event, *, on_ready: Callable[[str, int], None]
) -> None:
    """Answer gRPC, and take messages in where the settings say so, until `stop` is set.

    `on_ready` is called once with the host and the port on which the index answers.
    """
    async with open_site(settings) as site:
        quota = QuotaTerms(**settings.quota.model_dump())
        lookup = LookupService(store=site.store, convenant=site.convenant, clock=now, quota=quota)
        server = RpcServer(
            lookup=lookup,
            store=site.store,
            convenant=site.convenant,
            tls=settings.tls,
            listen=settings.listen,
        )
        port = await server.start()
        on_ready(settings.listen.host, port)
        try:
            if settings.ingest.in_serve:
                await ingest_loop(site).run(stop)
            else:
                await stop.wait()
        finally:
            await server.stop()
