"""The custodian's key ring: what rotate and finish do and refuse, and what a folder must hold to open."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain import Oin
from gateway.errors import ConfigurationError, UnsafeConfigurationError
from gateway.keyfiles import new_secret
from gateway.pseudonyms import voprf
from gateway.pseudonyms.file_key import FileEvaluationKey
from gateway.pseudonyms.keyring import KeyRing

INDEX = Oin("00000099000000000001")
OTHER_INDEX = Oin("00000099000000000002")
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "custodian" / "keys"


@pytest.fixture
def ring(folder: Path) -> KeyRing:
    ring = KeyRing.open(folder, INDEX)
    ring.create_first(NOW)
    return ring


def numbers(ring: KeyRing, at: datetime) -> list[int]:
    return [key.epoch for key in ring.current(at)]


def refused(change: Callable[[], object]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        change()
    return str(caught.value)


def test_a_folder_that_is_not_there_is_a_ring_without_epochs(folder: Path) -> None:
    ring = KeyRing.open(folder, INDEX)
    assert ring.public_keys() == ()
    assert ring.current(NOW) == ()
    assert not folder.exists()


def test_the_first_epoch_is_current_from_now_on(ring: KeyRing, folder: Path) -> None:
    assert numbers(ring, NOW) == [1]
    assert numbers(ring, NOW - DAY) == []
    assert sorted(file.name for file in folder.iterdir()) == ["epoch-1.key", "epochs.json"]
    assert stat.S_IMODE((folder / "epoch-1.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_list_beside_the_keys_is_public_and_holds_no_seed(ring: KeyRing, folder: Path) -> None:
    [entry] = json.loads((folder / "epochs.json").read_bytes())
    assert entry == {
        "epoch": 1,
        "public_key": ring.current(NOW)[0].public_key.hex(),
        "valid_from": "2026-01-01T12:00:00+00:00",
        "valid_until": None,
    }
    assert (folder / "epoch-1.key").read_text().strip() not in (folder / "epochs.json").read_text()


def test_a_key_of_the_ring_evaluates_and_proves(ring: KeyRing) -> None:
    [key] = ring.current(NOW)
    elements = [voprf.blind(b"person %d" % number).element for number in range(100)]
    evaluation = key.evaluate(elements)
    voprf.verify(key.public_key, elements, evaluation.elements, evaluation.proof)


def test_a_ring_has_one_first_epoch(ring: KeyRing) -> None:
    assert "has a pseudonym key already" in refused(lambda: ring.create_first(NOW))


def test_a_rotation_goes_through_announced_two_current_and_one_over(ring: KeyRing) -> None:
    first = ring.public_keys()[0].public_key
    announced = ring.rotate(NOW, NOW + 2 * DAY)
    assert (announced.epoch, announced.valid_from, announced.valid_until) == (2, NOW + 2 * DAY, None)
    assert announced.public_key != first
    assert numbers(ring, NOW) == [1]
    assert numbers(ring, NOW + 2 * DAY) == [1, 2]
    ended = ring.finish(NOW + 9 * DAY)
    assert (ended.epoch, ended.public_key, ended.valid_until) == (1, first, NOW + 9 * DAY)
    assert numbers(ring, NOW + 9 * DAY) == [2]
    assert [key.epoch for key in ring.public_keys()] == [1, 2]


def test_nothing_ends_by_itself(ring: KeyRing) -> None:
    ring.rotate(NOW, NOW)
    assert numbers(ring, NOW + 3650 * DAY) == [1, 2]


def test_what_one_process_did_another_sees_when_it_opens_the_folder_again(
    ring: KeyRing, folder: Path
) -> None:
    elsewhere = KeyRing.open(folder, INDEX)
    assert not elsewhere.is_stale()
    ring.rotate(NOW, NOW + DAY)
    assert not ring.is_stale()
    assert elsewhere.is_stale()
    assert KeyRing.open(folder, INDEX).public_keys() == ring.public_keys()
    # A change is made to what is in the folder, not to what was read before.
    assert "announced already" in refused(lambda: elsewhere.rotate(NOW, NOW + DAY))


def test_of_two_that_rotate_at_once_one_waits_and_is_refused(ring: KeyRing, folder: Path) -> None:
    def rotate(_: int) -> str:
        try:
            KeyRing.open(folder, INDEX).rotate(NOW, NOW + DAY)
        except ConfigurationError:
            return "refused"
        return "done"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(rotate, range(4))) == ["done", "refused", "refused", "refused"]
    assert [key.epoch for key in KeyRing.open(folder, INDEX).public_keys()] == [1, 2]


def test_a_folder_that_is_not_there_cannot_rotate(folder: Path) -> None:
    assert "cannot open the folder" in refused(lambda: KeyRing.open(folder, INDEX).rotate(NOW, NOW))


def test_a_folder_that_cannot_be_made_or_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert "cannot make the folder" in refused(
        lambda: KeyRing.open(blocked / "keys", INDEX).create_first(NOW)
    )
    (tmp_path / ".epochs.json.new").mkdir()
    assert "cannot write" in refused(lambda: KeyRing.open(tmp_path, INDEX).create_first(NOW))
    assert KeyRing.open(tmp_path, INDEX).public_keys() == ()


def test_a_ring_without_epochs_cannot_rotate_or_finish(folder: Path) -> None:
    folder.mkdir(parents=True)
    ring = KeyRing.open(folder, INDEX)
    assert "no pseudonym key yet" in refused(lambda: ring.rotate(NOW, NOW))
    assert "no overlap to finish" in refused(lambda: ring.finish(NOW))


def test_rotate_refuses_while_one_is_announced_or_two_are_current_or_the_start_is_past(ring: KeyRing) -> None:
    assert "in the past" in refused(lambda: ring.rotate(NOW, NOW - timedelta(seconds=1)))
    ring.rotate(NOW, NOW + DAY)
    assert "announced already" in refused(lambda: ring.rotate(NOW, NOW + DAY))
    assert "finish the older one first" in refused(lambda: ring.rotate(NOW + DAY, NOW + 2 * DAY))
    assert [key.epoch for key in ring.public_keys()] == [1, 2]


def test_finish_refuses_where_not_two_are_current(ring: KeyRing) -> None:
    assert "no overlap" in refused(lambda: ring.finish(NOW))
    ring.rotate(NOW, NOW + DAY)
    assert "no overlap" in refused(lambda: ring.finish(NOW))
    ring.finish(NOW + DAY)
    assert "no overlap" in refused(lambda: ring.finish(NOW + DAY))


def test_many_rotations_keep_every_public_key(ring: KeyRing) -> None:
    for number in range(2, 6):
        at = NOW + number * DAY
        ring.rotate(at, at)
        ring.finish(at + timedelta(hours=1))
    keys = ring.public_keys()
    assert [key.epoch for key in keys] == [1, 2, 3, 4, 5]
    assert len({key.public_key for key in keys}) == 5
    assert numbers(ring, NOW + 9 * DAY) == [5]


def test_the_seed_of_an_epoch_that_is_over_may_be_destroyed(ring: KeyRing, folder: Path) -> None:
    ring.rotate(NOW, NOW + DAY)
    ring.finish(NOW + 2 * DAY)
    (folder / "epoch-1.key").unlink()
    opened = KeyRing.open(folder, INDEX)
    assert opened.public_keys() == ring.public_keys()
    assert numbers(opened, NOW + 2 * DAY) == [2]
    # Before its end it was current; a clock that is behind meets a missing key, never another one.
    assert "is missing" in refused(lambda: opened.current(NOW + DAY))


def test_a_ring_whose_current_seed_is_gone_does_not_open(ring: KeyRing, folder: Path) -> None:
    (folder / "epoch-1.key").unlink()
    assert "epoch-1.key is missing" in refused(lambda: KeyRing.open(folder, INDEX))


def test_a_seed_that_others_can_read_is_refused(ring: KeyRing, folder: Path) -> None:
    (folder / "epoch-1.key").chmod(0o640)
    with pytest.raises(UnsafeConfigurationError):
        KeyRing.open(folder, INDEX)


def test_another_seed_or_another_index_than_the_list_was_made_for_is_refused(
    ring: KeyRing, folder: Path
) -> None:
    assert "is not the key that epochs.json names" in refused(lambda: KeyRing.open(folder, OTHER_INDEX))
    (folder / "epoch-1.key").unlink()
    new_secret(folder / "epoch-1.key")
    assert "is not the key that epochs.json names" in refused(lambda: KeyRing.open(folder, INDEX))


def test_a_lost_list_is_not_taken_for_a_new_ring(ring: KeyRing, folder: Path) -> None:
    """Otherwise the first epoch would begin anew, and every pseudonym would be made under two numbers."""
    ring.rotate(NOW, NOW)
    (folder / "epochs.json").unlink()
    assert "restore that file" in refused(lambda: KeyRing.open(folder, INDEX))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda entries: entries[0].update(epoch=2), r"epochs\[0\].epoch"),
        (lambda entries: entries[0].update(valid_until="2025-01-01T00:00:00Z"), r"epochs\[0\].valid_until"),
        (lambda entries: entries[0].update(seed="x"), r"epochs\[0\]"),
        (lambda entries: entries.extend(dict(entries[0], epoch=n) for n in (2, 3)), r"epochs\[0\].valid_until"),
    ],
)  # fmt: skip
def test_a_list_of_another_form_is_refused_at_its_place(
    ring: KeyRing, folder: Path, change: Callable[[list[dict[str, object]]], object], place: str
) -> None:
    path = folder / "epochs.json"
    entries = json.loads(path.read_bytes())
    change(entries)
    path.write_text(json.dumps(entries))
    with pytest.raises(ConfigurationError, match=rf"epochs.json: {place}: "):
        KeyRing.open(folder, INDEX)


def test_the_same_seed_makes_another_key_for_another_epoch_and_another_index(tmp_path: Path) -> None:
    path = tmp_path / "seed.key"
    new_secret(path)
    keys = [
        FileEvaluationKey(path, index=index, epoch=epoch)
        for index in (INDEX, OTHER_INDEX)
        for epoch in (1, 2)
    ]
    assert len({key.public_key for key in keys}) == 4
    assert [key.epoch for key in keys] == [1, 2, 1, 2]


def test_neither_a_ring_nor_a_key_prints_a_secret(ring: KeyRing, folder: Path) -> None:
    [key] = ring.current(NOW)
    pair = voprf.derive_key_pair(
        bytes.fromhex((folder / "epoch-1.key").read_text()), b"verwijsindex:v1:00000099000000000001:1"
    )
    assert pair.public_key == key.public_key
    shown = f"{ring!r} {key!r} {vars(key)!r}"
    assert pair.secret.hex() not in shown
    assert repr(pair.secret) not in shown
