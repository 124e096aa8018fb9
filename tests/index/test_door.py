"""The door: who comes in comes in sealed, under epochs in use, and nobody else does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import HouseholdMember, Oin, Pseudonym, SealedPseudonym, Subject
from gateway.errors import ConfigurationError, InvalidInput, MessageRejected, RejectionReason, Unavailable
from gateway.index.door import Door, EpochBook, open_epoch_book
from gateway.index.sealing import Sealer
from gateway.pseudonyms.pinned import PinnedKeys
from tests.support import facts, sealed
from tests.support.facts import OIN_VT
from tests.support.sealed import DOOR, NOON, SEALER

keys = st.binary(min_size=32, max_size=32)
pseudonyms = st.builds(Pseudonym, keys, epoch=st.integers(1, 9999))


@given(pseudonyms, keys, keys)
def test_a_sealed_pseudonym_depends_on_the_key_and_on_nothing_outside(
    pseudonym: Pseudonym, one: bytes, other: bytes
) -> None:
    [found] = Sealer(one).seal(Subject(pseudonym)).pseudonyms
    assert isinstance(found, SealedPseudonym)
    assert found.epoch == pseudonym.epoch
    assert found.reveal() != pseudonym.reveal()
    assert Sealer(one).seal(Subject(pseudonym)).pseudonyms == (found,)
    assert (Sealer(other).seal(Subject(pseudonym)).pseudonyms == (found,)) == (one == other)


@given(pseudonyms, pseudonyms, keys)
def test_different_pseudonyms_are_sealed_differently(one: Pseudonym, other: Pseudonym, key: bytes) -> None:
    """Also the same bytes under another epoch."""
    sealer = Sealer(key)
    assert (sealer.seal(Subject(one)) == sealer.seal(Subject(other))) == (one == other)


def test_what_is_sealed_is_not_sealed_again() -> None:
    with pytest.raises(TypeError, match="once"):
        SEALER.seal(sealed.person("anna"))


@pytest.mark.parametrize("epochs", [(1,), (2,), (1, 2), (3,)])
def test_who_has_an_epoch_in_use_or_announced_comes_in(epochs: tuple[int, ...]) -> None:
    assert DOOR.admit(facts.person("anna", *epochs)) == sealed.person("anna", *epochs)


def test_an_epoch_that_is_over_stays_outside() -> None:
    assert DOOR.admit(facts.person("anna", 2, 9)) == sealed.person("anna", 2)


@pytest.mark.parametrize("epochs", [(9,), (4,), (1, 4)])
def test_without_an_epoch_in_use_or_with_an_unknown_one_nobody_comes_in(epochs: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput):
        DOOR.admit(facts.person("anna", *epochs))


@pytest.mark.parametrize("epochs", [(9,), (4,)])
def test_a_message_about_such_a_person_is_rejected_whole(epochs: tuple[int, ...]) -> None:
    family = facts.household(OIN_VT, "anna", "bram")
    spoiled = HouseholdMember(subject=facts.person("carla", *epochs))
    household = facts.household(OIN_VT, "anna", members=(*family.members, spoiled))
    with pytest.raises(MessageRejected) as caught:
        DOOR.admit_message(facts.message(household))
    assert caught.value.reason is RejectionReason.EPOCH


def test_every_person_in_a_message_comes_in_sealed() -> None:
    for wire, inside in (
        (facts.involvement(OIN_VT, "anna"), sealed.involvement(OIN_VT, "anna")),
        (facts.household(OIN_VT, "anna", "bram"), sealed.household(OIN_VT, "anna", "bram")),
        (
            facts.consent(OIN_VT, "anna", holder="ggz", asking="politie"),
            sealed.consent(OIN_VT, "anna", holder="ggz", asking="politie"),
        ),
    ):
        assert DOOR.admit_message(facts.message(wire)).fact == inside


class Broken(EpochBook):
    """A file that cannot be read."""

    def keys(self) -> PinnedKeys:
        raise ConfigurationError("pseudonym-keys.json: cannot be read")


def test_without_the_book_nobody_comes_in_and_it_is_tried_again_later() -> None:
    door = Door(SEALER, Broken(), clock=lambda: NOON)
    with pytest.raises(Unavailable):
        door.admit(facts.person("anna"))


def test_the_book_of_another_index_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym-keys.json"
    every = sealed.TwoEpochs().keys()
    PinnedKeys(index=every.index, keys=every.keys[:2]).write(path)
    opened = open_epoch_book(path, index=Oin("00000099100000000000"))
    assert [key.epoch for key in opened.keys().keys] == [1, 2]
    with pytest.raises(ConfigurationError, match="another index"):
        open_epoch_book(path, index=Oin("00000099100000009900"))
    # Also one that is put there while the process runs.
    PinnedKeys(index=Oin("00000099100000009900"), keys=every.keys[1:2]).write(path)
    with pytest.raises(ConfigurationError, match="another index"):
        opened.keys()
