"""The verifiable oblivious pseudorandom function of RFC 9497 (mode VOPRF, ristretto255-SHA512), both sides of it.

The partner blinds, verifies and finalises; the pseudonym service evaluates a batch under one proof. The service
learns nothing of an input, and the partner nothing of the key. Pure: no file, no clock, no network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce

from gateway.domain import LARGEST_BATCH
from gateway.errors import InvalidInput, VerwijsindexError
from gateway.pseudonyms import group
from gateway.pseudonyms.group import NotInGroup
from gateway.pseudonyms.hashing import HASHING, Mode, prefixed
from gateway.pseudonyms.ports import Evaluation
from gateway.pseudonyms.proof import Composites, ProofRefused, Weights, check, prove, spread

__all__ = [
    "Blinded", "Evaluation", "KeyPair", "ProofRefused",
    "blind", "blind_with", "derive_key_pair", "evaluate", "finalize", "verify",
]  # fmt: skip

SEED_BYTES = 32
LARGEST_INPUT_BYTES = 2**16 - 1
"""The length of an input stands in two bytes (RFC 9497, section 1.2)."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The secret scalar and the public element of one key. Prints neither."""

    secret: bytes = field(repr=False)
    public_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Blinded:
    """What goes to the service (`element`) and what stays and undoes it (`blind`). Prints neither."""

    element: bytes = field(repr=False)
    blind: bytes = field(repr=False)


def derive_key_pair(seed: bytes, info: bytes, *, mode: Mode = Mode.VOPRF) -> KeyPair:
    """Return the key pair of a secret seed of 32 bytes and a public label (RFC 9497, section 3.2.1)."""
    if len(seed) != SEED_BYTES:
        raise InvalidInput.at("seed", f"must be {SEED_BYTES} bytes")
    for counter in range(256):
        secret = HASHING[mode].to_key(seed + prefixed(info) + bytes([counter]))
        if secret != group.ZERO:
            return KeyPair(secret, group.multiply_base(secret))
    raise InvalidInput.at("seed", "must lead to a key")  # pragma: no cover - 256 zeros in a row


def blind(private_input: bytes) -> Blinded:
    """Return `private_input` under a fresh random blind: nothing about the input can be learnt from the element."""
    return blind_with(private_input, group.random_scalar())


def blind_with(private_input: bytes, scalar: bytes, *, mode: Mode = Mode.VOPRF) -> Blinded:
    """Blind with a given scalar, for test vectors: whoever sees two elements under one blind can compare them.

    Raises:
        InvalidInput: the input is longer than 65,535 bytes, or the scalar is not canonical or zero.

    """
    _require_input(private_input)
    _require_scalar(scalar, "blind")
    return Blinded(group.multiply(scalar, HASHING[mode].to_element(private_input)), scalar)


def evaluate(secret: bytes, public_key: bytes, blinded: Sequence[bytes], *, workers: int = 1) -> Evaluation:
    """Evaluate 1 to 1,000 blinded elements and prove it for all at once (BlindEvaluate, ComputeCompositesFast).

    With `workers` the batch is split over so many threads. The elements do not depend on it; the proof is
    another one at every call, because its nonce is.

    Raises:
        InvalidInput: the batch is empty or too large (`blinded_elements`), or one is not a canonical element other
            than the identity (`blinded_elements[3]`).

    """
    _require_batch(blinded)
    _require_scalar(secret, "secret")
    weights = Weights(public_key)

    def part(span: range) -> tuple[list[bytes], bytes]:
        elements, total = [], group.IDENTITY
        for number in span:
            before = blinded[number]
            after = _times(secret, before, number=number)
            total = group.add(total, group.multiply(weights.of(number, before, after), before))
            elements.append(after)
        return elements, total

    parts = spread(part, len(blinded), workers=workers)
    before = reduce(group.add, [total for _, total in parts])
    composites = Composites(before, group.multiply(secret, before))
    proof = prove(secret, public_key, composites, nonce=group.random_scalar())
    return Evaluation(tuple(element for elements, _ in parts for element in elements), proof)


def verify(public_key: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes) -> None:
    """Return if the proof shows that the key of `public_key` evaluated every element (VerifyProof).

    Raises:
        ProofRefused: it does not, or something the service answered is malformed.
        InvalidInput: something the caller put in itself is malformed: `public_key`, `blinded_elements`.

    """
    _require_batch(blinded)
    _require_element(public_key, "public_key")
    if len(evaluated) != len(blinded):
        raise ProofRefused("evaluated_elements: must be as many as the blinded elements")
    _require_lengths(evaluated, "evaluated_elements", refuse=_refused)
    weights = Weights(public_key)
    before = after = group.IDENTITY
    for number, (element, answer) in enumerate(zip(blinded, evaluated, strict=True)):
        weight = weights.of(number, element, answer)
        before = group.add(before, _times(weight, element, number=number))
        after = group.add(after, _times_evaluated(weight, answer, number=number))
    check(public_key, Composites(before, after), proof)


def finalize(private_input: bytes, blind: bytes, evaluated: bytes) -> bytes:
    """Undo the blind and return the 64 bytes of output (RFC 9497, section 3.3.2), after `verify` has passed.

    Raises:
        InvalidInput: `blind` or `evaluated_element` is not canonical, or zero or the identity.

    """
    _require_input(private_input)
    _require_scalar(blind, "blind")
    _require_element(evaluated, "evaluated_element")
    unblinded = group.multiply(group.invert(blind), evaluated)
    return hashlib.sha512(prefixed(private_input) + prefixed(unblinded) + b"Finalize").digest()


_Refuse = Callable[[str, str], VerwijsindexError]


def _refused(path: str, rule: str) -> ProofRefused:
    return ProofRefused(f"{path}: {rule}")


def _times(scalar: bytes, element: bytes, *, number: int) -> bytes:
    # The product tells whether the element is one: checking it first would decode it twice.
    try:
        return group.multiply(scalar, element)
    except NotInGroup as error:
        raise InvalidInput.at(f"blinded_elements[{number}]", str(error)) from None


def _times_evaluated(scalar: bytes, element: bytes, *, number: int) -> bytes:
    try:
        return group.multiply(scalar, element)
    except NotInGroup as error:
        raise _refused(f"evaluated_elements[{number}]", str(error)) from None


def _require_batch(blinded: Sequence[bytes]) -> None:
    if not 0 < len(blinded) <= LARGEST_BATCH:
        raise InvalidInput.at("blinded_elements", f"must be 1 to {LARGEST_BATCH:,} elements")
    _require_lengths(blinded, "blinded_elements", refuse=InvalidInput.at)


def _require_lengths(values: Sequence[bytes], path: str, *, refuse: _Refuse) -> None:
    for number, value in enumerate(values):
        if type(value) is not bytes or len(value) != group.ELEMENT_BYTES:
            raise refuse(f"{path}[{number}]", group.NOT_AN_ELEMENT)


def _require_input(private_input: bytes) -> None:
    if len(private_input) > LARGEST_INPUT_BYTES:
        raise InvalidInput.at("private_input", f"must be at most {LARGEST_INPUT_BYTES:,} bytes")


def _require_element(value: bytes, path: str) -> None:
    try:
        group.require_element(value)
    except NotInGroup as error:
        raise InvalidInput.at(path, str(error)) from None


def _require_scalar(value: bytes, path: str) -> None:
    try:
        group.require_scalar(value)
    except NotInGroup as error:
        raise InvalidInput.at(path, str(error)) from None
