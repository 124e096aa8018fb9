"""Everything a caller sees of a call, as bytes: what an answer gives away is in here or in the time it took."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from gateway.bootstrap.rooms import lookup_bounds
from gateway.index.ports import IndexStore
from gateway.lookup.service import LookupService
from gateway.rpc.server import RpcServer
from gateway.settings import AlarmSettings, ListenSettings, MissesSettings, QuotaSettings
from tests.support.facts import wire_subject
from tests.support.fake_waking import UNPACED
from tests.support.fixed_agreement import FixedAgreement
from tests.support.sealed import DOOR, NOON, OIN_VT, message
from tests.support.serving import OIN_INDEX, Identities, rooms_over
from tests.support.twins import (
    ALL_TWINS,
    CONVENANT,
    PARTIES,
    PARTNERS,
    PROFESSIONAL,
    PURPOSE,
    Asking,
    Twins,
    declaration_of,
)
from verwijsindex.v1 import common_pb2, index_pb2

UNARY = "/verwijsindex.v1.IndexService/Lookup"
STREAM = "/verwijsindex.v1.IndexService/LookupStream"
CORRELATION_ID = "question-1"
_BOUNDS = lookup_bounds(QuotaSettings(), MissesSettings(), AlarmSettings())
if TYPE_CHECKING:
    Unary = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
    Stream = grpc.aio.StreamStreamMultiCallable[bytes, bytes]

Metadata = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True)
class Reply:
    """One call: its status, its metadata, and each of its messages with the values of the receipt blanked.

    `shown` is what the messages say, for tests that look inside: kind and month of every line.
    """

    code: grpc.StatusCode
    details: str
    initial: Metadata
    messages: tuple[bytes, ...]
    trailing: Metadata
    shown: tuple[tuple[str, str], ...]


@asynccontextmanager
async def index_of(
    store: IndexStore, identities: Identities, twins: Sequence[Twins] = ALL_TWINS
) -> AsyncIterator[grpc.aio.Channel]:
    """Fill the store with these twins, serve it, and connect as the asker."""
    async with store.transaction() as tx:
        for partner in PARTNERS:
            await tx.partners.save(partner)
        for pair in twins:
            for fact in pair.facts():
                await tx.facts.save(message(fact))
            for declaration in pair.declarations():
                await tx.declarations.add(declaration)
    server = _server(store, identities)
    port = await server.start()
    try:
        async with grpc.aio.secure_channel(f"127.0.0.1:{port}", identities.credentials(OIN_VT)) as channel:
            yield channel
    finally:
        await server.stop()


def _server(store: IndexStore, identities: Identities) -> RpcServer:
    agreement = FixedAgreement(CONVENANT, *PARTIES)
    lookup = LookupService(
        store=store, agreement=agreement, clock=lambda: NOON, bounds=_BOUNDS, pacing=UNPACED
    )
    return RpcServer(
        rooms_over(store, lookup),
        store=store,
        door=DOOR,
        agreement=agreement,
        tls=identities.tls(OIN_INDEX, server=True),
        listen=ListenSettings(port=0),
    )


async def ask(channel: grpc.aio.Channel, twins: Twins) -> tuple[Reply, Reply]:
    """Ask about both in a call each: first the person of whom something is withheld."""
    hidden, nobody = (_question(who, twins.asking) for who in twins.names)
    return await _unary(channel, hidden), await _unary(channel, nobody)


async def ask_in_streams(channel: grpc.aio.Channel, twins: Twins) -> tuple[Reply, Reply]:
    """Ask about both in a stream each: first the person of whom something is withheld."""
    hidden, nobody = (_question(who, twins.asking) for who in twins.names)
    return await _stream(channel, hidden), await _stream(channel, nobody)


def _question(who: str, asking: Asking) -> index_pb2.LookupRequest:
    return index_pb2.LookupRequest(
        subject=wire_subject(who),
        purpose=PURPOSE,
        professional=common_pb2.Professional(
            id=PROFESSIONAL.id, role=PROFESSIONAL.role, mandate=PROFESSIONAL.mandate
        ),
        own_case=common_pb2.OWN_CASE_NO,
        declaration_id=declaration_of(who) if asking is Asking.EMERGENCY else "",
    )


async def _unary(channel: grpc.aio.Channel, question: index_pb2.LookupRequest) -> Reply:
    method: Unary = channel.unary_unary(UNARY)
    call = method(question.SerializeToString())
    found: list[tuple[bytes, index_pb2.LookupResponse]] = []
    with suppress(grpc.aio.AioRpcError):
        raw = await call
        found.append((raw, index_pb2.LookupResponse.FromString(raw)))
    return await _reply(call, found)


async def _stream(channel: grpc.aio.Channel, question: index_pb2.LookupRequest) -> Reply:
    asked = index_pb2.LookupStreamRequest(correlation_id=CORRELATION_ID, lookup=question)
    method: Stream = channel.stream_stream(STREAM)
    call = method(iter([asked.SerializeToString()]))
    found: list[tuple[bytes, index_pb2.LookupResponse]] = []
    with suppress(grpc.aio.AioRpcError):
        while isinstance(raw := await call.read(), bytes):
            found.append((raw, index_pb2.LookupStreamResponse.FromString(raw).answer))
    return await _reply(call, found)


async def _reply(call: grpc.aio.Call, found: Sequence[tuple[bytes, index_pb2.LookupResponse]]) -> Reply:
    return Reply(
        code=await call.code(),
        details=await call.details(),
        initial=_plain(await call.initial_metadata()),
        messages=tuple(_without_receipt(raw, answer) for raw, answer in found),
        trailing=_plain(await call.trailing_metadata()),
        shown=tuple(
            (line.partner_kind, line.since_month) for _, answer in found for line in answer.involvements
        ),
    )


def _plain(metadata: grpc.aio.Metadata) -> Metadata:
    """Return names and values in their order; a date without its value."""
    return tuple((name, "" if name == "date" else value) for name, value in metadata)


def _without_receipt(raw: bytes, answer: index_pb2.LookupResponse) -> bytes:
    """Blank the two values that differ from answer to answer by what they are for, and keep their length."""
    for value in (answer.receipt.record_id.encode(), answer.receipt.consistency_token):
        if value:
            assert raw.count(value) == 1
            raw = raw.replace(value, b"*" * len(value))
    return raw
