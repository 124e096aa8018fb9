"""A `LookupRequest` from the wire, checked field by field, as the question the lookup room takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from gateway.domain import MOST_EPOCHS, Oin, Professional, Pseudonym, Subject, parse_code
from gateway.errors import InvalidInput, Violation
from gateway.index.door import Door
from gateway.lookup.answer import LookupRequest
from gateway.rpc.tokens import decode_token
from verwijsindex.v1 import common_pb2, index_pb2

_PROFESSIONAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}", re.ASCII)
"""Covers staff numbers, UZI numbers and account names; no spaces, so that a person's full name does not fit."""

_Value = TypeVar("_Value")


def read_question(request: index_pb2.LookupRequest, *, caller: Oin, door: Door) -> LookupRequest:
    """Return the question in `request`, asked by `caller`; its person is sealed.

    Raises:
        InvalidInput: one violation for every field that breaks its rule; never a value.

    """
    broken: list[Violation] = []

    def checked(read: Callable[[], _Value]) -> _Value | None:
        try:
            return read()
        except InvalidInput as error:
            broken.extend(error.violations)
            return None

    asker = request.professional
    subject = checked(lambda: door.admit(_parse_subject(request.subject)))
    purpose = checked(lambda: parse_code(request.purpose, path="purpose"))
    person = checked(lambda: _parse_professional_id(asker.id))
    role = checked(lambda: parse_code(asker.role, path="professional.role"))
    mandate = checked(lambda: parse_code(asker.mandate, path="professional.mandate"))
    at_least = checked(lambda: decode_token(request.consistency_token))
    if subject is None or purpose is None or person is None or role is None or mandate is None or broken:
        raise InvalidInput(broken)
    professional = Professional(id=person, role=role, mandate=mandate)
    return LookupRequest(
        caller=caller, subject=subject, purpose=purpose, professional=professional, at_least=at_least
    )


def _parse_subject(found: Sequence[common_pb2.SubjectPseudonym]) -> Subject:
    if len(found) > MOST_EPOCHS:
        raise InvalidInput.at("subject", f"must have 1 to {MOST_EPOCHS} pseudonyms, each of another epoch")
    return Subject(
        *(
            Pseudonym(each.value, epoch=each.epoch, path=f"subject[{index}].value")
            for index, each in enumerate(found)
        )
    )


def _parse_professional_id(text: str) -> str:
    if not _PROFESSIONAL_ID.fullmatch(text):
        raise InvalidInput.at(
            "professional.id", "must be 1 to 64 letters, digits or . _ @ : -, starting with a letter or digit"
        )
    return text
