"""The client's declarations, against a service that keeps what it was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from gateway.errors import NotPermitted as NotPermittedByIndex
from tests.support.facts import pseudonym
from tests.support.partner_desk import DECLARED, ScriptedBreakGlass
from tests.support.serving import ASKER
from verwijsindex.client import BreakGlassCalls, IndexUnavailable, NotPermitted, SubjectPseudonym
from verwijsindex.v1 import break_glass_pb2, break_glass_pb2_grpc, common_pb2

ANNA = [SubjectPseudonym(value=pseudonym("anna").reveal(), epoch=1)]
EXPIRES = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)
DUE = datetime(2026, 6, 6, 12, 0, tzinfo=UTC)
SAID = "De buren horen hulpgeroep."

_Context = grpc.aio.ServicerContext[Any, Any]


class TimedBreakGlass(ScriptedBreakGlass):
    """Gives a declaration with its times; `is_away` ends calls without a status of the index."""

    is_away = False

    async def Declare(  # noqa: N802 - the name of the method in the contract
        self, request: break_glass_pb2.BreakGlassServiceDeclareRequest, context: _Context
    ) -> break_glass_pb2.BreakGlassServiceDeclareResponse:
        declared = break_glass_pb2.BreakGlassServiceDeclareResponse()
        declared.CopyFrom(await super().Declare(request, context))
        if self.is_away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        declared.expires_at.FromDatetime(EXPIRES)
        declared.review_due.FromDatetime(DUE)
        return declared


@pytest.fixture
def service() -> TimedBreakGlass:
    return TimedBreakGlass()


@pytest.fixture
async def calls(service: TimedBreakGlass) -> AsyncIterator[BreakGlassCalls]:
    server = grpc.aio.server()
    break_glass_pb2_grpc.add_BreakGlassServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield BreakGlassCalls(channel)
    finally:
        await server.stop(None)


async def declare(calls: BreakGlassCalls, *, own_case: bool = False) -> Any:
    return await calls.declare(
        ANNA, purpose="crisis", professional=ASKER, own_case=own_case, ground="acute-danger", explanation=SAID
    )


async def test_a_declaration_says_all_that_the_contract_asks(
    service: TimedBreakGlass, calls: BreakGlassCalls
) -> None:
    await declare(calls)
    [asked] = service.declared
    assert [(each.value, each.epoch) for each in asked.subject] == [(ANNA[0].value, 1)]
    assert (asked.purpose, asked.ground, asked.explanation) == ("crisis", "acute-danger", SAID)
    assert (asked.professional.id, asked.professional.role) == (ASKER.id, ASKER.role)
    assert asked.own_case == common_pb2.OWN_CASE_NO


async def test_an_own_case_is_said(service: TimedBreakGlass, calls: BreakGlassCalls) -> None:
    await declare(calls, own_case=True)
    assert service.declared[0].own_case == common_pb2.OWN_CASE_YES


async def test_what_was_declared_comes_with_its_times_and_its_place_in_the_log(
    calls: BreakGlassCalls,
) -> None:
    declared = await declare(calls)
    assert (declared.id, declared.expires_at, declared.review_due) == (DECLARED.declaration_id, EXPIRES, DUE)
    assert declared.receipt.record_id == DECLARED.receipt.record_id
    assert declared.receipt.consistency_token == DECLARED.receipt.consistency_token


async def test_a_refusal_has_its_reason(service: TimedBreakGlass, calls: BreakGlassCalls) -> None:
    service.troubles = [
        NotPermittedByIndex("BREAK_GLASS_NOT_ALLOWED", "the convenant does not let this role")
    ]
    with pytest.raises(NotPermitted) as caught:
        await declare(calls)
    assert caught.value.reason == "BREAK_GLASS_NOT_ALLOWED"


async def test_a_declaration_is_not_made_twice_by_the_client_itself(
    service: TimedBreakGlass, calls: BreakGlassCalls
) -> None:
    service.is_away = True
    with pytest.raises(IndexUnavailable):
        await declare(calls)
    assert len(service.declared) == 1
