"""Declaring over gRPC: every rule at its field, no value in any error, and what a declaration gives back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from grpc_status import rpc_status
from hypothesis import given
from hypothesis import strategies as st

from gateway.agreement.reading import AgreementReader
from gateway.breakglass.declaring import DeclareRequest
from gateway.clock import now
from gateway.domain import Oin
from gateway.errors import InvalidInput, Violation
from gateway.index.tokens import decode_token
from gateway.rpc.break_glass_service import read_declaration
from gateway.rpc.server import RpcServer
from gateway.rpc.status import code_of, reason_of
from gateway.settings import ListenSettings
from tests.lookup.support import PARTNERS, service
from tests.rpc.test_questions import RULES as QUESTION_RULES
from tests.rpc.test_questions import requests as questions
from tests.support.convenants import MANDATE, PURPOSES, ROLES, break_glass, convenant
from tests.support.facts import wire_subject
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import DOOR, OIN_VT, person
from tests.support.serving import OIN_INDEX, OIN_STRANGER, Identities, rooms_over
from verwijsindex.v1 import break_glass_pb2, break_glass_pb2_grpc, common_pb2

TEXT = "PLANTED-EXPLANATION: er is nu gevaar."
RULES = QUESTION_RULES | {
    Violation("ground", "must be a lower-case code of at most 64 characters"),
    Violation("explanation", "must be 10 to 2000 characters"),
    Violation("explanation", "must be text without control characters"),
}


def declaration(**changes: Any) -> break_glass_pb2.BreakGlassServiceDeclareRequest:
    values: dict[str, Any] = {
        "subject": wire_subject("anna"),
        "purpose": PURPOSES[0],
        "professional": common_pb2.Professional(id="m-1", role=ROLES[0], mandate=MANDATE),
        "own_case": common_pb2.OWN_CASE_NO,
        "ground": "acute-danger",
        "explanation": TEXT,
    }
    return break_glass_pb2.BreakGlassServiceDeclareRequest(**values | changes)


def read(request: break_glass_pb2.BreakGlassServiceDeclareRequest) -> DeclareRequest:
    return read_declaration(request, caller=OIN_VT, door=DOOR)


def violations(request: break_glass_pb2.BreakGlassServiceDeclareRequest) -> set[Violation]:
    try:
        read(request)
    except InvalidInput as error:
        return set(error.violations)
    return set()


def test_a_declaration_is_read_with_its_person_sealed() -> None:
    found = read(declaration())
    assert (found.caller, found.subject, found.purpose) == (OIN_VT, person("anna"), PURPOSES[0])
    assert (found.own_case, found.ground, found.explanation) == (False, "acute-danger", TEXT)
    assert read(declaration(own_case=common_pb2.OWN_CASE_YES)).own_case
    assert "PLANTED" not in repr(found)


@given(questions, st.text(max_size=80), st.text(max_size=2100))
def test_an_error_says_rules_and_never_values(question: Any, ground: str, explanation: str) -> None:
    request = declaration(
        subject=question.subject,
        purpose=question.purpose,
        professional=question.professional,
        own_case=question.own_case,
        ground=ground,
        explanation=explanation,
    )
    assert violations(request) <= RULES


def test_every_field_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        read(break_glass_pb2.BreakGlassServiceDeclareRequest())
    assert [violation.path for violation in caught.value.violations] == [
        "subject",
        "purpose",
        "professional.id",
        "professional.role",
        "professional.mandate",
        "own_case",
        "ground",
        "explanation",
    ]


@asynccontextmanager
async def serving(identities: Identities, store: FakeIndexStore) -> AsyncIterator[str]:
    """Run the index over a store in memory, under a convenant that lets everybody declare; yield its address."""
    agreed = convenant(break_glass=break_glass(), valid_from=date(2020, 1, 1), valid_until=date(2099, 12, 31))
    server = RpcServer(
        rooms_over(store, service(store, agreed, clock=now)),
        store=store,
        door=DOOR,
        agreement=AgreementReader(),
        tls=identities.tls(OIN_INDEX, server=True),
        listen=ListenSettings(port=0),
    )
    port = await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop()


async def declare(identities: Identities, address: str, caller: Oin = OIN_VT, **changes: Any) -> Any:
    async with grpc.aio.secure_channel(address, identities.credentials(caller)) as channel:
        stub = break_glass_pb2_grpc.BreakGlassServiceStub(channel)
        return await stub.Declare(declaration(**changes), timeout=60)


async def refused(identities: Identities, address: str, caller: Oin = OIN_VT, **changes: Any) -> Status:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await declare(identities, address, caller, **changes)
    assert "PLANTED" not in str(caught.value)
    status = rpc_status.from_call(caught.value)  # type: ignore[arg-type]
    assert status is not None
    return status


async def test_a_declaration_gives_back_its_id_its_times_and_a_receipt(identities: Identities) -> None:
    store = FakeIndexStore(*PARTNERS)
    async with serving(identities, store) as address:
        answer = await declare(identities, address)
    [made] = store.state.declarations
    assert answer.declaration_id == made.id
    assert answer.expires_at.ToDatetime(tzinfo=UTC) == made.expires_at
    assert answer.review_due.ToDatetime(tzinfo=UTC) == made.review_due
    assert answer.receipt.record_id == store.state.audit[-1].record_id
    assert decode_token(answer.receipt.consistency_token) == 0
    assert "PLANTED" not in str(answer)


async def test_refusals_have_their_reason_and_broken_fields_their_rules(
    identities: Identities, capsys: pytest.CaptureFixture[str]
) -> None:
    store = FakeIndexStore(*PARTNERS)
    async with serving(identities, store) as address:
        ground = await refused(identities, address, ground="curiosity")
        fields = await refused(identities, address, explanation="PLANTED", own_case=0)
    assert (code_of(ground), reason_of(ground)) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "BREAK_GLASS_NOT_ALLOWED",
    )
    broken = BadRequest()
    assert fields.details[1].Unpack(broken)
    assert [each.field for each in broken.field_violations] == ["own_case", "explanation"]
    assert store.state.declarations == ()
    assert "PLANTED" not in capsys.readouterr().err


async def test_a_stranger_hears_that_it_is_no_partner_and_nothing_of_the_rules(
    identities: Identities,
) -> None:
    store = FakeIndexStore(*PARTNERS)
    async with serving(identities, store) as address:
        for changes in ({}, {"explanation": ""}):
            status = await refused(identities, address, OIN_STRANGER, **changes)
            assert (code_of(status), reason_of(status)) == (
                grpc.StatusCode.UNAUTHENTICATED,
                "UNKNOWN_PARTNER",
            )
            assert len(status.details) == 1
