"""Apache Kafka through aiokafka: idempotent writes acknowledged by all replicas, offsets committed by hand."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAlreadyExistsError,
    for_code,
)

from gateway.bus.ports import BusRecord, Consumer, Delivery, Position, Publisher
from gateway.errors import BusUnavailable, ConfigurationError, InvalidInput
from gateway.keyfiles import read_private
from gateway.settings import BusSettings, KafkaSecurity

LARGEST_RECORD_BYTES = 16 * 1024 * 1024
"""What this side sends and fetches at most; the broker's own limit may be lower."""
REQUEST_TIMEOUT_MS = 15_000
PARTITIONS = 1
"""A topic is one partner's: one partition keeps all of its messages in order, and is far from full."""
REPLICAS = 3
CALL_TIMEOUT_SECONDS = 30.0
"""How long one call may take before the bus counts as away."""


class KafkaBus:
    """A connection to one Kafka cluster."""

    def __init__(self, settings: BusSettings) -> None:
        self._bootstrap = settings.bootstrap.split(",")
        self._security = connection_options(settings.kafka)

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Create those topics that do not exist, on up to REPLICAS brokers."""
        admin = AIOKafkaAdminClient(**self._common(), request_timeout_ms=REQUEST_TIMEOUT_MS)
        async with _as_unavailable("topics cannot be made"):
            try:
                await asyncio.wait_for(admin.start(), CALL_TIMEOUT_SECONDS)
                await _create_missing(admin, topics)
            finally:
                await admin.close()

    @asynccontextmanager
    async def publisher(self) -> AsyncIterator[Publisher]:
        """Open an idempotent producer: a retry writes nothing twice."""
        producer = AIOKafkaProducer(
            **self._common(),
            enable_idempotence=True,
            acks="all",
            max_request_size=LARGEST_RECORD_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        async with _as_unavailable("no producer can be opened"):
            await _start(producer)
        try:
            yield _KafkaPublisher(producer)
        finally:
            await producer.stop()

    @asynccontextmanager
    async def consumer(self, *, group: str, topics: Sequence[str]) -> AsyncIterator[Consumer]:
        """Join a group; offsets move by commit() alone."""
        await self._require_topics(topics)
        consumer = AIOKafkaConsumer(
            **self._common(),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=LARGEST_RECORD_BYTES,
            fetch_max_bytes=2 * LARGEST_RECORD_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        member = _KafkaConsumer(consumer)
        consumer.subscribe(list(topics), listener=member.listener)
        async with _as_unavailable("the consumer group cannot be joined"):
            await _start(consumer)
        try:
            yield member
        finally:
            await consumer.stop()

    async def browse(self, topic: str) -> AsyncIterator[Delivery]:
        """Yield what the topic holds when browsing starts, partition by partition."""
        await self._require_topics([topic])
        consumer = AIOKafkaConsumer(
            **self._common(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=LARGEST_RECORD_BYTES,
            fetch_max_bytes=2 * LARGEST_RECORD_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        async with _as_unavailable("the topic cannot be read"):
            await _start(consumer)
            try:
                async for delivery in _read_to_end(consumer, topic):
                    yield delivery
            finally:
                await consumer.stop()

    async def close(self) -> None:
        """Publishers and consumers close themselves; nothing else stays open."""

    async def _require_topics(self, topics: Sequence[str]) -> None:
        admin = AIOKafkaAdminClient(**self._common(), request_timeout_ms=REQUEST_TIMEOUT_MS)
        async with _as_unavailable("topics cannot be listed"):
            try:
                await asyncio.wait_for(admin.start(), CALL_TIMEOUT_SECONDS)
                missing = sorted(set(topics) - set(await admin.list_topics()))
            finally:
                await admin.close()
        if missing:
            raise BusUnavailable(
                f"the bus has no topic {missing[0]}; add the partner with `verwijsindex partners add`"
            )

    def _common(self) -> dict[str, Any]:
        return {"bootstrap_servers": self._bootstrap, "client_id": "verwijsindex", **self._security}


class _KafkaPublisher(Publisher):
    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def publish(self, records: Sequence[BusRecord]) -> None:
        async with _as_unavailable("records cannot be written"):
            futures = []
            for record in records:
                try:
                    futures.append(
                        await self._producer.send(
                            record.topic,
                            value=record.value,
                            key=record.key or None,
                            headers=list(record.headers.items()),
                        )
                    )
                except MessageSizeTooLargeError:
                    await asyncio.gather(*futures)
                    raise _too_large() from None
            try:
                await asyncio.wait_for(asyncio.gather(*futures), CALL_TIMEOUT_SECONDS)
            except MessageSizeTooLargeError:
                raise _too_large() from None


class _KafkaConsumer(Consumer):
    """One member. After a rebalance only what is still assigned here can be committed."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._owned: set[TopicPartition] = set()
        self.listener = _Listener(self._owned)

    async def receive(self, *, most: int, timeout_seconds: float) -> Sequence[Delivery]:
        async with _as_unavailable("records cannot be read"):
            batches = await self._consumer.getmany(timeout_ms=int(timeout_seconds * 1000), max_records=most)
        return [_delivery(record) for batch in batches.values() for record in batch]

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        offsets: dict[TopicPartition, int] = {}
        for delivery in deliveries:
            partition = TopicPartition(delivery.position.topic, delivery.position.partition)
            if partition in self._owned:
                offsets[partition] = max(offsets.get(partition, 0), delivery.position.offset + 1)
        if not offsets:
            return
        async with _as_unavailable("offsets cannot be committed"):
            try:
                await self._consumer.commit(offsets)
            except (CommitFailedError, IllegalStateError):
                # The group has moved on meanwhile: the new owner reads these again.
                return


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    def __init__(self, owned: set[TopicPartition]) -> None:
        self._owned = owned

    def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        self._owned.difference_update(revoked)

    def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self._owned.update(assigned)


def connection_options(security: KafkaSecurity) -> dict[str, Any]:
    """Return aiokafka's connection options for TLS and SASL settings.

    Raises:
        ConfigurationError: a file is missing or a certificate cannot be used.

    """
    options: dict[str, Any] = {"security_protocol": security.protocol.upper()}
    if "ssl" in security.protocol:
        options["ssl_context"] = _tls_context(security)
    if security.protocol.startswith("sasl_"):
        if not security.username or security.password_file is None:
            raise ConfigurationError("bus.kafka: username and password_file are needed for SASL")
        options |= {
            "sasl_mechanism": security.sasl_mechanism,
            "sasl_plain_username": security.username,
            "sasl_plain_password": read_private(security.password_file).decode().strip(),
        }
    return options


def _tls_context(security: KafkaSecurity) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=security.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if security.certificate is not None and security.key is not None:
            read_private(security.key)
            context.load_cert_chain(security.certificate, security.key)
    except OSError as error:
        raise ConfigurationError(
            f"bus.kafka: the certificate files cannot be used: {error.strerror}"
        ) from None
    return context


async def _start(client: Any) -> None:
    try:
        await asyncio.wait_for(client.start(), CALL_TIMEOUT_SECONDS)
    except BaseException:
        await client.stop()
        raise


async def _read_to_end(consumer: AIOKafkaConsumer, topic: str) -> AsyncIterator[Delivery]:
    partitions = [
        TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())
    ]
    if not partitions:
        partitions = [TopicPartition(topic, 0)]
    consumer.assign(partitions)
    ends = await consumer.end_offsets(partitions)
    starts = await consumer.beginning_offsets(partitions)
    for partition in partitions:
        if ends[partition] == starts[partition]:
            continue
        consumer.assign([partition])
        consumer.seek(partition, starts[partition])
        while await consumer.position(partition) < ends[partition]:
            for batch in (await consumer.getmany(partition, timeout_ms=1000)).values():
                for record in batch:
                    if record.offset < ends[partition]:
                        yield _delivery(record)


def _delivery(record: Any) -> Delivery:
    return Delivery(
        position=Position(topic=record.topic, partition=record.partition, offset=record.offset),
        record=BusRecord(
            topic=record.topic,
            key=record.key or b"",
            value=record.value or b"",
            headers=dict(record.headers),
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
        if topic_error[1] and error is not TopicAlreadyExistsError:
            raise BusUnavailable(f"Kafka refuses to make a topic: {error.__name__}")


def _too_large() -> InvalidInput:
    return InvalidInput.at("value", "is larger than the bus accepts")


@asynccontextmanager
async def _as_unavailable(what: str) -> AsyncIterator[None]:
    try:
        yield
    except (KafkaError, TimeoutError, OSError) as error:
        raise BusUnavailable(f"Kafka: {what} ({type(error).__name__})") from None
