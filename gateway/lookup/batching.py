"""Natural batching: calls that come while one batch runs share the next; a lone call never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_Waiting = tuple[Item, "asyncio.Future[Result]"]


class Batcher(Generic[Item, Result]):
    """Runs `work` over lists of items, one list at a time, and gives every caller its own result.

    `work` returns for every item, in order, a result or the error that belongs to it. When `work` itself
    fails, every caller of that batch gets the failure and the next batch runs all the same. A caller that is
    cancelled before its batch starts is left out; after that its item runs to the end, because what it
    caused may be written already.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Coroutine[Any, Any, Sequence[Result | Exception]]],
        *,
        most: int,
    ) -> None:
        self._work = work
        self._most = most
        self._waiting: list[_Waiting[Item, Result]] = []
        self._running: asyncio.Task[None] | None = None

    async def run(self, item: Item) -> Result:
        """Return the result of one item, or raise the error that belongs to it."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None:
            self._running = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._run_batch([(item, future) for item, future in batch if not future.done()])
        finally:
            self._running = None
            # Nothing waits here unless this task was cancelled: then nobody may wait for ever.
            for _, future in self._waiting:
                future.cancel()
            self._waiting.clear()

    async def _run_batch(self, batch: Sequence[_Waiting[Item, Result]]) -> None:
        if not batch:
            return
        try:
            outcome: Sequence[Result | Exception] | BaseException
            (outcome,) = await asyncio.gather(self._work([item for item, _ in batch]), return_exceptions=True)
            _hand_out(batch, [outcome] * len(batch) if isinstance(outcome, BaseException) else outcome)
        finally:
            # After an answer this does nothing; a batch that was cut off leaves nobody waiting.
            for _, future in batch:
                future.cancel()


def _hand_out(batch: Sequence[_Waiting[Item, Result]], results: Sequence[Result | BaseException]) -> None:
    for (_, future), result in zip(batch, results, strict=True):
        if future.done():
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
