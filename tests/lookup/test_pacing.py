"""When an answer leaves: at a tick of its own question's grid, whatever took less time than that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.lookup.batching import Batcher
from gateway.lookup.pacing import Pacing, next_tick
from tests.support.fake_waking import FakeWaking

TICK = 50
MILLISECOND = 1_000_000
_moments = st.integers(0, 10**15)


class Work:
    """Work that ends when the test says so."""

    def __init__(self, gives: str | Exception = "answer") -> None:
        self._gives = gives
        self._done = asyncio.Event()
        self.was_cancelled = False

    async def run(self) -> str:
        try:
            await self._done.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        if isinstance(self._gives, Exception):
            raise self._gives
        return self._gives

    def end(self) -> None:
        self._done.set()


async def settle() -> None:
    """Let every task run as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


@given(_moments, st.integers(0, 10**12), st.integers(1, 10**9))
@example(0, 0, 1)
@example(7, 50, 50)
def test_an_answer_leaves_at_the_first_whole_tick_by_which_it_is_ready(
    came: int, took: int, tick: int
) -> None:
    held = next_tick(came, came + took, tick) - came
    assert held % tick == 0
    assert held >= max(took, tick)
    assert held - took < tick or held == tick


@given(_moments, st.integers(0, TICK), st.integers(0, TICK))
def test_what_takes_less_than_a_tick_cannot_be_told_apart(came: int, one: int, other: int) -> None:
    assert next_tick(came, came + one, TICK) == next_tick(came, came + other, TICK)


@given(_moments, _moments, st.integers(0, 10**9))
def test_the_grid_begins_with_the_question_and_not_with_the_clock(one: int, other: int, took: int) -> None:
    assert next_tick(one, one + took, TICK) - one == next_tick(other, other + took, TICK) - other


@pytest.mark.parametrize(
    ("ready", "leaves"), [(0, 50), (3, 50), (49, 50), (50, 50), (51, 100), (230, 250)], ids=str
)
async def test_an_answer_waits_for_its_tick(ready: int, leaves: int) -> None:
    waking, work = FakeWaking(7 * MILLISECOND), Work()
    asked = asyncio.create_task(Pacing(TICK, waking).pace(work.run()))
    await settle()
    await waking.move_to((7 + ready) * MILLISECOND)
    work.end()
    await settle()
    assert waking.waiting == ([] if asked.done() else [(7 + leaves) * MILLISECOND])
    await waking.move_to((7 + leaves) * MILLISECOND - 1)
    await settle()
    assert asked.done() == (ready == leaves)
    await waking.move_to((7 + leaves) * MILLISECOND)
    assert await asked == "answer"


async def test_a_refusal_leaves_at_the_same_moment_as_an_answer() -> None:
    waking = FakeWaking()
    works = Work(), Work(LookupError("refused"))
    tasks = [asyncio.create_task(Pacing(TICK, waking).pace(work.run())) for work in works]
    await settle()
    for work in works:
        work.end()
    await settle()
    assert waking.waiting == [TICK * MILLISECOND] * 2
    await waking.move_to(TICK * MILLISECOND)
    answer, refusal = await asyncio.gather(*tasks, return_exceptions=True)
    assert answer == "answer"
    assert isinstance(refusal, LookupError)


@pytest.mark.parametrize("is_ready", [False, True], ids=["under way", "waiting for its tick"])
async def test_who_goes_away_is_let_go_at_once(is_ready: bool) -> None:
    waking, work = FakeWaking(), Work()
    asked = asyncio.create_task(Pacing(TICK, waking).pace(work.run()))
    await settle()
    if is_ready:
        work.end()
        await settle()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert work.was_cancelled is not is_ready
    assert waking.waiting == []


async def test_the_next_batch_runs_while_the_answers_of_the_last_one_wait() -> None:
    batches: list[Sequence[int]] = []

    async def work(items: Sequence[int]) -> Sequence[int]:
        batches.append(items)
        return items

    waking = FakeWaking()
    batcher, pacing = Batcher[int, int](work, most=64), Pacing(TICK, waking)
    tasks = []
    for number in range(3):
        tasks.append(asyncio.create_task(pacing.pace(batcher.run(number))))
        await settle()
    assert batches == [[0], [1], [2]]
    assert len(waking.waiting) == 3
    await waking.move_to(TICK * MILLISECOND)
    assert await asyncio.gather(*tasks) == [0, 1, 2]


async def test_a_question_that_waited_for_others_work_leaves_at_its_own_tick() -> None:
    waking, first, second = FakeWaking(), Work("first"), Work("second")
    pacing = Pacing(TICK, waking)
    one = asyncio.create_task(pacing.pace(first.run()))
    await settle()
    await waking.move_to(10 * MILLISECOND)
    other = asyncio.create_task(pacing.pace(second.run()))
    await settle()
    # The work for the first took long or short: the second leaves 50 after it came either way.
    await waking.move_to(35 * MILLISECOND)
    first.end()
    second.end()
    await settle()
    assert sorted(waking.waiting) == [50 * MILLISECOND, 60 * MILLISECOND]
    await waking.move_to(60 * MILLISECOND)
    assert (await one, await other) == ("first", "second")
