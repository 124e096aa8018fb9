"""The client's refusals, against a service that keeps what it was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import grpc
import pytest
from grpc_status import rpc_status

from gateway.errors import NotPermitted as NotPermittedByIndex
from gateway.errors import UnknownReference as UnknownToIndex
from gateway.errors import VerwijsindexError
from gateway.rpc.status import status_of
from tests.support.facts import pseudonym
from tests.support.serving import ASKER
from verwijsindex.client import (
    IndexUnavailable,
    LookupRefused,
    NotPermitted,
    Receipt,
    RecordedRefusal,
    RefusalCalls,
    SubjectPseudonym,
    UnknownReference,
)
from verwijsindex.v1 import common_pb2, index_pb2, refusal_pb2, refusal_pb2_grpc

ANNA = [SubjectPseudonym(value=pseudonym("anna").reveal(), epoch=1)]
REVIEW = date(2026, 9, 1)
WIRED = index_pb2.Receipt(record_id="1" * 36, consistency_token=bytes(16))
RECEIPT = Receipt(record_id="1" * 36, consistency_token=bytes(16))
PROFESSIONAL = common_pb2.Professional(id=ASKER.id, role=ASKER.role, mandate=ASKER.mandate)

_Context = grpc.aio.ServicerContext[Any, Any]


class ScriptedRefusals(refusal_pb2_grpc.RefusalServiceServicer):
    """Does what is asked; `troubles` are raised by the next calls."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.troubles: list[VerwijsindexError] = []

    async def Record(self, request: Any, context: _Context) -> Any:  # noqa: N802 - names of the contract
        await self._take(request, context)
        return refusal_pb2.RefusalServiceRecordResponse(receipt=WIRED)

    async def Close(self, request: Any, context: _Context) -> Any:  # noqa: N802
        await self._take(request, context)
        return refusal_pb2.RefusalServiceCloseResponse(receipt=WIRED)

    async def ListOwn(self, request: Any, context: _Context) -> Any:  # noqa: N802
        await self._take(request, context)
        listed = refusal_pb2.RecordedRefusal(reference="B-1", ground="investigation", review_on="2026-09-01")
        return refusal_pb2.RefusalServiceListOwnResponse(refusals=[listed], receipt=WIRED)

    async def _take(self, request: Any, context: _Context) -> None:
        self.asked.append(request)
        if self.troubles:
            await context.abort_with_status(rpc_status.to_status(status_of(self.troubles.pop(0))))


@pytest.fixture
def service() -> ScriptedRefusals:
    return ScriptedRefusals()


@pytest.fixture
async def calls(service: ScriptedRefusals) -> AsyncIterator[RefusalCalls]:
    server = grpc.aio.server()
    refusal_pb2_grpc.add_RefusalServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield RefusalCalls(channel)
    finally:
        await server.stop(None)


async def record(calls: RefusalCalls) -> Receipt:
    return await calls.record("B-1", ANNA, ground="investigation", review_on=REVIEW, professional=ASKER)


async def test_a_refusal_says_all_that_the_contract_asks(
    service: ScriptedRefusals, calls: RefusalCalls
) -> None:
    assert await record(calls) == RECEIPT
    assert service.asked == [
        refusal_pb2.RefusalServiceRecordRequest(
            reference="B-1",
            subject=[common_pb2.SubjectPseudonym(value=ANNA[0].value, epoch=1)],
            ground="investigation",
            review_on="2026-09-01",
            professional=PROFESSIONAL,
        )
    ]


async def test_closing_and_listing_name_who_acts(service: ScriptedRefusals, calls: RefusalCalls) -> None:
    assert await calls.close("B-1", professional=ASKER) == RECEIPT
    assert await calls.own(professional=ASKER) == [
        RecordedRefusal(reference="B-1", ground="investigation", review_on=REVIEW)
    ]
    assert service.asked == [
        refusal_pb2.RefusalServiceCloseRequest(reference="B-1", professional=PROFESSIONAL),
        refusal_pb2.RefusalServiceListOwnRequest(professional=PROFESSIONAL),
    ]


async def test_a_reference_of_nobody_is_an_error_of_its_own(
    service: ScriptedRefusals, calls: RefusalCalls
) -> None:
    service.troubles = [UnknownToIndex("UNKNOWN_REFERENCE", "recorded nothing under this reference")]
    with pytest.raises(UnknownReference) as caught:
        await calls.close("B-1", professional=ASKER)
    assert caught.value.reason == "UNKNOWN_REFERENCE"
    assert isinstance(caught.value, LookupRefused)


async def test_what_the_index_refuses_comes_out_by_its_reason(
    service: ScriptedRefusals, calls: RefusalCalls
) -> None:
    service.troubles = [NotPermittedByIndex("UNKNOWN_GROUND", "no such ground")] * 3
    for call in (record(calls), calls.close("B-1", professional=ASKER), calls.own(professional=ASKER)):
        with pytest.raises(NotPermitted) as caught:
            await call
        assert caught.value.reason == "UNKNOWN_GROUND"


async def test_an_index_that_is_away_is_unavailable() -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:1") as channel:
        with pytest.raises(IndexUnavailable):
            await record(RefusalCalls(channel))
