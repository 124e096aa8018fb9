"""The pseudonym service's own counters, asked with the index's certificate (PseudonymService.GetUsage)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import grpc

from gateway.clock import now
from gateway.domain import parse_oin
from gateway.errors import InvalidInput, PseudonymsUnavailable
from gateway.identities.channels import secure_channel
from gateway.moments import write_moment
from gateway.pseudonyms.failures import failure_of
from gateway.settings import AddressSettings, TlsSettings
from gateway.watching.model import Evaluated
from gateway.watching.ports import UsageSource
from verwijsindex.v1 import pseudonym_pb2, pseudonym_pb2_grpc

DEADLINE_SECONDS = 15.0


class ServiceUsage(UsageSource):
    """Asks one pseudonym service."""

    def __init__(self, channel: grpc.aio.Channel, *, address: str) -> None:
        self._stub = pseudonym_pb2_grpc.PseudonymServiceStub(channel)
        self._address = address

    async def since(self, hour: datetime) -> Sequence[Evaluated]:
        """Return what was evaluated from that hour on."""
        request = pseudonym_pb2.GetUsageRequest(since=write_moment(hour))
        try:
            answer = await self._stub.GetUsage(request, timeout=DEADLINE_SECONDS)
        except grpc.aio.AioRpcError as call:
            raise failure_of(call, address=self._address).error from None
        try:
            return [_read(row) for row in answer.rows]
        except InvalidInput:
            raise PseudonymsUnavailable(
                f"what answers at {self._address} counts for something that is no organisation"
            ) from None


@asynccontextmanager
async def open_usage(settings: AddressSettings, tls: TlsSettings) -> AsyncIterator[ServiceUsage]:
    """Open the connection and close it at the end; it is made by the first question.

    Raises:
        ConfigurationError: the index's certificate, key or CA cannot be used.

    """
    channel = secure_channel(settings.address, tls, server_name=settings.server_name, now=now())
    async with channel:
        yield ServiceUsage(channel, address=settings.address)


def _read(row: pseudonym_pb2.PartnerUsage) -> Evaluated:
    return Evaluated(partner=parse_oin(row.partner_oin), epoch=row.epoch, count=row.evaluations)
