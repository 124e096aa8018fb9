"""Who reads a log or judges: a privacy officer, by an id of its own and under one role that no convenant has."""

from __future__ import annotations

import re

from gateway.domain import Professional
from gateway.errors import InvalidInput

OFFICER_ROLE = "privacy-officer"
"""Stands as the role of an officer in the access log; no role of any convenant."""

_OFFICER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}", re.ASCII)


def officer_named(text: str) -> Professional:
    """Return the officer with this id as an audit record names it.

    Raises:
        InvalidInput: at `reviewer`, what cannot be an officer's id.

    """
    if not _OFFICER.fullmatch(text):
        raise InvalidInput.at(
            "reviewer", "must be 1 to 64 letters, digits or . _ @ : -, starting with a letter or digit"
        )
    return Professional(id=text, role=OFFICER_ROLE, mandate="")
