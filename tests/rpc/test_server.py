"""The server itself: mutual TLS or nothing, health, reflection, start and stop."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from gateway.errors import ConfigurationError
from gateway.rpc import health
from gateway.rpc.server import RpcServer
from tests.rpc.test_index_service import question
from tests.support.sealed import OIN_VT, person
from tests.support.serving import (
    FakeStore,
    Identities,
    Serving,
    server_over,
    serving,
)
from verwijsindex.v1 import index_pb2, index_pb2_grpc

SERVICES = [
    "verwijsindex.v1.BreakGlassService",
    "verwijsindex.v1.ConsentService",
    "verwijsindex.v1.IndexService",
    "verwijsindex.v1.PartnerService",
    "verwijsindex.v1.RefusalService",
]
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def code_of_lookup(channel: grpc.aio.Channel) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await index_pb2_grpc.IndexServiceStub(channel).Lookup(question(), timeout=30)
    return caught.value.code(), caught.value.details() or ""


def server_of(identities: Identities, index: Serving, *, port: int) -> RpcServer:
    return server_over(identities, index.store, index.lookup, port=port)


async def handshake(index: Serving, *, certificate: Path | None = None, key: Path | None = None) -> str:
    """Shake hands with TLS 1.2, where the server judges the client before the handshake ends; return the version."""
    context = ssl.create_default_context(cafile=index.identities.ca.certificate_path)
    context.set_alpn_protocols(["h2"])
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    host, port = index.address.split(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=context, server_hostname="localhost")
    version: str = writer.get_extra_info("ssl_object").version()
    writer.transport.abort()
    return version


async def test_the_handshake_succeeds_with_a_certificate_of_the_trusted_ca(index: Serving) -> None:
    tls = index.identities.tls(OIN_VT)
    assert await handshake(index, certificate=tls.certificate, key=tls.key) == "TLSv1.2"


async def test_the_handshake_is_refused_without_a_certificate(index: Serving) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await handshake(index)
    assert index.lookup.asked == []


async def test_the_handshake_is_refused_with_a_certificate_of_another_ca(
    index: Serving, tmp_path: Path
) -> None:
    foreign = Identities(tmp_path).of(OIN_VT)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await handshake(index, certificate=foreign.certificate, key=foreign.key)
    trusted = index.identities.ca.certificate_path.read_bytes()
    credentials = grpc.ssl_channel_credentials(
        trusted, foreign.key.read_bytes(), foreign.certificate.read_bytes()
    )
    async with grpc.aio.secure_channel(index.address, credentials) as channel:
        code, _ = await code_of_lookup(channel)
    assert code is grpc.StatusCode.UNAVAILABLE
    assert index.lookup.asked == []


async def test_there_is_no_plaintext(index: Serving) -> None:
    async with grpc.aio.insecure_channel(index.address) as channel:
        code, _ = await code_of_lookup(channel)
    assert code is grpc.StatusCode.UNAVAILABLE
    assert index.lookup.asked == []


async def test_without_a_certificate_of_its_own_a_client_is_not_heard(index: Serving) -> None:
    credentials = grpc.ssl_channel_credentials(index.identities.ca.certificate_path.read_bytes())
    async with grpc.aio.secure_channel(index.address, credentials) as channel:
        code, _ = await code_of_lookup(channel)
    assert code is grpc.StatusCode.UNAVAILABLE
    assert index.lookup.asked == []


async def test_a_certificate_of_the_right_ca_without_an_oin_is_unauthenticated(index: Serving) -> None:
    nobody = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "no organisation")])
    credentials = crafted(index.identities, nobody, until=timedelta(days=1))
    async with grpc.aio.secure_channel(index.address, credentials) as channel:
        code, text = await code_of_lookup(channel)
    assert code is grpc.StatusCode.UNAUTHENTICATED
    assert "serialNumber" in text


async def test_an_expired_certificate_of_the_right_ca_and_partner_is_refused(index: Serving) -> None:
    partner = x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, OIN_VT)])
    for until, expected in ((timedelta(days=1), None), (-timedelta(days=1), grpc.StatusCode.UNAVAILABLE)):
        credentials = crafted(index.identities, partner, until=until)
        async with grpc.aio.secure_channel(index.address, credentials) as channel:
            if expected is None:
                assert (await index_pb2_grpc.IndexServiceStub(channel).Lookup(question(), timeout=30)).notice
            else:
                code, _ = await code_of_lookup(channel)
                assert code is expected
    assert len(index.lookup.asked) == 1


async def test_health_follows_the_store(index: Serving) -> None:
    async with index.channel() as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        for service in ("", *SERVICES):
            request = health_pb2.HealthCheckRequest(service=service)
            assert (await stub.Check(request, timeout=30)).status == SERVING
            index.store.is_away = True
            assert (await stub.Check(request, timeout=30)).status == NOT_SERVING
            index.store.is_away = False
            assert (await stub.Check(request, timeout=30)).status == SERVING


async def test_health_of_an_unknown_service_is_not_found(index: Serving) -> None:
    async with index.channel() as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Check(health_pb2.HealthCheckRequest(service="no.such.Service"), timeout=30)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_watcher_hears_that_the_store_went_away(index: Serving) -> None:
    async with index.channel() as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=30)
        assert (await watch.read()).status == SERVING
        index.store.is_away = True
        await stub.Check(health_pb2.HealthCheckRequest(), timeout=30)
        assert (await watch.read()).status == NOT_SERVING
        watch.cancel()


class SlowStore(FakeStore):
    """A store whose check waits until the test lets it go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.reached = asyncio.Event()

    async def check(self) -> None:
        self.reached.set()
        await self.go.wait()
        await super().check()


async def test_a_crowd_of_checks_asks_the_store_once() -> None:
    store = SlowStore()
    state = health.Health(store, SERVICES)
    crowd = [asyncio.create_task(state.refresh()) for _ in range(100)]
    await store.reached.wait()
    store.go.set()
    await asyncio.gather(*crowd)
    assert store.checks == 1


async def test_a_store_that_does_not_answer_in_time_is_not_serving(
    index: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT_SECONDS", 0.0)
    slow = SlowStore()
    monkeypatch.setattr(index.store, "check", slow.check)
    async with index.channel() as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=30)
    assert answer.status == NOT_SERVING


async def test_reflection_lists_every_service(index: Serving) -> None:
    async with index.channel() as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type]
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        call = stub.ServerReflectionInfo(iter([request]), timeout=30)
        names = [service.name async for answer in call for service in answer.list_services_response.service]
    assert set(names) == {
        *SERVICES,
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


async def test_reflection_hands_out_the_contract_with_its_types(index: Serving) -> None:
    async with index.channel() as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type]
        request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICES[0])
        call = stub.ServerReflectionInfo(iter([request]), timeout=30)
        [answer] = [answer async for answer in call]
    assert index_pb2.DESCRIPTOR.serialized_pb in answer.file_descriptor_response.file_descriptor_proto


async def test_a_taken_port_is_a_clear_configuration_error(index: Serving) -> None:
    port = int(index.address.split(":")[1])
    second = server_of(index.identities, index, port=port)
    with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}"):
        await second.start()


async def test_a_stopping_server_lets_the_question_under_way_finish(identities: Identities) -> None:
    async with serving(identities) as index:
        server = server_of(identities, index, port=0)
        index.lookup.waits[person("anna")] = asyncio.Event()
        address = f"127.0.0.1:{await server.start()}"
        async with replace(index, address=address).channel() as channel:
            asked = asyncio.ensure_future(
                index_pb2_grpc.IndexServiceStub(channel).Lookup(question(), timeout=30)
            )
            await index.lookup.until_under_way(1)
            stopping = asyncio.create_task(server.stop())
            index.lookup.waits[person("anna")].set()
            assert (await asked).notice
            await stopping
        await server.stop()


def crafted(identities: Identities, subject: x509.Name, *, until: timedelta) -> grpc.ChannelCredentials:
    """Return credentials with a certificate that the trusted CA signed and would not issue itself."""
    ca_folder = identities.ca.certificate_path.parent
    ca = x509.load_pem_x509_certificate(identities.ca.certificate_path.read_bytes())
    ca_key = serialization.load_pem_private_key((ca_folder / "ca-key.pem").read_bytes(), password=None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + until)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return grpc.ssl_channel_credentials(
        identities.ca.certificate_path.read_bytes(), private, certificate.public_bytes(pem)
    )
