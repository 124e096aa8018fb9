"""The arithmetic of a meter: never more than a burst at once and the rate lastingly, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import QuotaExceeded
from gateway.metering.bucket import full_again
from gateway.metering.ports import MeterTerms

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TERMS = MeterTerms(per_hour=3600, burst=100)

terms = st.builds(MeterTerms, per_hour=st.integers(1, 10**6), burst=st.integers(1, 10**5))
takes = st.lists(st.tuples(st.integers(0, 10**10), st.integers(1, 2000)), max_size=60)
"""Microseconds since the take before, and how many."""


def test_a_full_bucket_gives_a_burst_and_no_more() -> None:
    empty = full_again(None, 100, TERMS, NOON)
    with pytest.raises(QuotaExceeded) as caught:
        full_again(empty, 1, TERMS, NOON)
    assert caught.value.retry_after_seconds == 1.0


def test_what_was_told_to_wait_gets_through_exactly_then_and_not_a_microsecond_before() -> None:
    empty = full_again(None, 100, TERMS, NOON)
    with pytest.raises(QuotaExceeded) as caught:
        full_again(empty, 30, TERMS, NOON)
    then = NOON + timedelta(seconds=caught.value.retry_after_seconds)
    assert full_again(empty, 30, TERMS, then) == empty + timedelta(seconds=30)
    with pytest.raises(QuotaExceeded):
        full_again(empty, 30, TERMS, then - timedelta(microseconds=1))


def test_more_than_a_burst_never_fits_and_is_told_the_longest_wait() -> None:
    with pytest.raises(QuotaExceeded) as caught:
        full_again(None, 101, TERMS, NOON)
    assert caught.value.retry_after_seconds == 100.0


def test_a_quiet_time_fills_the_bucket_to_a_burst_and_no_further() -> None:
    a_week_later = NOON + timedelta(days=7)
    empty = full_again(full_again(None, 100, TERMS, NOON), 100, TERMS, a_week_later)
    with pytest.raises(QuotaExceeded):
        full_again(empty, 1, TERMS, a_week_later)


def test_a_clock_that_was_set_back_leaves_an_empty_bucket_and_no_debt() -> None:
    in_the_future = full_again(None, 100, TERMS, NOON + timedelta(days=365))
    with pytest.raises(QuotaExceeded) as caught:
        full_again(in_the_future, 1, TERMS, NOON)
    assert caught.value.retry_after_seconds == 1.0


def test_a_part_of_a_microsecond_is_never_given_away() -> None:
    seven_an_hour = MeterTerms(per_hour=7, burst=10)
    assert full_again(None, 1, seven_an_hour, NOON) - NOON == timedelta(microseconds=514_285_715)


@pytest.mark.parametrize("count", [0, -1])
def test_nothing_cannot_be_taken(count: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        full_again(None, count, TERMS, NOON)


@pytest.mark.parametrize(("per_hour", "burst"), [(0, 1), (1, 0), (-1, 5)])
def test_terms_that_let_nothing_through_cannot_be_made(per_hour: int, burst: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        MeterTerms(per_hour=per_hour, burst=burst)


@given(terms, takes)
def test_over_any_time_no_more_is_given_than_a_burst_and_the_rate(
    terms: MeterTerms, takes: list[tuple[int, int]]
) -> None:
    before, now, given_away = None, NOON, 0
    for pause, count in takes:
        now += timedelta(microseconds=pause)
        try:
            before = full_again(before, count, terms, now)
        except QuotaExceeded:
            continue
        given_away += count
        hours = (now - NOON) / timedelta(hours=1)
        assert given_away <= terms.burst + terms.per_hour * hours + 1e-6


@given(terms, takes, st.integers(1, 2000))
def test_who_waits_as_told_gets_through(terms: MeterTerms, takes: list[tuple[int, int]], count: int) -> None:
    before, now = None, NOON
    for pause, taken in takes:
        now += timedelta(microseconds=pause)
        try:
            before = full_again(before, taken, terms, now)
        except QuotaExceeded:
            continue
    if count > terms.burst:
        return
    wait = wait_for(before, count, terms, now)
    full_again(before, count, terms, now + wait)
    if wait:
        with pytest.raises(QuotaExceeded):
            full_again(before, count, terms, now + wait - timedelta(microseconds=1))


def wait_for(before: datetime | None, count: int, terms: MeterTerms, now: datetime) -> timedelta:
    """Return how long a partner is told to wait; nothing where it need not."""
    try:
        full_again(before, count, terms, now)
    except QuotaExceeded as refused:
        return timedelta(microseconds=round(refused.retry_after_seconds * 10**6))
    return timedelta(0)
