"""The binding is never handed what it does not check itself, and nothing of it stays on the disk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.pseudonyms import group
from gateway.pseudonyms.group import NotInGroup

ORDER = group.ORDER.to_bytes(32, "little")
ONE = (1).to_bytes(32, "little")
GENERATOR = group.multiply_base(ONE)
WRONG = [
    b"",
    bytes(31),
    GENERATOR + b"\x00",
    GENERATOR[:31],
    bytearray(GENERATOR),
    GENERATOR.hex()[:32],
    None,
    7,
]

TAKES_SCALARS: list[Callable[..., object]] = [
    group.multiply_base,
    group.invert,
    group.require_scalar,
    lambda value: group.multiply(value, GENERATOR),
    lambda value: group.subtract_product(value, ONE, ONE),
    lambda value: group.subtract_product(ONE, value, ONE),
    lambda value: group.subtract_product(ONE, ONE, value),
]
TAKES_ELEMENTS: list[Callable[..., object]] = [
    group.require_element,
    lambda value: group.multiply(ONE, value),
    lambda value: group.add(value, GENERATOR),
    lambda value: group.add(GENERATOR, value),
]


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize("function", TAKES_SCALARS + TAKES_ELEMENTS)
def test_another_type_or_length_is_refused_before_the_library_sees_it(
    function: Callable[..., object], value: object
) -> None:
    with pytest.raises(NotInGroup):
        function(value)


@pytest.mark.parametrize("value", [b"", bytes(63), bytes(65), bytearray(64), "a" * 64])
@pytest.mark.parametrize("function", [group.element_from, group.scalar_from])
def test_hashes_of_another_length_or_type_are_refused(function: Callable[..., object], value: object) -> None:
    with pytest.raises(NotInGroup):
        function(value)


@pytest.mark.parametrize("value", [group.ZERO, ORDER, (group.ORDER + 1).to_bytes(32, "little"), b"\xff" * 32])
def test_zero_and_scalars_from_the_order_on_are_refused(value: bytes) -> None:
    with pytest.raises(NotInGroup, match="must be a scalar"):
        group.require_scalar(value)


@pytest.mark.parametrize("value", [ONE, (group.ORDER - 1).to_bytes(32, "little")])
def test_the_smallest_and_the_largest_scalar_are_taken(value: bytes) -> None:
    group.require_scalar(value)


@pytest.mark.parametrize("scalar", [group.ZERO, ORDER])
def test_a_product_that_is_the_identity_is_refused(scalar: bytes) -> None:
    with pytest.raises(NotInGroup):
        group.multiply_base(scalar)
    with pytest.raises(NotInGroup):
        group.multiply(scalar, GENERATOR)


def test_the_identity_may_be_a_sum_and_nothing_else() -> None:
    minus_one = (group.ORDER - 1).to_bytes(32, "little")
    assert group.add(GENERATOR, group.multiply_base(minus_one)) == group.IDENTITY
    assert group.add(group.IDENTITY, GENERATOR) == GENERATOR
    with pytest.raises(NotInGroup):
        group.multiply(ONE, group.IDENTITY)
    with pytest.raises(NotInGroup):
        group.require_element(group.IDENTITY)


def test_zero_has_no_inverse() -> None:
    with pytest.raises(NotInGroup):
        group.invert(group.ZERO)


def test_random_scalars_are_scalars_and_differ() -> None:
    found = {group.random_scalar() for _ in range(100)}
    assert len(found) == 100
    for scalar in found:
        group.require_scalar(scalar)


def test_no_error_holds_the_value() -> None:
    with pytest.raises(NotInGroup) as refused:
        group.multiply(ONE, b"\xab" * 32)
    assert "ab" * 4 not in str(refused.value)
    assert refused.value.args == (group.NOT_AN_ELEMENT,)


def test_loading_the_library_leaves_no_file_behind(tmp_path: Path) -> None:
    """The binding writes libsodium to a temporary file to load it; the file goes once it is loaded."""
    subprocess.run(
        [
            sys.executable,
            "-c",
            "from gateway.pseudonyms import group; group.multiply_base(group.random_scalar())",
        ],
        env={"TMPDIR": str(tmp_path), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=Path(__file__).parents[2],
        check=True,
    )
    assert list(tmp_path.iterdir()) == []
