"""The index as the agent asks it: answers and refusals come through as the index gave them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from gateway.agent import events
from gateway.clock import now
from gateway.errors import Unavailable, VerwijsindexError
from gateway.identities.channels import secure_channel
from gateway.settings import AddressSettings, TlsSettings
from verwijsindex.client.connection import SERVICE_CONFIG
from verwijsindex.status import AWAY, details_of
from verwijsindex.v1 import break_glass_pb2, break_glass_pb2_grpc, index_pb2, index_pb2_grpc

DEADLINE_SECONDS = 10.0
"""For the index's part of one question, retries included; less where the question has less left."""


class IndexRefused(Exception):  # noqa: N818 - reads as what it is at every `except`
    """The index ended the question with a status of its own, to be passed on as it is."""

    def __init__(self, status: Status) -> None:
        super().__init__("the index refused the question")
        self.status = status


class IndexCalls:
    """Asks one index, in this partner's name."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = index_pb2_grpc.IndexServiceStub(channel)
        self._break_glass = break_glass_pb2_grpc.BreakGlassServiceStub(channel)

    async def lookup(
        self, question: index_pb2.LookupRequest, *, seconds_left: float
    ) -> index_pb2.LookupResponse:
        """Return the index's answer; `seconds_left` is what the question still has.

        Raises:
            IndexRefused: the index's own status, details included.
            Unavailable: the index is away; nothing was answered.
            VerwijsindexError: what answers there is not an index of this contract.

        """
        try:
            return await self._stub.Lookup(question, timeout=min(DEADLINE_SECONDS, seconds_left))
        except grpc.aio.AioRpcError as error:
            raise _failure_of(error) from None

    async def declare(
        self, declaration: break_glass_pb2.BreakGlassServiceDeclareRequest, *, seconds_left: float
    ) -> break_glass_pb2.BreakGlassServiceDeclareResponse:
        """Return the declaration that the index made; it is not repeated, as each that arrives makes one.

        Raises:
            IndexRefused, Unavailable, VerwijsindexError: as `lookup`; after Unavailable it may have been made.

        """
        try:
            return await self._break_glass.Declare(declaration, timeout=min(DEADLINE_SECONDS, seconds_left))
        except grpc.aio.AioRpcError as error:
            raise _failure_of(error) from None


@asynccontextmanager
async def open_index(settings: AddressSettings, tls: TlsSettings) -> AsyncIterator[IndexCalls]:
    """Open the connection to the index and close it at the end; it is made by the first question.

    Raises:
        ConfigurationError: certificate, key or CA cannot be used.

    """
    channel = secure_channel(
        settings.address,
        tls,
        server_name=settings.server_name,
        now=now(),
        service_config=SERVICE_CONFIG,
    )
    async with channel:
        yield IndexCalls(channel)


def _failure_of(error: grpc.aio.AioRpcError) -> IndexRefused | VerwijsindexError:
    told = details_of(error)
    return IndexRefused(told.status) if told.reason else _without_status(error.code())


def _without_status(code: grpc.StatusCode) -> VerwijsindexError:
    # Not the index spoke but the connection, or gRPC on its behalf. The text of such a status names addresses,
    # and is somebody else's: only its code is kept.
    events.INDEX_AWAY.emit(code=code.name)
    if code in AWAY:
        return Unavailable(f"the index gives no answer ({code.name})")
    return VerwijsindexError(f"what answers for the index speaks another contract ({code.name})")
