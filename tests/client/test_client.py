"""The client as a partner's developer uses it, against a real server."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_status import rpc_status

import verwijsindex.client
from gateway.domain import Oin, Partner, PartnerKind
from gateway.errors import NotPermitted as NotPermittedByIndex
from gateway.errors import QuotaExceeded
from gateway.lookup.answer import Concern as ShownConcern
from gateway.lookup.answer import ShownInvolvement
from gateway.rpc.status import TABLE, failure_of, status_of
from tests.support.facts import pseudonym
from tests.support.sealed import OIN_POLITIE, person
from tests.support.serving import ASKER, GGZ, OIN_STRANGER, PURPOSE, VEILIG_THUIS, Identities, Serving, shown
from tests.test_errors import example
from verwijsindex.client import (
    Answer,
    Concern,
    IndexClientError,
    IndexDefect,
    IndexUnavailable,
    InvalidQuestion,
    LookupRefused,
    NotPartner,
    NotPermitted,
    Professional,
    Question,
    SubjectPseudonym,
    TooManyQuestions,
    Violation,
    connect,
)
from verwijsindex.client.errors import KIND_OF, error_of_call, error_of_failure
from verwijsindex.v1.index_pb2 import LookupFailure

ANNA = [SubjectPseudonym(value=pseudonym("anna").reveal(), epoch=1)]


SHORT = [SubjectPseudonym(value=b"short", epoch=1)]


def asked(name: str, who: str | None = None, **changes: bytes) -> Question:
    value = changes.get("value", pseudonym(who or name).reveal())
    subject = [SubjectPseudonym(value=value, epoch=1)]
    return Question(id=name, subject=subject, purpose=PURPOSE, professional=ASKER, own_case=False)


async def test_an_answer_comes_as_typed_values(index: Serving) -> None:
    index.lookup.script[person("anna")] = lambda: [shown(), shown(concern=ShownConcern.HOUSEHOLD)]
    async with index.client() as client:
        answer = await client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False)
    first, second = answer.involvements
    assert (first.partner_oin, first.partner_kind, first.partner_name) == (GGZ.oin, "ggz", GGZ.name)
    assert (first.desk.code, first.desk.telephone) == ("aanmeldbureau", "+31880000020")
    assert first.since_month == "2026-01"
    assert (first.concern, second.concern) == (Concern.PERSON, Concern.HOUSEHOLD)
    assert "onvolledig" in answer.notice
    assert len(answer.receipt.record_id) == 36


async def test_a_token_of_a_receipt_asks_for_an_answer_as_fresh(index: Serving) -> None:
    async with index.client() as client:
        first = await client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False)
        token = first.receipt.consistency_token
        await client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False, fresher_than=token)
    assert [request.at_least for request in index.lookup.asked] == [None, index.lookup.position]


async def test_a_stranger_is_not_a_partner_and_a_switched_off_partner_is_not_permitted(
    index: Serving,
) -> None:
    async with index.client(OIN_STRANGER) as client:
        with pytest.raises(NotPartner) as stranger:
            await client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False)
    async with index.client(OIN_POLITIE) as client:
        with pytest.raises(NotPermitted) as switched_off:
            await client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False)
        with pytest.raises(NotPermitted):
            await client.partners()
    assert (stranger.value.reason, switched_off.value.reason) == ("UNKNOWN_PARTNER", "PARTNER_INACTIVE")


async def test_an_invalid_question_names_every_broken_rule(index: Serving) -> None:
    async with index.client() as client:
        with pytest.raises(InvalidQuestion) as caught:
            await client.lookup(
                SHORT,
                purpose="Not A Code",
                professional=Professional(id="m-1", role="behandelaar", mandate="eigen-taak"),
                own_case=False,
            )
    assert caught.value.violations == (
        Violation("subject[0].value", "must be exactly 32 bytes"),
        Violation("purpose", "must be a lower-case code of at most 64 characters"),
    )
    assert isinstance(caught.value, LookupRefused)


async def test_over_the_quota_tells_when_to_come_back(index: Serving) -> None:
    def refuse() -> Sequence[ShownInvolvement]:
        raise QuotaExceeded("over the quota", retry_after_seconds=30)

    index.lookup.script[person("anna")] = refuse
    async with index.client() as client:
        with pytest.raises(TooManyQuestions) as caught:
            await client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False)
    assert caught.value.retry_after_seconds == 30
    assert caught.value.reason == "QUOTA_EXCEEDED"


async def test_a_store_that_stays_away_is_unavailable_after_a_bounded_number_of_tries(index: Serving) -> None:
    index.store.is_away = True
    async with index.client() as client:
        with pytest.raises(IndexUnavailable) as caught:
            await client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False, timeout_seconds=30)
    assert caught.value.reason == "STORE_UNAVAILABLE"
    assert len(index.lookup.asked) == 3


async def test_a_store_that_comes_back_is_asked_again_without_the_caller_noticing(index: Serving) -> None:
    index.store.is_away = True

    def come_back() -> None:
        index.store.is_away = False

    async with index.client() as client:
        asking = asyncio.create_task(
            client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False, timeout_seconds=30)
        )
        await index.lookup.until_asked(1)
        come_back()
        assert (await asking).involvements == ()
    assert len(index.lookup.asked) == 2


async def test_a_refusal_is_not_tried_again(index: Serving) -> None:
    async with index.client(OIN_STRANGER) as client:
        with pytest.raises(NotPartner):
            await client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False)
    assert len(index.lookup.asked) == 1


async def test_too_late_is_unavailable(index: Serving) -> None:
    index.lookup.waits[person("anna")] = asyncio.Event()
    async with index.client() as client:
        with pytest.raises(IndexUnavailable) as caught:
            await client.lookup(
                ANNA, purpose=PURPOSE, professional=ASKER, own_case=False, timeout_seconds=0.2
            )
    assert caught.value.reason == "DEADLINE_EXCEEDED"


async def test_an_index_that_is_not_there_is_unavailable(index: Serving) -> None:
    tls = index.identities.tls(VEILIG_THUIS.oin)
    async with connect(
        "127.0.0.1:1", certificate=tls.certificate, key=tls.key, trusted_ca=tls.trusted_ca
    ) as client:
        with pytest.raises(IndexUnavailable) as caught:
            await client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False)
    assert caught.value.reason == "UNAVAILABLE"


async def test_an_index_with_a_certificate_of_another_ca_is_not_asked(index: Serving, tmp_path: Path) -> None:
    tls = index.identities.tls(VEILIG_THUIS.oin)
    other = Identities(tmp_path).ca.certificate_path
    async with connect(index.address, certificate=tls.certificate, key=tls.key, trusted_ca=other) as client:
        with pytest.raises(IndexUnavailable):
            await client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False)
    assert index.lookup.asked == []


@pytest.mark.parametrize(("name", "answers"), [("localhost", True), ("index.example", False)])
async def test_the_name_in_the_certificate_must_be_the_expected_one(
    index: Serving, name: str, answers: bool
) -> None:
    tls = index.identities.tls(VEILIG_THUIS.oin)
    async with connect(
        index.address, certificate=tls.certificate, key=tls.key, trusted_ca=tls.trusted_ca, server_name=name
    ) as client:
        if answers:
            assert (await client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False)).notice
        else:
            with pytest.raises(IndexUnavailable):
                await client.lookup(ANNA, purpose=PURPOSE, professional=ASKER, own_case=False)


async def test_a_file_that_is_missing_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    missing = tmp_path / "certificate.pem"
    with pytest.raises(FileNotFoundError):
        async with connect("127.0.0.1:1", certificate=missing, key=missing, trusted_ca=missing):
            pass


async def test_many_questions_give_each_its_own_outcome(index: Serving) -> None:
    def refuse() -> Sequence[ShownInvolvement]:
        raise NotPermittedByIndex("UNKNOWN_ROLE", "no such role")

    index.lookup.script[person("known")] = lambda: [shown()]
    index.lookup.script[person("refused")] = refuse
    questions = [asked("known"), asked("refused"), asked("malformed", value=b"short")]
    questions += [asked(f"nobody-{number}") for number in range(50)]
    async with index.client() as client:
        outcomes = {key: outcome async for key, outcome in client.lookup_many(questions)}
    assert outcomes.keys() == {question.id for question in questions}
    known, refused, malformed = outcomes["known"], outcomes["refused"], outcomes["malformed"]
    assert isinstance(known, Answer)
    assert len(known.involvements) == 1
    assert isinstance(refused, NotPermitted)
    assert refused.reason == "UNKNOWN_ROLE"
    assert isinstance(malformed, InvalidQuestion)
    assert malformed.violations == (Violation("subject[0].value", "must be exactly 32 bytes"),)
    assert all(isinstance(outcomes[f"nobody-{number}"], Answer) for number in range(50))


async def test_questions_can_come_from_an_endless_source_and_the_caller_can_stop(index: Serving) -> None:
    async def endless() -> AsyncIterator[Question]:
        number = 0
        while True:
            number += 1
            yield asked(f"q{number}")

    async with index.client() as client:
        outcomes = client.lookup_many(endless())
        seen = [(await anext(outcomes))[0] for _ in range(200)]
        await outcomes.aclose()
    assert len(set(seen)) == 200
    await index.lookup.until_under_way(0)


async def test_an_error_of_the_source_comes_out_after_the_outcomes_before_it(index: Serving) -> None:
    def broken() -> Iterator[Question]:
        yield asked("first")
        raise RuntimeError("the caller's own list broke")

    async with index.client() as client:
        outcomes = client.lookup_many(broken())
        first, _ = await anext(outcomes)
        with pytest.raises(RuntimeError, match="own list broke"):
            await anext(outcomes)
    assert first == "first"


async def test_two_questions_under_way_with_one_id_are_refused_on_this_side(index: Serving) -> None:
    index.lookup.waits[person("same")] = asyncio.Event()
    index.lookup.waits[person("same")].set()
    async with index.client() as client:
        with pytest.raises(ValueError, match="same id"):
            _ = [outcome async for outcome in client.lookup_many([asked("same"), asked("same")])]


async def test_an_unusable_id_is_an_invalid_question(index: Serving) -> None:
    async with index.client() as client:
        with pytest.raises(InvalidQuestion) as caught:
            _ = [outcome async for outcome in client.lookup_many([asked("with space")])]
    assert caught.value.violations[0].field == "correlation_id"


async def test_a_stream_of_a_stranger_is_refused_whole(index: Serving) -> None:
    async with index.client(OIN_STRANGER) as client:
        with pytest.raises(NotPartner):
            _ = [outcome async for outcome in client.lookup_many([asked("q")])]


async def test_a_stream_that_is_not_done_in_time_is_unavailable(index: Serving) -> None:
    index.lookup.waits[person("slow")] = asyncio.Event()
    async with index.client() as client:
        with pytest.raises(IndexUnavailable) as caught:
            _ = [outcome async for outcome in client.lookup_many([asked("slow")], timeout_seconds=0.2)]
    assert caught.value.reason == "DEADLINE_EXCEEDED"


async def test_the_directory_comes_whole_over_as_many_pages_as_it_takes(index: Serving) -> None:
    for number in range(1100):
        oin = Oin(f"0000009920000000{number:04d}")
        index.store.state.partners[oin] = Partner(
            oin=oin, kind=PartnerKind("huisarts"), name="Huisarts (synthetic)"
        )
    async with index.client() as client:
        everybody = await client.partners()
        [veilig_thuis] = await client.partners(kind="veilig_thuis")
    assert len({partner.oin for partner in everybody}) == len(everybody) == 1102
    assert veilig_thuis.kind_name == "Veilig Thuis"
    assert veilig_thuis.core_tasks == VEILIG_THUIS.core_tasks
    assert [desk.name for desk in veilig_thuis.desks] == ["Frontoffice"]


@pytest.mark.parametrize("kind", TABLE)
def test_a_failed_question_in_a_stream_is_the_error_of_a_failed_call(kind: type) -> None:
    status = status_of(example(kind))
    details = rpc_status.to_status(status)
    call = grpc.aio.AioRpcError(
        details.code,
        initial_metadata=grpc.aio.Metadata(),
        trailing_metadata=grpc.aio.Metadata(*details.trailing_metadata),
        details=details.details,
    )
    from_call, from_stream = error_of_call(call), error_of_failure(failure_of(status))
    assert type(from_call) is type(from_stream) is KIND_OF.get(details.code, IndexDefect)
    assert str(from_call) == str(from_stream)
    assert from_call.reason == from_stream.reason
    assert getattr(from_call, "violations", ()) == getattr(from_stream, "violations", ())


def test_a_code_that_a_later_contract_adds_is_a_defect_and_not_a_crash() -> None:
    error = error_of_failure(LookupFailure(code=999, reason="", message="new"))
    assert isinstance(error, IndexDefect)
    assert isinstance(error, IndexClientError)
    assert error.reason == "UNKNOWN"


def test_what_was_asked_is_not_in_the_representation_of_a_question() -> None:
    text = repr(asked("q", "anna"))
    assert repr(ANNA) not in text
    assert ASKER.id not in text


async def test_the_example_in_the_docstring_runs(
    index: Serving, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the address and the folder of the files are another."""
    index.lookup.script[person("anna")] = lambda: [shown()]
    text = verwijsindex.client.__doc__ or ""
    example_code = textwrap.dedent(text[text.index("    import asyncio") : text.index("Many questions")])
    tls = index.identities.tls(VEILIG_THUIS.oin)
    monkeypatch.chdir(tls.certificate.parent)
    code = example_code.replace("verwijsindex.example:50443", index.address)
    code = code.replace('"ca.pem"', repr(str(tls.trusted_ca)))
    namespace: dict[str, Any] = {}
    exec(code, namespace)  # noqa: S102 - the example is the subject of this test
    await namespace["who_else"](ANNA)
    await namespace["who_else"](SHORT)
    written = capsys.readouterr().out
    assert f"{GGZ.name} Aanmeldbureau +31880000020 2026-01" in written
    assert "onvolledig" in written
    assert "wrong question: subject[0].value: must be exactly 32 bytes" in written
