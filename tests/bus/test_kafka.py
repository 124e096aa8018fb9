"""Kafka keeps the contract, and what only a cluster must do."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.bus.kafka import LARGEST_RECORD_BYTES, KafkaBus
from gateway.bus.kafka_connection import connection_options
from gateway.bus.ports import Bus
from gateway.errors import BusUnavailable, ConfigurationError, InvalidInput, UnsafeConfigurationError
from gateway.settings import BusSettings, KafkaSecurity
from tests.bus.contract import BusContract, publish, receive, record, values


@pytest.mark.services
@pytest.mark.xdist_group("kafka")
class TestKafkaBus(BusContract):
    @pytest.fixture
    def bus(self, kafka_bootstrap: str) -> Bus:
        return KafkaBus(BusSettings(url=f"kafka://{kafka_bootstrap}"))

    async def test_a_ten_megabyte_record_passes(self, bus: Bus, topic: str, group: str) -> None:
        await publish(bus, [record(topic, 1, value=bytes(10_000_000))])
        async with bus.consumer(group=group, topics=[topic]) as consumer:
            assert values(await receive(consumer, 1)) == [bytes(10_000_000)]

    async def test_a_record_above_the_limit_is_refused(self, bus: Bus, topic: str) -> None:
        with pytest.raises(InvalidInput):
            await publish(bus, [record(topic, 1, value=bytes(LARGEST_RECORD_BYTES + 1))])

    async def test_a_commit_after_the_partition_moved_is_dropped(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        await publish(bus, [record(topic, 1)])
        async with bus.consumer(group=group, topics=[topic]) as first:
            held = await receive(first, 1)
            first._owned.clear()  # type: ignore[attr-defined]  # what a rebalance does
            await first.commit(held)
        async with bus.consumer(group=group, topics=[topic]) as second:
            assert await receive(second, 1) == held


async def test_a_broker_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bus.kafka.CALL_TIMEOUT_SECONDS", 2.0)
    bus = KafkaBus(BusSettings(url="kafka://127.0.0.1:1"))
    with pytest.raises(BusUnavailable):
        await bus.ensure_topics(["t"])
    with pytest.raises(BusUnavailable):
        await publish(bus, [record("t", 1)])


def test_sasl_needs_a_user_and_a_password_file() -> None:
    with pytest.raises(ConfigurationError, match="password_file"):
        connection_options(KafkaSecurity(protocol="sasl_plaintext", username="x"))


def test_the_password_comes_from_a_private_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("synthetic\n")
    secret.chmod(0o600)
    options = connection_options(
        KafkaSecurity(protocol="sasl_plaintext", username="index", password_file=secret)
    )
    assert options["sasl_plain_password"] == "synthetic"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    secret.chmod(0o644)
    with pytest.raises(UnsafeConfigurationError):
        connection_options(
            KafkaSecurity(protocol="sasl_plaintext", username="index", password_file=secret)
        )


def test_a_missing_ca_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="certificate files"):
        connection_options(KafkaSecurity(protocol="ssl", ca=tmp_path / "none.pem"))
