"""Hashing to elements and scalars as RFC 9497 (section 4.1) and RFC 9380 (section 5.3.1) want it, with SHA-512."""

from __future__ import annotations

import hashlib
from enum import IntEnum

from gateway.pseudonyms import group

SUITE = b"ristretto255-SHA512"
_BLOCK_BYTES = 128
_OUTPUT_BYTES = b"\x00\x40"
"""Both hashes take 64 bytes: one block of SHA-512 (RFC 9497, section 4.1)."""


class Mode(IntEnum):
    """The mode of the protocol (RFC 9497, section 3.1). This project runs the verifiable one only."""

    OPRF = 0x00
    VOPRF = 0x01


class Hashing:
    """The hash functions of one mode. Instances hold nothing but prefixes and may be shared by threads."""

    def __init__(self, mode: Mode) -> None:
        context = b"OPRFV1-" + bytes([mode]) + b"-" + SUITE
        self.seed_label = prefixed(b"Seed-" + context)
        """The label of a batch's seed after its length (RFC 9497, section 2.2.1)."""
        self._element = Expander(b"HashToGroup-" + context)
        self._scalar = Expander(b"HashToScalar-" + context)
        self._key = Expander(b"DeriveKeyPair" + context)

    def to_element(self, message: bytes) -> bytes:
        """HashToGroup: an element nobody knows the discrete logarithm of."""
        return group.element_from(self._element.expand(message))

    def to_scalar(self, message: bytes) -> bytes:
        """HashToScalar."""
        return group.scalar_from(self._scalar.expand(message))

    def to_key(self, message: bytes) -> bytes:
        """HashToScalar under the label of DeriveKeyPair (section 3.2.1)."""
        return group.scalar_from(self._key.expand(message))


class Expander:
    """`expand_message_xmd` with SHA-512 for 64 bytes under one domain separation tag (RFC 9380, section 5.3.1)."""

    def __init__(self, tag: bytes) -> None:
        if len(tag) > 255:
            raise ValueError("a domain separation tag has at most 255 bytes")
        tag_prime = tag + bytes([len(tag)])
        self._start = hashlib.sha512(bytes(_BLOCK_BYTES))
        self._middle = _OUTPUT_BYTES + b"\x00" + tag_prime
        self._end = b"\x01" + tag_prime

    def expand(self, message: bytes) -> bytes:
        """Return 64 uniform bytes."""
        first = self._start.copy()
        first.update(message + self._middle)
        return hashlib.sha512(first.digest() + self._end).digest()


def prefixed(value: bytes) -> bytes:
    """Return `value` after its length in two bytes (RFC 9497: I2OSP(len(value), 2) || value)."""
    return len(value).to_bytes(2, "big") + value


HASHING = {mode: Hashing(mode) for mode in Mode}
