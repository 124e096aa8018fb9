"""A record that the Kafka client cannot decode holds up nobody: it is handed out empty, and loses nothing beside it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from gateway.bus.kafka import _KafkaConsumer

ONE, OTHER = TopicPartition("verwijsindex.ingress.1", 0), TopicPartition("verwijsindex.ingress.2", 0)
BAD = object()


@dataclass
class Client:
    """Behaves as the client does: it reads several partitions at once, moves on, and only then fails."""

    logs: dict[TopicPartition, list[Any]]
    committed: dict[TopicPartition, int] = field(default_factory=lambda: defaultdict(int))
    places: dict[TopicPartition, int] = field(default_factory=lambda: defaultdict(int))

    def assignment(self) -> set[TopicPartition]:
        return set(self.logs)

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[Any]]:
        found: dict[TopicPartition, list[Any]] = {}
        for partition in partitions or sorted(self.logs):
            for value in self.logs[partition][self.places[partition] :][:max_records]:
                if value is BAD:
                    raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
                offset = self.places[partition]
                self.places[partition] += 1
                found.setdefault(partition, []).append(_record(partition, offset, value))
        return found

    async def position(self, partition: TopicPartition) -> int:
        return self.places[partition]

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.places[partition] = offset

    async def seek_to_committed(self, partition: TopicPartition) -> None:
        self.places[partition] = self.committed[partition]

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self.committed.update(offsets)


def _record(partition: TopicPartition, offset: int, value: bytes) -> ConsumerRecord[Any, Any]:
    headers = (("ce_id", b"1"), ("empty", None))
    return ConsumerRecord(
        partition.topic, partition.partition, offset, 0, 0, b"k", value, None, 1, len(value), headers
    )


def consumer_of(client: Client) -> _KafkaConsumer:
    consumer = _KafkaConsumer(client)
    consumer.progress.assigned((each.topic, each.partition) for each in client.logs)
    return consumer


async def received(consumer: _KafkaConsumer, rounds: int = 4) -> list[tuple[str, int, bytes]]:
    found = []
    for _ in range(rounds):
        deliveries = await consumer.receive(most=100, timeout_seconds=0.01)
        await consumer.commit(deliveries)
        found += [(each.position.topic, each.position.offset, each.record.value) for each in deliveries]
    return found


async def test_an_unreadable_record_comes_empty_at_its_place_and_every_other_one_whole() -> None:
    client = Client({ONE: [b"a", b"b"], OTHER: [b"c", BAD, b"d", BAD, BAD, b"e"]})
    found = await received(consumer_of(client))
    assert sorted(found) == [
        (ONE.topic, 0, b"a"),
        (ONE.topic, 1, b"b"),
        *((OTHER.topic, n, value) for n, value in enumerate([b"c", b"", b"d", b"", b"", b"e"])),
    ]
    assert client.committed == {ONE: 2, OTHER: 6}


async def test_what_was_handed_out_before_does_not_come_again() -> None:
    client = Client({ONE: [b"a"], OTHER: [b"c"]})
    consumer = consumer_of(client)
    first = await received(consumer, rounds=1)
    client.logs[ONE].append(b"b")
    client.logs[OTHER] += [BAD, b"d"]
    later = await received(consumer)
    assert len(first) == 2
    assert sorted(later) == [(ONE.topic, 1, b"b"), (OTHER.topic, 1, b""), (OTHER.topic, 2, b"d")]


async def test_a_header_without_a_value_is_left_out() -> None:
    consumer = consumer_of(Client({ONE: [b"a"]}))
    [delivery] = await consumer.receive(most=1, timeout_seconds=0.01)
    assert delivery.record.headers == {"ce_id": b"1"}
