"""The one clock: days are days in the Netherlands, hours whole ones in UTC, and a stop ends a wait."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import day_of, dutch_time, hour_of, now, wait
from gateway.domain.dutch import dutch_day

ZONES = st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-720, 840))


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 1, 31, 22, 59, 59, tzinfo=UTC), date(2026, 1, 31)),
        (datetime(2026, 1, 31, 23, tzinfo=UTC), date(2026, 2, 1)),
        (datetime(2026, 7, 31, 21, 59, 59, tzinfo=UTC), date(2026, 7, 31)),
        (datetime(2026, 7, 31, 22, tzinfo=UTC), date(2026, 8, 1)),
    ],
    ids=["winter before midnight", "winter midnight", "summer before midnight", "summer midnight"],
)
def test_a_day_begins_at_midnight_in_the_netherlands(moment: datetime, day: date) -> None:
    assert day_of(moment) == day


@given(st.datetimes(datetime(1900, 1, 2), datetime(9999, 12, 30), timezones=ZONES))  # noqa: DTZ001 - bounds
def test_an_hour_is_whole_in_utc_and_holds_the_moment(moment: datetime) -> None:
    hour = hour_of(moment)
    assert hour.tzinfo is UTC
    assert (hour.minute, hour.second, hour.microsecond) == (0, 0, 0)
    assert timedelta(0) <= moment - hour < timedelta(hours=1)


def test_the_time_knows_its_zone() -> None:
    assert now().tzinfo is UTC


async def test_a_wait_ends_with_the_stop_and_at_the_latest_after_its_seconds() -> None:
    stop = asyncio.Event()
    await wait(stop, 0.001)
    assert not stop.is_set()
    waiting = asyncio.create_task(wait(stop, 10**6))
    stop.set()
    await asyncio.wait_for(waiting, 30)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_people_read_dutch_time_whatever_the_zone_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert dutch_time(datetime(2026, 1, 31, 23, 5, 9, tzinfo=UTC)) == "01-02-2026 00:05"
        assert dutch_time(datetime(2026, 7, 31, 22, 5, 9, tzinfo=UTC), seconds=True) == "01-08-2026 00:05:09"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_people_read_a_day_as_day_month_and_year_in_four_digits() -> None:
    assert dutch_day(date(2026, 3, 2)) == "02-03-2026"
    assert dutch_day(date(214, 3, 2)) == "02-03-0214"
