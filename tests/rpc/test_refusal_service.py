"""Refusals over gRPC: what a request must be, what it becomes, and what a stranger is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest  # type: ignore[import-untyped]
from grpc_status import rpc_status

from gateway.agreement.reading import AgreementReader
from gateway.domain import Reference
from gateway.refusals.service import RefusalRoom
from gateway.rpc.refusal_service import RefusalService
from gateway.rpc.serving import Service, TlsServer
from gateway.settings import ListenSettings
from tests.lookup.support import PARTNERS
from tests.refusals.support import CONVENANT, GROUND, bounds
from tests.support.facts import wire_subject
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import DOOR, OIN_GGZ, OIN_VT, person
from tests.support.serving import OIN_INDEX, OIN_STRANGER, Identities
from verwijsindex.v1 import common_pb2, refusal_pb2, refusal_pb2_grpc

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ASKER = common_pb2.Professional(id="medewerker-1", role="behandelaar", mandate="eigen-taak")
WRONG = common_pb2.Professional(id="Anna Jansen", role="Behandelaar", mandate="")


class Site:
    """A server of the service alone, over the real room and a store in memory."""

    def __init__(self, identities: Identities) -> None:
        self.identities = identities
        self.store = FakeIndexStore(*PARTNERS)
        self.store.agree(CONVENANT)
        self.room = RefusalRoom(
            store=self.store, agreement=AgreementReader(), clock=lambda: NOW, bounds=bounds()
        )
        self.port = 0

    def server(self) -> TlsServer:
        service = RefusalService(self.room, self.store, DOOR)
        return TlsServer(
            (
                Service.of(
                    refusal_pb2.DESCRIPTOR,
                    "RefusalService",
                    lambda server: refusal_pb2_grpc.add_RefusalServiceServicer_to_server(service, server),
                ),
            ),
            checked=self.store,
            tls=self.identities.tls(OIN_INDEX, server=True),
            listen=ListenSettings(port=0),
            largest_request_bytes=16 * 1024,
        )

    async def call(self, method: str, request: Any, *, oin: Any = OIN_VT) -> Any:
        credentials = self.identities.credentials(oin)
        async with grpc.aio.secure_channel(f"127.0.0.1:{self.port}", credentials) as channel:
            return await getattr(refusal_pb2_grpc.RefusalServiceStub(channel), method)(request, timeout=30)

    async def broken(self, method: str, request: Any) -> list[str]:
        """Return the fields that the service calls broken."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.call(method, request)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        status = rpc_status.from_call(caught.value)  # type: ignore[arg-type]
        found = BadRequest()
        assert status is not None
        assert status.details[1].Unpack(found)
        return [each.field for each in found.field_violations]


@pytest.fixture
async def site(identities: Identities) -> AsyncIterator[Site]:
    site = Site(identities)
    server = site.server()
    site.port = await server.start()
    yield site
    await server.stop()


def to_record(**changes: Any) -> refusal_pb2.RefusalServiceRecordRequest:
    values: dict[str, Any] = {
        "reference": "BESLUIT-1",
        "subject": wire_subject("anna"),
        "ground": GROUND,
        "review_on": "2026-09-01",
        "professional": ASKER,
    }
    return refusal_pb2.RefusalServiceRecordRequest(**values | changes)


def to_close(
    reference: str = "BESLUIT-1", professional: common_pb2.Professional = ASKER
) -> refusal_pb2.RefusalServiceCloseRequest:
    return refusal_pb2.RefusalServiceCloseRequest(reference=reference, professional=professional)


TO_LIST = refusal_pb2.RefusalServiceListOwnRequest(professional=ASKER)


async def test_a_refusal_is_recorded_listed_and_closed(site: Site) -> None:
    recorded = await site.call("Record", to_record())
    assert (len(recorded.receipt.record_id), len(recorded.receipt.consistency_token)) == (36, 16)
    assert site.store.state.refusals[OIN_VT, Reference("BESLUIT-1")].subject == person("anna")
    listed = await site.call("ListOwn", TO_LIST)
    [own] = listed.refusals
    assert (own.reference, own.ground, own.review_on) == ("BESLUIT-1", GROUND, "2026-09-01")
    assert (await site.call("ListOwn", TO_LIST, oin=OIN_GGZ)).refusals == []
    closed = await site.call("Close", to_close())
    assert len({each.receipt.record_id for each in (recorded, listed, closed)}) == 3
    assert (await site.call("ListOwn", TO_LIST)).refusals == []


async def test_a_reference_of_nobody_is_not_found(site: Site) -> None:
    await site.call("Record", to_record(), oin=OIN_GGZ)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await site.call("Close", to_close())
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_ground_of_no_convenant_is_denied(site: Site) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await site.call("Record", to_record(ground="because"))
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"reference": ""}, ["reference"]),
        ({"reference": "999993653"}, ["reference"]),
        ({"reference": "a" * 65}, ["reference"]),
        ({"reference": "Anna Jansen"}, ["reference"]),
        ({"subject": []}, ["subject"]),
        ({"subject": [common_pb2.SubjectPseudonym(value=b"x", epoch=1)]}, ["subject[0].value"]),
        ({"ground": "Veiligheid!"}, ["ground"]),
        ({"review_on": ""}, ["review_on"]),
        ({"review_on": "2026-02-30"}, ["review_on"]),
        ({"review_on": "20260901"}, ["review_on"]),
        ({"review_on": "2026-W10-1"}, ["review_on"]),
        ({"review_on": "2026-03-02"}, ["review_on"]),
        ({"review_on": "2028-03-03"}, ["review_on"]),
        ({"professional": WRONG}, [f"professional.{name}" for name in ("id", "role", "mandate")]),
        ({"reference": "", "ground": "", "review_on": ""}, ["reference", "ground", "review_on"]),
    ],
    ids=str,
)
async def test_every_broken_field_of_a_refusal_is_named(
    site: Site, changes: dict[str, Any], fields: list[str]
) -> None:
    assert await site.broken("Record", to_record(**changes)) == fields
    assert (site.store.state.refusals, site.store.state.audit) == ({}, ())


async def test_every_broken_field_of_the_other_calls_is_named(site: Site) -> None:
    closing = to_close(reference="", professional=WRONG)
    assert await site.broken("Close", closing) == [
        "reference",
        *(f"professional.{name}" for name in ("id", "role", "mandate")),
    ]
    listing = refusal_pb2.RefusalServiceListOwnRequest()
    assert await site.broken("ListOwn", listing) == [f"professional.{n}" for n in ("id", "role", "mandate")]


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("Record", refusal_pb2.RefusalServiceRecordRequest()),
        ("Close", refusal_pb2.RefusalServiceCloseRequest()),
        ("ListOwn", refusal_pb2.RefusalServiceListOwnRequest()),
        ("Record", to_record()),
        ("Close", to_close()),
        ("ListOwn", TO_LIST),
    ],
    ids=["record", "close", "list", "record readable", "close readable", "list readable"],
)
async def test_a_stranger_is_told_so_and_nothing_of_the_rules(site: Site, method: str, request_: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await site.call(method, request_, oin=OIN_STRANGER)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_repeated_call_is_harmless(site: Site) -> None:
    for _ in range(2):
        await site.call("Record", to_record())
    for _ in range(2):
        await site.call("Close", to_close())
    [refusal] = site.store.state.refusals.values()
    assert refusal.closed_at == NOW
