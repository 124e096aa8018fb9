"""How a rate is measured."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable


async def rate(work: Callable[[], Awaitable[int]]) -> float:
    """Return how many things a second `work` did; it returns how many it did in all."""
    started = time.perf_counter()
    done = await work()
    return done / (time.perf_counter() - started)
