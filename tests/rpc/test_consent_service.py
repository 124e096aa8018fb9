"""ConsentService over real connections: what goes in comes out, every wrong field is named, and no value is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import orjson
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo  # type: ignore[import-untyped]
from grpc_status import rpc_status

from gateway.domain import ConsentEffect, ConsentFact
from gateway.index.tokens import decode_token
from gateway.messages.profile import CONSENT_STATEMENT
from gateway.messages.schema import violations
from tests.consents.serving import Running, serving_consents
from tests.consents.support import call_id, said, standing, versions
from tests.support.convenants import OIN_WIJKTEAM
from tests.support.facts import wire_subject
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, message
from tests.support.serving import OIN_STRANGER, Identities
from verwijsindex.v1 import common_pb2, consent_pb2

WHO = common_pb2.Professional(id="medewerker-1", role="behandelaar", mandate="eigen-taak")
PLANTED = "Moeder zegt dat hij slaat"


@pytest.fixture
async def index(identities: Identities) -> AsyncIterator[Running]:
    async with serving_consents(identities) as running:
        yield running


def scope(**changes: Any) -> consent_pb2.ConsentScope:
    values: dict[str, Any] = {
        "holder_kinds": ["ggz"],
        "asking_kinds": ["politie"],
        "purposes": ["coordination-of-care"],
        "since": "2026-01-15",
    }
    return consent_pb2.ConsentScope(**values | changes)


def consent(**changes: Any) -> consent_pb2.ConsentServiceRecordRequest:
    values: dict[str, Any] = {
        "message_id": call_id("first"),
        "reference": "c-1",
        "subject": wire_subject("anna"),
        "decided_by": consent_pb2.DECIDER_SUBJECT,
        "scope": scope(),
        "professional": WHO,
    }
    return consent_pb2.ConsentServiceRecordRequest(**values | changes)


def withdrawal(**changes: Any) -> consent_pb2.ConsentServiceWithdrawRequest:
    values: dict[str, Any] = {
        "message_id": call_id("withdraw"),
        "reference": "c-1",
        "professional": WHO,
    }
    return consent_pb2.ConsentServiceWithdrawRequest(**values | changes)


def own(who: str = "anna", *epochs: int, **changes: Any) -> consent_pb2.ConsentServiceListOwnRequest:
    values: dict[str, Any] = {"subject": wire_subject(who, *epochs), "professional": WHO}
    return consent_pb2.ConsentServiceListOwnRequest(**values | changes)


def told(error: grpc.aio.AioRpcError) -> tuple[grpc.StatusCode, str, set[str]]:
    """Return status, reason and the paths of the fields."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    info, fields = ErrorInfo(), BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(fields)
    assert PLANTED not in str(status)
    assert "999993653" not in str(status)
    return error.code(), info.reason, {violation.field for violation in fields.field_violations}


async def test_a_consent_reaches_the_index_whole_and_its_receipt_has_a_token(index: Running) -> None:
    asked = consent(
        decided_by=consent_pb2.DECIDER_AUTHORITY_HOLDERS,
        scope=scope(
            holder_oins=[OIN_GGZ], asking_oins=[OIN_POLITIE], until="2030-05-03", holder_kinds=["ggz", "ggz"]
        ),
    )
    async with index.stub() as stub:
        receipt = (await stub.Record(asked, timeout=30)).receipt
    found = await standing(index.store)
    assert found is not None
    assert found.fact.holders == {OIN_GGZ}
    assert found.fact.askers == {OIN_POLITIE}
    assert (str(found.fact.until), found.fact.decided_by) == ("2030-05-03", "authority-holders")
    assert (found.fact.partner, found.fact.effect) == (OIN_WIJKTEAM, ConsentEffect.PERMIT)
    assert len(receipt.record_id) == 36
    assert decode_token(receipt.consistency_token) == index.store.state.position


async def test_what_was_said_objected_and_withdrawn_comes_back_with_what_counts(index: Running) -> None:
    async with index.stub() as stub:
        await stub.Record(consent(reference="a", message_id=call_id("a")), timeout=30)
        objection = consent_pb2.ConsentServiceObjectRequest(
            message_id=call_id("b"),
            reference="b",
            subject=wire_subject("anna"),
            decided_by=consent_pb2.DECIDER_UNDETERMINED,
            scope=scope(asking_oins=[OIN_POLITIE]),
            professional=WHO,
        )
        await stub.Object(objection, timeout=30)
        waits = consent(reference="c", message_id=call_id("c"), decided_by=consent_pb2.DECIDER_UNDETERMINED)
        await stub.Record(waits, timeout=30)
        await stub.Withdraw(withdrawal(reference="a"), timeout=30)
        found = await stub.ListOwn(own(), timeout=30)
    assert [(each.reference, each.effect, each.counts) for each in found.consents] == [
        ("a", consent_pb2.CONSENT_EFFECT_WITHDRAWN, False),
        ("b", consent_pb2.CONSENT_EFFECT_OBJECT, True),
        ("c", consent_pb2.CONSENT_EFFECT_PERMIT, False),
    ]
    assert found.consents[1].scope == scope(asking_oins=[OIN_POLITIE])
    assert found.consents[1].decided_by == consent_pb2.DECIDER_UNDETERMINED
    assert decode_token(found.receipt.consistency_token) == index.store.state.position


async def test_each_comes_back_as_fhir_too_about_the_person_as_the_caller_named_it(index: Running) -> None:
    """Never with what the index keeps in place of the pseudonym."""
    async with index.stub() as stub:
        await stub.Record(consent(subject=wire_subject("anna", 1, 2)), timeout=30)
        [found] = (await stub.ListOwn(own("anna", 2, 1), timeout=30)).consents
    fhir = orjson.loads(found.fhir_consent)
    assert list(violations(fhir, CONSENT_STATEMENT, "Consent")) == []
    assert fhir["patient"]["identifier"]["value"] == f"2:{wire_subject('anna', 2)[0].value.hex()}"
    assert fhir["status"] == "active"


async def test_nothing_of_what_others_recorded_comes_back(index: Running) -> None:
    async with index.store.transaction() as tx:
        await tx.facts.save(message(said(partner=OIN_GGZ)))
    async with index.stub() as stub:
        assert list((await stub.ListOwn(own(), timeout=30)).consents) == []


async def test_every_field_that_breaks_its_rule_is_named_by_its_path_and_none_is_repeated(
    index: Running,
) -> None:
    broken = consent_pb2.ConsentServiceRecordRequest(
        message_id=PLANTED,
        reference="999993653",
        subject=[common_pb2.SubjectPseudonym(value=b"short", epoch=1)],
        scope=scope(
            holder_kinds=["ggz", PLANTED],
            asking_kinds=[],
            purposes=[PLANTED],
            holder_oins=["999993653"],
            asking_oins=[OIN_POLITIE, PLANTED],
            since="2026-02-30",
            until=PLANTED,
        ),
        professional=common_pb2.Professional(id=PLANTED, role=PLANTED, mandate=PLANTED),
    )
    async with index.stub() as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Record(broken, timeout=30)
    assert told(caught.value) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_INPUT",
        {
            *("message_id", "reference", "subject[0].value", "decided_by", "scope.holder_kinds[1]"),
            *("scope.asking_kinds", "scope.purposes[0]", "scope.holder_oins[0]", "scope.asking_oins[1]"),
            *("scope.since", "scope.until", "professional.id", "professional.role", "professional.mandate"),
        },
    )
    assert await versions(index.store) == 0


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"message_id": call_id("x").upper()}, "message_id"),
        ({"reference": ""}, "reference"),
        ({"reference": "x" * 65}, "reference"),
        ({"reference": "06-12345678"}, "reference"),
        ({"subject": []}, "subject"),
        ({"subject": wire_subject("anna", 9)}, "subject"),
        ({"decided_by": 99}, "decided_by"),
        ({"scope": scope(until="2026-01-14")}, "scope.until"),
        ({"scope": scope(since="")}, "scope.since"),
        ({"scope": scope(since="2026-1-15")}, "scope.since"),
        ({"scope": scope(since="20260115")}, "scope.since"),
        ({"scope": scope(since="2026-03-03")}, "scope.since"),
        ({"scope": scope(holder_kinds=[f"k{number}" for number in range(41)])}, "scope.holder_kinds"),
        ({"scope": scope(asking_oins=[f"{number:020}" for number in range(41)])}, "scope.asking_oins"),
        ({"scope": scope(asking_kinds=["kapper"])}, "scope.asking_kinds"),
        ({"decided_by": consent_pb2.DECIDER_AUTHORITY_HOLDERS}, "scope.until"),
    ],
    ids=[
        *("upper-case-id", "no-reference", "long-reference", "telephone-number", "nobody", "ended-epoch"),
        *("unknown-decider", "reversed", "no-start", "short-month", "no-dashes", "tomorrow"),
        *("too-many-kinds", "too-many-organisations", "unknown-kind", "child-without-end"),
    ],
)
async def test_one_wrong_field_is_named_alone(index: Running, changes: dict[str, Any], path: str) -> None:
    async with index.stub() as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Record(consent(**changes), timeout=30)
    assert told(caught.value) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_INPUT", {path})
    assert await versions(index.store) == 0


async def test_an_empty_call_names_what_is_missing(index: Running) -> None:
    async with index.stub() as stub:
        for method, missing in (("Withdraw", {"message_id", "reference"}), ("ListOwn", {"subject"})):
            empty = getattr(consent_pb2, f"ConsentService{method}Request")()
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await getattr(stub, method)(empty, timeout=30)
            code, _, paths = told(caught.value)
            assert code is grpc.StatusCode.INVALID_ARGUMENT
            assert paths == missing | {"professional.id", "professional.role", "professional.mandate"}


async def test_a_reference_without_a_statement_of_the_callers_own_is_not_found(index: Running) -> None:
    async with index.store.transaction() as tx:
        await tx.facts.save(message(said(partner=OIN_GGZ)))
    async with index.stub() as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Withdraw(withdrawal(), timeout=30)
    assert told(caught.value) == (grpc.StatusCode.NOT_FOUND, "UNKNOWN_REFERENCE", set())


async def test_a_kind_that_may_not_record_consent_is_told_so(index: Running) -> None:
    async with index.stub(OIN_POLITIE) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Record(consent(), timeout=30)
    assert told(caught.value)[:2] == (grpc.StatusCode.PERMISSION_DENIED, "MAY_NOT_RECORD_CONSENT")


@pytest.mark.parametrize("method", ["Record", "Object", "Withdraw", "ListOwn"])
async def test_who_is_no_partner_is_told_so_and_nothing_of_the_rules(index: Running, method: str) -> None:
    async with index.stub(OIN_STRANGER) as stub:
        empty = getattr(consent_pb2, f"ConsentService{method}Request")()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await getattr(stub, method)(empty, timeout=30)
    assert told(caught.value) == (grpc.StatusCode.UNAUTHENTICATED, "UNKNOWN_PARTNER", set())


async def test_the_same_call_again_has_the_same_receipt(index: Running) -> None:
    async with index.stub() as stub:
        first = await stub.Record(consent(), timeout=30)
        again = await stub.Record(consent(), timeout=30)
    assert again.receipt.record_id == first.receipt.record_id
    assert await versions(index.store) == 1


def test_a_fact_of_these_tests_is_a_consent() -> None:
    """Guards the examples above."""
    assert isinstance(said(), ConsentFact)
