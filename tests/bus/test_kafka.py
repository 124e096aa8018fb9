"""Kafka keeps the contract, and what only a cluster must do."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from gateway.bus.kafka import LARGEST_RECORD_BYTES, KafkaBus
from gateway.bus.ports import Bus
from gateway.errors import BusUnavailable, InvalidInput
from gateway.settings import BusSettings
from tests.bus.contract import BusContract, browse, publish, receive, record, values


@pytest.mark.services
@pytest.mark.xdist_group("kafka")
class TestKafkaBus(BusContract):
    @pytest.fixture
    def settings(self, kafka_bootstrap: str) -> BusSettings:
        return BusSettings(url=f"kafka://{kafka_bootstrap}")

    @pytest.fixture
    def bus_of_few_patience(self, settings: BusSettings, monkeypatch: pytest.MonkeyPatch) -> Bus:
        monkeypatch.setattr("gateway.bus.kafka.REQUEST_TIMEOUT_MS", 1000)
        return KafkaBus(settings)

    async def test_a_ten_megabyte_record_passes(self, bus: Bus, topic: str, group: str) -> None:
        await publish(bus, [record(topic, 1, value=bytes(10_000_000))])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert values(await receive(consumer, 1)) == [bytes(10_000_000)]

    async def test_a_record_above_our_limit_is_refused_and_nothing_is_written(
        self, bus: Bus, topic: str
    ) -> None:
        with pytest.raises(InvalidInput, match="value: is larger"):
            await publish(bus, [record(topic, 0), record(topic, 1, value=bytes(LARGEST_RECORD_BYTES + 1))])
        assert await browse(bus, topic) == []

    async def test_a_record_above_the_brokers_limit_is_refused_and_the_publisher_goes_on(
        self, settings: BusSettings, bus: Bus
    ) -> None:
        narrow = "verwijsindex.test.narrow"
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(narrow, 1, 1, topic_configs={"max.message.bytes": "100000"})])
        await admin.close()
        async with bus.publisher() as publisher:
            with pytest.raises(InvalidInput, match="value: is larger"):
                await publisher.publish([record(narrow, 1, value=bytes(200_000))])
            await publisher.publish([record(narrow, 2)])
        assert values(await browse(bus, narrow))[-1] == b"value 2"

    async def test_keys_keep_their_order_on_a_topic_with_several_partitions(
        self, settings: BusSettings, bus: Bus, topic: str, group: str
    ) -> None:
        wide = f"{topic}.wide"
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(wide, 3, 1)])
        await admin.close()
        sent = [record(wide, number, key=f"key {number % 7}".encode()) for number in range(70)]
        await publish(bus, sent)
        async with bus.consumer(group=group, topics=[wide]) as consumer:
            found = await receive(consumer, 70)
        browsed = await browse(bus, wide)
        for deliveries in (found, browsed):
            assert len({delivery.position.partition for delivery in deliveries}) == 3
            for key in {each.key for each in sent}:
                own = [delivery.record for delivery in deliveries if delivery.record.key == key]
                assert own == [each for each in sent if each.key == key]

    async def test_a_commit_after_a_rebalance_loses_nothing_of_what_moved(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        topics = [f"{topic}.{number}" for number in range(6)]
        await bus.ensure_topics(topics)
        await publish(bus, [record(name, number) for number, name in enumerate(topics)])
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(bus.consumer(group=group, topics=topics))
            held = await receive(first, 6)
            second = await stack.enter_async_context(bus.consumer(group=group, topics=topics))
            moved = await receive(second, 3)
            await first.commit(held)
        async with bus.consumer(group=group, topics=topics) as third:
            again = await receive(third, 3)
        assert {delivery.position for delivery in moved} <= {delivery.position for delivery in again}


async def test_a_broker_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bus.kafka.CALL_TIMEOUT_SECONDS", 2.0)
    bus = KafkaBus(BusSettings(url="kafka://127.0.0.1:1"))
    with pytest.raises(BusUnavailable, match="topics cannot be made"):
        await bus.ensure_topics(["t"])
    with pytest.raises(BusUnavailable, match="no producer can be opened"):
        await publish(bus, [record("t", 1)])
    with pytest.raises(BusUnavailable, match="topics cannot be listed"):
        await browse(bus, "t")
    with pytest.raises(BusUnavailable, match="topics cannot be listed"):
        async with bus.consumer(group="g", topics=["t"]):
            pass
