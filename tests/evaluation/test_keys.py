"""Epochs of a running service: the custodian changes the ring beside it, and the service follows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import ConfigurationError, EpochRefused, UnsafeConfigurationError
from gateway.evaluation.standing import Standing
from tests.evaluation.support import Batch, Room
from tests.support.facts import NOON, OIN_VT


async def refusal(room: Room, epoch: int) -> str:
    with pytest.raises(EpochRefused) as caught:
        await room.service.evaluate(Batch(epoch=epoch).request())
    return caught.value.reason


async def test_an_unknown_epoch_is_refused_and_not_metered(room: Room) -> None:
    for epoch in (2, 9999):
        assert await refusal(room, epoch) == "EPOCH_UNKNOWN"
    with pytest.raises(EpochRefused):
        await room.service.evaluate(Batch().request(epoch=0))
    assert room.keys.used == []
    assert await room.records() == []


async def test_a_rotation_beside_the_running_service_is_followed_from_announcement_to_end(room: Room) -> None:
    await room.service.evaluate(Batch().request())
    room.ring().rotate(room.clock(), NOON + timedelta(hours=1))
    assert await refusal(room, 2) == "EPOCH_NOT_BEGUN"
    room.clock.forward(hours=1)
    for epoch in (1, 2):
        await room.service.evaluate(Batch(epoch=epoch).request())
    room.clock.forward(hours=1)
    room.ring().finish(room.clock())
    assert await refusal(room, 1) == "EPOCH_ENDED"
    await room.service.evaluate(Batch(epoch=2).request())
    assert [record.epoch for record in await room.records()] == [1, 1, 2, 2]


async def test_public_keys_tell_of_an_announced_epoch(room: Room) -> None:
    room.ring().rotate(room.clock(), NOON + timedelta(hours=1))
    assert [key.epoch for key in await room.service.public_keys(OIN_VT)] == [1, 2]


async def test_epochs_have_keys_of_their_own(room: Room) -> None:
    room.ring().rotate(room.clock(), room.clock())
    one, two = await room.service.public_keys(OIN_VT)
    assert one.public_key != two.public_key


async def test_a_ring_that_is_broken_stops_the_service_until_it_is_put_right(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    """Going on under what was read before could be going on under a key that was taken away."""
    file = room.folder / "epochs.json"
    good = file.read_bytes()
    file.write_bytes(b"[]x")
    for _ in range(3):
        with pytest.raises(ConfigurationError):
            await room.service.evaluate(Batch().request())
    assert room.keys.used == []
    assert capsys.readouterr().err.count("evaluation.keys-refused") == 1
    file.write_bytes(good)
    await room.service.evaluate(Batch().request())
    assert "evaluation.keys-loaded" in capsys.readouterr().err


async def test_a_key_file_with_wider_rights_is_refused_at_the_next_reading(room: Room) -> None:
    (room.folder / "epoch-1.key").chmod(0o640)
    with pytest.raises(UnsafeConfigurationError):
        room.ring()


async def test_the_service_stands_while_the_store_answers_and_an_epoch_is_current(room: Room) -> None:
    standing = Standing(room.store, room.keys, room.clock)
    await standing.check()
    room.clock.at = NOON - timedelta(days=2)
    with pytest.raises(ConfigurationError, match="pseudonyms init"):
        await standing.check()
