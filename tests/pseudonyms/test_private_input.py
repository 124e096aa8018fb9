"""What stands for a person: fixed bytes, and no two persons, epochs or indexes with the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import Bsn, Oin, Pseudonym
from gateway.errors import InvalidInput
from gateway.pseudonyms.private_input import context, private_input, pseudonym_of

INDEX = Oin("00000099000000000001")
SYNTHETIC = ("999993653", "999911120", "999990019", "111222333", "123456782")

indexes = st.from_regex(r"[0-9]{20}", fullmatch=True).map(Oin)
epochs = st.integers(1, 9999)
persons = st.sampled_from(SYNTHETIC)


def test_the_input_is_the_context_after_its_length_and_the_labelled_bsn() -> None:
    assert context(index=INDEX, epoch=7) == b"verwijsindex:v1:00000099000000000001:7"
    assert private_input(Bsn("999993653"), index=INDEX, epoch=7) == (
        b"\x00\x26verwijsindex:v1:00000099000000000001:7bsn:999993653"
    )


@given(indexes, epochs, persons, indexes, epochs, persons)
def test_two_inputs_are_equal_only_for_the_same_person_epoch_and_index(
    index: Oin, epoch: int, person: str, other_index: Oin, other_epoch: int, other_person: str
) -> None:
    same = private_input(Bsn(person), index=index, epoch=epoch) == private_input(
        Bsn(other_person), index=other_index, epoch=other_epoch
    )
    assert same == ((index, epoch, person) == (other_index, other_epoch, other_person))


@pytest.mark.parametrize("epoch", [0, -1, 10000])
def test_an_epoch_that_cannot_be_has_no_context(epoch: int) -> None:
    with pytest.raises(InvalidInput, match=r"^epoch: "):
        context(index=INDEX, epoch=epoch)


def test_the_pseudonym_is_the_first_half_of_the_output() -> None:
    assert pseudonym_of(bytes(range(64)), epoch=3) == Pseudonym(bytes(range(32)), epoch=3)
