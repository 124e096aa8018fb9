"""What every bus must do. A subclass gives the `settings` fixture, and with it gets all of these tests."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from gateway.bus.opening import open_bus
from gateway.bus.ports import Bus, BusRecord, Consumer, Delivery
from gateway.errors import BusUnavailable
from gateway.settings import BusSettings
from tests.bus.member import PUBLISHES

PATIENCE_SECONDS = 60.0
ROOT = Path(__file__).resolve().parents[2]


def record(topic: str, number: int, *, key: bytes = b"k", value: bytes | None = None) -> BusRecord:
    return BusRecord(
        topic=topic,
        key=key,
        value=f"value {number}".encode() if value is None else value,
        headers={"ce_id": str(number).encode(), "binary": bytes(range(256)), "empty": b""},
    )


async def receive(consumer: Consumer, wanted: int, *, most: int = 100) -> list[Delivery]:
    """Receive until `wanted` deliveries are there."""
    found: list[Delivery] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(found) < wanted:
            found += await consumer.receive(most=most, timeout_seconds=1.0)
    return found


async def publish(bus: Bus, records: Sequence[BusRecord]) -> None:
    async with bus.publisher() as publisher:
        await publisher.publish(records)


async def browse(bus: Bus, topic: str) -> list[Delivery]:
    return [delivery async for delivery in bus.browse(topic)]


def values(deliveries: Sequence[Delivery]) -> list[bytes]:
    return [delivery.record.value for delivery in deliveries]


@asynccontextmanager
async def another_process(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `tests.bus.member` beside this process; killed at the end of the block if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bus.member", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _share(consumer: Consumer, seen: set[bytes], wanted: set[bytes]) -> None:
    """Receive and commit until every member together has seen what is wanted."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not wanted <= seen:
            found = await consumer.receive(most=5, timeout_seconds=0.1)
            await consumer.commit(found)
            seen.update(values(found))


class BusContract:
    """Durable topics, consumer groups, at least once."""

    @pytest.fixture
    async def bus(self, settings: BusSettings) -> AsyncIterator[Bus]:
        bus = open_bus(settings)
        yield bus
        await bus.close()

    @pytest.fixture
    def bus_of_few_patience(self, bus: Bus) -> Bus:
        """The same bus, but giving up soon on what will never come."""
        return bus

    @pytest.fixture
    async def topic(self, bus: Bus) -> str:
        name = f"verwijsindex.test.{secrets.token_hex(6)}"
        await bus.ensure_topics([name])
        return name

    @pytest.fixture
    def group(self) -> str:
        return f"group-{secrets.token_hex(6)}"

    async def test_records_arrive_whole_and_in_order(self, bus: Bus, topic: str, group: str) -> None:
        sent = [record(topic, number, key=f"key {number % 3}".encode()) for number in range(50)]
        await publish(bus, sent)
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            found = await receive(consumer, 50)
        assert [delivery.record for delivery in found] == sent

    async def test_order_holds_over_several_publishes(self, bus: Bus, topic: str, group: str) -> None:
        async with bus.publisher() as publisher:
            for number in range(20):
                await publisher.publish([record(topic, number)])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert values(await receive(consumer, 20)) == [f"value {n}".encode() for n in range(20)]

    async def test_empty_keys_and_values_and_a_megabyte_pass(self, bus: Bus, topic: str, group: str) -> None:
        sent = [
            record(topic, 1, value=b""),
            record(topic, 2, key=b""),
            record(topic, 3, value=secrets.token_bytes(1_000_000)),
        ]
        await publish(bus, sent)
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert [delivery.record for delivery in await receive(consumer, 3)] == sent

    async def test_publishing_nothing_is_allowed(self, bus: Bus, topic: str) -> None:
        await publish(bus, [])
        assert await browse(bus, topic) == []

    async def test_records_survive_reopening(self, settings: BusSettings, bus: Bus, topic: str) -> None:
        await publish(bus, [record(topic, 1)])
        before = await browse(bus, topic)
        await bus.close()
        again = open_bus(settings)
        assert await browse(again, topic) == before != []
        await again.close()

    async def test_closing_twice_is_allowed(self, bus: Bus, topic: str) -> None:
        await bus.close()
        await bus.close()

    async def test_no_more_than_asked_is_received_at_once(self, bus: Bus, topic: str, group: str) -> None:
        await publish(bus, [record(topic, number) for number in range(7)])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            pages = [await receive(consumer, 1, most=3) for _ in range(3)]
        assert max(map(len, pages)) <= 3
        assert [value for page in pages for value in values(page)] == [
            f"value {n}".encode() for n in range(sum(map(len, pages)))
        ]

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

    async def test_a_commit_covers_everything_before_it(self, bus: Bus, topic: str, group: str) -> None:
        await publish(bus, [record(topic, number) for number in range(4)])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            await consumer.commit((await receive(consumer, 4))[2:3])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert values(await receive(consumer, 1)) == [b"value 3"]

    async def test_a_commit_of_earlier_records_never_moves_the_group_back(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        await publish(bus, [record(topic, number) for number in range(4)])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            found = await receive(consumer, 4)
            await consumer.commit(list(reversed(found[:3])))
            await consumer.commit(found[:1])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert values(await receive(consumer, 1)) == [b"value 3"]

    async def test_a_commit_of_a_member_that_left_is_dropped(self, bus: Bus, topic: str, group: str) -> None:
        await publish(bus, [record(topic, 1)])
        async with bus.consumer(group=group, topics=[topic]) as gone:
            held = await receive(gone, 1)
        await gone.commit(held)
        async with bus.consumer(group=group, topics=[topic]) as next_member:
            assert await receive(next_member, 1) == held
            await gone.commit(held)
        async with bus.consumer(group=group, topics=[topic]) as last_member:
            assert await receive(last_member, 1) == held

    async def test_committing_nothing_is_allowed(self, bus: Bus, topic: str, group: str) -> None:
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            await consumer.commit([])

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

    async def test_nothing_to_receive_is_an_empty_answer(self, bus: Bus, topic: str, group: str) -> None:
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert list(await consumer.receive(most=10, timeout_seconds=0.2)) == []

    async def test_a_waiting_consumer_wakes_for_a_record(self, bus: Bus, topic: str, group: str) -> None:
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            waiting = asyncio.create_task(receive(consumer, 1))
            await publish(bus, [record(topic, 1)])
            assert values(await waiting) == [b"value 1"]

    async def test_a_waiting_consumer_wakes_for_another_process(
        self, settings: BusSettings, bus: Bus, topic: str, group: str
    ) -> None:
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            waiting = asyncio.create_task(receive(consumer, PUBLISHES))
            async with another_process("publish", settings.url, topic, "far") as other:
                assert values(await waiting) == [f"far {n}".encode() for n in range(PUBLISHES)]
                assert await other.wait() == 0

    async def test_a_receive_that_is_cancelled_has_taken_nothing(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        await publish(bus, [record(topic, number) for number in range(20)])
        found: list[Delivery] = []
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            for steps in range(60):
                attempt = asyncio.create_task(consumer.receive(most=1, timeout_seconds=0.0))
                for _ in range(steps):
                    await asyncio.sleep(0)
                attempt.cancel()
                with suppress(asyncio.CancelledError):
                    found += await attempt
            found += await receive(consumer, 20 - len(found))
        assert values(found) == [f"value {n}".encode() for n in range(20)]

    async def test_two_members_share_topics_and_lose_nothing_when_one_leaves(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        topics = [f"{topic}.{number}" for number in range(4)]
        await bus.ensure_topics(topics)
        first_half = [record(name, number) for number, name in enumerate(topics * 5)]
        second_half = [record(name, 100 + number) for number, name in enumerate(topics * 5)]
        seen: set[bytes] = set()
        async with AsyncExitStack() as staying:
            async with bus.consumer(group=group, topics=topics) as leaving:
                stays = await staying.enter_async_context(bus.consumer(group=group, topics=topics))
                await publish(bus, first_half)
                wanted = {each.value for each in first_half}
                await asyncio.gather(_share(leaving, seen, wanted), _share(stays, seen, wanted))
                await publish(bus, second_half)
            await _share(stays, seen, {each.value for each in second_half})

    async def test_what_a_killed_process_held_is_taken_over(
        self, settings: BusSettings, bus: Bus, topic: str, group: str
    ) -> None:
        await publish(bus, [record(topic, number) for number in range(3)])
        async with another_process("hold", settings.url, topic, group) as holder:
            assert holder.stdout is not None
            assert await holder.stdout.readline() == b"holds 3\n"
            holder.kill()
        async with bus.consumer(group=group, topics=[topic]) as heir:
            assert values(await receive(heir, 2)) == [b"value 1", b"value 2"]

    async def test_browsing_moves_no_group(self, bus: Bus, topic: str, group: str) -> None:
        await publish(bus, [record(topic, number) for number in range(3)])
        browsed = await browse(bus, topic)
        assert values(browsed) == [b"value 0", b"value 1", b"value 2"]
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            found = await receive(consumer, 3)
            assert found == browsed
            assert await browse(bus, topic) == browsed
            await consumer.commit(found)
        assert await browse(bus, topic) == browsed

    async def test_browsing_an_empty_topic_yields_nothing(self, bus: Bus, topic: str) -> None:
        assert await browse(bus, topic) == []

    async def test_positions_are_unique_and_ascend(self, bus: Bus, topic: str) -> None:
        await publish(bus, [record(topic, number) for number in range(3)])
        await publish(bus, [record(topic, number) for number in range(3)])
        offsets = [delivery.position.offset for delivery in await browse(bus, topic)]
        assert offsets == sorted(set(offsets))
        assert len(offsets) == 6

    async def test_a_topic_that_does_not_exist_is_a_clear_error(self, bus_of_few_patience: Bus) -> None:
        missing = f"verwijsindex.test.{secrets.token_hex(6)}"
        with pytest.raises(BusUnavailable, match=missing):
            async with bus_of_few_patience.consumer(group="g", topics=[missing]):
                pass
        with pytest.raises(BusUnavailable, match=missing):
            await browse(bus_of_few_patience, missing)
        with pytest.raises(BusUnavailable, match=missing):
            await publish(bus_of_few_patience, [record(missing, 1)])

    async def test_making_a_topic_twice_keeps_what_it_holds(self, bus: Bus, topic: str) -> None:
        await publish(bus, [record(topic, 1)])
        await asyncio.gather(*(bus.ensure_topics([topic]) for _ in range(3)))
        assert len(await browse(bus, topic)) == 1
