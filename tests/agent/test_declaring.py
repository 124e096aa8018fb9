"""Declaring through the agent: the same steps as a question, and never twice by itself."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped]
from grpc_status import rpc_status

from gateway.domain import Bsn
from gateway.errors import NotPermitted, StoreUnavailable
from gateway.settings import load_partner_settings
from tests.support.partner_desk import BSN, DECLARED, PROFESSIONAL, AgentDesk, RunningAgent, agent
from tests.support.scripted_pseudonyms import subject_of
from verwijsindex.v1 import agent_pb2, agent_pb2_grpc, common_pb2, pseudonym_pb2

TEXT = "PLANTED-EXPLANATION: er is nu gevaar."


async def declare(running: RunningAgent, **changes: Any) -> agent_pb2.AgentServiceDeclareResponse:
    values: dict[str, Any] = {
        "bsn": BSN,
        "purpose": "crisis",
        "professional": PROFESSIONAL,
        "own_case": common_pb2.OWN_CASE_NO,
        "ground": "acute-danger",
        "explanation": TEXT,
    }
    request = agent_pb2.AgentServiceDeclareRequest(**values | changes)
    return await agent_pb2_grpc.AgentServiceStub(running.channel).Declare(request, timeout=60)


async def refused(desk: AgentDesk, **changes: Any) -> grpc.aio.AioRpcError:
    async with agent(desk.settings()) as running:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await declare(running, **changes)
    assert BSN not in str(caught.value)
    assert "PLANTED" not in str(caught.value)
    return caught.value


def reason_in(error: grpc.aio.AioRpcError) -> str:
    status, info = rpc_status.from_call(error), ErrorInfo()  # type: ignore[arg-type]
    assert status is not None
    assert status.details[0].Unpack(info)
    reason: str = info.reason
    return reason


async def test_the_index_gets_everything_of_the_declaration_but_the_bsn(desk: AgentDesk) -> None:
    desk.pseudonyms.pin(1, 2)
    async with agent(desk.settings()) as running:
        answer = await declare(running)
    assert answer.declaration == DECLARED
    [asked] = desk.break_glass.declared
    expected = [(each.epoch, each.reveal()) for each in subject_of(Bsn(BSN), 1, 2).pseudonyms]
    assert [(each.epoch, each.value) for each in asked.subject] == expected
    assert (asked.purpose, asked.professional, asked.own_case) == (
        "crisis",
        PROFESSIONAL,
        common_pb2.OWN_CASE_NO,
    )
    assert (asked.ground, asked.explanation) == ("acute-danger", TEXT)
    assert {call.purpose for call in desk.pseudonyms.service.calls} == {
        pseudonym_pb2.EVALUATION_PURPOSE_LOOKUP
    }
    assert BSN.encode() not in asked.SerializeToString()


async def test_a_refusal_of_the_index_comes_through(desk: AgentDesk) -> None:
    desk.break_glass.troubles = [NotPermitted("BREAK_GLASS_NOT_ALLOWED", "the convenant does not let you")]
    error = await refused(desk)
    assert (error.code(), reason_in(error)) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "BREAK_GLASS_NOT_ALLOWED",
    )


async def test_a_declaration_is_not_sent_again_by_itself(desk: AgentDesk) -> None:
    """Each one that arrives makes a declaration of its own, with a review of its own."""
    desk.break_glass.troubles = [StoreUnavailable("away")]
    error = await refused(desk)
    assert (error.code(), reason_in(error)) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
    assert len(desk.break_glass.declared) == 1


async def test_what_is_no_bsn_goes_to_nobody(desk: AgentDesk) -> None:
    error = await refused(desk, bsn="999993654")
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (desk.break_glass.declared, desk.pseudonyms.service.calls) == ([], [])


async def test_what_the_staff_declared_counts_whatever_is_said(desk: AgentDesk) -> None:
    staff = desk.folder / "staff.csv"
    staff.write_text(f"medewerker;bsn\n{PROFESSIONAL.id};{BSN}\n", "utf-8")
    staff.chmod(0o600)
    config = desk.write_settings()
    config.write_text(config.read_text("utf-8") + '\n[own_case]\nstaff = "staff.csv"\n', "utf-8")
    async with agent(load_partner_settings(config)) as running:
        await declare(running)
    assert [asked.own_case for asked in desk.break_glass.declared] == [common_pb2.OWN_CASE_YES]


async def test_no_line_of_the_log_holds_the_text(desk: AgentDesk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.break_glass.troubles = [NotPermitted("OWN_CASE", "no")]
    await refused(desk)
    await refused(desk, bsn="999993654")
    logged = capsys.readouterr().err
    assert '"event": "rpc.call-failed"' in logged
    assert "PLANTED" not in logged
    assert PROFESSIONAL.id not in logged
