"""The token bucket of a partner."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import QuotaExceeded
from gateway.lookup.quota import Quota, QuotaTerms
from tests.lookup.support import NOW
from tests.support.facts import OIN_GGZ, OIN_VT

SECOND = timedelta(seconds=1)


def allowed(quota: Quota, *, at: float = 0) -> bool:
    try:
        quota.charge(OIN_VT, NOW + at * SECOND)
    except QuotaExceeded:
        return False
    return True


def test_a_full_bucket_lets_its_burst_through_and_no_more() -> None:
    quota = Quota(QuotaTerms(burst=3, refill_per_second=1))
    assert [allowed(quota) for _ in range(5)] == [True, True, True, False, False]


def test_the_refusal_says_when_a_question_passes_again_and_then_it_does() -> None:
    quota = Quota(QuotaTerms(burst=1, refill_per_second=4))
    assert allowed(quota)
    with pytest.raises(QuotaExceeded) as caught:
        quota.charge(OIN_VT, NOW)
    assert caught.value.retry_after_seconds == 0.25
    assert not allowed(quota, at=0.2)
    assert allowed(quota, at=0.25)


def test_partners_have_buckets_of_their_own() -> None:
    quota = Quota(QuotaTerms(burst=1, refill_per_second=1))
    assert allowed(quota)
    quota.charge(OIN_GGZ, NOW)


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    quota = Quota(QuotaTerms(burst=2, refill_per_second=10))
    allowed(quota)
    assert [allowed(quota, at=3600) for _ in range(3)] == [True, True, False]


def test_a_clock_that_is_set_back_fills_nothing() -> None:
    quota = Quota(QuotaTerms(burst=1, refill_per_second=1))
    assert allowed(quota, at=10)
    assert not allowed(quota, at=0)
    assert not allowed(quota, at=0.5)


@given(st.lists(st.integers(0, 16), max_size=60))
def test_no_stretch_of_time_lets_more_through_than_the_burst_and_what_was_filled(steps: list[int]) -> None:
    quota = Quota(QuotaTerms(burst=4, refill_per_second=1))
    at, passed = 0.0, 0
    for step in steps:
        at += step / 4
        passed += allowed(quota, at=at)
        assert passed <= 4 + at


@pytest.mark.parametrize("terms", [{"burst": 0}, {"refill_per_second": 0}])
def test_a_quota_that_lets_nothing_through_is_refused(terms: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        QuotaTerms(**terms)
