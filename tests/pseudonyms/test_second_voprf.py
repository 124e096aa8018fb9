"""Two implementations that share nothing agree: on every step of the protocol, and on what is an element."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.pseudonyms import group, voprf
from gateway.pseudonyms.hashing import HASHING, Mode
from tests.pseudonyms import second_voprf as second

scalars = st.integers(1, second.L - 1).map(second.write_scalar)
persons = st.tuples(st.binary(max_size=90), scalars)

# RFC 9496, appendix A.2: encodings that must be refused, one of each kind and more.
BAD_ENCODINGS = [
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
    "c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.slow
@settings(max_examples=1000)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.lists(persons, min_size=1, max_size=3))
def test_the_second_implementation_agrees_on_a_whole_run(
    seed: bytes, info: bytes, batch: list[tuple[bytes, bytes]]
) -> None:
    """Blinded, evaluated, proved by the one and verified by the other, both ways, and finalised."""
    pair = voprf.derive_key_pair(seed, info)
    assert second.derive_key_pair(seed, info) == (pair.secret, pair.public_key)

    blinded = [voprf.blind_with(private_input, blind).element for private_input, blind in batch]
    assert [second.blind(private_input, blind) for private_input, blind in batch] == blinded

    evaluation = voprf.evaluate(pair.secret, pair.public_key, blinded)
    assert second.evaluate(pair.secret, blinded) == list(evaluation.elements)

    assert second.proves(pair.public_key, blinded, evaluation.elements, evaluation.proof)
    nonce = batch[-1][1]
    voprf.verify(
        pair.public_key,
        blinded,
        evaluation.elements,
        second.prove(pair.secret, blinded, evaluation.elements, nonce),
    )

    for (private_input, blind), element in zip(batch, evaluation.elements, strict=True):
        assert second.finalize(private_input, blind, element) == voprf.finalize(private_input, blind, element)


@settings(max_examples=300)
@given(st.binary(max_size=300), st.sampled_from(Mode))
def test_both_hash_to_the_same_element_and_scalar(message: bytes, mode: Mode) -> None:
    assert HASHING[mode].to_element(message) == second.encode(second.hash_to_group(message, mode))
    assert HASHING[mode].to_scalar(message) == second.write_scalar(second.hash_to_scalar(message, mode))


@settings(max_examples=500)
@given(st.integers(0, 2**255 - 1))
def test_both_take_and_refuse_the_same_encodings(value: int) -> None:
    """Among the even numbers below the prime about one in four is an element; all others are none."""
    encoded = value.to_bytes(32, "little")
    assert _takes_first(encoded) == _takes_second(encoded)


@pytest.mark.parametrize("encoded", [bytes.fromhex(text) for text in BAD_ENCODINGS] + [group.IDENTITY])
def test_both_refuse_the_encodings_that_the_standard_lists_and_the_identity(encoded: bytes) -> None:
    assert not _takes_first(encoded)
    assert not _takes_second(encoded)


@given(scalars, scalars)
def test_both_add_and_multiply_alike(left: bytes, right: bytes) -> None:
    first = group.multiply_base(left)
    assert first == second.encode(second.GENERATOR.times(second.read_scalar(left)))
    assert group.add(first, group.multiply_base(right)) == second.encode(
        second.GENERATOR.times(second.read_scalar(left) + second.read_scalar(right))
    )
    assert group.multiply(right, first) == second.encode(
        second.GENERATOR.times(second.read_scalar(left) * second.read_scalar(right))
    )


def _takes_first(encoded: bytes) -> bool:
    try:
        group.require_element(encoded)
    except group.NotInGroup:
        return False
    return True


def _takes_second(encoded: bytes) -> bool:
    try:
        second.decode(encoded)
    except second.Invalid:
        return False
    return True
