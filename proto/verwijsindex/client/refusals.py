"""Record at the index that something is not shared, on what ground, and when that is looked at again.

    await index.refusals.record(
        "BESLUIT-12", subject, ground="safety", review_on=date(2027, 1, 15), professional=asker
    )

Only the privacy officers of the index see it; it changes no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import grpc

from verwijsindex.client.errors import error_of_call
from verwijsindex.client.model import Professional, Receipt, RecordedRefusal, SubjectPseudonym
from verwijsindex.client.wire import read_receipt, write_professional, write_subject
from verwijsindex.v1 import refusal_pb2, refusal_pb2_grpc

DEADLINE_SECONDS = 5.0
"""The contract's advice."""


class RefusalCalls:
    """The refusals of the partner that is connected. Every call is safe to repeat."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = refusal_pb2_grpc.RefusalServiceStub(channel)

    async def record(
        self,
        reference: str,
        subject: Sequence[SubjectPseudonym],
        *,
        ground: str,
        review_on: date,
        professional: Professional,
        timeout_seconds: float = DEADLINE_SECONDS,
    ) -> Receipt:
        """Record a refusal, or replace the one under the same reference.

        `ground` is a code of the convenant; `review_on` is from tomorrow to two years ahead.

        Raises:
            LookupRefused: the index will not record this; the subclass says why.
            IndexUnavailable: no answer within `timeout_seconds`, retries included.

        """
        request = refusal_pb2.RefusalServiceRecordRequest(
            reference=reference,
            subject=write_subject(subject),
            ground=ground,
            review_on=review_on.isoformat(),
            professional=write_professional(professional),
        )
        try:
            return read_receipt((await self._stub.Record(request, timeout=timeout_seconds)).receipt)
        except grpc.aio.AioRpcError as error:
            raise error_of_call(error) from None

    async def close(
        self, reference: str, *, professional: Professional, timeout_seconds: float = DEADLINE_SECONDS
    ) -> Receipt:
        """Say that a refusal no longer stands; one that is closed stays as it is.

        Raises:
            UnknownReference: this partner recorded nothing under the reference.
            LookupRefused: as for `record`.
            IndexUnavailable: as for `record`.

        """
        request = refusal_pb2.RefusalServiceCloseRequest(
            reference=reference, professional=write_professional(professional)
        )
        try:
            return read_receipt((await self._stub.Close(request, timeout=timeout_seconds)).receipt)
        except grpc.aio.AioRpcError as error:
            raise error_of_call(error) from None

    async def own(
        self, *, professional: Professional, timeout_seconds: float = DEADLINE_SECONDS
    ) -> list[RecordedRefusal]:
        """Return this partner's refusals that stand, by review date and reference.

        Raises:
            LookupRefused: as for `record`.
            IndexUnavailable: as for `record`.

        """
        request = refusal_pb2.RefusalServiceListOwnRequest(professional=write_professional(professional))
        try:
            response = await self._stub.ListOwn(request, timeout=timeout_seconds)
        except grpc.aio.AioRpcError as error:
            raise error_of_call(error) from None
        return [
            RecordedRefusal(
                reference=each.reference, ground=each.ground, review_on=date.fromisoformat(each.review_on)
            )
            for each in response.refusals
        ]
