"""The pseudonym service's counters over a real connection: asked as the index, and as nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import grpc
import pytest

from gateway.domain import Oin
from gateway.errors import NotPermitted, PseudonymsUnavailable
from gateway.settings import AddressSettings
from gateway.watching.model import Evaluated
from gateway.watching.usage import ServiceUsage, open_usage
from tests.support.facts import NOON, OIN_GGZ, OIN_VT
from tests.support.serving import OIN_INDEX, Identities
from tests.watching.conftest import Custodian
from verwijsindex.v1 import pseudonym_pb2 as pb


async def since_yesterday(custodian: Custodian, *, caller: Oin = OIN_INDEX) -> list[Evaluated]:
    tls = custodian.identities.tls(caller)
    async with open_usage(custodian.address, tls) as usage:
        return list(await usage.since(NOON - timedelta(hours=23)))


async def test_the_index_is_told_what_every_partner_had_evaluated(custodian: Custodian) -> None:
    await custodian.count(OIN_VT, 3000)
    await custodian.count(OIN_VT, 2000)
    await custodian.count(OIN_VT, 10, epoch=2)
    await custodian.count(OIN_GGZ, 1)
    assert await since_yesterday(custodian) == [
        Evaluated(partner=OIN_VT, epoch=1, count=5000),
        Evaluated(partner=OIN_VT, epoch=2, count=10),
        Evaluated(partner=OIN_GGZ, epoch=1, count=1),
    ]


async def test_a_partner_is_told_nothing(custodian: Custodian) -> None:
    with pytest.raises(NotPermitted):
        await since_yesterday(custodian, caller=OIN_VT)


async def test_a_service_that_is_away_is_unavailable(identities: Identities) -> None:
    async with open_usage(AddressSettings(address="127.0.0.1:1"), identities.tls(OIN_INDEX)) as usage:
        with pytest.raises(PseudonymsUnavailable, match=r"127\.0\.0\.1:1"):
            await usage.since(NOON)


async def test_counters_of_something_that_is_no_organisation_are_not_taken() -> None:
    """The value stays out of the error."""

    async def get_usage(_request: pb.GetUsageRequest, _context: object) -> pb.GetUsageResponse:
        return pb.GetUsageResponse(rows=[pb.PartnerUsage(partner_oin="PLANTED", evaluations=1)])

    handler: Any = grpc.unary_unary_rpc_method_handler(
        get_usage,
        request_deserializer=pb.GetUsageRequest.FromString,
        response_serializer=pb.GetUsageResponse.SerializeToString,
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("verwijsindex.v1.PseudonymService", {"GetUsage": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(PseudonymsUnavailable) as caught:
                await ServiceUsage(channel, address="there").since(NOON)
    finally:
        await server.stop(None)
    assert "PLANTED" not in str(caught.value)
