"""Waking without a clock: time stands still until a test moves it, or nobody waits at all."""

from __future__ import annotations

import asyncio

from gateway.lookup.pacing import Pacing
from gateway.lookup.waking import Waking


class FakeWaking(Waking):
    """A clock that a test moves."""

    def __init__(self, now: int = 0) -> None:
        self._now = now
        self._moved = asyncio.Condition()
        self.waiting: list[int] = []
        """The moments for which somebody waits."""

    def now(self) -> int:
        return self._now

    async def until(self, moment: int) -> None:
        self.waiting.append(moment)
        try:
            async with self._moved:
                self._moved.notify_all()
                await self._moved.wait_for(lambda: self._now >= moment)
        finally:
            self.waiting.remove(moment)

    async def until_somebody_waits(self) -> None:
        """Return once somebody waits for a moment."""
        async with self._moved:
            await self._moved.wait_for(lambda: bool(self.waiting))

    async def move_to(self, now: int) -> None:
        """Let time go on to this moment."""
        self._now = now
        async with self._moved:
            self._moved.notify_all()


class NoWaiting(Waking):
    """For tests in which nothing waits for the time: every moment is there already."""

    def now(self) -> int:
        return 0

    async def until(self, moment: int) -> None:
        return


UNPACED = Pacing(1, NoWaiting())
"""For tests of what is answered, and not of when."""
