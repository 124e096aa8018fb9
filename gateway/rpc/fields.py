"""Fields that requests share, read one by one: a caller hears of every field that breaks its rule, never a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from gateway.domain import (
    MOST_EPOCHS,
    Professional,
    Pseudonym,
    Reference,
    Subject,
    parse_code,
    parse_reference,
)
from gateway.errors import InvalidInput, Violation
from verwijsindex.v1 import common_pb2

_PROFESSIONAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}", re.ASCII)
"""Covers staff numbers, UZI numbers and account names; no spaces, so that a person's full name does not fit."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LETTER = re.compile(r"[A-Za-z]")

_Value = TypeVar("_Value")


class Fields:
    """Collects what is wrong with the fields of one request."""

    def __init__(self) -> None:
        self._broken: list[Violation] = []

    def read(self, parse: Callable[[], _Value]) -> _Value | None:
        """Return what `parse` returns, or None where it raises InvalidInput."""
        try:
            return parse()
        except InvalidInput as error:
            self._broken.extend(error.violations)
            return None

    def refuse_broken(self) -> None:
        """Raise InvalidInput with every violation found so far; return if there is none."""
        if self._broken:
            raise InvalidInput(self._broken)


def parse_subject(found: Sequence[common_pb2.SubjectPseudonym]) -> Subject:
    """Return the person that a request names, not sealed yet; InvalidInput below `subject`."""
    if len(found) > MOST_EPOCHS:
        raise InvalidInput.at("subject", f"must have 1 to {MOST_EPOCHS} pseudonyms, each of another epoch")
    return Subject(
        *(
            Pseudonym(each.value, epoch=each.epoch, path=f"subject[{index}].value")
            for index, each in enumerate(found)
        )
    )


def parse_professional(asker: common_pb2.Professional) -> Professional:
    """Return who asks; InvalidInput with a violation for every field of `professional` that breaks its rule."""
    fields = Fields()
    fields.read(lambda: check_professional_id(asker.id))
    fields.read(lambda: parse_code(asker.role, path="professional.role"))
    fields.read(lambda: parse_code(asker.mandate, path="professional.mandate"))
    fields.refuse_broken()
    return Professional(id=asker.id, role=asker.role, mandate=asker.mandate)


def parse_own_case(said: int) -> bool:
    """Return whether it is a case of the professional's own; InvalidInput at `own_case` unless that was said."""
    if said == common_pb2.OWN_CASE_YES:
        return True
    if said == common_pb2.OWN_CASE_NO:
        return False
    raise InvalidInput.at("own_case", "must say whether the professional belongs to the household")


def parse_own_reference(text: str) -> Reference:
    """Return a reference of the caller's own, chosen for this call; InvalidInput at `reference`."""
    reference = parse_reference(text, path="reference")
    if not _LETTER.search(reference):
        # Digits alone can be a BSN, a telephone number or a bare file number: not opaque.
        raise InvalidInput.at("reference", "must hold at least one letter")
    return reference


def parse_day(text: str, path: str) -> date:
    """Return a day that is written as YYYY-MM-DD; InvalidInput at `path`."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidInput.at(path, "must be a day, as YYYY-MM-DD")


def check_professional_id(text: str) -> None:
    """Return if the text can be the id of a professional; InvalidInput at `professional.id` otherwise."""
    if not _PROFESSIONAL_ID.fullmatch(text):
        raise InvalidInput.at(
            "professional.id", "must be 1 to 64 letters, digits or . _ @ : -, starting with a letter or digit"
        )
