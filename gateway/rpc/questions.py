"""A `LookupRequest` from the wire, checked field by field, as the question the lookup room takes."""

from __future__ import annotations

from gateway.domain import Oin, is_uuid, parse_code
from gateway.errors import InvalidInput
from gateway.index.door import Door
from gateway.index.tokens import decode_token
from gateway.lookup.answer import LookupRequest
from gateway.rpc.fields import Fields, parse_own_case, parse_professional, parse_subject
from verwijsindex.v1 import index_pb2

USUAL_PATIENCE_SECONDS = 5.0
"""How long a caller without a deadline waits for the index to become fresh enough: the contract's advice."""
LONGEST_PATIENCE_SECONDS = 30.0
ANSWERING_SECONDS = 0.25
"""What is kept of a deadline for saying in time that the index did not become fresh enough."""


def patience(left: float | None) -> float:
    """Return how long a question may wait for freshness; `left` is what its call has of its deadline, None for none."""
    if left is None:
        return USUAL_PATIENCE_SECONDS
    return min(max(left - ANSWERING_SECONDS, 0.0), LONGEST_PATIENCE_SECONDS)


def read_question(
    request: index_pb2.LookupRequest, *, caller: Oin, door: Door, left: float | None
) -> LookupRequest:
    """Return the question in `request`, asked by `caller`; its person is sealed.

    `left` are the seconds that its call has of its deadline, None for none.

    Raises:
        InvalidInput: one violation for every field that breaks its rule; never a value.

    """
    fields = Fields()
    subject = fields.read(lambda: door.admit(parse_subject(request.subject)))
    purpose = fields.read(lambda: parse_code(request.purpose, path="purpose"))
    professional = fields.read(lambda: parse_professional(request.professional))
    at_least = fields.read(lambda: decode_token(request.consistency_token))
    own_case = fields.read(lambda: parse_own_case(request.own_case))
    declaration = fields.read(lambda: _parse_declaration(request.declaration_id))
    fields.refuse_broken()
    assert subject is not None and purpose is not None and professional is not None  # noqa: S101, PT018
    return LookupRequest(
        caller=caller,
        subject=subject,
        purpose=purpose,
        professional=professional,
        at_least=at_least,
        own_case=bool(own_case),
        declaration=declaration or "",
        patience_seconds=patience(left),
    )


def _parse_declaration(text: str) -> str:
    if text and not is_uuid(text):
        raise InvalidInput.at("declaration_id", "must be empty or the id of a declaration")
    return text
