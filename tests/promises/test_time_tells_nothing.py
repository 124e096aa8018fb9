"""The promise, with time: an answer leaves at the same moment whatever the work for it took, and so does a refusal.

Time is a clock that the store moves by as much as reading takes there. The last test takes the pacing away and sees the
check fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.domain import Fact
from gateway.errors import NotPermitted, QuotaExceeded, Refusal, StoreUnavailable
from gateway.index.ports import Transaction
from gateway.lookup.answer import LookupRequest
from gateway.lookup.misses import MissTerms
from gateway.lookup.pacing import Pacing
from gateway.metering.ports import MeterTerms
from tests.lookup.support import PARTNERS, add, bounds, request, service
from tests.support.convenants import convenant, rule
from tests.support.fake_store import FakeIndexStore
from tests.support.fake_waking import FakeWaking
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, household, involvement

MILLISECOND = 1_000_000
TICK = 50
FIXED_WORK, WORK_FOR_A_FACT = 8 * MILLISECOND, 2 * MILLISECOND
POLICE_ONLY = convenant(rule(sources=frozenset({"politie"})))
NO_MISSES_AFTER_ONE = MissTerms(default=MeterTerms(per_hour=1, burst=1))

WITHHELD: dict[str, Sequence[Fact]] = {
    "nobody": [],
    "not permitted": [involvement(OIN_GGZ, "anna")],
    "shielded": [involvement(OIN_POLITIE, "anna", shielded=True)],
    "household of six": [
        household(OIN_GGZ, "anna", *"bcdef"),
        *(involvement(OIN_GGZ, who) for who in ("anna", *"bcdef")),
    ],
}


class SlowStore(FakeIndexStore):
    """Takes a while for every transaction, and longer the more it holds; may be away after that."""

    def __init__(self, waking: FakeWaking) -> None:
        super().__init__(*PARTNERS)
        self._waking = waking
        self.facts = 0
        self.goes_away = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with super().transaction() as tx:
            yield tx
            work = FIXED_WORK + self.facts * WORK_FOR_A_FACT
            await self._waking.move_to(self._waking.now() + work)
            if self.goes_away:
                raise StoreUnavailable("no commit")


async def index(waking: FakeWaking, facts: Sequence[Fact]) -> SlowStore:
    """Return a store that holds these facts."""
    store = SlowStore(waking)
    await add(store, *facts)
    store.facts = len(facts)
    return store


async def leaves_after(
    asked: Coroutine[Any, Any, object], waking: FakeWaking
) -> tuple[int, object | BaseException]:
    """Return after how many milliseconds something leaves, and what it is."""
    came = waking.now()
    task = asyncio.ensure_future(asyncio.gather(asked, return_exceptions=True))
    while not task.done():
        for _ in range(50):
            await asyncio.sleep(0)
        if waking.waiting:
            await waking.move_to(min(waking.waiting))
    (outcome,) = task.result()
    return (waking.now() - came) // MILLISECOND, outcome


async def times(asked: LookupRequest, **changes: Any) -> dict[str, tuple[int, type]]:
    """Return for each of the indexes when its second answer leaves, and of what class it is."""
    found = {}
    for name, facts in WITHHELD.items():
        waking = FakeWaking()
        store = await index(waking, facts)
        room = service(store, POLICE_ONLY, pacing=Pacing(TICK, waking), **changes)
        await leaves_after(room.ask(request(OIN_VT)), waking)
        milliseconds, outcome = await leaves_after(room.ask(asked), waking)
        found[name] = milliseconds, type(outcome)
    return found


async def check(asked: LookupRequest, **changes: Any) -> None:
    """Assert that nothing tells one index from another."""
    found = await times(asked, **changes)
    assert set(found.values()) == {found["nobody"]}
    assert found["nobody"][0] == TICK


async def test_an_answer_leaves_at_the_same_moment_whatever_is_withheld() -> None:
    await check(request(OIN_VT))


@pytest.mark.parametrize(
    ("asked", "changes", "refusal"),
    [
        (request(OIN_VT), {"bounds": bounds(misses=NO_MISSES_AFTER_ONE)}, QuotaExceeded),
        (request(OIN_VT, purpose="unknown"), {}, NotPermitted),
    ],
    ids=["no misses left", "purpose unknown"],
)
async def test_a_refusal_leaves_at_the_same_moment_too(
    asked: LookupRequest, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    await check(asked, **changes)
    found = await times(asked, **changes)
    assert all(issubclass(kind, refusal) for _, kind in found.values())


async def test_a_store_that_goes_away_during_the_work_is_told_at_the_same_moment() -> None:
    found = set()
    for facts in WITHHELD.values():
        waking = FakeWaking()
        store = await index(waking, facts)
        room = service(store, POLICE_ONLY, pacing=Pacing(TICK, waking))
        store.goes_away = True
        milliseconds, outcome = await leaves_after(room.ask(request(OIN_VT)), waking)
        assert isinstance(outcome, StoreUnavailable)
        found.add(milliseconds)
    assert found == {TICK}


async def test_the_check_fails_when_answers_leave_as_soon_as_they_are_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def at_once(_self: Pacing, work: Coroutine[Any, Any, object]) -> object:
        return await work

    monkeypatch.setattr(Pacing, "pace", at_once)
    with pytest.raises(AssertionError):
        await check(request(OIN_VT))
