"""The stated text opens for whoever has the key and the declaration it belongs to, and for nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.breakglass.explanation import LONGEST, SHORTEST, parse_explanation
from gateway.breakglass.sealing import TextSealer
from gateway.errors import ConfigurationError, InvalidInput

KEY = bytes(range(32))
ID, OTHER_ID = "019a0000-0000-7000-8000-000000000001", "019a0000-0000-7000-8000-000000000002"


@given(st.text(max_size=300))
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert TextSealer(KEY).open(TextSealer(KEY).seal(text, declaration=ID), declaration=ID) == text


def test_a_text_is_sealed_otherwise_every_time_and_is_not_in_what_is_kept() -> None:
    sealer = TextSealer(KEY)
    one, other = (sealer.seal("PLANTED text", declaration=ID) for _ in range(2))
    assert one != other
    assert b"PLANTED" not in one
    assert len(one) == 12 + len("PLANTED text") + 16


def test_the_key_of_the_texts_is_not_the_sealing_key_itself() -> None:
    """A pseudonym is sealed with that one: one key for two uses would let one use serve the other."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = TextSealer(KEY).seal("PLANTED text", declaration=ID)
    with pytest.raises(InvalidTag):
        AESGCM(KEY).decrypt(sealed[:12], sealed[12:], ID.encode())


@pytest.mark.parametrize(
    ("key", "declaration", "damage"),
    [(bytes(32), ID, 0), (KEY, OTHER_ID, 0), (KEY, ID, 1), (KEY, ID, None)],
    ids=["another key", "another declaration", "changed", "cut off"],
)
def test_what_does_not_belong_together_does_not_open(
    key: bytes, declaration: str, damage: int | None
) -> None:
    sealed = TextSealer(KEY).seal("PLANTED text", declaration=ID)
    damaged = sealed[:8] if damage is None else sealed[:-1] + bytes([sealed[-1] ^ damage])
    with pytest.raises(ConfigurationError, match="sealing_key") as caught:
        TextSealer(key).open(damaged, declaration=declaration)
    assert "PLANTED" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["x" * SHORTEST, "x" * LONGEST, "eerste regel\r\n\ttweede regel", "gevaar: ß 👩‍👧 ë"]
)
def test_text_for_people_is_taken(text: str) -> None:
    assert parse_explanation(f"  {text}\n") == text


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("x" * (SHORTEST - 1), "10 to 2000"),
        (" " * 50, "10 to 2000"),
        ("x" * (LONGEST + 1), "10 to 2000"),
        ("PLANTED \x1b[2J gewist", "control"),
        ("PLANTED \x00 gewist", "control"),
        ("PLANTED \x9b gewist", "control"),
        ("PLANTED \u202e gewist", "control"),
        ("PLANTED \u2066 gewist", "control"),
    ],
    ids=["short", "blank", "long", "escape", "null", "c1", "override", "isolate"],
)
def test_what_is_no_text_is_refused_and_not_repeated(text: str, rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule) as caught:
        parse_explanation(text)
    assert [violation.path for violation in caught.value.violations] == ["explanation"]
    assert "PLANTED" not in str(caught.value)
