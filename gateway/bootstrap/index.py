"""Composition of the index: store, bus, convenant, rooms and server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from gateway.bootstrap.stores import checked
from gateway.bootstrap.together import run_together
from gateway.bootstrap.watching import watch_beside
from gateway.bus.opening import open_bus
from gateway.bus.ports import Bus
from gateway.clock import now
from gateway.convenant.model import Convenant
from gateway.convenant.reading import read_convenant
from gateway.domain import Oin
from gateway.errors import ConfigurationError, InvalidInput
from gateway.index.door import Door, EpochBook, open_epoch_book
from gateway.index.ports import IndexStore
from gateway.index.sealing import Sealer
from gateway.index.sql.store import open_store
from gateway.ingest.epochs import EpochKeeper
from gateway.ingest.loop import IngestLoop
from gateway.ingest.service import IngestService
from gateway.keyfiles import load_secret
from gateway.lookup.misses import MissTerms
from gateway.lookup.service import Bounds, LookupService
from gateway.metering.ports import MeterTerms
from gateway.rpc.server import RpcServer
from gateway.settings import AlarmSettings, IndexSettings, MissesSettings, QuotaSettings
from gateway.telemetry.alarms import Alarms


@dataclass(frozen=True, slots=True)
class Site:
    """The opened parts of one index. Nothing in it leads to a person: that takes the door."""

    settings: IndexSettings
    store: IndexStore
    bus: Bus
    convenant: Convenant


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
    async with checked(open_store(settings.store)) as store:
        bus = open_bus(settings.bus)
        try:
            yield Site(settings, store, bus, convenant)
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
        store=site.store, door=door, clock=now, largest_message_bytes=terms.largest_message_bytes
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


def lookup_service(site: Site) -> LookupService:
    """Build the room that answers, with the quota and the misses of the settings."""
    settings = site.settings
    return LookupService(
        store=site.store,
        convenant=site.convenant,
        clock=now,
        bounds=lookup_bounds(settings.quota, settings.misses, settings.alarm),
    )


def lookup_bounds(quota: QuotaSettings, misses: MissesSettings, alarm: AlarmSettings) -> Bounds:
    """Return what the settings say of how much a partner may ask."""
    return Bounds(
        quota=_meter_terms(quota),
        misses=MissTerms(
            default=_meter_terms(misses),
            partners={Oin(oin): _meter_terms(misses.of(oin)) for oin in misses.partners},
        ),
        alarms=Alarms(timedelta(seconds=alarm.repeat_seconds)),
    )


def _meter_terms(settings: QuotaSettings | MissesSettings) -> MeterTerms:
    return MeterTerms(per_hour=settings.per_hour, burst=settings.burst)


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
            lookup=lookup_service(site),
            store=site.store,
            door=door,
            convenant=site.convenant,
            tls=settings.tls,
            listen=settings.listen,
        )
        port = await server.start()
        on_ready(settings.listen.host, port)
        try:
            work = take_in(site, door, stop) if settings.ingest.in_serve else _until(stop)
            await run_together(work, watch_beside(settings, site.store, stop))
        finally:
            await server.stop()
