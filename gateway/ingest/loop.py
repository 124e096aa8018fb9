"""The ingest process: receive, take in, commit, publish; again until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import TypeVar

from gateway.bus.ports import Bus, Consumer, Delivery, Publisher
from gateway.bus.topics import TopicKind, topic_of, topics_of
from gateway.clock import wait
from gateway.domain import Oin
from gateway.errors import InvalidInput, Unavailable
from gateway.index.ports import IndexStore, Outgoing
from gateway.ingest import events
from gateway.ingest.service import IngestService

RECEIVE_TIMEOUT_SECONDS = 1.0
"""How long an idle loop waits before it looks whether it must stop or a partner was added."""
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
PUBLISH_AT_ONCE = 500

Result = TypeVar("Result")


class IngestLoop:
    """Runs one consumer of the ingest group over the ingress topics of every partner.

    Several loops, in several processes, share the topics among them. The order of the steps is what makes a
    kill at any moment harmless: the store commits first, then the bus offset, then the answers go out of the
    store's own queue.
    """

    def __init__(
        self, *, bus: Bus, store: IndexStore, service: IngestService, group: str, batch: int
    ) -> None:
        self._bus = bus
        self._store = store
        self._service = service
        self._group = group
        self._batch = batch

    async def run(self, stop: asyncio.Event) -> None:
        """Take messages in until `stop` is set; a dependency that is away is waited for."""
        while not stop.is_set():
            oins = await self._persist(stop, self._partners)
            if oins is None:
                break
            try:
                await self._consume(oins, stop)
            except Unavailable as error:
                await _pause(stop, FIRST_PAUSE_SECONDS, error)
        events.STOPPED.emit()

    async def _consume(self, oins: Sequence[Oin], stop: asyncio.Event) -> None:
        """Consume until the partners change or `stop` is set."""
        await self._bus.ensure_topics([topic for oin in oins for topic in topics_of(oin)])
        ingress = [topic_of(TopicKind.INGRESS, oin) for oin in oins]
        async with AsyncExitStack() as stack:
            publisher = await stack.enter_async_context(self._bus.publisher())
            await self._publish_waiting(publisher)
            if not ingress:
                await wait(stop, RECEIVE_TIMEOUT_SECONDS)
                return
            consumer = await stack.enter_async_context(self._bus.consumer(group=self._group, topics=ingress))
            events.STARTED.emit(group=self._group, topics=len(ingress))
            while not stop.is_set():
                taken = await self._step(consumer, publisher, stop)
                if not taken and await self._partners() != oins:
                    return

    async def _step(self, consumer: Consumer, publisher: Publisher, stop: asyncio.Event) -> bool:
        deliveries = await consumer.receive(most=self._batch, timeout_seconds=RECEIVE_TIMEOUT_SECONDS)
        if not deliveries:
            # Other rooms queue for the bus too, and a notice of an emergency does not wait for somebody's message.
            await self._publish_waiting(publisher)
            return False

        async def take_in() -> Sequence[Delivery]:
            await self._service.take_in(deliveries)
            return deliveries

        if await self._persist(stop, take_in) is None:
            return True
        await consumer.commit(deliveries)
        await self._publish_waiting(publisher)
        return True

    async def _partners(self) -> Sequence[Oin]:
        async with self._store.transaction() as tx:
            return [partner.oin for partner in await tx.partners.all()]

    async def _publish_waiting(self, publisher: Publisher) -> None:
        while True:
            async with self._store.transaction() as tx:
                waiting = await tx.outgoing.waiting(limit=PUBLISH_AT_ONCE)
            if not waiting:
                return
            try:
                await publisher.publish([item.record for item in waiting])
            except InvalidInput:
                await self._publish_one_by_one(publisher, waiting)
            async with self._store.transaction() as tx:
                await tx.outgoing.remove([item.number for item in waiting])

    async def _publish_one_by_one(self, publisher: Publisher, waiting: Sequence[Outgoing]) -> None:
        """Leave out what the bus never takes, so that it holds up nothing behind it."""
        for item in waiting:
            try:
                await publisher.publish([item.record])
            except InvalidInput as error:
                events.ANSWER_NOT_TAKEN.emit(topic=item.record.topic, rules=str(error))

    async def _persist(self, stop: asyncio.Event, action: Callable[[], Awaitable[Result]]) -> Result | None:
        """Run `action` until it succeeds, with growing pauses; None when told to stop before that."""
        pause = FIRST_PAUSE_SECONDS
        while not stop.is_set():
            try:
                return await action()
            except Unavailable as error:
                await _pause(stop, pause, error)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        return None


async def _pause(stop: asyncio.Event, seconds: float, error: Unavailable) -> None:
    events.WAITING.emit(for_=type(error).__name__, error=str(error), pause_seconds=seconds)
    await wait(stop, seconds)
