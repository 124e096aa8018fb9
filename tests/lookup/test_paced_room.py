"""The room paces what it gives: nothing leaves a question before its tick, in the room or in what the settings open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest

from gateway.agreement.reading import AgreementReader
from gateway.bootstrap import rooms
from gateway.errors import Unauthenticated
from gateway.keyfiles import new_secret
from gateway.lookup.answer import Answer
from gateway.lookup.pacing import Pacing
from gateway.settings import IndexSettings, PacingSettings
from tests.lookup.support import records, request, service, store_with
from tests.support.fake_waking import FakeWaking
from tests.support.sealed import OIN_GGZ, OIN_VT, involvement
from tests.support.serving import OIN_STRANGER

MILLISECOND = 1_000_000


async def held_back(asking: Awaitable[object], waking: FakeWaking, *, until: int) -> None:
    """Check that the work is done and on record, and that nothing leaves before the tick."""
    task = asyncio.ensure_future(asking)
    await waking.until_somebody_waits()
    assert waking.waiting == [until]
    assert not task.done()
    await waking.move_to(until)
    await asyncio.wait([task])


async def test_an_answer_is_on_record_and_waits_for_its_tick() -> None:
    store, waking = await store_with(involvement(OIN_VT, "anna"), involvement(OIN_GGZ, "anna")), FakeWaking()
    room = service(store, pacing=Pacing(20, waking))
    asking = asyncio.ensure_future(room.ask(request()))
    await held_back(asking, waking, until=20 * MILLISECOND)
    assert isinstance(await asking, Answer)
    assert len(records(store)) == 1


async def test_a_refusal_waits_for_its_tick_too() -> None:
    waking = FakeWaking()
    asking = asyncio.ensure_future(
        service(await store_with(), pacing=Pacing(20, waking)).ask(request(OIN_STRANGER))
    )
    await held_back(asking, waking, until=20 * MILLISECOND)
    with pytest.raises(Unauthenticated):
        await asking


async def test_the_room_that_is_opened_from_the_settings_has_their_tick(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    waking, store = FakeWaking(), await store_with()
    monkeypatch.setattr(rooms, "ThreadWaking", lambda: waking)
    new_secret(tmp_path / "sealing.key")
    settings = IndexSettings.model_construct(
        sealing_key=tmp_path / "sealing.key", pacing=PacingSettings(tick_milliseconds=70)
    )
    opened = rooms.open_rooms(settings, store, AgreementReader())
    asking = asyncio.ensure_future(opened.lookup.ask(request(OIN_STRANGER)))
    await held_back(asking, waking, until=70 * MILLISECOND)
    with pytest.raises(Unauthenticated):
        await asking
