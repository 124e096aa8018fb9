"""Messages taken in, beside a loop that only consumes, verifies and parses them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gateway.agreement.reading import AgreementReader
from gateway.bus.opening import open_bus
from gateway.bus.ports import Bus, Delivery
from gateway.bus.topics import TopicKind, topic_of
from gateway.index.sql.store import open_store
from gateway.ingest.service import IngestService
from gateway.keyfiles import load_signing_key
from gateway.messages.cloudevents import read_headers
from gateway.messages.parse import parse_bundle
from gateway.messages.signing import public_bytes, verify
from tests.bench.timing import rate
from tests.support.facts import involvement, message
from tests.support.sealed import DOOR
from tests.support.trial import Trial

MESSAGES = 2000
BATCH = 200

Work = Callable[[Sequence[Delivery]], Awaitable[None]]


async def measure_messages(folder: Path) -> tuple[float, float]:
    """Return messages a second through the ingest, and through the bare loop."""
    trial = await asyncio.to_thread(Trial.make, folder)
    oin = trial.oin("veilig_thuis")
    await trial.publish([trial.record(message(involvement(oin, f"p{n}"))) for n in range(MESSAGES)])
    bus = open_bus(trial.settings.bus)
    store = open_store(trial.settings.store)
    service = IngestService(
        store=store,
        door=DOOR,
        agreement=AgreementReader(),
        clock=lambda: datetime.now(UTC),
        largest_message_bytes=65_536,
    )
    public = public_bytes(load_signing_key(trial.partner("veilig_thuis").signing_key))

    async def bare(deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            envelope = read_headers(delivery.record.headers)
            verify(delivery.record.value, envelope.jws, find_key=lambda _: public)
            parse_bundle(delivery.record.value)

    async def whole(deliveries: Sequence[Delivery]) -> None:
        await service.take_in(deliveries)

    topic = topic_of(TopicKind.INGRESS, oin)
    ceiling = await rate(lambda: _consume(bus, topic, "bare", bare))
    taken_in = await rate(lambda: _consume(bus, topic, "whole", whole))
    await store.close()
    await bus.close()
    return taken_in, ceiling


async def _consume(bus: Bus, topic: str, group: str, work: Work) -> int:
    done = 0
    async with bus.consumer(group=group, topics=[topic]) as consumer:
        while done < MESSAGES:
            deliveries = await consumer.receive(most=BATCH, timeout_seconds=5)
            await work(deliveries)
            await consumer.commit(deliveries)
            done += len(deliveries)
    return done
