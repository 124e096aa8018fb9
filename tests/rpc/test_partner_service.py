"""The directory over real connections."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest  # type: ignore[import-untyped]
from grpc_status import rpc_status

from gateway.domain import Oin, Partner, PartnerKind
from tests.support.facts import OIN_POLITIE, OIN_VT
from tests.support.serving import GGZ, OIN_STRANGER, VEILIG_THUIS, Serving
from verwijsindex.v1 import partner_pb2, partner_pb2_grpc


async def listed(index: Serving, *, oin: Oin = OIN_VT, **request: Any) -> partner_pb2.ListPartnersResponse:
    async with index.channel(oin) as channel:
        stub = partner_pb2_grpc.PartnerServiceStub(channel)
        return await stub.ListPartners(partner_pb2.ListPartnersRequest(**request), timeout=30)


async def refused_at(index: Serving, **request: Any) -> list[str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await listed(index, **request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    status = rpc_status.from_call(caught.value)  # type: ignore[arg-type]
    assert status is not None
    found = BadRequest()
    assert any(detail.Unpack(found) for detail in status.details)
    return [violation.field for violation in found.field_violations]


def add_partners(index: Serving, number: int) -> None:
    for each in range(number):
        oin = Oin(f"0000009920000000{each:04d}")
        index.store.state.partners[oin] = Partner(
            oin=oin, kind=PartnerKind("huisarts"), name=f"Huisarts {each % 3} (synthetic)"
        )


async def test_partners_that_are_switched_on_are_listed_by_kind_name_and_oin(index: Serving) -> None:
    answer = await listed(index)
    assert [partner.oin for partner in answer.partners] == [GGZ.oin, VEILIG_THUIS.oin]
    assert answer.next_page_token == ""


async def test_a_kind_is_named_in_words_from_the_convenant(index: Serving) -> None:
    answer = await listed(index, kind="ggz")
    [partner] = answer.partners
    assert (partner.kind, partner.kind_name) == ("ggz", "Geestelijke gezondheidszorg")


async def test_a_kind_that_left_the_convenant_is_named_by_its_code(index: Serving) -> None:
    add_partners(index, 1)
    answer = await listed(index, kind="huisarts")
    assert answer.partners[0].kind_name == "huisarts"


async def test_without_a_convenant_in_force_partners_are_listed_and_kinds_named_by_their_codes(
    index: Serving,
) -> None:
    index.store.state = replace(index.store.state, acts=(), agreed=2)
    answer = await listed(index)
    assert [(partner.oin, partner.kind_name) for partner in answer.partners] == [
        (GGZ.oin, "ggz"),
        (VEILIG_THUIS.oin, "veilig_thuis"),
    ]


async def test_a_desk_that_stands_behind_a_neutral_one_is_not_listed(index: Serving) -> None:
    answer = await listed(index, kind="veilig_thuis")
    [partner] = answer.partners
    assert [desk.code for desk in partner.desks] == ["frontoffice"]
    assert list(partner.core_tasks) == ["Advies- en meldpunt"]


async def test_pages_together_are_the_whole_directory_without_repetition(index: Serving) -> None:
    add_partners(index, 20)
    found: list[str] = []
    token = ""
    while True:
        page = await listed(index, page_size=3, page_token=token)
        assert len(page.partners) <= 3
        found.extend(partner.oin for partner in page.partners)
        token = page.next_page_token
        if not token:
            break
    whole = [partner.oin for partner in (await listed(index)).partners]
    assert found == whole
    assert len(found) == len(set(found)) == 22


async def test_the_next_page_is_right_when_the_last_partner_seen_is_switched_off(index: Serving) -> None:
    first = await listed(index, page_size=1)
    del index.store.state.partners[GGZ.oin]
    second = await listed(index, page_size=1, page_token=first.next_page_token)
    assert [partner.oin for partner in second.partners] == [VEILIG_THUIS.oin]


async def test_without_a_page_size_a_page_has_a_hundred_partners(index: Serving) -> None:
    add_partners(index, 150)
    page = await listed(index)
    assert len(page.partners) == 100
    assert page.next_page_token


@pytest.mark.parametrize("size", [-1, 501])
async def test_a_page_size_outside_its_bounds_is_refused(index: Serving, size: int) -> None:
    assert await refused_at(index, page_size=size) == ["page_size"]


@pytest.mark.parametrize(
    "token",
    [
        "not base64!",
        "é",
        base64.urlsafe_b64encode(b"not json").decode(),
        base64.urlsafe_b64encode(b'["ggz"]').decode(),
        base64.urlsafe_b64encode(b'["ggz", 1, "x"]').decode(),
        "A" * 5000,
    ],
)
async def test_a_token_that_no_page_gave_is_refused(index: Serving, token: str) -> None:
    assert await refused_at(index, page_token=token) == ["page_token"]


async def test_a_kind_that_is_no_code_is_refused(index: Serving) -> None:
    assert await refused_at(index, kind="GGZ & co") == ["kind"]


async def test_strangers_and_switched_off_partners_get_no_directory(index: Serving) -> None:
    for oin, code in (
        (OIN_STRANGER, grpc.StatusCode.UNAUTHENTICATED),
        (OIN_POLITIE, grpc.StatusCode.PERMISSION_DENIED),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await listed(index, oin=oin, page_size=-1)
        assert caught.value.code() is code
