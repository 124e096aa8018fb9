"""Against a broker of its own: TLS, SASL and client certificates really asked for, and a broker that goes away."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.bus.kafka import KafkaBus
from gateway.bus.ports import Bus, BusRecord, Publisher
from gateway.domain import Oin
from gateway.errors import BusUnavailable
from gateway.identities.unsafe_test_ca import UnsafeTestCa
from gateway.settings import BusSettings, KafkaSecurity
from tests.bus.contract import PATIENCE_SECONDS, browse, publish, receive, record, values
from tests.support.kafka import Guarded, KafkaServer
from tests.support.postgres import ServiceMissing

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.xdist_group("guarded kafka")]

PASSWORD = "synthetic-password"
GOODBYE_SECONDS = 20
OIN_BROKER = Oin("00000099000000000010")
OIN_CLIENT = Oin("00000099000000000011")


class Site:
    """A broker with guarded listeners and the files of one client of it."""

    def __init__(self, folder: Path) -> None:
        ca = UnsafeTestCa.create(folder)
        broker = ca.issue(OIN_BROKER, "Voorbeeld bus", folder / "broker", server=True)
        self.client = ca.issue(OIN_CLIENT, "Voorbeeld partner", folder / "client")
        self.ca = ca.certificate_path
        self.other_ca = UnsafeTestCa.create(folder / "other").certificate_path
        self.password_file = folder / "password"
        self.wrong_password_file = folder / "wrong"
        for file, content in ((self.password_file, PASSWORD), (self.wrong_password_file, "another")):
            file.touch(0o600)
            file.write_text(content)
        self.server = KafkaServer(
            guarded=Guarded(
                certificate=broker.certificate,
                key=broker.key,
                trusted_ca=ca.certificate_path,
                username="partner",
                password=PASSWORD,
            )
        )

    def with_password(self, **changes: object) -> Bus:
        security = KafkaSecurity(
            protocol="sasl_ssl", ca=self.ca, username="partner", password_file=self.password_file
        )
        url = f"kafka://{self.server.sasl_bootstrap}"
        return KafkaBus(BusSettings(url=url, kafka=security.model_copy(update=changes)))

    def with_certificate(self, **changes: object) -> Bus:
        security = KafkaSecurity(
            protocol="ssl", ca=self.ca, certificate=self.client.certificate, key=self.client.key
        )
        url = f"kafka://{self.server.tls_bootstrap}"
        return KafkaBus(BusSettings(url=url, kafka=security.model_copy(update=changes)))

    def plain(self) -> Bus:
        return KafkaBus(BusSettings(url=f"kafka://{self.server.bootstrap}"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("guarded"))
    try:
        site.server.__enter__()
    except ServiceMissing as error:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(f"kafka is required and missing: {error}")
        pytest.skip(f"no real kafka: {error}")
    yield site
    site.server.__exit__(None, None, None)


@pytest.fixture(autouse=True)
async def _connections_end() -> AsyncIterator[None]:
    """Let a refused TLS connection say goodbye before its loop ends: asyncio warns of one that could not."""
    yield
    transports = asyncio.get_running_loop()._transports  # type: ignore[attr-defined]
    async with asyncio.timeout(GOODBYE_SECONDS):
        # asyncio offers no event for it.
        while any(transport._sock is not None for transport in list(transports.values())):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.fixture
def topic() -> str:
    return f"verwijsindex.test.{secrets.token_hex(6)}"


@pytest.mark.parametrize("way", ["with_password", "with_certificate"])
async def test_records_pass_through_a_guarded_listener(site: Site, topic: str, way: str) -> None:
    bus: Bus = getattr(site, way)()
    await bus.ensure_topics([topic])
    await publish(bus, [record(topic, 1)])
    async with bus.consumer(group=topic, topics=[topic]) as consumer:
        found = await receive(consumer, 1)
        await consumer.commit(found)
    assert await browse(bus, topic) == found


@pytest.fixture
def few_patience(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr("gateway.bus.kafka.REQUEST_TIMEOUT_MS", 2000)
    monkeypatch.setattr("gateway.bus.kafka.CALL_TIMEOUT_SECONDS", 6.0)
    return monkeypatch


@pytest.mark.usefixtures("few_patience")
async def test_a_wrong_password_is_refused_and_never_repeated(site: Site, topic: str) -> None:
    with pytest.raises(BusUnavailable) as refused:
        await site.with_password(password_file=site.wrong_password_file).ensure_topics([topic])
    assert "another" not in str(refused.value)


@pytest.mark.usefixtures("few_patience")
async def test_a_broker_of_another_ca_is_not_trusted(site: Site, topic: str) -> None:
    with pytest.raises(BusUnavailable):
        await site.with_password(ca=site.other_ca).ensure_topics([topic])


@pytest.mark.usefixtures("few_patience")
async def test_without_a_client_certificate_the_broker_refuses(site: Site, topic: str) -> None:
    with pytest.raises(BusUnavailable):
        await site.with_certificate(certificate=None, key=None).ensure_topics([topic])


async def _publish_until_it_is_there(publisher: Publisher, what: BusRecord) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await publisher.publish([what])
            except BusUnavailable:
                continue
            return


async def test_a_broker_that_goes_and_comes_back_has_lost_nothing(
    site: Site, topic: str, few_patience: pytest.MonkeyPatch
) -> None:
    bus = site.plain()
    await bus.ensure_topics([topic])
    async with bus.publisher() as publisher:
        await publisher.publish([record(topic, 1)])
        async with bus.consumer(group=topic, topics=[topic]) as consumer:
            held = await receive(consumer, 1)
            await asyncio.to_thread(site.server.kill)
            with pytest.raises(BusUnavailable, match="records cannot be written"):
                await publisher.publish([record(topic, 2)])
            with pytest.raises(BusUnavailable, match="offsets cannot be committed"):
                await consumer.commit(held)
        with pytest.raises(BusUnavailable):
            await browse(bus, topic)
        await asyncio.to_thread(site.server.start)
        await _publish_until_it_is_there(publisher, record(topic, 2))
    # The group lets a new member in once the session of the one that could not say goodbye has ended.
    few_patience.undo()
    async with bus.consumer(group=topic, topics=[topic]) as consumer:
        found = values(await receive(consumer, 2))
    assert found[0] == b"value 1"
    assert set(found) == {b"value 1", b"value 2"}
