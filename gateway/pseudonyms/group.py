"""The group ristretto255 (RFC 9496) with its scalars, on libsodium through `rbcl`: the only importer of that binding.

Elements and scalars are their 32-byte encodings. The installed form of the binding checks neither type nor length
before it hands a pointer to C, so every function here does. libsodium's functions take time that does not depend on
the values; the binding gives up Python's global lock while one of them runs.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import rbcl  # type: ignore[import-untyped]

ELEMENT_BYTES = 32
SCALAR_BYTES = 32
WIDE_BYTES = 64
"""So many uniform bytes are needed for one element or one scalar."""
ORDER = 2**252 + 27742317777372353535851937790883648493
"""The order of the group (RFC 9496, section 4)."""
IDENTITY = bytes(ELEMENT_BYTES)
ZERO = bytes(SCALAR_BYTES)

NOT_AN_ELEMENT = "must be an element of ristretto255 in its canonical encoding of 32 bytes, not the identity"
NOT_A_SCALAR = "must be a scalar of ristretto255 in its canonical encoding of 32 bytes, not zero"


class NotInGroup(ValueError):  # noqa: N818
    """Bytes that are no element or scalar the protocol may use. The text is a rule and holds no value."""


_libsodium = rbcl._sodium  # noqa: SLF001 - the wrappers around it check nothing and copy twice
if os.name == "posix":
    # The binding writes its library to a temporary file and leaves it there. Once loaded it needs no name.
    Path(_libsodium._name).unlink(missing_ok=True)  # noqa: SLF001


_holding_the_lock = ctypes.PyDLL(_libsodium._name, handle=_libsodium._handle)  # noqa: SLF001
"""The same library for what takes less than a microsecond: passing the lock on would take threads longer."""


def _function(name: str, arguments: int, *, library: ctypes.CDLL = _libsodium) -> ctypes._NamedFuncPointer:
    # Indexing makes a prototype of its own: what is declared here does not change the binding's.
    function: ctypes._NamedFuncPointer = library[name]
    function.argtypes = [ctypes.c_char_p] * arguments
    function.restype = ctypes.c_int
    return function


_multiply = _function("crypto_scalarmult_ristretto255", 3)
_multiply_base = _function("crypto_scalarmult_ristretto255_base", 2)
_add = _function("crypto_core_ristretto255_add", 3)
_from_hash = _function("crypto_core_ristretto255_from_hash", 2)
_is_valid = _function("crypto_core_ristretto255_is_valid_point", 1)
_scalar_random = _function("crypto_core_ristretto255_scalar_random", 1)
_scalar_reduce = _function("crypto_core_ristretto255_scalar_reduce", 2, library=_holding_the_lock)
_scalar_invert = _function("crypto_core_ristretto255_scalar_invert", 2)
_scalar_multiply = _function("crypto_core_ristretto255_scalar_mul", 3, library=_holding_the_lock)
_scalar_subtract = _function("crypto_core_ristretto255_scalar_sub", 3, library=_holding_the_lock)

_Bytes32 = ctypes.c_char * 32


def multiply(scalar: bytes, element: bytes) -> bytes:
    """Return `scalar * element`.

    Raises:
        NotInGroup: `element` is not canonical, not on the group or the identity, or the scalar is a multiple of
            the order: libsodium refuses the first two and any product that is the identity.

    """
    if type(scalar) is not bytes or len(scalar) != 32:
        raise NotInGroup(NOT_A_SCALAR)
    if type(element) is not bytes or len(element) != 32:
        raise NotInGroup(NOT_AN_ELEMENT)
    product = _Bytes32()
    if _multiply(product, scalar, element) != 0:
        raise NotInGroup(NOT_AN_ELEMENT)
    return product.raw


def multiply_base(scalar: bytes) -> bytes:
    """Return `scalar * G`, G being the generator; NotInGroup where that is the identity."""
    _require_length(scalar, SCALAR_BYTES, NOT_A_SCALAR)
    product = _Bytes32()
    if _multiply_base(product, scalar) != 0:
        raise NotInGroup(NOT_A_SCALAR)
    return product.raw


def add(left: bytes, right: bytes) -> bytes:
    """Return the sum of two elements, which may be the identity; NotInGroup where one is no element."""
    _require_length(left, ELEMENT_BYTES, NOT_AN_ELEMENT)
    _require_length(right, ELEMENT_BYTES, NOT_AN_ELEMENT)
    total = _Bytes32()
    if _add(total, left, right) != 0:
        raise NotInGroup(NOT_AN_ELEMENT)
    return total.raw


def element_from(uniform: bytes) -> bytes:
    """Map 64 uniform bytes to an element (RFC 9496, section 4.3.4)."""
    _require_length(uniform, WIDE_BYTES, "must be 64 bytes")
    element = _Bytes32()
    _from_hash(element, uniform)
    return element.raw


def require_element(value: bytes) -> None:
    """Raise NotInGroup unless `value` is the canonical encoding of an element other than the identity."""
    _require_length(value, ELEMENT_BYTES, NOT_AN_ELEMENT)
    if value == IDENTITY or _is_valid(value) != 1:
        raise NotInGroup(NOT_AN_ELEMENT)


def require_scalar(value: bytes) -> None:
    """Raise NotInGroup unless `value` is a scalar from 1 to the order less one, little-endian."""
    _require_length(value, SCALAR_BYTES, NOT_A_SCALAR)
    if not 0 < int.from_bytes(value, "little") < ORDER:
        raise NotInGroup(NOT_A_SCALAR)


def random_scalar() -> bytes:
    """Return a uniformly random scalar other than zero, from the system's generator."""
    scalar = _Bytes32()
    _scalar_random(scalar)
    return scalar.raw


def scalar_from(uniform: bytes) -> bytes:
    """Reduce 64 uniform bytes, little-endian, to a scalar (RFC 9496, section 4.4)."""
    if type(uniform) is not bytes or len(uniform) != 64:
        raise NotInGroup("must be 64 bytes")
    scalar = _Bytes32()
    _scalar_reduce(scalar, uniform)
    return scalar.raw


def invert(scalar: bytes) -> bytes:
    """Return the inverse modulo the order; NotInGroup for zero."""
    _require_length(scalar, SCALAR_BYTES, NOT_A_SCALAR)
    inverse = _Bytes32()
    if _scalar_invert(inverse, scalar) != 0:
        raise NotInGroup(NOT_A_SCALAR)
    return inverse.raw


def subtract_product(scalar: bytes, left: bytes, right: bytes) -> bytes:
    """Return `scalar - left * right` modulo the order: the response of a proof."""
    for value in (scalar, left, right):
        _require_length(value, SCALAR_BYTES, NOT_A_SCALAR)
    product, difference = _Bytes32(), _Bytes32()
    _scalar_multiply(product, left, right)
    _scalar_subtract(difference, scalar, product.raw)
    return difference.raw


def _require_length(value: bytes, length: int, rule: str) -> None:
    # Exactly bytes: a bytearray could change under the C code, a str would be read as something else.
    if type(value) is not bytes or len(value) != length:
        raise NotInGroup(rule)
