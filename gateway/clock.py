"""The clock of every process: the time, the day and the hour in which it falls, and waiting that a stop ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.dutch import dutch_day

TIME_ZONE = ZoneInfo("Europe/Amsterdam")
"""Days of involvements, consents and grounds are days in the Netherlands."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a partner's clock may run ahead of ours before its time counts as one in the future."""


def now() -> datetime:
    """Return the time: time zone aware, UTC."""
    return datetime.now(UTC)


def day_of(moment: datetime) -> date:
    """Return the day on which the moment falls in the Netherlands."""
    return moment.astimezone(TIME_ZONE).date()


def hour_of(moment: datetime) -> datetime:
    """Return the whole hour in UTC in which the moment falls."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def dutch_time(moment: datetime, *, seconds: bool = False) -> str:
    """Return the moment as people in the Netherlands read it, whatever the zone of this machine: dd-mm-yyyy hh:mm."""
    there = moment.astimezone(TIME_ZONE)
    return f"{dutch_day(there)} {there:{'%H:%M:%S' if seconds else '%H:%M'}}"


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Return once `stop` is set, and after so many seconds at the latest."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
