"""IndexService over real connections: who may ask, what is refused, what an answer is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from grpc_status import rpc_status

from gateway.domain import Oin
from gateway.errors import NotPermitted, QuotaExceeded
from gateway.index.tokens import decode_token, encode_token
from gateway.lookup.answer import Concern, ShownInvolvement
from gateway.rpc.answers import NOTICE
from gateway.rpc.index_service import QUESTIONS_AT_ONCE
from tests.support.facts import wire_subject
from tests.support.sealed import OIN_POLITIE, OIN_VT, person
from tests.support.serving import GGZ, OIN_STRANGER, VEILIG_THUIS, Serving, shown
from verwijsindex.v1 import common_pb2, index_pb2, index_pb2_grpc

LOOKUP = "/verwijsindex.v1.IndexService/Lookup"

Detail = TypeVar("Detail", ErrorInfo, BadRequest, RetryInfo)


def question(who: str = "anna", **changes: Any) -> index_pb2.LookupRequest:
    values: dict[str, Any] = {
        "subject": wire_subject(who),
        "purpose": "coordination-of-care",
        "professional": common_pb2.Professional(id="medewerker-1", role="behandelaar", mandate="eigen-taak"),
        "own_case": common_pb2.OWN_CASE_NO,
    }
    return index_pb2.LookupRequest(**values | changes)


def numbered(correlation_id: str, who: str = "anna") -> index_pb2.LookupStreamRequest:
    return index_pb2.LookupStreamRequest(correlation_id=correlation_id, lookup=question(who))


async def ask(
    index: Serving, request: index_pb2.LookupRequest | None = None, *, oin: Oin = OIN_VT
) -> index_pb2.LookupResponse:
    async with index.channel(oin) as channel:
        return await index_pb2_grpc.IndexServiceStub(channel).Lookup(request or question(), timeout=30)


async def refusal(
    index: Serving, request: index_pb2.LookupRequest | None = None, *, oin: Oin = OIN_VT
) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(index, request, oin=oin)
    return caught.value


def detail(error: grpc.aio.AioRpcError, found: Detail) -> Detail:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    assert sum(each.Unpack(found) for each in status.details) == 1
    return found


def reason(error: grpc.aio.AioRpcError) -> str:
    info = detail(error, ErrorInfo())
    assert info.domain == "verwijsindex"
    return str(info.reason)


async def test_a_partner_gets_what_may_be_shown_with_notice_and_receipt(index: Serving) -> None:
    index.lookup.script[person("anna")] = lambda: [shown()]
    answer = await ask(index)
    [involvement] = answer.involvements
    assert involvement.partner_oin == GGZ.oin
    assert involvement.partner_kind == "ggz"
    assert involvement.partner_name == GGZ.name
    assert involvement.desk.telephone == "+31880000020"
    assert involvement.since_month == "2026-01"
    assert involvement.concern == index_pb2.CONCERN_PERSON
    assert answer.notice == NOTICE
    assert len(answer.receipt.record_id) == 36
    assert decode_token(answer.receipt.consistency_token) == index.lookup.position


async def test_the_question_reaches_the_lookup_room_whole_with_the_oin_of_the_certificate(
    index: Serving,
) -> None:
    await ask(index, question(consistency_token=encode_token(3)))
    [asked] = index.lookup.asked
    assert asked.caller == OIN_VT
    assert asked.subject == person("anna")
    assert asked.purpose == "coordination-of-care"
    assert (asked.professional.id, asked.professional.role) == ("medewerker-1", "behandelaar")
    assert asked.professional.mandate == "eigen-taak"
    assert asked.at_least == 3


async def test_without_a_token_no_freshness_is_asked(index: Serving) -> None:
    await ask(index)
    assert index.lookup.asked[0].at_least is None


async def test_the_order_of_the_answer_and_its_concerns_are_kept(index: Serving) -> None:
    lines = [shown(GGZ, concern=Concern.HOUSEHOLD), shown(GGZ), shown(VEILIG_THUIS)]
    index.lookup.script[person("anna")] = lambda: lines
    answer = await ask(index)
    assert [(each.partner_kind, each.concern) for each in answer.involvements] == [
        ("ggz", index_pb2.CONCERN_HOUSEHOLD),
        ("ggz", index_pb2.CONCERN_PERSON),
        ("veilig_thuis", index_pb2.CONCERN_PERSON),
    ]


async def test_an_answer_carries_no_metadata_that_could_tell_more_than_its_bytes(index: Serving) -> None:
    index.lookup.script[person("anna")] = lambda: [shown()]
    seen = []
    async with index.channel() as channel:
        for who in ("anna", "nobody"):
            call = index_pb2_grpc.IndexServiceStub(channel).Lookup(question(who), timeout=30)
            await call
            seen.append(
                (
                    list(await call.initial_metadata()),
                    list(await call.trailing_metadata()),
                    await call.details(),
                )
            )
    assert seen[0] == seen[1]
    assert seen[0][1] == []


async def test_every_empty_answer_has_the_same_length(index: Serving) -> None:
    index.lookup.position = 0
    first = await ask(index)
    index.lookup.position = 2**62
    second = await ask(index, question("somebody-else"))
    assert first.ByteSize() == second.ByteSize()


async def test_a_certificate_whose_oin_is_no_partner_is_unauthenticated(index: Serving) -> None:
    error = await refusal(index, oin=OIN_STRANGER)
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert reason(error) == "UNKNOWN_PARTNER"


async def test_a_stranger_learns_nothing_of_the_rules_for_a_question(index: Serving) -> None:
    error = await refusal(index, index_pb2.LookupRequest(), oin=OIN_STRANGER)
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_partner_that_is_switched_off_is_denied(index: Serving) -> None:
    error = await refusal(index, oin=OIN_POLITIE)
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    assert reason(error) == "PARTNER_INACTIVE"


async def test_switching_a_partner_off_holds_from_the_next_question_on(index: Serving) -> None:
    async with index.channel() as channel:
        stub = index_pb2_grpc.IndexServiceStub(channel)
        await stub.Lookup(question(), timeout=30)
        del index.store.state.partners[OIN_VT]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Lookup(question(), timeout=30)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_refusal_of_the_lookup_room_keeps_its_reason(index: Serving) -> None:
    def refuse() -> Sequence[ShownInvolvement]:
        raise NotPermitted("UNKNOWN_PURPOSE", "the convenant has no such purpose")

    index.lookup.script[person("anna")] = refuse
    error = await refusal(index)
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    assert reason(error) == "UNKNOWN_PURPOSE"
    assert error.details() == "the convenant has no such purpose"


async def test_over_the_quota_says_when_to_come_back(index: Serving) -> None:
    def refuse() -> Sequence[ShownInvolvement]:
        raise QuotaExceeded("over the quota", retry_after_seconds=12.5)

    index.lookup.script[person("anna")] = refuse
    error = await refusal(index)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert detail(error, RetryInfo()).retry_delay.ToTimedelta().total_seconds() == 12.5


async def test_a_malformed_pseudonym_is_an_invalid_argument_at_its_field(index: Serving) -> None:
    error = await refusal(index, question(subject=[common_pb2.SubjectPseudonym(value=b"short", epoch=1)]))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    [violation] = detail(error, BadRequest()).field_violations
    assert violation.field == "subject[0].value"
    assert violation.description == "must be exactly 32 bytes"


async def test_all_broken_fields_are_named_at_once(index: Serving) -> None:
    error = await refusal(index, index_pb2.LookupRequest(consistency_token=b"x"))
    assert [violation.field for violation in detail(error, BadRequest()).field_violations] == [
        "subject",
        "purpose",
        "professional.id",
        "professional.role",
        "professional.mandate",
        "consistency_token",
        "own_case",
    ]


async def test_bytes_that_are_no_message_are_an_invalid_argument(index: Serving) -> None:
    async with index.channel() as channel:
        method: Any = channel.unary_unary(LOOKUP)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await method(b"\xff\xff\xff", timeout=30)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(caught.value) == "INVALID_INPUT"


async def test_a_store_that_is_away_is_unavailable_and_not_named(index: Serving) -> None:
    index.lookup.script[person("anna")] = lambda: [shown()]
    index.store.is_away = True
    error = await refusal(index)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert reason(error) == "STORE_UNAVAILABLE"
    assert "db.internal" not in str(error.details())
    assert detail(error, RetryInfo()).retry_delay.ToTimedelta().total_seconds() > 0


async def test_a_defect_is_internal_and_its_text_stays_inside(
    index: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> Sequence[ShownInvolvement]:
        raise KeyError("PLANTED-text")

    index.lookup.script[person("anna")] = fail
    error = await refusal(index)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert reason(error) == "INTERNAL"
    written = "".join(capsys.readouterr())
    assert "PLANTED-text" not in f"{error!r}{written}"
    assert "rpc.unexpected-error" in written
    assert "test_index_service.py" in written


async def test_a_request_beyond_the_size_limit_is_refused_unread(index: Serving) -> None:
    error = await refusal(index, question(purpose="x" * 20_000))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert index.lookup.asked == []


async def test_a_stream_answers_each_question_under_its_correlation_id(index: Serving) -> None:
    index.lookup.script[person("person-3")] = lambda: [shown()]

    async with index.channel() as channel:
        call = index_pb2_grpc.IndexServiceStub(channel).LookupStream(
            iter([numbered(f"q{number}", f"person-{number}") for number in range(100)]), timeout=60
        )
        responses = {response.correlation_id: response async for response in call}
    assert sorted(responses) == sorted(f"q{number}" for number in range(100))
    assert len(responses["q3"].answer.involvements) == 1
    assert all(not response.answer.involvements for key, response in responses.items() if key != "q3")


async def test_answers_of_a_stream_come_in_the_order_in_which_they_are_ready(index: Serving) -> None:
    index.lookup.waits[person("slow")] = asyncio.Event()
    async with index.channel() as channel:
        call = index_pb2_grpc.IndexServiceStub(channel).LookupStream(timeout=60)
        await call.write(numbered("first", "slow"))
        await call.write(numbered("second", "quick"))
        early = await call.read()
        index.lookup.waits[person("slow")].set()
        late = await call.read()
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
    assert isinstance(early, index_pb2.LookupStreamResponse)
    assert isinstance(late, index_pb2.LookupStreamResponse)
    assert (early.correlation_id, late.correlation_id) == ("second", "first")


async def test_a_failed_question_does_not_end_the_stream(index: Serving) -> None:
    def fail() -> Sequence[ShownInvolvement]:
        raise KeyError("PLANTED-text")

    index.lookup.script[person("broken")] = fail
    malformed = numbered("malformed")
    malformed.lookup.subject[0].value = b"short"
    async with index.channel() as channel:
        call = index_pb2_grpc.IndexServiceStub(channel).LookupStream(
            iter([malformed, numbered("broken", "broken"), numbered("fine")]), timeout=60
        )
        responses = {response.correlation_id: response async for response in call}
    assert responses["fine"].answer.notice == NOTICE
    failure = responses["malformed"].failure
    assert failure.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert failure.reason == "INVALID_INPUT"
    assert [violation.field for violation in failure.field_violations] == ["subject[0].value"]
    assert responses["broken"].failure.code == grpc.StatusCode.INTERNAL.value[0]
    assert "PLANTED" not in str(responses["broken"])


@pytest.mark.parametrize("unusable", ["", "with space", "x" * 65, "é", "line\nbreak"])
async def test_an_unusable_correlation_id_fails_its_own_question_and_is_not_repeated(
    index: Serving, unusable: str
) -> None:
    async with index.channel() as channel:
        call = index_pb2_grpc.IndexServiceStub(channel).LookupStream(
            iter([numbered(unusable), numbered("fine")]), timeout=60
        )
        responses = {response.correlation_id: response async for response in call}
    assert responses["fine"].HasField("answer")
    [violation] = responses[""].failure.field_violations
    assert violation.field == "correlation_id"


async def test_a_correlation_id_that_is_under_way_is_refused_and_free_again_after_its_answer(
    index: Serving,
) -> None:
    index.lookup.waits[person("slow")] = asyncio.Event()
    async with index.channel() as channel:
        call = index_pb2_grpc.IndexServiceStub(channel).LookupStream(timeout=60)
        await call.write(numbered("same", "slow"))
        await call.write(numbered("same", "quick"))
        refused = await call.read()
        index.lookup.waits[person("slow")].set()
        answered = await call.read()
        await call.write(numbered("same", "quick"))
        again = await call.read()
        await call.done_writing()
    assert isinstance(refused, index_pb2.LookupStreamResponse)
    assert refused.correlation_id == ""
    assert refused.failure.field_violations[0].field == "correlation_id"
    for response in (answered, again):
        assert isinstance(response, index_pb2.LookupStreamResponse)
        assert response.correlation_id == "same"
        assert response.HasField("answer")


async def test_a_stream_has_a_bounded_number_of_questions_under_way(index: Serving) -> None:
    everybody = asyncio.Event()
    number = QUESTIONS_AT_ONCE * 3
    for each in range(number):
        index.lookup.waits[person(f"person-{each}")] = everybody
    async with index.channel() as channel:
        call = index_pb2_grpc.IndexServiceStub(channel).LookupStream(
            iter([numbered(f"q{each}", f"person-{each}") for each in range(number)]), timeout=60
        )
        await index.lookup.until_under_way(QUESTIONS_AT_ONCE)
        everybody.set()
        answered = [response.correlation_id async for response in call]
    assert len(answered) == number
    assert index.lookup.most_under_way == QUESTIONS_AT_ONCE


async def test_a_stranger_gets_no_stream(index: Serving) -> None:
    async with index.channel(OIN_STRANGER) as channel:
        call = index_pb2_grpc.IndexServiceStub(channel).LookupStream(iter([numbered("q")]), timeout=60)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            _ = [response async for response in call]
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert index.lookup.asked == []


async def test_bytes_that_are_no_message_end_the_stream_with_an_invalid_argument(index: Serving) -> None:
    async with index.channel() as channel:
        method: Any = channel.stream_stream("/verwijsindex.v1.IndexService/LookupStream")
        call = method(iter([b"\xff\xff"]), timeout=60)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            _ = [response async for response in call]
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_caller_that_goes_away_leaves_no_question_under_way(index: Serving) -> None:
    index.lookup.waits[person("slow")] = asyncio.Event()
    async with index.channel() as channel:
        call = index_pb2_grpc.IndexServiceStub(channel).LookupStream(timeout=60)
        await call.write(numbered("first", "slow"))
        await index.lookup.until_under_way(1)
        call.cancel()
        await index.lookup.until_under_way(0)
