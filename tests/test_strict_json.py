"""JSON is read in one way or not at all."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import strict_json

documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(documents, st.sampled_from([None, 1]), st.booleans())
def test_every_document_is_read_as_it_is_however_it_was_written(
    document: object, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    assert strict_json.read(text) == document


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'[{"b":{"a":1,"\\u0061":2}}]',
        b"[NaN]",
        b"[Infinity]",
        b'["\xff"]',
        b"\xef\xbb\xbf{}",
        b"",
        b"{} {}",
        b"[" * 300 + b"]" * 300,
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=["twice", "twice, escaped", "nan", "infinity", "no utf-8", "bom", "nothing", "two", "deep", "deeper"],
)
def test_anything_that_two_readers_could_disagree_on_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json.read(text)
