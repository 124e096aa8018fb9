"""Consistency tokens: how far the index had come when it answered, in 16 bytes that callers hand back."""

from __future__ import annotations

from gateway.errors import InvalidInput

TOKEN_BYTES = 16
LARGEST_POSITION = 2**63 - 1
"""What a signed 64-bit column of the store can hold."""

_MARK = b"VWIXPOS1"
"""Tells a token from other bytes and names the form; a later form gets another mark."""

_PATH = "consistency_token"


def encode_token(position: int) -> bytes:
    """Return the token for an index position: the position, 8 bytes big endian, then the mark."""
    if not 0 <= position <= LARGEST_POSITION:
        raise ValueError("an index position is 0 to 2**63 - 1")
    return position.to_bytes(8, "big") + _MARK


def decode_token(token: bytes) -> int | None:
    """Return the position in a token; None for an empty token, which asks for no freshness.

    Raises:
        InvalidInput: at `consistency_token`, for anything this index did not make.

    """
    if not token:
        return None
    position = int.from_bytes(token[:8], "big")
    if len(token) != TOKEN_BYTES or token[8:] != _MARK or position > LARGEST_POSITION:
        raise InvalidInput.at(_PATH, "must be empty or a token that this index gave")
    return position
