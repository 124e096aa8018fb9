"""A program that is stopped at any operation on a file leaves a ring that opens, and the same again completes it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import Oin
from gateway.errors import ConfigurationError
from gateway.pseudonyms.disk import Disk
from gateway.pseudonyms.keyring import KeyRing

INDEX = Oin("00000099000000000001")
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Stopped(BaseException):
    """The power is off: nothing after it runs, and nothing catches it."""


@dataclass
class StoppingDisk(Disk):
    """A disk that stops after `operations` have been done, in the midst of the next one.

    Of a write, only `part` of the content arrives; of a move, either nothing or all (a rename is one step).
    """

    operations: int
    part: float

    def write(self, path: Path, content: bytes, *, mode: int) -> None:
        if self._is_last():
            super().write(path, content[: int(len(content) * self.part)], mode=mode)
            raise Stopped
        super().write(path, content, mode=mode)

    def move(self, source: Path, target: Path) -> None:
        if self._is_last():
            if self.part >= 0.5:
                super().move(source, target)
            raise Stopped
        super().move(source, target)

    def _is_last(self) -> bool:
        self.operations -= 1
        return self.operations < 0


Command = Callable[[KeyRing], object]
COMMANDS: list[tuple[Command, list[int]]] = [
    (lambda ring: ring.create_first(NOW), [1]),
    (lambda ring: ring.rotate(NOW + DAY, NOW + 2 * DAY), [1, 2]),
    (lambda ring: ring.finish(NOW + 3 * DAY), [1, 2]),
    (lambda ring: ring.rotate(NOW + 4 * DAY, NOW + 4 * DAY), [1, 2, 3]),
    (lambda ring: ring.finish(NOW + 5 * DAY), [1, 2, 3]),
]
"""What a custodian does over time, and which epochs the ring has after each."""


def is_done(folder: Path, before: tuple[object, ...]) -> bool:
    return KeyRing.open(folder, INDEX).public_keys() != before


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1)), max_size=15))
def test_stops_anywhere_leave_a_ring_that_opens_and_the_same_command_again_completes_it(
    stops: list[tuple[int, float]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "keys"
        remaining = list(stops)
        for command, epochs in COMMANDS:
            before = KeyRing.open(folder, INDEX).public_keys()
            while not is_done(folder, before):
                operations, part = remaining.pop(0) if remaining else (1000, 1.0)
                _run(folder, command, StoppingDisk(operations, part))
                after = KeyRing.open(folder, INDEX).public_keys()
                assert [key.public_key for key in after[: len(before)]] == [key.public_key for key in before]
            assert [key.epoch for key in KeyRing.open(folder, INDEX).public_keys()] == epochs
        ring = KeyRing.open(folder, INDEX)
        assert [key.epoch for key in ring.current(NOW + 5 * DAY)] == [3]
        assert [key.epoch for key in ring.current(NOW + 4 * DAY)] == [2, 3]


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("operations", range(4))
def test_each_single_stop_of_a_rotation_leaves_the_old_epoch_evaluating(
    operations: int, part: float, tmp_path: Path
) -> None:
    """A key is written and named, a list is written and named: four operations, and a stop in each."""
    KeyRing.open(tmp_path, INDEX).create_first(NOW)
    [before] = KeyRing.open(tmp_path, INDEX).current(NOW)
    with pytest.raises(Stopped):
        KeyRing.open(tmp_path, INDEX, disk=StoppingDisk(operations, part)).rotate(NOW, NOW + DAY)
    ring = KeyRing.open(tmp_path, INDEX)
    assert [key.public_key for key in ring.current(NOW)] == [before.public_key]
    if len(ring.public_keys()) == 2:
        with pytest.raises(ConfigurationError, match="announced already"):
            ring.rotate(NOW, NOW + DAY)
    else:
        ring.rotate(NOW, NOW + DAY)
    assert [key.epoch for key in KeyRing.open(tmp_path, INDEX).current(NOW + DAY)] == [1, 2]


def test_a_key_that_a_stopped_run_left_whole_is_the_one_that_the_next_run_takes(tmp_path: Path) -> None:
    KeyRing.open(tmp_path, INDEX).create_first(NOW)
    with pytest.raises(Stopped):
        KeyRing.open(tmp_path, INDEX, disk=StoppingDisk(2, 0.0)).rotate(NOW, NOW)
    left = (tmp_path / "epoch-2.key").read_bytes()
    KeyRing.open(tmp_path, INDEX).rotate(NOW, NOW)
    assert (tmp_path / "epoch-2.key").read_bytes() == left


def _run(folder: Path, command: Command, disk: Disk) -> None:
    with suppress(Stopped):
        command(KeyRing.open(folder, INDEX, disk=disk))
