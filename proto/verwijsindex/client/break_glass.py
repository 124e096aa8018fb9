"""Declare an emergency at the index: lookups that name the declaration then show more, for a short time.

    declared = await index.break_glass.declare(
        subject, purpose="crisis", professional=asker, own_case=False, ground="acute-danger", explanation="…"
    )
    answer = await index.lookup(
        subject, purpose="crisis", professional=asker, own_case=False, declaration=declared.id
    )

Privacy officers are told at once, and every declaration is reviewed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import grpc

from verwijsindex.client.errors import error_of_call
from verwijsindex.client.model import Declared, Professional, SubjectPseudonym
from verwijsindex.client.wire import read_receipt, write_own_case, write_professional, write_subject
from verwijsindex.v1 import break_glass_pb2, break_glass_pb2_grpc

DEADLINE_SECONDS = 5.0
"""The contract's advice."""


class BreakGlassCalls:
    """The declarations of the partner that is connected."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = break_glass_pb2_grpc.BreakGlassServiceStub(channel)

    async def declare(
        self,
        subject: Sequence[SubjectPseudonym],
        *,
        purpose: str,
        professional: Professional,
        own_case: bool,
        ground: str,
        explanation: str,
        timeout_seconds: float = DEADLINE_SECONDS,
    ) -> Declared:
        """Declare that an emergency makes it necessary to see more of a person's household.

        `ground` is a code of the convenant. `explanation` is in the professional's own words, 10 to 2,000 characters;
        only the privacy officers who review it get to read it. The call is not repeated by itself: each that arrives
        makes a declaration of its own.

        Raises:
            LookupRefused: the convenant does not let this partner declare this; the subclass says why.
            IndexUnavailable: no answer within `timeout_seconds`; it may have been declared all the same.

        """
        request = break_glass_pb2.BreakGlassServiceDeclareRequest(
            subject=write_subject(subject),
            purpose=purpose,
            professional=write_professional(professional),
            own_case=write_own_case(own_case),
            ground=ground,
            explanation=explanation,
        )
        try:
            response = await self._stub.Declare(request, timeout=timeout_seconds)
        except grpc.aio.AioRpcError as error:
            raise error_of_call(error) from None
        return Declared(
            id=response.declaration_id,
            expires_at=response.expires_at.ToDatetime(tzinfo=UTC),
            review_due=response.review_due.ToDatetime(tzinfo=UTC),
            receipt=read_receipt(response.receipt),
        )
