"""Natural batching: who shares a batch, who gets which result, and what a cancelled caller leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from gateway.lookup.batching import Batcher


class Work:
    """Doubles numbers, batch by batch, each batch when the test lets it; odd ones fail."""

    def __init__(self, *, holds: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.started = asyncio.Semaphore(0)
        self.gate = asyncio.Semaphore(0 if holds else 10**6)
        self.finished: list[list[int]] = []
        self.failure: Exception | None = None

    async def __call__(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(items))
        self.started.release()
        await self.gate.acquire()
        if self.failure is not None:
            raise self.failure
        self.finished.append(list(items))
        return [ValueError(f"{item} is odd") if item % 2 else item * 2 for item in items]


def batcher(work: Work, most: int = 100) -> Batcher[int, int]:
    return Batcher(work, most=most)


async def test_a_lone_caller_runs_at_once_and_alone() -> None:
    work = Work(holds=False)
    assert await batcher(work).run(2) == 4
    assert work.batches == [[2]]


async def test_callers_that_come_while_a_batch_runs_share_the_next() -> None:
    work = Work()
    batches = batcher(work)
    first = asyncio.create_task(batches.run(2))
    await work.started.acquire()
    later = [asyncio.create_task(batches.run(item)) for item in (4, 6, 8)]
    work.gate.release()
    assert await first == 4
    await work.started.acquire()
    work.gate.release()
    assert await asyncio.gather(*later) == [8, 12, 16]
    assert work.batches == [[2], [4, 6, 8]]


async def test_a_batch_takes_no_more_than_its_most_and_leaves_nobody_behind() -> None:
    work = Work(holds=False)
    batches = batcher(work, most=2)
    assert await asyncio.gather(*(batches.run(item) for item in (0, 2, 4, 6, 8))) == [0, 4, 8, 12, 16]
    assert work.batches == [[0, 2], [4, 6], [8]]


async def test_an_item_that_fails_fails_its_own_caller_only() -> None:
    batches = batcher(Work(holds=False))
    first, failed, last = await asyncio.gather(
        *(batches.run(item) for item in (2, 3, 4)), return_exceptions=True
    )
    assert (first, last) == (4, 8)
    assert isinstance(failed, ValueError)


async def test_work_that_fails_fails_every_caller_of_its_batch_and_not_the_next() -> None:
    work = Work(holds=False)
    batches = batcher(work)
    gone = work.failure = OSError("gone")
    outcomes = await asyncio.gather(batches.run(2), batches.run(4), return_exceptions=True)
    assert all(outcome is gone for outcome in outcomes)
    work.failure = None
    assert await batches.run(6) == 12


async def test_work_that_gives_too_few_results_leaves_nobody_waiting() -> None:
    async def short(items: Sequence[int]) -> Sequence[int | Exception]:
        return []

    batches: Batcher[int, int] = Batcher(short, most=9)
    with pytest.raises(asyncio.CancelledError):
        await batches.run(2)


async def test_a_caller_that_is_cancelled_before_its_batch_starts_is_left_out() -> None:
    work = Work()
    batches = batcher(work)
    first = asyncio.create_task(batches.run(2))
    await work.started.acquire()
    dropped, kept = (asyncio.create_task(batches.run(item)) for item in (4, 6))
    await asyncio.sleep(0)
    dropped.cancel()
    await asyncio.wait({dropped})
    work.gate.release()
    work.gate.release()
    assert (await first, await kept) == (4, 12)
    assert work.batches == [[2], [6]]


async def test_a_caller_that_is_cancelled_while_its_batch_runs_does_not_stop_the_batch() -> None:
    work = Work()
    batches = batcher(work)
    dropped, kept = (asyncio.create_task(batches.run(item)) for item in (2, 4))
    await work.started.acquire()
    dropped.cancel()
    await asyncio.wait({dropped})
    work.gate.release()
    assert await kept == 8
    assert work.finished == [[2, 4]]


async def test_when_all_who_wait_are_cancelled_no_batch_runs_for_them() -> None:
    work = Work()
    batches = batcher(work)
    first = asyncio.create_task(batches.run(2))
    await work.started.acquire()
    dropped = [asyncio.create_task(batches.run(item)) for item in (4, 6)]
    await asyncio.sleep(0)
    for task in dropped:
        task.cancel()
    await asyncio.wait(dropped)
    work.gate.release()
    assert await first == 4
    work.gate.release()
    assert await batches.run(8) == 16
    assert work.batches == [[2], [8]]
