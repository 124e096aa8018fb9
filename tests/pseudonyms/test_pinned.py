"""The file of pinned public keys: its exact form, what is refused and where, and that a change is seen."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from gateway.domain import Oin
from gateway.errors import ConfigurationError, InvalidInput
from gateway.pseudonyms import voprf
from gateway.pseudonyms.epochs import EpochState, PublicEpoch
from gateway.pseudonyms.pinned import LARGEST_FILE_BYTES, PinnedFile, PinnedKeys

INDEX = Oin("00000099000000000001")
START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST_KEY, SECOND_KEY = (voprf.derive_key_pair(bytes([n]) * 32, b"").public_key for n in (1, 2))
FIRST = PublicEpoch(epoch=1, public_key=FIRST_KEY, valid_from=START, valid_until=START + 20 * DAY)
SECOND = PublicEpoch(epoch=2, public_key=SECOND_KEY, valid_from=START + 10 * DAY)
PINNED = PinnedKeys(index=INDEX, keys=(FIRST, SECOND))

Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> bytes:
    content = json.loads(PINNED.to_json())
    change(content)
    return json.dumps(content).encode()


def test_the_file_has_the_documented_form() -> None:
    assert json.loads(PINNED.to_json()) == {
        "index": INDEX,
        "keys": [
            {
                "epoch": 1,
                "public_key": FIRST_KEY.hex(),
                "valid_from": "2026-01-01T00:00:00+00:00",
                "valid_until": "2026-01-21T00:00:00+00:00",
            },
            {
                "epoch": 2,
                "public_key": SECOND_KEY.hex(),
                "valid_from": "2026-01-11T00:00:00+00:00",
                "valid_until": None,
            },
        ],
    }


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym-keys.json"
    PINNED.write(path)
    assert PinnedKeys.read(path) == PINNED
    assert [file.name for file in tmp_path.iterdir()] == ["pseudonym-keys.json"]


def test_times_of_another_zone_are_the_same_moments() -> None:
    elsewhere = timezone(timedelta(hours=2))
    moved = PublicEpoch(epoch=1, public_key=FIRST_KEY, valid_from=START.astimezone(elsewhere))
    assert moved.as_json()["valid_from"] == "2026-01-01T00:00:00+00:00"
    text = changed(lambda file: file["keys"][0].update(valid_from="2026-01-01T02:00:00+02:00"))
    assert PinnedKeys.from_json(text) == PINNED


@pytest.mark.parametrize(
    ("days", "first", "second", "current"),
    [
        (-1, EpochState.ANNOUNCED, EpochState.ANNOUNCED, ()),
        (0, EpochState.CURRENT, EpochState.ANNOUNCED, (1,)),
        (10, EpochState.CURRENT, EpochState.CURRENT, (1, 2)),
        (20, EpochState.ENDED, EpochState.CURRENT, (2,)),
    ],
)
def test_an_epoch_is_current_from_its_start_until_its_end(
    days: int, first: EpochState, second: EpochState, current: tuple[int, ...]
) -> None:
    at = START + days * DAY
    assert (FIRST.state(at), SECOND.state(at)) == (first, second)
    assert tuple(key.epoch for key in PINNED.current(at)) == current


def test_an_epoch_is_found_by_its_number() -> None:
    assert PINNED.of(2) == SECOND
    assert PINNED.of(3) is None


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("file", lambda file: file.update(note="x")),
        ("file", lambda file: file.pop("index")),
        ("index", lambda file: file.update(index=99)),
        ("index", lambda file: file.update(index="99")),
        ("keys", lambda file: file.update(keys={})),
        ("keys[1]", lambda file: file["keys"][1].update(note="x")),
        ("keys[1]", lambda file: file["keys"][1].pop("valid_until")),
        ("keys[1]", lambda file: file["keys"].__setitem__(1, "epoch 2")),
        ("keys[0].epoch", lambda file: file["keys"][0].update(epoch="1")),
        ("keys[0].epoch", lambda file: file["keys"][0].update(epoch=True)),
        ("keys[0].epoch", lambda file: file["keys"][0].update(epoch=1.0)),
        ("keys[0].epoch", lambda file: file["keys"][0].update(epoch=0)),
        ("keys[1].epoch", lambda file: file["keys"][1].update(epoch=1)),
        ("keys[0].public_key", lambda file: file["keys"][0].update(public_key=FIRST_KEY.hex().upper())),
        ("keys[0].public_key", lambda file: file["keys"][0].update(public_key=FIRST_KEY.hex()[:-2])),
        ("keys[0].public_key", lambda file: file["keys"][0].update(public_key=None)),
        ("keys[0].public_key", lambda file: file["keys"][0].update(public_key="00" * 32)),
        ("keys[0].public_key", lambda file: file["keys"][0].update(public_key="ff" * 32)),
        ("keys[0].valid_from", lambda file: file["keys"][0].update(valid_from="first of January")),
        ("keys[0].valid_from", lambda file: file["keys"][0].update(valid_from=None)),
        ("keys[0].valid_from", lambda file: file["keys"][0].update(valid_from="2026-01-01T00:00:00")),
        ("keys[0].valid_until", lambda file: file["keys"][0].update(valid_until=7)),
        ("keys[0].valid_until", lambda file: file["keys"][0].update(valid_until="2026-01-01T00:00:00Z")),
        ("keys[1].valid_from", lambda file: file["keys"][1].update(valid_from="2025-12-31T00:00:00Z")),
    ],
)
def test_anything_but_the_exact_form_is_refused_at_its_place(
    path: str, change: Change, tmp_path: Path
) -> None:
    text = changed(change)
    with pytest.raises(InvalidInput) as caught:
        PinnedKeys.from_json(text)
    assert [violation.path for violation in caught.value.violations] == [path]
    file = tmp_path / "pins.json"
    file.write_bytes(text)
    with pytest.raises(ConfigurationError, match=r"pins\.json: "):
        PinnedKeys.read(file)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"\xff", b"[" * 100_000, b'{"index": "' + INDEX.encode() + b'", "keys": [], "keys": []}'],
    ids=["empty", "half", "not UTF-8", "deep", "a field twice"],
)
def test_what_is_no_json_or_names_a_field_twice_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"^file: "):
        PinnedKeys.from_json(text)


def test_a_missing_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    with pytest.raises(ConfigurationError, match="cannot read"):
        PinnedKeys.read(path)
    path.write_bytes(PINNED.to_json() + b" " * LARGEST_FILE_BYTES)
    with pytest.raises(ConfigurationError, match="too large"):
        PinnedKeys.read(path)


def test_a_replaced_file_is_read_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    PINNED.write(path)
    file = PinnedFile(path)
    assert file.keys() == PINNED
    assert file.keys() is file.keys()
    only = PinnedKeys(index=INDEX, keys=(SECOND,))
    only.write(path)
    assert file.keys() == only


def test_a_replaced_file_of_the_same_size_and_time_is_seen_too(tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    one, other = (
        PinnedKeys(index=INDEX, keys=(PublicEpoch(epoch=1, public_key=key, valid_from=START),))
        for key in (FIRST_KEY, SECOND_KEY)
    )
    one.write(path)
    file = PinnedFile(path)
    assert file.keys() == one
    before = path.stat()
    other.write(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert file.keys() == other


def test_pins_that_are_gone_or_broken_are_not_used_any_more(tmp_path: Path) -> None:
    """Fail closed: what the file held before may be what somebody has withdrawn."""
    path = tmp_path / "pins.json"
    PINNED.write(path)
    file = PinnedFile(path)
    file.keys()
    path.write_bytes(b"{}")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="must be an object with index, keys"):
            file.keys()
    path.unlink()
    with pytest.raises(ConfigurationError, match="cannot read"):
        file.keys()
    PINNED.write(path)
    assert file.keys() == PINNED
