"""Consistency tokens: sixteen bytes, there and back, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidInput
from gateway.index.tokens import LARGEST_POSITION, TOKEN_BYTES, decode_token, encode_token

positions = st.integers(min_value=0, max_value=LARGEST_POSITION)


@given(positions)
def test_a_token_of_sixteen_bytes_gives_its_position_back(position: int) -> None:
    token = encode_token(position)
    assert len(token) == TOKEN_BYTES == 16
    assert decode_token(token) == position


@given(positions, positions)
def test_tokens_sort_as_their_positions(first: int, second: int) -> None:
    assert (encode_token(first) < encode_token(second)) == (first < second)


def test_an_empty_token_asks_for_no_freshness() -> None:
    assert decode_token(b"") is None


@given(st.binary(min_size=1, max_size=40))
def test_other_bytes_are_refused_at_their_field(token: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode_token(token)
    assert [violation.path for violation in caught.value.violations] == ["consistency_token"]


@given(positions, st.integers(0, 63))
def test_a_token_with_a_changed_mark_or_a_negative_position_is_refused(position: int, bit: int) -> None:
    token = bytearray(encode_token(position))
    token[8 + bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(InvalidInput):
        decode_token(bytes(token))
    with pytest.raises(InvalidInput):
        decode_token(b"\xff" * 8 + encode_token(position)[8:])


@pytest.mark.parametrize("position", [-1, LARGEST_POSITION + 1])
def test_a_position_that_no_store_can_hold_gets_no_token(position: int) -> None:
    with pytest.raises(ValueError, match="position"):
        encode_token(position)
