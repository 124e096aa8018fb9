"""The index's gRPC server: the services that partners' systems call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import grpc
from google.protobuf.descriptor import FileDescriptor

from gateway.agreement.reading import AgreementReader
from gateway.breakglass.declaring import BreakGlass
from gateway.consents.service import ConsentRoom
from gateway.index.door import Door
from gateway.index.ports import IndexStore
from gateway.lookup.service import LookupService
from gateway.refusals.service import RefusalRoom
from gateway.rpc.break_glass_service import BreakGlassService
from gateway.rpc.consent_service import ConsentService
from gateway.rpc.index_service import IndexService
from gateway.rpc.partner_service import PartnerService
from gateway.rpc.refusal_service import RefusalService
from gateway.rpc.serving import Service, TlsServer
from gateway.settings import ListenSettings, TlsSettings
from verwijsindex.v1 import (
    break_glass_pb2,
    break_glass_pb2_grpc,
    consent_pb2,
    consent_pb2_grpc,
    index_pb2,
    index_pb2_grpc,
    partner_pb2,
    partner_pb2_grpc,
    refusal_pb2,
    refusal_pb2_grpc,
)

_LARGEST_REQUEST_BYTES = 16 * 1024
"""A question has a few hundred bytes; an explanation of two thousand characters fits in any script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """What answers behind the services."""

    lookup: LookupService
    consents: ConsentRoom
    break_glass: BreakGlass
    refusals: RefusalRoom


class RpcServer(TlsServer):
    """Serves the index's services, health and reflection on one address until it is stopped."""

    def __init__(
        self,
        rooms: Rooms,
        *,
        store: IndexStore,
        door: Door,
        agreement: AgreementReader,
        tls: TlsSettings,
        listen: ListenSettings,
    ) -> None:
        super().__init__(
            services(rooms, store=store, door=door, agreement=agreement),
            checked=store,
            tls=tls,
            listen=listen,
            largest_request_bytes=_LARGEST_REQUEST_BYTES,
        )


def services(
    rooms: Rooms, *, store: IndexStore, door: Door, agreement: AgreementReader
) -> tuple[Service, ...]:
    """Return the services over these rooms."""
    index = IndexService(rooms.lookup, store, door)
    partners = PartnerService(store, agreement)
    consents = ConsentService(rooms.consents, store, door)
    break_glass = BreakGlassService(rooms.break_glass, store, door)
    refusals = RefusalService(rooms.refusals, store, door)
    hung: tuple[tuple[FileDescriptor, str, Callable[[grpc.aio.Server], None]], ...] = (
        (
            index_pb2.DESCRIPTOR,
            "IndexService",
            lambda server: index_pb2_grpc.add_IndexServiceServicer_to_server(index, server),
        ),
        (
            partner_pb2.DESCRIPTOR,
            "PartnerService",
            lambda server: partner_pb2_grpc.add_PartnerServiceServicer_to_server(partners, server),
        ),
        (
            consent_pb2.DESCRIPTOR,
            "ConsentService",
            lambda server: consent_pb2_grpc.add_ConsentServiceServicer_to_server(consents, server),
        ),
        (
            break_glass_pb2.DESCRIPTOR,
            "BreakGlassService",
            lambda server: break_glass_pb2_grpc.add_BreakGlassServiceServicer_to_server(break_glass, server),
        ),
        (
            refusal_pb2.DESCRIPTOR,
            "RefusalService",
            lambda server: refusal_pb2_grpc.add_RefusalServiceServicer_to_server(refusals, server),
        ),
    )
    return tuple(Service.of(contract, name, register) for contract, name, register in hung)
