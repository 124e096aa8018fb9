"""`verwijsindex.v1.RefusalService`: a partner records what it decided not to share."""

from __future__ import annotations

from typing import Any

import grpc

from gateway.domain import Oin, Reference, parse_code
from gateway.index.door import Door
from gateway.index.ports import IndexStore
from gateway.refusals.model import Acting, ToRecord
from gateway.refusals.service import RefusalRoom
from gateway.rpc.answers import write_receipt
from gateway.rpc.caller import caller_of, read_for
from gateway.rpc.fields import Fields, parse_day, parse_own_reference, parse_professional, parse_subject
from verwijsindex.v1 import common_pb2, refusal_pb2, refusal_pb2_grpc

_Context = grpc.aio.ServicerContext[Any, Any]


class RefusalService(refusal_pb2_grpc.RefusalServiceServicer):
    """Takes recorded refusals. Errors leave as exceptions; the boundary turns them into statuses."""

    def __init__(self, room: RefusalRoom, store: IndexStore, door: Door) -> None:
        self._room = room
        self._store = store
        self._door = door

    async def Record(  # noqa: N802 - the name of the method in the contract
        self, request: refusal_pb2.RefusalServiceRecordRequest, context: _Context
    ) -> refusal_pb2.RefusalServiceRecordResponse:
        """Record a refusal."""
        caller = caller_of(context)
        acting, refusal = await read_for(
            self._store, caller, lambda: read_refusal(request, caller=caller, door=self._door)
        )
        done = await self._room.record(acting, refusal)
        return refusal_pb2.RefusalServiceRecordResponse(receipt=write_receipt(done))

    async def Close(  # noqa: N802
        self, request: refusal_pb2.RefusalServiceCloseRequest, context: _Context
    ) -> refusal_pb2.RefusalServiceCloseResponse:
        """Close a refusal."""
        caller = caller_of(context)
        acting, reference = await read_for(self._store, caller, lambda: read_closing(request, caller=caller))
        done = await self._room.close(acting, reference)
        return refusal_pb2.RefusalServiceCloseResponse(receipt=write_receipt(done))

    async def ListOwn(  # noqa: N802
        self, request: refusal_pb2.RefusalServiceListOwnRequest, context: _Context
    ) -> refusal_pb2.RefusalServiceListOwnResponse:
        """List the caller's own refusals that stand."""
        caller = caller_of(context)
        acting = await read_for(self._store, caller, lambda: read_acting(request.professional, caller=caller))
        own = await self._room.list_own(acting)
        return refusal_pb2.RefusalServiceListOwnResponse(
            refusals=[
                refusal_pb2.RecordedRefusal(
                    reference=each.reference, ground=each.ground, review_on=each.review_on.isoformat()
                )
                for each in own.refusals
            ],
            receipt=write_receipt(own.on_record),
        )


def read_refusal(
    request: refusal_pb2.RefusalServiceRecordRequest, *, caller: Oin, door: Door
) -> tuple[Acting, ToRecord]:
    """Return who records which refusal; its person is sealed.

    Raises:
        InvalidInput: one violation for every field that breaks its rule; never a value.

    """
    fields = Fields()
    reference = fields.read(lambda: parse_own_reference(request.reference))
    subject = fields.read(lambda: door.admit(parse_subject(request.subject)))
    ground = fields.read(lambda: parse_code(request.ground, path="ground"))
    review_on = fields.read(lambda: parse_day(request.review_on, "review_on"))
    professional = fields.read(lambda: parse_professional(request.professional))
    fields.refuse_broken()
    assert reference is not None and subject is not None and ground is not None  # noqa: S101, PT018
    assert review_on is not None and professional is not None  # noqa: S101, PT018
    refusal = ToRecord(reference=reference, subject=subject, ground=ground, review_on=review_on)
    return Acting(caller=caller, professional=professional), refusal


def read_closing(request: refusal_pb2.RefusalServiceCloseRequest, *, caller: Oin) -> tuple[Acting, Reference]:
    """Return who closes the refusal under which reference; InvalidInput as for `read_refusal`."""
    fields = Fields()
    reference = fields.read(lambda: parse_own_reference(request.reference))
    acting = fields.read(lambda: read_acting(request.professional, caller=caller))
    fields.refuse_broken()
    assert reference is not None and acting is not None  # noqa: S101, PT018
    return acting, reference


def read_acting(professional: common_pb2.Professional, *, caller: Oin) -> Acting:
    """Return who acts; InvalidInput as for `read_refusal`."""
    return Acting(caller=caller, professional=parse_professional(professional))
