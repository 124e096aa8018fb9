"""A batch's takings in memory come to what taking one by one in the database would have come to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import QuotaExceeded
from gateway.metering.bucket import full_again
from gateway.metering.ports import Charge, MeterKey, MeterTerms
from gateway.metering.tally import Tally
from tests.support.facts import OIN_GGZ, OIN_VT

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TERMS = MeterTerms(per_hour=60, burst=3)
MISSES = MeterKey(OIN_VT, "misses")


def test_a_burst_is_let_through_and_the_next_one_is_told_to_wait() -> None:
    tally = Tally({}, NOON)
    for _ in range(3):
        tally.take(MISSES, TERMS)
    with pytest.raises(QuotaExceeded) as caught:
        tally.take(MISSES, TERMS)
    assert caught.value.retry_after_seconds == 60.0
    assert tally.charges == [Charge(key=MISSES, count=3, terms=TERMS)]


def test_requiring_one_leaves_it_there() -> None:
    tally = Tally({}, NOON)
    for _ in range(9):
        tally.require(MISSES, TERMS)
    assert tally.charges == []
    for _ in range(3):
        tally.take(MISSES, TERMS)
    with pytest.raises(QuotaExceeded):
        tally.require(MISSES, TERMS)


def test_what_stood_counts() -> None:
    tally = Tally({MISSES: NOON + timedelta(minutes=2)}, NOON)
    tally.take(MISSES, TERMS)
    with pytest.raises(QuotaExceeded):
        tally.take(MISSES, TERMS)


def test_partners_and_meters_do_not_touch_each_other() -> None:
    tally = Tally({}, NOON)
    keys = [MISSES, MeterKey(OIN_VT, "questions"), MeterKey(OIN_GGZ, "misses")]
    for key in keys:
        for _ in range(3):
            tally.take(key, TERMS)
    assert {charge.key: charge.count for charge in tally.charges} == dict.fromkeys(keys, 3)


@given(
    st.builds(MeterTerms, per_hour=st.integers(1, 10**6), burst=st.integers(1, 50)),
    st.integers(-(10**9), 10**9),
    st.integers(1, 60),
)
def test_what_was_taken_one_by_one_always_fits_as_one_charge(
    terms: MeterTerms, ahead: int, tries: int
) -> None:
    standing = NOON + timedelta(microseconds=ahead)
    tally = Tally({MISSES: standing}, NOON)
    for _ in range(tries):
        try:
            tally.take(MISSES, terms)
        except QuotaExceeded:
            break
    for charge in tally.charges:
        full_again(standing, charge.count, charge.terms, NOON)
