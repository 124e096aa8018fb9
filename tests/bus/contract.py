"""What every bus must do. A subclass gives the `bus` fixture, and with it gets all of these tests."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

import pytest

from gateway.bus.ports import Bus, BusRecord, Consumer, Delivery
from gateway.errors import BusUnavailable

PATIENCE_SECONDS = 60.0


def record(topic: str, number: int, *, key: bytes = b"k", value: bytes | None = None) -> BusRecord:
    return BusRecord(
        topic=topic,
        key=key,
        value=f"value {number}".encode() if value is None else value,
        headers={"ce_id": str(number).encode(), "binary": bytes(range(256))},
    )


async def receive(consumer: Consumer, wanted: int) -> list[Delivery]:
    """Receive until `wanted` deliveries are there."""
    found: list[Delivery] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(found) < wanted:
            found += await consumer.receive(most=100, timeout_seconds=1.0)
    return found


async def publish(bus: Bus, records: Sequence[BusRecord]) -> None:
    async with bus.publisher() as publisher:
        await publisher.publish(records)


def values(deliveries: Sequence[Delivery]) -> list[bytes]:
    return [delivery.record.value for delivery in deliveries]


class BusContract:
    """Durable topics, consumer groups, at least once."""

    @pytest.fixture
    async def topic(self, bus: Bus) -> str:
        name = f"verwijsindex.test.{secrets.token_hex(6)}"
        await bus.ensure_topics([name])
        return name

    @pytest.fixture
    def group(self) -> str:
        return f"group-{secrets.token_hex(6)}"

    async def test_records_arrive_whole_and_in_order(self, bus: Bus, topic: str, group: str) -> None:
        sent = [record(topic, number) for number in range(50)]
        await publish(bus, sent)
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            found = await receive(consumer, 50)
        assert [delivery.record for delivery in found] == sent

    async def test_empty_and_large_values_pass(self, bus: Bus, topic: str, group: str) -> None:
        sent = [record(topic, 1, value=b""), record(topic, 2, value=bytes(1_000_000))]
        await publish(bus, sent)
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert values(await receive(consumer, 2)) == [b"", bytes(1_000_000)]

    async def test_what_was_not_committed_comes_again(self, bus: Bus, topic: str, group: str) -> None:
        await publish(bus, [record(topic, number) for number in range(5)])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            first = await receive(consumer, 5)
            await consumer.commit(first[:2])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert await receive(consumer, 3) == first[2:]

    async def test_what_was_committed_does_not_come_again(self, bus: Bus, topic: str, group: str) -> None:
        await publish(bus, [record(topic, 1)])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            await consumer.commit(await receive(consumer, 1))
        await publish(bus, [record(topic, 2)])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert values(await receive(consumer, 1)) == [b"value 2"]

    async def test_a_late_commit_never_moves_the_group_back(self, bus: Bus, topic: str, group: str) -> None:
        await publish(bus, [record(topic, number) for number in range(4)])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            found = await receive(consumer, 4)
            await consumer.commit(found)
        await publish(bus, [record(topic, 9)])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert values(await receive(consumer, 1)) == [b"value 9"]

    async def test_groups_do_not_see_each_other(self, bus: Bus, topic: str) -> None:
        await publish(bus, [record(topic, 1)])
        for group in ("one-", "two-"):
            async with bus.consumer(group=group + topic, topics=[topic]) as consumer:
                await consumer.commit(await receive(consumer, 1))

    async def test_a_consumer_reads_several_topics(self, bus: Bus, topic: str, group: str) -> None:
        other = f"{topic}.other"
        await bus.ensure_topics([other])
        await publish(bus, [record(topic, 1), record(other, 2)])
        async with bus.consumer(group=group, topics=[topic, other]) as consumer:
            assert sorted(values(await receive(consumer, 2))) == [b"value 1", b"value 2"]

    async def test_a_waiting_consumer_wakes_for_a_record(self, bus: Bus, topic: str, group: str) -> None:
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            waiting = asyncio.create_task(receive(consumer, 1))
            await publish(bus, [record(topic, 1)])
            assert values(await waiting) == [b"value 1"]

    async def test_nothing_to_receive_is_an_empty_answer(self, bus: Bus, topic: str, group: str) -> None:
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert list(await consumer.receive(most=10, timeout_seconds=0.2)) == []

    async def test_members_share_topics_and_take_over_without_loss(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        await publish(bus, [record(topic, number) for number in range(3)])
        async with bus.consumer(group=group, topics=[topic]) as first:
            held = await receive(first, 3)
            await first.commit(held[:1])
        async with bus.consumer(group=group, topics=[topic]) as second:
            assert await receive(second, 2) == held[1:]

    async def test_browsing_moves_no_group(self, bus: Bus, topic: str, group: str) -> None:
        await publish(bus, [record(topic, number) for number in range(3)])
        browsed = [delivery async for delivery in bus.browse(topic)]
        assert values(browsed) == [b"value 0", b"value 1", b"value 2"]
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert await receive(consumer, 3) == browsed

    async def test_browsing_an_empty_topic_yields_nothing(self, bus: Bus, topic: str) -> None:
        assert [delivery async for delivery in bus.browse(topic)] == []

    async def test_a_topic_that_does_not_exist_is_a_clear_error(self, bus: Bus) -> None:
        missing = f"verwijsindex.test.{secrets.token_hex(6)}"
        with pytest.raises(BusUnavailable, match=missing):
            async with bus.consumer(group="g", topics=[missing]):
                pass
        with pytest.raises(BusUnavailable, match=missing):
            async for _ in bus.browse(missing):
                pass

    async def test_making_a_topic_twice_keeps_what_it_holds(self, bus: Bus, topic: str) -> None:
        await publish(bus, [record(topic, 1)])
        await bus.ensure_topics([topic])
        assert len([delivery async for delivery in bus.browse(topic)]) == 1
