"""The index's gRPC server: IndexService and PartnerService."""

from __future__ import annotations

from gateway.convenant.model import Convenant
from gateway.index.door import Door
from gateway.index.ports import IndexStore
from gateway.lookup.service import LookupService
from gateway.rpc.index_service import IndexService
from gateway.rpc.partner_service import PartnerService
from gateway.rpc.serving import Service, TlsServer
from gateway.settings import ListenSettings, TlsSettings
from verwijsindex.v1 import index_pb2, index_pb2_grpc, partner_pb2, partner_pb2_grpc

_LARGEST_REQUEST_BYTES = 16 * 1024
"""A question has a few hundred bytes."""


class RpcServer(TlsServer):
    """Serves IndexService, PartnerService, health and reflection on one address until it is stopped."""

    def __init__(
        self,
        *,
        lookup: LookupService,
        store: IndexStore,
        door: Door,
        convenant: Convenant,
        tls: TlsSettings,
        listen: ListenSettings,
    ) -> None:
        index, partners = IndexService(lookup, store, door), PartnerService(store, convenant)
        super().__init__(
            (
                Service.of(
                    index_pb2.DESCRIPTOR,
                    "IndexService",
                    lambda server: index_pb2_grpc.add_IndexServiceServicer_to_server(index, server),
                ),
                Service.of(
                    partner_pb2.DESCRIPTOR,
                    "PartnerService",
                    lambda server: partner_pb2_grpc.add_PartnerServiceServicer_to_server(partners, server),
                ),
            ),
            checked=store,
            tls=tls,
            listen=listen,
            largest_request_bytes=_LARGEST_REQUEST_BYTES,
        )
