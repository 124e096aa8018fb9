"""The pseudonym service's gRPC server: PseudonymService alone."""

from __future__ import annotations

from gateway.evaluation.service import EvaluationService
from gateway.rpc.health import Checked
from gateway.rpc.pseudonym_service import PseudonymService
from gateway.rpc.serving import Service, TlsServer
from gateway.settings import ListenSettings, TlsSettings
from verwijsindex.v1 import pseudonym_pb2, pseudonym_pb2_grpc

_LARGEST_REQUEST_BYTES = 64 * 1024
"""A thousand elements of 32 bytes take 34 kilobytes."""


class PseudonymServer(TlsServer):
    """Serves PseudonymService, health and reflection on one address until it is stopped."""

    def __init__(
        self,
        evaluation: EvaluationService,
        *,
        checked: Checked,
        tls: TlsSettings,
        listen: ListenSettings,
    ) -> None:
        pseudonyms = PseudonymService(evaluation)
        service = Service.of(
            pseudonym_pb2.DESCRIPTOR,
            "PseudonymService",
            lambda server: pseudonym_pb2_grpc.add_PseudonymServiceServicer_to_server(pseudonyms, server),
        )
        super().__init__(
            (service,),
            checked=checked,
            tls=tls,
            listen=listen,
            largest_request_bytes=_LARGEST_REQUEST_BYTES,
        )
