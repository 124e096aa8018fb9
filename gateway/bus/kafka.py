"""Apache Kafka through aiokafka: idempotent writes acknowledged by all replicas, offsets committed by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    MessageSizeTooLargeError,
    NoError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from gateway.bus.kafka_connection import connection_options
from gateway.bus.ports import BusRecord, Consumer, Delivery, Position, Publisher
from gateway.bus.progress import Progress
from gateway.errors import BusUnavailable, InvalidInput
from gateway.settings import BusSettings

MOST_ONE_BY_ONE = 1000
"""So many records of a partition are read one by one in the search for an unreadable one; the search then goes on."""
LARGEST_RECORD_BYTES = 16 * 1024 * 1024
"""What this side sends and fetches at most; the broker's own limit (`message.max.bytes`) may be lower."""
REQUEST_TIMEOUT_MS = 15_000
PARTITIONS = 1
"""A topic is one partner's: one partition keeps all of its messages in order, and is far from full."""
REPLICAS = 3
CALL_TIMEOUT_SECONDS = 30.0
"""How long one call may take before the bus counts as away."""


class KafkaBus:
    """A connection to one Kafka cluster; the certificate and password files are read when it is made."""

    def __init__(self, settings: BusSettings) -> None:
        self._common: dict[str, Any] = {
            "bootstrap_servers": settings.bootstrap.split(","),
            "client_id": "verwijsindex",
            "request_timeout_ms": REQUEST_TIMEOUT_MS,
            **connection_options(settings.kafka),
        }

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Create those topics that do not exist, on up to REPLICAS brokers."""
        async with _as_unavailable("topics cannot be made"), self._admin() as admin:
            await _create_missing(admin, topics)

    @asynccontextmanager
    async def publisher(self) -> AsyncIterator[Publisher]:
        """Open an idempotent producer: a retry writes nothing twice."""
        producer = AIOKafkaProducer(
            **self._common, enable_idempotence=True, acks="all", max_request_size=LARGEST_RECORD_BYTES
        )
        async with _as_unavailable("no producer can be opened"):
            await _start(producer)
        try:
            yield _KafkaPublisher(producer)
        finally:
            await _stop(producer)

    @asynccontextmanager
    async def consumer(self, *, group: str, topics: Sequence[str]) -> AsyncIterator[Consumer]:
        """Join a group; offsets move by commit() alone."""
        await self._require_topics(topics)
        consumer = self._new_consumer(group=group)
        member = _KafkaConsumer(consumer)
        consumer.subscribe(list(topics), listener=_Listener(member.progress))
        async with _as_unavailable("the consumer group cannot be joined"):
            await _start(consumer)
        try:
            yield member
        finally:
            member.progress.forget()
            await _stop(consumer)

    async def browse(self, topic: str) -> AsyncIterator[Delivery]:
        """Yield what the topic holds when browsing starts, partition by partition."""
        await self._require_topics([topic])
        # Subscribing without a group assigns every partition of the topic.
        consumer = self._new_consumer(topic, group=None)
        async with _as_unavailable("the topic cannot be read"):
            await _start(consumer)
            try:
                async for delivery in _read_to_end(consumer):
                    yield delivery
            finally:
                await _stop(consumer)

    async def close(self) -> None:
        """Publishers and consumers close themselves; nothing else stays open."""

    def _new_consumer(self, *topics: str, group: str | None) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            *topics,
            **self._common,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=LARGEST_RECORD_BYTES,
            fetch_max_bytes=2 * LARGEST_RECORD_BYTES,
        )

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(**self._common)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                await admin.start()
                yield admin
        finally:
            await admin.close()

    async def _require_topics(self, topics: Sequence[str]) -> None:
        async with _as_unavailable("topics cannot be listed"), self._admin() as admin:
            missing = sorted(set(topics) - set(await admin.list_topics()))
        if missing:
            raise _no_topic(missing[0])


class _KafkaPublisher(Publisher):
    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def publish(self, records: Sequence[BusRecord]) -> None:
        if any(len(record.value) > LARGEST_RECORD_BYTES for record in records):
            raise _too_large()
        async with _as_unavailable("records cannot be written"), asyncio.timeout(CALL_TIMEOUT_SECONDS):
            await self._require_topics({record.topic for record in records})
            sent = [await self._send(record) for record in records]
            outcomes = await asyncio.gather(*sent, return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _require_topics(self, topics: Iterable[str]) -> None:
        """Wait until the producer knows the topics: a new one takes a moment to be known everywhere."""
        for topic in topics:
            try:
                await self._producer.partitions_for(topic)
            except UnknownTopicOrPartitionError:
                raise _no_topic(topic) from None

    async def _send(self, record: BusRecord) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = await self._producer.send(
            record.topic, value=record.value, key=record.key, headers=list(record.headers.items())
        )
        return future


class _KafkaConsumer(Consumer):
    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.progress = Progress()

    async def receive(self, *, most: int, timeout_seconds: float) -> Sequence[Delivery]:
        async with _as_unavailable("records cannot be read"):
            try:
                batches = await self._consumer.getmany(
                    timeout_ms=int(timeout_seconds * 1000), max_records=most
                )
                deliveries = [_delivery(record) for batch in batches.values() for record in batch]
            except UnicodeDecodeError:
                deliveries = await self._receive_past_unreadable()
        self.progress.received(deliveries)
        return deliveries

    async def _receive_past_unreadable(self) -> list[Delivery]:
        """Find the record with a header name that is not UTF-8, and hand it out without anything in it.

        The client gives up on such a record, and on all that it had fetched with it. So every partition goes back
        to what was handed out last, and is read record by record as far as the unreadable one.
        """
        for partition in self._consumer.assignment():
            place = self.progress.next_of((partition.topic, partition.partition))
            if place is None:
                await self._consumer.seek_to_committed(partition)
            else:
                self._consumer.seek(partition, place)
        found: list[Delivery] = []
        for partition in sorted(self._consumer.assignment()):
            try:
                while batch := (await self._consumer.getmany(partition, timeout_ms=1000, max_records=1)):
                    found += [_delivery(record) for record in batch[partition]]
                    if len(found) >= MOST_ONE_BY_ONE:
                        break
            except UnicodeDecodeError:
                place = await self._consumer.position(partition)
                self._consumer.seek(partition, place + 1)
                found.append(_unreadable(partition, place))
        return found

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        places = self.progress.to_commit(deliveries)
        if not places:
            return
        offsets = {TopicPartition(*partition): place for partition, place in places.items()}
        async with _as_unavailable("offsets cannot be committed"), asyncio.timeout(CALL_TIMEOUT_SECONDS):
            try:
                await self._consumer.commit(offsets)
            except (CommitFailedError, IllegalStateError):
                # The group has moved on meanwhile: the new owner reads these again.
                return
        self.progress.committed(places)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._progress.revoked((each.topic, each.partition) for each in revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._progress.assigned((each.topic, each.partition) for each in assigned)


async def _start(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            await client.start()
    except BaseException:
        await _stop(client)
        raise


async def _stop(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Say goodbye where the cluster is there, and close the connections in any case."""
    # A task of its own: away from its cluster, a consumer's stop() ends as if its caller had been cancelled
    # (the cancellation of its own fetch tasks comes out), and then leaves its connections open.
    goodbye = asyncio.create_task(client.stop())
    try:
        await asyncio.wait({goodbye}, timeout=CALL_TIMEOUT_SECONDS)
    finally:
        if not goodbye.done():
            goodbye.cancel()
        await asyncio.gather(goodbye, return_exceptions=True)
        connections = client.client if isinstance(client, AIOKafkaProducer) else client._client  # noqa: SLF001
        await connections.close()


async def _read_to_end(consumer: AIOKafkaConsumer) -> AsyncIterator[Delivery]:
    starts = await consumer.beginning_offsets(consumer.assignment())
    ends = await consumer.end_offsets(consumer.assignment())
    for partition in sorted(starts):
        if starts[partition] == ends[partition]:
            continue
        consumer.seek(partition, starts[partition])
        while await consumer.position(partition) < ends[partition]:
            batches = await consumer.getmany(partition, timeout_ms=int(CALL_TIMEOUT_SECONDS * 1000))
            if not batches:
                raise BusUnavailable("Kafka: the topic cannot be read to its end")
            for record in batches[partition]:
                if record.offset < ends[partition]:
                    yield _delivery(record)


def _unreadable(partition: TopicPartition, offset: int) -> Delivery:
    topic, number = partition
    return Delivery(
        position=Position(topic=topic, partition=number, offset=offset),
        record=BusRecord(topic=topic, key=b"", value=b"", headers={}),
    )


def _delivery(record: Any) -> Delivery:
    return Delivery(
        position=Position(topic=record.topic, partition=record.partition, offset=record.offset),
        record=BusRecord(
            topic=record.topic,
            key=record.key or b"",
            value=record.value or b"",
            # Kafka allows a header without a value; nothing of ours has one.
            headers={name: value for name, value in record.headers if value is not None},
        ),
    )


async def _create_missing(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> None:
    existing = set(await admin.list_topics())
    brokers = len((await admin.describe_cluster())["brokers"])
    missing = [
        NewTopic(topic, num_partitions=PARTITIONS, replication_factor=min(REPLICAS, brokers))
        for topic in topics
        if topic not in existing
    ]
    if missing:
        _check_created(await admin.create_topics(missing))


def _check_created(response: Any) -> None:
    for topic_error in response.topic_errors:
        error = for_code(topic_error[1])
        # Somebody else may have made it since we looked.
        if error not in {NoError, TopicAlreadyExistsError}:
            raise BusUnavailable(f"Kafka refuses to make a topic ({error.__name__})")


def _too_large() -> InvalidInput:
    return InvalidInput.at("value", "is larger than the bus accepts")


def _no_topic(topic: str) -> BusUnavailable:
    return BusUnavailable(f"the bus has no topic {topic}; add the partner with `verwijsindex partners add`")


@asynccontextmanager
async def _as_unavailable(what: str) -> AsyncIterator[None]:
    try:
        yield
    except MessageSizeTooLargeError:
        raise _too_large() from None
    except (KafkaError, TimeoutError, OSError) as error:
        raise BusUnavailable(f"Kafka: {what} ({type(error).__name__})") from None
