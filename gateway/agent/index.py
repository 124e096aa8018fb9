"""The index as the agent asks it: answers and refusals come through as the index gave them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import grpc
from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from grpc_status import rpc_status

from gateway.agent import events
from gateway.errors import Unavailable, VerwijsindexError
from gateway.identities.channels import secure_channel
from gateway.rpc.status import DOMAIN
from gateway.settings import PartnerIndexSettings, TlsSettings
from verwijsindex.v1 import index_pb2, index_pb2_grpc

DEADLINE_SECONDS = 10.0
"""For one question with its retries; with the pseudonyms it stays below the 20 seconds advised to callers."""

_SERVICE_CONFIG = {
    "methodConfig": [
        {
            # UNAVAILABLE means that nothing was answered, so asking again shows nobody anything twice.
            "name": [{"service": "verwijsindex.v1.IndexService", "method": "Lookup"}],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}

_AWAY = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}
"""Without details of the index it was not the index that spoke: the connection, or gRPC on its behalf."""


class IndexRefused(Exception):  # noqa: N818 - reads as what it is at every `except`
    """The index ended the question with a status of its own, to be passed on as it is."""

    def __init__(self, status: Status) -> None:
        super().__init__("the index refused the question")
        self.status = status


class IndexCalls:
    """Asks one index, in this partner's name."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = index_pb2_grpc.IndexServiceStub(channel)

    async def lookup(
        self, question: index_pb2.LookupRequest, *, seconds_left: float | None
    ) -> index_pb2.LookupResponse:
        """Return the index's answer; `seconds_left` is what the caller still waits, None for no limit.

        Raises:
            IndexRefused: the index's own status, details included.
            Unavailable: the index is away; nothing was answered.
            VerwijsindexError: what answers there is not an index of this contract.

        """
        timeout = DEADLINE_SECONDS if seconds_left is None else min(DEADLINE_SECONDS, seconds_left)
        try:
            return await self._stub.Lookup(question, timeout=timeout)
        except grpc.aio.AioRpcError as error:
            status = _own_status(error)
            if status is not None:
                raise IndexRefused(status) from None
            raise _without_status(error.code()) from None


@asynccontextmanager
async def open_index(settings: PartnerIndexSettings, tls: TlsSettings) -> AsyncIterator[IndexCalls]:
    """Open the connection to the index and close it at the end; it is made by the first question.

    Raises:
        ConfigurationError: certificate, key or CA cannot be used.

    """
    channel = secure_channel(
        settings.address,
        tls,
        server_name=settings.server_name,
        now=datetime.now(UTC),
        service_config=_SERVICE_CONFIG,
    )
    async with channel:
        yield IndexCalls(channel)


def _own_status(error: grpc.aio.AioRpcError) -> Status | None:
    try:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it reads what both kinds of call have
    except ValueError:
        return None  # Details that contradict the status: not an index of this project.
    info = ErrorInfo()
    for detail in status.details if status is not None else ():
        if detail.Is(info.DESCRIPTOR) and detail.Unpack(info) and info.domain == DOMAIN:
            return status
    return None


def _without_status(code: grpc.StatusCode) -> VerwijsindexError:
    # The text of such a status names addresses, and is somebody else's: only its code is kept.
    events.INDEX_AWAY.emit(code=code.name)
    if code in _AWAY:
        return Unavailable(f"the index gives no answer ({code.name})")
    return VerwijsindexError(f"what answers for the index speaks another contract ({code.name})")
