"""A real gRPC server on the loopback interface with the consents room on a store in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from gateway.domain import Oin
from gateway.rpc.consent_service import ConsentService
from gateway.rpc.serving import Service, TlsServer
from gateway.settings import ListenSettings
from tests.consents.support import room, store_under
from tests.support.convenants import OIN_WIJKTEAM
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import DOOR
from tests.support.serving import OIN_INDEX, Identities
from verwijsindex.client import IndexClient, connect
from verwijsindex.v1 import consent_pb2, consent_pb2_grpc

if TYPE_CHECKING:
    Stub = consent_pb2_grpc.ConsentServiceAsyncStub


@dataclass
class Running:
    """A running server and what it stands on."""

    identities: Identities
    store: FakeIndexStore
    address: str

    @asynccontextmanager
    async def stub(self, oin: Oin = OIN_WIJKTEAM) -> AsyncIterator[Stub]:
        """Connect with bare gRPC as an organisation."""
        async with grpc.aio.secure_channel(self.address, self.identities.credentials(oin)) as channel:
            yield consent_pb2_grpc.ConsentServiceStub(channel)

    @asynccontextmanager
    async def client(self, oin: Oin = OIN_WIJKTEAM) -> AsyncIterator[IndexClient]:
        """Connect with the project's own client as an organisation."""
        tls = self.identities.tls(oin)
        async with connect(
            self.address, certificate=tls.certificate, key=tls.key, trusted_ca=tls.trusted_ca
        ) as index:
            yield index


@asynccontextmanager
async def serving_consents(identities: Identities) -> AsyncIterator[Running]:
    """Run the server while the block runs."""
    store = store_under()
    service = ConsentService(room(store), store, DOOR)
    server = TlsServer(
        [
            Service.of(
                consent_pb2.DESCRIPTOR,
                "ConsentService",
                lambda server: consent_pb2_grpc.add_ConsentServiceServicer_to_server(service, server),
            )
        ],
        checked=store,
        tls=identities.tls(OIN_INDEX, server=True),
        listen=ListenSettings(port=0),
        largest_request_bytes=16 * 1024,
    )
    port = await server.start()
    try:
        yield Running(identities, store, f"127.0.0.1:{port}")
    finally:
        await server.stop()
