"""Composition of the pseudonym service: its own store, key ring, rooms and server; nothing of the index."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from gateway.bootstrap.stores import checked
from gateway.clock import now
from gateway.domain import Oin
from gateway.evaluation.callers import Callers
from gateway.evaluation.keys import RingKeys
from gateway.evaluation.ports import EvaluationStore
from gateway.evaluation.service import EvaluationService
from gateway.evaluation.standing import Standing
from gateway.evaluation.store import open_evaluation_store
from gateway.metering.ports import MeterTerms
from gateway.pseudonyms.keyring import KeyRing
from gateway.rpc.pseudonym_server import PseudonymServer
from gateway.settings import PseudonymServiceSettings
from gateway.telemetry.alarms import Alarms


def open_key_ring(settings: PseudonymServiceSettings) -> KeyRing:
    """Open the custodian's folder; ConfigurationError when it cannot be used."""
    return KeyRing.open(settings.keys, Oin(settings.index))


@asynccontextmanager
async def open_custody(settings: PseudonymServiceSettings) -> AsyncIterator[EvaluationStore]:
    """Open the service's store, check that it can be used, and close it at the end.

    Raises:
        ConfigurationError: the schema of the store cannot be used.
        Unavailable: the store cannot be reached.

    """
    async with checked(open_evaluation_store(settings.store)) as store:
        yield store


async def run_pseudonym_service(
    settings: PseudonymServiceSettings, stop: asyncio.Event, *, on_ready: Callable[[str, int], None]
) -> None:
    """Evaluate for the listed partners until `stop` is set.

    `on_ready` is called once with the host and the port on which the service answers.

    Raises:
        ConfigurationError: the key ring, the store's schema or the certificate cannot be used, or no epoch is
            current.
        Unavailable: the store cannot be reached.

    """
    keys = RingKeys(open_key_ring(settings), reopen=partial(open_key_ring, settings))
    async with open_custody(settings) as store:
        standing = Standing(store, keys, now)
        await standing.check()
        server = PseudonymServer(
            evaluation_service(settings, store, keys),
            checked=standing,
            tls=settings.tls,
            listen=settings.listen,
        )
        port = await server.start()
        on_ready(settings.listen.host, port)
        try:
            await stop.wait()
        finally:
            await server.stop()


def evaluation_service(
    settings: PseudonymServiceSettings, store: EvaluationStore, keys: RingKeys
) -> EvaluationService:
    """Build the room with the quotas of the settings."""
    partners = {
        Oin(partner): MeterTerms(**settings.quota_of(Oin(partner)).model_dump())
        for partner in settings.partners
    }
    return EvaluationService(
        store=store,
        keys=keys,
        callers=Callers(Oin(settings.index), partners),
        alarms=Alarms(timedelta(seconds=settings.alarm.repeat_seconds)),
        clock=now,
    )
