"""Waking at a moment: exactly, and not a little later by how the time before it was spent.

An event loop rounds how long it sleeps up to whole milliseconds, counted from when it last had something to do. So the
moment at which a timer of its own fires tells, below a millisecond, when the work before it was done. A thread
that sleeps until the moment itself does not.
"""

from __future__ import annotations

import asyncio
import heapq
import threading
import time
from itertools import count
from typing import NamedTuple, Protocol

_NANOSECONDS = 1_000_000_000


class Waking(Protocol):
    """A monotonic clock in nanoseconds, and waiting for a moment on it."""

    def now(self) -> int:
        """Return the time on this clock."""

    async def until(self, moment: int) -> None:
        """Return at the moment, or at once where it is past."""


class _Sleeper(NamedTuple):
    """Ordered by moment, then by who came first: the rest is never compared."""

    moment: int
    number: int
    loop: asyncio.AbstractEventLoop
    awake: asyncio.Event


class ThreadWaking(Waking):
    """One thread for all who wait, alive while somebody does. Safe to share between event loops."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sleepers: list[_Sleeper] = []
        self._numbers = count()
        self._is_running = False

    def now(self) -> int:
        """Return the system's monotonic time."""
        return time.monotonic_ns()

    async def until(self, moment: int) -> None:
        """Return at the moment, or at once where it is past; who is cancelled is forgotten."""
        if moment <= self.now():
            return
        sleeper = _Sleeper(moment, next(self._numbers), asyncio.get_running_loop(), asyncio.Event())
        self._add(sleeper)
        try:
            await sleeper.awake.wait()
        except asyncio.CancelledError:
            # Before the loop can close: the thread must not call into one that is gone.
            self._forget(sleeper)
            raise

    def _add(self, sleeper: _Sleeper) -> None:
        with self._changed:
            heapq.heappush(self._sleepers, sleeper)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="verwijsindex-waking", daemon=True).start()
            elif self._sleepers[0] is sleeper:
                self._changed.notify()

    def _forget(self, sleeper: _Sleeper) -> None:
        with self._changed:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)
                self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while self._sleepers:
                remaining = self._sleepers[0].moment - self.now()
                if remaining > 0:
                    self._changed.wait(remaining / _NANOSECONDS)
                else:
                    due = heapq.heappop(self._sleepers)
                    due.loop.call_soon_threadsafe(due.awake.set)
            self._is_running = False
