"""One question through the agent: what goes to whom, what comes back, and what goes nowhere."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from grpc_status import rpc_status

import gateway.agent.service
from gateway.agent.index import DEADLINE_SECONDS
from gateway.domain import Bsn
from gateway.errors import (
    InvalidInput,
    NotFreshEnough,
    NotPermitted,
    QuotaExceeded,
    StoreUnavailable,
    Unauthenticated,
    VerwijsindexError,
)
from gateway.rpc.status import status_of
from tests.support.partner_desk import ANSWER, BSN, PROFESSIONAL, AgentDesk, agent
from tests.support.scripted_pseudonyms import subject_of
from verwijsindex.v1 import pseudonym_pb2


async def refused(desk: AgentDesk, **question: Any) -> grpc.aio.AioRpcError:
    """Ask, and return the error that must come."""
    async with agent(desk.settings()) as running:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await running.ask(**question)
    assert BSN not in str(caught.value)
    return caught.value


def status_in(error: grpc.aio.AioRpcError) -> Status:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    return status


def reason_in(error: grpc.aio.AioRpcError) -> str:
    info = ErrorInfo()
    assert status_in(error).details[0].Unpack(info)
    reason: str = info.reason
    return reason


async def test_the_answer_is_the_indexs_answer_byte_for_byte(desk: AgentDesk) -> None:
    async with agent(desk.settings()) as running:
        answer = await running.ask()
    assert answer.SerializeToString(deterministic=True) == ANSWER.SerializeToString(deterministic=True)


async def test_the_index_gets_the_pseudonyms_and_everything_of_the_question_but_the_bsn(
    desk: AgentDesk,
) -> None:
    desk.pseudonyms.pin(1, 2)
    async with agent(desk.settings()) as running:
        await running.ask(consistency_token=b"0123456789abcdef", declaration_id="d-1")
    [asked] = desk.index.asked
    expected = [(each.epoch, each.reveal()) for each in subject_of(Bsn(BSN), 1, 2).pseudonyms]
    assert [(each.epoch, each.value) for each in asked.subject] == expected
    assert (asked.purpose, asked.professional) == ("coordination-of-care", PROFESSIONAL)
    assert (asked.consistency_token, asked.declaration_id) == (b"0123456789abcdef", "d-1")
    assert {call.purpose for call in desk.pseudonyms.service.calls} == {
        pseudonym_pb2.EVALUATION_PURPOSE_LOOKUP
    }
    sent = [asked, *desk.pseudonyms.service.calls]
    assert not any(BSN.encode() in message.SerializeToString() for message in sent)


@pytest.mark.parametrize(
    "error",
    [
        NotPermitted("UNKNOWN_ROLE", "the convenant has no such role"),
        Unauthenticated("UNKNOWN_PARTNER", "the client certificate names no partner of this index"),
        InvalidInput.at("professional.id", "must be 1 to 64 characters"),
        QuotaExceeded("too many questions", retry_after_seconds=2.5),
    ],
)
async def test_a_refusal_of_the_index_comes_through_with_its_details(
    desk: AgentDesk, error: VerwijsindexError
) -> None:
    desk.index.troubles = [error]
    assert status_in(await refused(desk)) == status_of(error)
    assert len(desk.index.asked) == 1


@pytest.mark.parametrize("error", [StoreUnavailable("away"), NotFreshEnough("behind")])
async def test_an_index_that_cannot_answer_is_asked_again_and_then_passed_on(
    desk: AgentDesk, error: VerwijsindexError
) -> None:
    desk.index.troubles = [error] * 3
    assert status_in(await refused(desk)) == status_of(error)
    assert len(desk.index.asked) == 3


async def test_an_index_that_is_back_at_the_second_attempt_answers(desk: AgentDesk) -> None:
    desk.index.troubles = [StoreUnavailable("away")]
    async with agent(desk.settings()) as running:
        assert await running.ask() == ANSWER


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE),
        (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE),
        (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL),
        (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INTERNAL),
    ],
)
async def test_a_status_that_is_not_the_indexs_own_is_told_without_its_text(
    desk: AgentDesk, code: grpc.StatusCode, told: grpc.StatusCode
) -> None:
    desk.index.troubles = [code]
    error = await refused(desk)
    assert error.code() is told
    assert "PLANTED" not in str(error)


@pytest.mark.parametrize("text", ["", "99999365", "999993654", "9999936530", " 999993653", "abcdefghi"])
async def test_what_is_no_bsn_goes_to_nobody_and_is_not_repeated(desk: AgentDesk, text: str) -> None:
    error = await refused(desk, bsn=text)
    found = BadRequest()
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert status_in(error).details[1].Unpack(found)
    assert [each.field for each in found.field_violations] == ["bsn"]
    assert not text or text not in str(error)
    assert (desk.index.asked, desk.pseudonyms.service.calls) == ([], [])


async def test_bytes_that_are_no_question_are_refused(desk: AgentDesk) -> None:
    async with agent(desk.settings()) as running:
        call: Any = running.channel.unary_unary("/verwijsindex.v1.AgentService/Lookup")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(b"\xff\xff\xff")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_without_the_pseudonym_service_the_index_is_not_asked(desk: AgentDesk) -> None:
    desk.pseudonyms.service.troubles = [StoreUnavailable("away")]
    error = await refused(desk)
    assert (error.code(), reason_in(error)) == (grpc.StatusCode.UNAVAILABLE, "PSEUDONYMS_UNAVAILABLE")
    assert desk.index.asked == []


@pytest.mark.parametrize(("wait_seconds", "most"), [(None, DEADLINE_SECONDS), (60, DEADLINE_SECONDS), (8, 8)])
async def test_the_index_gets_what_the_question_has_left_and_never_more_than_its_own_part(
    desk: AgentDesk, wait_seconds: float | None, most: float
) -> None:
    async with agent(desk.settings()) as running:
        await running.ask(wait_seconds=wait_seconds)
    [left] = desk.index.seconds_left
    assert 0 < left <= most


async def test_a_question_ends_at_its_deadline_whatever_the_pseudonym_service_does(
    desk: AgentDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service never answers and its own deadline is far away, so that only the question's own can end it."""
    monkeypatch.setattr(gateway.agent.service, "LONGEST_QUESTION_SECONDS", 0.2)
    desk.pseudonyms.service.hangs = True
    error = await refused(desk, wait_seconds=None)
    assert (error.code(), reason_in(error)) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
    assert desk.index.asked == []


async def test_pseudonyms_and_index_have_one_deadline_together(
    desk: AgentDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.agent.service, "LONGEST_QUESTION_SECONDS", 2.0)
    desk.index.gate.clear()
    error = await refused(desk, wait_seconds=None)
    assert (error.code(), reason_in(error)) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
    assert all(left < 2.0 for left in desk.index.seconds_left)


async def test_a_used_up_quota_of_the_pseudonym_service_is_told_with_the_delay(desk: AgentDesk) -> None:
    desk.pseudonyms.service.troubles = [QuotaExceeded("full", retry_after_seconds=18)]
    error = await refused(desk)
    retry = RetryInfo()
    assert (error.code(), reason_in(error)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED")
    assert status_in(error).details[1].Unpack(retry)
    assert retry.retry_delay.seconds == 18
    assert desk.index.asked == []


async def test_an_unproved_answer_of_the_pseudonym_service_never_reaches_the_index(
    desk: AgentDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    def forge(_: object, answer: pseudonym_pb2.EvaluateResponse) -> None:
        answer.proof = bytes(64)

    desk.pseudonyms.service.tamper = forge
    error = await refused(desk)
    assert (error.code(), reason_in(error)) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert desk.index.asked == []
    logged = capsys.readouterr().err
    assert '"event": "agent.cannot-ask"' in logged
    assert '"error": "ProofRefused"' in logged


async def test_a_missing_file_of_pinned_keys_is_told_to_the_operator_and_not_to_the_caller(
    desk: AgentDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    async with agent(desk.settings()) as running:
        desk.pseudonyms.pinned_file.unlink()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await running.ask()
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "pseudonym-keys.json" not in str(caught.value)
    assert "pseudonym-keys.json" in capsys.readouterr().err


async def test_no_log_line_holds_the_bsn_or_a_pseudonym(
    desk: AgentDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.index.troubles = [NotPermitted("UNKNOWN_ROLE", "no"), grpc.StatusCode.UNIMPLEMENTED]
    async with agent(desk.settings()) as running:
        questions: list[dict[str, Any]] = [{}, {}, {}, {"bsn": "999993654"}]
        for question in questions:
            await asyncio.gather(running.ask(**question), return_exceptions=True)
    logged = capsys.readouterr().err
    assert '"event": "rpc.call-failed"' in logged
    secrets = [BSN, "999993654", *(each.reveal().hex() for each in subject_of(Bsn(BSN), 1).pseudonyms)]
    assert [secret for secret in secrets if secret in logged] == []
