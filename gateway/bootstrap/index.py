"""Composition of the index: store, bus, agreement, rooms and server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from gateway.agreement.reading import AgreementReader
from gateway.bootstrap.rooms import open_rooms
from gateway.bootstrap.stores import checked
from gateway.bootstrap.together import run_together
from gateway.bootstrap.watching import watch_beside
from gateway.breakglass.escalating import EscalationKeeper
from gateway.bus.opening import open_bus
from gateway.bus.ports import Bus
from gateway.clock import now
from gateway.domain import Oin
from gateway.index.door import Door, EpochBook, open_epoch_book
from gateway.index.ports import IndexStore
from gateway.index.sealing import Sealer
from gateway.index.sql.store import open_store
from gateway.ingest.epochs import EpochKeeper
from gateway.ingest.loop import IngestLoop
from gateway.ingest.service import IngestService
from gateway.keyfiles import load_secret
from gateway.rpc.server import RpcServer
from gateway.settings import IndexSettings


@dataclass(frozen=True, slots=True)
class Site:
    """The opened parts of one index. Nothing in it leads to a person: that takes the door."""

    settings: IndexSettings
    store: IndexStore
    bus: Bus
    agreement: AgreementReader


@asynccontextmanager
async def open_site(settings: IndexSettings) -> AsyncIterator[Site]:
    """Open store and bus, check that they can be used, and close them at the end.

    Raises:
        ConfigurationError: the schema of the store cannot be used.
        Unavailable: the store cannot be reached.

    """
    async with checked(open_store(settings.store)) as store:
        bus = open_bus(settings.bus)
        try:
            yield Site(settings, store, bus, AgreementReader())
        finally:
            await bus.close()


def open_book(settings: IndexSettings) -> EpochBook:
    """Return the epochs in use; ConfigurationError where the public keys cannot be read or are of another index."""
    return open_epoch_book(settings.pseudonym_keys, index=Oin(settings.oin))


def open_door(settings: IndexSettings) -> Door:
    """Return the door; ConfigurationError where the index's key or the public keys cannot be used.

    Only what takes messages or questions in needs it: who reads the log or the partners needs no key.
    """
    return Door(Sealer(load_secret(settings.sealing_key)), open_book(settings), clock=now)


def ingest_loop(site: Site, door: Door) -> IngestLoop:
    """Build the loop that takes messages in."""
    terms = site.settings.ingest
    service = IngestService(
        store=site.store,
        door=door,
        agreement=site.agreement,
        clock=now,
        largest_message_bytes=terms.largest_message_bytes,
    )
    return IngestLoop(bus=site.bus, store=site.store, service=service, group=terms.group, batch=terms.batch)


def epoch_keeper(site: Site) -> EpochKeeper:
    """Build the part that removes what stands under epochs that are over."""
    return EpochKeeper(
        store=site.store,
        book=open_book(site.settings),
        index=Oin(site.settings.oin),
        keep=timedelta(hours=site.settings.ingest.keep_ended_epoch_hours),
        clock=now,
    )


async def take_in(site: Site, door: Door, stop: asyncio.Event) -> None:
    """Take messages in, and let go what no epoch leads to any more, until `stop` is set."""
    await run_together(ingest_loop(site, door).run(stop), epoch_keeper(site).run(stop))


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()


async def run_ingest(settings: IndexSettings, stop: asyncio.Event) -> None:
    """Take messages in until `stop` is set."""
    door = open_door(settings)
    async with open_site(settings) as site:
        await take_in(site, door, stop)


async def run_server(
    settings: IndexSettings, stop: asyncio.Event, *, on_ready: Callable[[str, int], None]
) -> None:
    """Answer gRPC, and take messages in where the settings say so, until `stop` is set.

    `on_ready` is called once with the host and the port on which the index answers.
    """
    door = open_door(settings)
    async with open_site(settings) as site:
        server = RpcServer(
            open_rooms(settings, site.store, site.agreement),
            store=site.store,
            door=door,
            agreement=site.agreement,
            tls=settings.tls,
            listen=settings.listen,
        )
        port = await server.start()
        on_ready(settings.listen.host, port)
        try:
            work = take_in(site, door, stop) if settings.ingest.in_serve else _until(stop)
            await run_together(
                work,
                watch_beside(settings, site.store, stop),
                EscalationKeeper(store=site.store, clock=now).run(stop),
            )
        finally:
            await server.stop()
