"""`verwijsindex.v1.IndexService`: one question a call, or many over one stream."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from gateway.domain import Oin
from gateway.errors import InvalidInput
from gateway.index.door import Door
from gateway.index.ports import IndexStore
from gateway.lookup.service import LookupService
from gateway.rpc.answers import write_answer
from gateway.rpc.boundary import settle
from gateway.rpc.caller import caller_of, known_partner, read_for
from gateway.rpc.questions import read_question
from gateway.rpc.status import failure_of
from verwijsindex.v1 import index_pb2, index_pb2_grpc

QUESTIONS_AT_ONCE = 32
"""Questions of one stream under way at the same time; further ones wait unread, which slows the sender down."""

_STREAM_METHOD = "/verwijsindex.v1.IndexService/LookupStream"
_CORRELATION_ID = re.compile(r"[\x21-\x7e]{1,64}")

_Context = grpc.aio.ServicerContext[Any, Any]


class IndexService(index_pb2_grpc.IndexServiceServicer):
    """Answers lookups. Errors leave as exceptions; the boundary turns them into statuses."""

    def __init__(self, lookup: LookupService, store: IndexStore, door: Door) -> None:
        self._lookup = lookup
        self._store = store
        self._door = door

    async def Lookup(  # noqa: N802 - the name of the method in the contract
        self, request: index_pb2.LookupRequest, context: _Context
    ) -> index_pb2.LookupResponse:
        """Answer one question."""
        caller = caller_of(context)
        left = context.time_remaining()
        question = await read_for(
            self._store, caller, lambda: read_question(request, caller=caller, door=self._door, left=left)
        )
        return write_answer(await self._lookup.ask(question))

    async def LookupStream(  # type: ignore[override]  # noqa: N802 - async form, name of the contract
        self, requests: AsyncIterator[index_pb2.LookupStreamRequest], context: _Context
    ) -> None:
        """Answer questions in the order in which the answers are ready, until the caller has no more."""
        caller = caller_of(context)
        await self._refuse_stranger(caller)
        await _Stream(self._lookup, self._door, caller, context).run(requests)

    async def _refuse_stranger(self, caller: Oin) -> None:
        async with self._store.transaction() as tx:
            await known_partner(tx.partners, caller)


class _Stream:
    """One stream: at most QUESTIONS_AT_ONCE questions read and not yet answered, one write at a time."""

    def __init__(self, lookup: LookupService, door: Door, caller: Oin, context: _Context) -> None:
        self._lookup = lookup
        self._door = door
        self._caller = caller
        self._context = context
        self._places = asyncio.Semaphore(QUESTIONS_AT_ONCE)
        self._one_write = asyncio.Lock()
        self._under_way: set[str] = set()

    async def run(self, requests: AsyncIterator[index_pb2.LookupStreamRequest]) -> None:
        unreadable: InvalidInput | None = None
        async with asyncio.TaskGroup() as group:
            # A place is given back after its answer is written: a caller that does not read is not read either.
            try:
                async for request in requests:
                    await self._places.acquire()
                    group.create_task(self._serve(request))
            except InvalidInput as error:
                unreadable = error
        if unreadable is not None:
            raise unreadable

    async def _serve(self, request: index_pb2.LookupStreamRequest) -> None:
        try:
            response = await self._respond(request)
            async with self._one_write:
                await self._context.write(response)
        except grpc.aio.BaseError:
            return  # The caller is gone; gRPC cancels the whole stream.
        finally:
            self._places.release()

    async def _respond(self, request: index_pb2.LookupStreamRequest) -> index_pb2.LookupStreamResponse:
        """Return answer or failure; an id that cannot be used is not repeated."""
        usable = await settle(self._take(request.correlation_id), method=_STREAM_METHOD)
        if isinstance(usable, Status):
            return index_pb2.LookupStreamResponse(failure=failure_of(usable))
        try:
            result = await settle(self._answer(request.lookup), method=_STREAM_METHOD)
        finally:
            self._under_way.discard(usable)
        if isinstance(result, Status):
            return index_pb2.LookupStreamResponse(correlation_id=usable, failure=failure_of(result))
        return index_pb2.LookupStreamResponse(correlation_id=usable, answer=result)

    async def _take(self, correlation_id: str) -> str:
        if not _CORRELATION_ID.fullmatch(correlation_id):
            raise InvalidInput.at(
                "correlation_id", "must be 1 to 64 printable ASCII characters without spaces"
            )
        if correlation_id in self._under_way:
            raise InvalidInput.at("correlation_id", "must be unique among the questions under way")
        self._under_way.add(correlation_id)
        return correlation_id

    async def _answer(self, request: index_pb2.LookupRequest) -> index_pb2.LookupResponse:
        question = read_question(
            request, caller=self._caller, door=self._door, left=self._context.time_remaining()
        )
        return write_answer(await self._lookup.ask(question))
