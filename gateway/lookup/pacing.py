"""When an answer leaves: a whole number of ticks after its question came, whatever took less time than a tick.

Answers over more facts take longer to make. The grid begins when the question comes, and not with the batch or the
clock: a grid that everybody shares passes on how long the work took, as the chance to miss a tick, and a batch begins
when the work for others is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from gateway.lookup.waking import Waking

_NANOSECONDS_IN_MILLISECOND = 1_000_000

Result = TypeVar("Result")


class Pacing:
    """Holds back what is ready until the next tick of its own question. Never holds up the work for others."""

    def __init__(self, tick_milliseconds: int, waking: Waking) -> None:
        self._tick = tick_milliseconds * _NANOSECONDS_IN_MILLISECOND
        self._waking = waking

    async def pace(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return what `work` gives, or raise what it raises, at a whole number of ticks after this call.

        At the first tick by which it is done: nobody waits a tick longer than the work takes. Who is cancelled
        leaves at once.
        """
        came = self._waking.now()
        outcome: Result | BaseException
        (outcome,) = await asyncio.gather(work, return_exceptions=True)
        await self._waking.until(next_tick(came, self._waking.now(), self._tick))
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


def next_tick(came: int, now: int, tick: int) -> int:
    """Return the first moment, at or after `now`, that is one or more whole ticks after `came`."""
    ticks = max(1, -((came - now) // tick))
    return came + ticks * tick
