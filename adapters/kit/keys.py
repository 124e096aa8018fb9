"""Opaque references: a partner's own number, keyed and shortened so that it means nothing outside."""

from __future__ import annotations

import base64
import hashlib
import hmac
from enum import StrEnum

from gateway.domain import Reference

REFERENCE_LENGTH = 32
"""32 base32 characters are 160 bits: two records of one partner never share a reference by chance."""


class ReferenceKind(StrEnum):
    """What a reference is to: the same number of an involvement and a household gives two references."""

    INVOLVEMENT = "involvement"
    HOUSEHOLD = "household"
    CONSENT = "consent"
    MERGE = "merge"


def opaque_reference(key: bytes, kind: ReferenceKind, number: str) -> Reference:
    """Return the reference to the thing with this number; the same input always gives the same reference.

    Lower-case base32 (RFC 4648) of HMAC-SHA-256 over `kind:number` with the partner's reference key, cut to
    32 characters. Whoever lacks the key can neither find the number nor test a guess.
    """
    digest = hmac.digest(key, f"{kind.value}:{number}".encode(), hashlib.sha256)
    return Reference(base64.b32encode(digest).decode("ascii").lower()[:REFERENCE_LENGTH])


def keyed_digest(key: bytes, label: str, content: bytes) -> bytes:
    """Return 32 bytes that tell whether `content` changed, and nothing else to whoever lacks the key."""
    return hmac.digest(key, f"{label}\x00".encode() + content, hashlib.sha256)
