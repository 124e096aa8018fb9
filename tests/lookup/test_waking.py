"""The thread that wakes: never too early, everybody in turn, nobody who went away; no bound on how late."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from gateway.lookup.waking import ThreadWaking

MILLISECOND = 1_000_000
FAR = 3600 * 1000 * MILLISECOND


@pytest.fixture
def waking() -> Iterator[ThreadWaking]:
    """What is tested; its thread ends once nobody waits."""
    before = set(threading.enumerate())
    yield ThreadWaking()
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=30)
        assert not thread.is_alive()


async def test_nobody_wakes_before_the_moment(waking: ThreadWaking) -> None:
    for _ in range(5):
        moment = waking.now() + 2 * MILLISECOND
        await waking.until(moment)
        assert waking.now() >= moment


async def test_a_moment_that_is_past_is_not_waited_for(waking: ThreadWaking) -> None:
    before = set(threading.enumerate())
    await waking.until(waking.now())
    assert set(threading.enumerate()) == before


async def test_everybody_wakes_in_the_order_of_the_moments(waking: ThreadWaking) -> None:
    start, woken = waking.now(), []

    async def sleep(number: int) -> None:
        await waking.until(start + number * 20 * MILLISECOND)
        woken.append(number)

    await asyncio.gather(*(sleep(number) for number in (3, 1, 2)))
    assert woken == [1, 2, 3]


async def test_an_earlier_moment_is_not_held_up_by_a_later_one(waking: ThreadWaking) -> None:
    late = asyncio.create_task(waking.until(waking.now() + FAR))
    await asyncio.sleep(0)
    await waking.until(waking.now() + MILLISECOND)
    assert not late.done()
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late


async def test_a_moment_for_many_wakes_them_all(waking: ThreadWaking) -> None:
    moment = waking.now() + 5 * MILLISECOND
    await asyncio.gather(*(waking.until(moment) for _ in range(300)))
    assert waking.now() >= moment


async def test_who_is_cancelled_is_forgotten_and_the_thread_ends(waking: ThreadWaking) -> None:
    tasks = [asyncio.create_task(waking.until(waking.now() + FAR)) for _ in range(3)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in found)


def test_loops_that_come_and_go_are_each_woken(waking: ThreadWaking) -> None:
    async def sleep() -> int:
        moment = waking.now() + MILLISECOND
        await waking.until(moment)
        return waking.now() - moment

    assert all(asyncio.run(sleep()) >= 0 for _ in range(3))


def test_a_loop_that_closes_with_sleepers_leaves_nothing_behind(waking: ThreadWaking) -> None:
    async def leave() -> None:
        for _ in range(3):
            asyncio.get_running_loop().create_task(waking.until(waking.now() + 3 * MILLISECOND))
        await asyncio.sleep(0)

    asyncio.run(leave())
