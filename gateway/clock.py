"""The clock of every process: the time, the day and the hour in which it falls, and waiting that a stop ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

TIME_ZONE = ZoneInfo("Europe/Amsterdam")
"""Days of involvements, consents and grounds are days in the Netherlands."""


def now() -> datetime:
    """Return the time: time zone aware, UTC."""
    return datetime.now(UTC)


def day_of(moment: datetime) -> date:
    """Return the day on which the moment falls in the Netherlands."""
    return moment.astimezone(TIME_ZONE).date()


def hour_of(moment: datetime) -> datetime:
    """Return the whole hour in UTC in which the moment falls."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Return once `stop` is set, and after so many seconds at the latest."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
