"""What both sides of the protocol refuse, and that splitting the work changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import ConfigurationError, InvalidInput, Recovery, VerwijsindexError
from gateway.pseudonyms import group, voprf
from gateway.pseudonyms.proof import FEWEST_IN_A_THREAD, PROOF_BYTES, spread
from gateway.pseudonyms.voprf import Evaluation, ProofRefused

KEY = voprf.derive_key_pair(bytes(range(32)), b"a test")
OTHER = voprf.derive_key_pair(bytes(range(32)), b"another test")
INPUTS = [b"person %d" % number for number in range(4)]
BLINDED = [voprf.blind_with(value, group.scalar_from(bytes([n + 1]) * 64)) for n, value in enumerate(INPUTS)]
ELEMENTS = [one.element for one in BLINDED]
ANSWER = voprf.evaluate(KEY.secret, KEY.public_key, ELEMENTS)

NO_ELEMENTS = {
    "identity": group.IDENTITY,
    "not canonical": b"\xff" * 32,
    "negative": (1).to_bytes(32, "little"),
    "no square": bytes.fromhex("26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"),
    "short": ELEMENTS[0][:31],
    "long": ELEMENTS[0] + b"\x00",
    "empty": b"",
    "another type": bytearray(ELEMENTS[0]),
}
BAD = pytest.mark.parametrize("bad", NO_ELEMENTS.values(), ids=NO_ELEMENTS)


def put(values: Sequence[bytes], number: int, value: bytes) -> list[bytes]:
    return [*values[:number], value, *values[number + 1 :]]


def paths(error: InvalidInput) -> list[str]:
    return [violation.path for violation in error.violations]


def refused(change: Callable[[], None]) -> str:
    with pytest.raises(ProofRefused) as caught:
        change()
    return str(caught.value)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_batch_is_evaluated_proved_verified_and_finalised(workers: int) -> None:
    many = [voprf.blind(b"person %d" % number) for number in range(3 * FEWEST_IN_A_THREAD)]
    elements = [one.element for one in many]
    answer = voprf.evaluate(KEY.secret, KEY.public_key, elements, workers=workers)
    voprf.verify(KEY.public_key, elements, answer.elements, answer.proof)
    outputs = [
        voprf.finalize(b"person %d" % number, one.blind, element)
        for number, (one, element) in enumerate(zip(many, answer.elements, strict=True))
    ]
    assert outputs[:4] == [
        voprf.finalize(value, one.blind, element)
        for value, one, element in zip(INPUTS, BLINDED, ANSWER.elements, strict=True)
    ]
    assert {len(output) for output in outputs} == {64}
    assert len(set(outputs)) == len(outputs)


@settings(max_examples=30)
@given(st.integers(1, 200), st.integers(1, 9))
def test_the_elements_and_what_the_proof_is_about_do_not_depend_on_the_number_of_threads(
    count: int, workers: int
) -> None:
    elements = [ELEMENTS[number % len(ELEMENTS)] for number in range(count)]
    split = voprf.evaluate(KEY.secret, KEY.public_key, elements, workers=workers)
    whole = voprf.evaluate(KEY.secret, KEY.public_key, elements)
    assert split.elements == whole.elements
    voprf.verify(KEY.public_key, elements, split.elements, split.proof)
    voprf.verify(KEY.public_key, elements, whole.elements, whole.proof)


@given(st.integers(1, 1000), st.integers(1, 64))
def test_every_number_is_in_one_part_and_parts_are_in_order(count: int, workers: int) -> None:
    parts = spread(list, count, workers=workers)
    assert [number for part in parts for number in part] == list(range(count))
    assert len(parts) == 1 or min(map(len, parts)) >= FEWEST_IN_A_THREAD


@pytest.mark.parametrize("number", [0, 3, 40])
@BAD
def test_the_service_refuses_what_is_no_element_and_names_its_place(bad: bytes, number: int) -> None:
    batch = put(ELEMENTS * 12, number, bad)
    with pytest.raises(InvalidInput) as caught:
        voprf.evaluate(KEY.secret, KEY.public_key, batch, workers=3)
    assert paths(caught.value) == [f"blinded_elements[{number}]"]
    assert bytes(bad).hex() not in str(caught.value) or not bad


def test_of_several_that_are_no_element_the_first_is_named_whatever_thread_finds_one_first() -> None:
    batch = put(put(ELEMENTS * 12, 45, group.IDENTITY), 3, b"\xff" * 32)
    with pytest.raises(InvalidInput) as caught:
        voprf.evaluate(KEY.secret, KEY.public_key, batch, workers=3)
    assert paths(caught.value) == ["blinded_elements[3]"]


@pytest.mark.parametrize("batch", [[], ELEMENTS[:1] * 1001], ids=["empty", "1,001"])
def test_an_empty_batch_and_one_of_more_than_a_thousand_are_refused_on_both_sides(batch: list[bytes]) -> None:
    with pytest.raises(InvalidInput) as caught:
        voprf.evaluate(KEY.secret, KEY.public_key, batch)
    assert paths(caught.value) == ["blinded_elements"]
    with pytest.raises(InvalidInput) as caught:
        voprf.verify(KEY.public_key, batch, batch, ANSWER.proof)
    assert paths(caught.value) == ["blinded_elements"]


@pytest.mark.parametrize("secret", [group.ZERO, group.ORDER.to_bytes(32, "little"), b""])
def test_a_secret_that_is_no_scalar_evaluates_nothing(secret: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        voprf.evaluate(secret, KEY.public_key, ELEMENTS)
    assert paths(caught.value) == ["secret"]


def test_an_answer_under_another_key_is_refused() -> None:
    other = voprf.evaluate(OTHER.secret, OTHER.public_key, ELEMENTS)
    voprf.verify(OTHER.public_key, ELEMENTS, other.elements, other.proof)
    refused(lambda: voprf.verify(KEY.public_key, ELEMENTS, other.elements, other.proof))


def test_one_element_under_another_key_among_many_is_refused() -> None:
    """The attack the proof is for: marking one person by a key of its own."""
    tagged = put(ANSWER.elements, 2, group.multiply(OTHER.secret, ELEMENTS[2]))
    refused(lambda: voprf.verify(KEY.public_key, ELEMENTS, tagged, ANSWER.proof))
    # Also where the service makes the proof over what it answered itself, as well as it can.
    forged = voprf.evaluate(KEY.secret, KEY.public_key, ELEMENTS)
    refused(lambda: voprf.verify(KEY.public_key, ELEMENTS, tagged, forged.proof))


def test_errors_that_cancel_out_in_a_plain_sum_are_refused() -> None:
    """Without weights D1 + X and D2 - X would have the same sum."""
    shift = group.multiply_base(group.scalar_from(bytes([9]) * 64))
    back = group.multiply((group.ORDER - 1).to_bytes(32, "little"), shift)
    moved = put(ANSWER.elements, 0, group.add(ANSWER.elements[0], shift))
    moved = put(moved, 1, group.add(ANSWER.elements[1], back))
    refused(lambda: voprf.verify(KEY.public_key, ELEMENTS, moved, ANSWER.proof))


def test_answers_in_another_order_are_refused() -> None:
    swapped = [ANSWER.elements[1], ANSWER.elements[0], *ANSWER.elements[2:]]
    refused(lambda: voprf.verify(KEY.public_key, ELEMENTS, swapped, ANSWER.proof))


def test_a_proof_for_another_batch_is_refused() -> None:
    part = voprf.evaluate(KEY.secret, KEY.public_key, ELEMENTS[:2])
    refused(lambda: voprf.verify(KEY.public_key, ELEMENTS, ANSWER.elements, part.proof))


@given(st.integers(0, PROOF_BYTES * 8 - 1))
def test_a_proof_with_any_bit_turned_is_refused(bit: int) -> None:
    turned = bytearray(ANSWER.proof)
    turned[bit // 8] ^= 1 << bit % 8
    refused(lambda: voprf.verify(KEY.public_key, ELEMENTS, ANSWER.elements, bytes(turned)))


@pytest.mark.parametrize("half", [slice(0, 32), slice(32, 64)], ids=["challenge", "response"])
@pytest.mark.parametrize("form", ["zero", "same scalar plus the order", "order"])
def test_a_proof_with_a_scalar_that_is_zero_or_not_canonical_is_refused(half: slice, form: str) -> None:
    proof = bytearray(ANSWER.proof)
    value = int.from_bytes(proof[half], "little")
    new = {"zero": 0, "same scalar plus the order": value + group.ORDER, "order": group.ORDER}[form]
    proof[half] = new.to_bytes(32, "little")
    text = refused(lambda: voprf.verify(KEY.public_key, ELEMENTS, ANSWER.elements, bytes(proof)))
    assert "two scalars" in text


@pytest.mark.parametrize(
    "proof",
    [b"", ANSWER.proof[:63], ANSWER.proof + b"\x00", bytearray(ANSWER.proof)],
    # A proof is another one at every run; the name of a test is not.
    ids=["empty", "short", "long", "no bytes"],
)
def test_a_proof_of_another_length_is_refused(proof: bytes) -> None:
    assert "64 bytes" in refused(lambda: voprf.verify(KEY.public_key, ELEMENTS, ANSWER.elements, proof))


@BAD
def test_the_partner_refuses_an_answer_that_is_no_element(bad: bytes) -> None:
    answered = put(ANSWER.elements, 1, bad)
    text = refused(lambda: voprf.verify(KEY.public_key, ELEMENTS, answered, ANSWER.proof))
    assert text.startswith("evaluated_elements[1]: ")


@BAD
def test_the_partner_names_its_own_element_that_is_none(bad: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        voprf.verify(KEY.public_key, put(ELEMENTS, 1, bad), ANSWER.elements, ANSWER.proof)
    assert paths(caught.value) == ["blinded_elements[1]"]


@BAD
def test_a_public_key_that_is_no_element_is_refused(bad: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        voprf.verify(bad, ELEMENTS, ANSWER.elements, ANSWER.proof)
    assert paths(caught.value) == ["public_key"]


@pytest.mark.parametrize("answered", [ANSWER.elements[:3], (*ANSWER.elements, ANSWER.elements[0]), ()])
def test_fewer_or_more_answers_than_questions_are_refused(answered: tuple[bytes, ...]) -> None:
    text = refused(lambda: voprf.verify(KEY.public_key, ELEMENTS, answered, ANSWER.proof))
    assert text.startswith("evaluated_elements: ")


@BAD
def test_finalising_refuses_what_is_no_element(bad: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        voprf.finalize(INPUTS[0], BLINDED[0].blind, bad)
    assert paths(caught.value) == ["evaluated_element"]


@pytest.mark.parametrize("blind", [group.ZERO, group.ORDER.to_bytes(32, "little"), b"", b"\x01" * 31])
def test_a_blind_that_is_no_scalar_is_refused(blind: bytes) -> None:
    for use in (
        lambda: voprf.blind_with(INPUTS[0], blind),
        lambda: voprf.finalize(INPUTS[0], blind, ANSWER.elements[0]),
    ):
        with pytest.raises(InvalidInput) as caught:
            use()
        assert paths(caught.value) == ["blind"]


def test_an_input_whose_length_does_not_fit_in_two_bytes_is_refused() -> None:
    voprf.blind(bytes(65535))
    with pytest.raises(InvalidInput) as caught:
        voprf.blind(bytes(65536))
    assert paths(caught.value) == ["private_input"]


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_a_seed_of_another_length_makes_no_key(seed: bytes) -> None:
    with pytest.raises(InvalidInput):
        voprf.derive_key_pair(seed, b"")


def test_every_blind_and_every_proof_is_a_new_one() -> None:
    assert len({voprf.blind(INPUTS[0]).element for _ in range(50)}) == 50
    assert len({voprf.evaluate(KEY.secret, KEY.public_key, ELEMENTS).proof for _ in range(20)}) == 20


def test_nothing_prints_a_key_a_blind_an_element_or_a_proof() -> None:
    shown = f"{KEY!r} {BLINDED[0]!r} {ANSWER!r}"
    hidden = [KEY.secret, KEY.public_key, BLINDED[0].blind, ELEMENTS[0], ANSWER.elements[0], ANSWER.proof]
    assert not any(value.hex() in shown or repr(value) in shown for value in hidden)
    assert isinstance(ANSWER, Evaluation)


def test_a_refused_proof_stops_the_loop_that_meets_it() -> None:
    """Fail closed: it is no error of one record, so no record is skipped for it, and trying again is no help."""
    assert issubclass(ProofRefused, ConfigurationError)
    assert issubclass(ProofRefused, VerwijsindexError)
    assert ProofRefused.recovery is Recovery.STOP
