"""Organisations and what names things: OINs, partner kinds, opaque references, codes."""

from __future__ import annotations

import re
from typing import NewType

from gateway.errors import InvalidInput

Oin = NewType("Oin", str)
"""Organisatie-identificatienummer: 20 digits, the key of every organisation."""

PartnerKind = NewType("PartnerKind", str)
"""Code of a kind of partner (`veilig_thuis`, `ggz`, …); the convenant says which exist."""

Reference = NewType("Reference", str)
"""A partner's opaque reference to one of its own records; means nothing outside that partner."""

OIN_URN_PREFIX = "urn:nld:oin:"
TEST_OIN_PREFIX = "00000099"
"""OINs that exist for tests only (Logius); a production site refuses them."""

UUID_FORM = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""A UUID as text, in lower case (RFC 9562, section 4): a regular expression for the whole of it."""

_OIN = re.compile(r"\d{20}", re.ASCII)
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_UUID = re.compile(UUID_FORM, re.ASCII)
_CODE = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*", re.ASCII)


def parse_oin(text: str, *, path: str = "oin") -> Oin:
    """Return `text` as an OIN; InvalidInput at `path` unless it is exactly 20 digits."""
    if not _OIN.fullmatch(text):
        raise InvalidInput.at(path, "must be an OIN of exactly 20 digits")
    return Oin(text)


def oin_urn(oin: Oin) -> str:
    """Return the URN form, as in CloudEvents `source` and FHIR `MessageHeader.source`."""
    return f"{OIN_URN_PREFIX}{oin}"


def parse_oin_urn(text: str, *, path: str) -> Oin:
    """Return the OIN in `urn:nld:oin:<OIN>[:systeem:<name>]` (NL GOV profile for CloudEvents)."""
    if not text.startswith(OIN_URN_PREFIX):
        raise InvalidInput.at(path, f"must start with {OIN_URN_PREFIX}")
    return parse_oin(text.removeprefix(OIN_URN_PREFIX).split(":", 1)[0], path=path)


def parse_reference(text: str, *, path: str) -> Reference:
    """Return `text` as an opaque reference: 1 to 64 of A-Z a-z 0-9 . _ -, starting with a letter or digit."""
    if not _REFERENCE.fullmatch(text):
        raise InvalidInput.at(path, "must be 1 to 64 letters, digits, dots, dashes or underscores")
    return Reference(text)


def is_uuid(text: str) -> bool:
    """Tell whether the text is a UUID, 36 characters in lower case."""
    return _UUID.fullmatch(text) is not None


def parse_code(text: str, *, path: str) -> str:
    """Return `text` as a lower-case code (kind, purpose, role, desk)."""
    if len(text) > 64 or not _CODE.fullmatch(text):
        raise InvalidInput.at(path, "must be a lower-case code of at most 64 characters")
    return text
