"""Consent through the client as a partner's developer uses it, against a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import grpc
import orjson
import pytest

from gateway.domain import Oin
from tests.consents.serving import Running, serving_consents
from tests.consents.support import call_id, said, versions
from tests.support.convenants import OIN_WIJKTEAM
from tests.support.facts import pseudonym
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, message
from tests.support.serving import OIN_STRANGER, Identities
from verwijsindex.client import (
    ConsentEffect,
    ConsentScope,
    ConsentStatement,
    Decider,
    IndexDefect,
    InvalidQuestion,
    LookupRefused,
    NotPartner,
    NotPermitted,
    Professional,
    SubjectPseudonym,
    UnknownReference,
)
from verwijsindex.client.consents import ConsentCalls
from verwijsindex.v1 import consent_pb2

WHO = Professional(id="medewerker-1", role="behandelaar", mandate="eigen-taak")
ANNA = [SubjectPseudonym(value=pseudonym("anna").reveal(), epoch=1)]
SCOPE = ConsentScope(
    holder_kinds=("ggz",),
    asking_kinds=("politie",),
    purposes=("coordination-of-care",),
    since=date(2026, 1, 15),
    until=date(2030, 5, 3),
    holder_oins=(OIN_GGZ,),
    asking_oins=(OIN_POLITIE,),
)


def statement(**changes: Any) -> ConsentStatement:
    values: dict[str, Any] = {
        "reference": "c-1",
        "subject": ANNA,
        "decided_by": Decider.AUTHORITY_HOLDERS,
        "scope": SCOPE,
    }
    return ConsentStatement(**values | changes)


@pytest.fixture
async def index(identities: Identities) -> AsyncIterator[Running]:
    async with serving_consents(identities) as running:
        yield running


async def test_what_was_recorded_objected_and_withdrawn_comes_back_as_typed_values(index: Running) -> None:
    async with index.client() as client:
        receipt = await client.consents.record(statement(), professional=WHO)
        await client.consents.object(statement(reference="c-2"), professional=WHO)
        await client.consents.record(
            statement(reference="c-3", decided_by=Decider.UNDETERMINED), professional=WHO
        )
        await client.consents.withdraw("c-1", professional=WHO)
        found = await client.consents.own(ANNA, professional=WHO)
    assert (len(receipt.record_id), len(receipt.consistency_token)) == (36, 16)
    assert [(each.reference, each.effect, each.counts) for each in found.consents] == [
        ("c-1", ConsentEffect.WITHDRAWN, False),
        ("c-2", ConsentEffect.OBJECT, True),
        ("c-3", ConsentEffect.PERMIT, False),
    ]
    assert found.consents[0].scope == SCOPE
    assert [each.decided_by for each in found.consents] == [
        *([Decider.AUTHORITY_HOLDERS] * 2),
        Decider.UNDETERMINED,
    ]
    assert [orjson.loads(each.fhir)["status"] for each in found.consents] == [
        "inactive",
        "active",
        "proposed",
    ]
    assert found.receipt.consistency_token >= receipt.consistency_token


async def test_a_statement_without_an_end_comes_back_without_one(index: Running) -> None:
    scope = ConsentScope(
        holder_kinds=["ggz"],
        asking_kinds=["politie"],
        purposes=["coordination-of-care"],
        since=date(2026, 1, 15),
    )
    async with index.client() as client:
        await client.consents.record(statement(decided_by=Decider.SUBJECT, scope=scope), professional=WHO)
        [found] = (await client.consents.own(ANNA, professional=WHO)).consents
    assert (found.scope.until, found.scope.holder_oins) == (None, ())


async def test_a_call_has_an_id_of_its_own_unless_it_is_told_one(index: Running) -> None:
    async with index.client() as client:
        for _ in range(2):
            await client.consents.record(statement(), professional=WHO)
        assert await versions(index.store) == 2
        receipts = [
            await client.consents.record(statement(), professional=WHO, message_id=call_id("one"))
            for _ in range(2)
        ]
    assert receipts[0].record_id == receipts[1].record_id
    assert await versions(index.store) == 3


@pytest.mark.parametrize(
    ("caller", "reference", "error", "reason"),
    [
        (OIN_STRANGER, "c-1", NotPartner, "UNKNOWN_PARTNER"),
        (OIN_POLITIE, "c-1", NotPermitted, "MAY_NOT_RECORD_CONSENT"),
        (OIN_WIJKTEAM, "999993653", InvalidQuestion, "INVALID_INPUT"),
    ],
    ids=["stranger", "police", "wrong-field"],
)
async def test_a_refusal_comes_as_its_own_error(
    index: Running, caller: Oin, reference: str, error: type[LookupRefused], reason: str
) -> None:
    async with index.client(caller) as client:
        with pytest.raises(error) as caught:
            await client.consents.record(statement(reference=reference), professional=WHO)
    assert caught.value.reason == reason


async def test_a_reference_of_somebody_else_is_unknown(index: Running) -> None:
    async with index.store.transaction() as tx:
        await tx.facts.save(message(said(partner=OIN_GGZ)))
    async with index.client() as client:
        with pytest.raises(UnknownReference) as caught:
            await client.consents.withdraw("c-1", professional=WHO)
    assert caught.value.reason == "UNKNOWN_REFERENCE"


async def test_a_code_of_a_later_contract_is_no_guess() -> None:
    """To take an objection of a new form for something else could show what must not be shown."""
    answer = consent_pb2.ConsentServiceListOwnResponse()
    answer.consents.add(reference="c-1").effect = 99  # type: ignore[assignment]
    async with answering(answer) as calls:
        with pytest.raises(IndexDefect):
            await calls.own(ANNA, professional=WHO)


@asynccontextmanager
async def answering(answer: consent_pb2.ConsentServiceListOwnResponse) -> AsyncIterator[ConsentCalls]:
    """Run a server without TLS that gives one answer to every list."""

    async def respond(_request: bytes, _context: object) -> bytes:
        return answer.SerializeToString()

    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(respond)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("verwijsindex.v1.ConsentService", {"ListOwn": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield ConsentCalls(channel)
    finally:
        await server.stop(None)
