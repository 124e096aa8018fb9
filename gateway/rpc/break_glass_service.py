"""`verwijsindex.v1.BreakGlassService`: a professional declares an emergency."""

from __future__ import annotations

from typing import Any

import grpc

from gateway.breakglass.declaring import BreakGlass, Declared, DeclareRequest
from gateway.breakglass.explanation import parse_explanation
from gateway.domain import Oin, parse_code
from gateway.index.door import Door
from gateway.index.ports import IndexStore
from gateway.moments import write_moment
from gateway.rpc.answers import write_receipt
from gateway.rpc.caller import caller_of, read_for
from gateway.rpc.fields import Fields, parse_own_case, parse_professional, parse_subject
from verwijsindex.v1 import break_glass_pb2, break_glass_pb2_grpc

_Context = grpc.aio.ServicerContext[Any, Any]


class BreakGlassService(break_glass_pb2_grpc.BreakGlassServiceServicer):
    """Takes declarations. Errors leave as exceptions; the boundary turns them into statuses."""

    def __init__(self, room: BreakGlass, store: IndexStore, door: Door) -> None:
        self._room = room
        self._store = store
        self._door = door

    async def Declare(  # noqa: N802 - the name of the method in the contract
        self, request: break_glass_pb2.BreakGlassServiceDeclareRequest, context: _Context
    ) -> break_glass_pb2.BreakGlassServiceDeclareResponse:
        """Make one declaration."""
        caller = caller_of(context)
        asked = await read_for(
            self._store, caller, lambda: read_declaration(request, caller=caller, door=self._door)
        )
        return _write(await self._room.declare(asked))


def read_declaration(
    request: break_glass_pb2.BreakGlassServiceDeclareRequest, *, caller: Oin, door: Door
) -> DeclareRequest:
    """Return what `caller` declares; its person is sealed.

    Raises:
        InvalidInput: one violation for every field that breaks its rule; never a value.

    """
    fields = Fields()
    subject = fields.read(lambda: door.admit(parse_subject(request.subject)))
    purpose = fields.read(lambda: parse_code(request.purpose, path="purpose"))
    professional = fields.read(lambda: parse_professional(request.professional))
    own_case = fields.read(lambda: parse_own_case(request.own_case))
    ground = fields.read(lambda: parse_code(request.ground, path="ground"))
    explanation = fields.read(lambda: parse_explanation(request.explanation))
    fields.refuse_broken()
    assert subject is not None and purpose is not None and professional is not None  # noqa: S101, PT018
    assert ground is not None and explanation is not None  # noqa: S101, PT018
    return DeclareRequest(
        caller=caller,
        subject=subject,
        purpose=purpose,
        professional=professional,
        own_case=bool(own_case),
        ground=ground,
        explanation=explanation,
    )


def _write(declared: Declared) -> break_glass_pb2.BreakGlassServiceDeclareResponse:
    return break_glass_pb2.BreakGlassServiceDeclareResponse(
        declaration_id=declared.declaration.id,
        expires_at=write_moment(declared.declaration.expires_at),
        review_due=write_moment(declared.declaration.review_due),
        receipt=write_receipt(declared),
    )
