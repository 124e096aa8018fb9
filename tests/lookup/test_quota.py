"""The quota of a partner, over batches, processes and restarts."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import QuotaExceeded
from gateway.lookup.answer import Answer
from gateway.lookup.quota import Quota, QuotaTerms
from gateway.metering.tally import Tally
from tests.lookup.support import NOW, request, service, store_with
from tests.support.sealed import OIN_GGZ, OIN_VT, involvement


def allowed(quota: Quota) -> bool:
    try:
        quota.charge(OIN_VT)
    except QuotaExceeded:
        return False
    return True


def test_a_full_bucket_lets_its_burst_through_and_no_more() -> None:
    quota = Quota(QuotaTerms(burst=3, refill_per_second=1), Tally({}, NOW))
    assert [allowed(quota) for _ in range(5)] == [True, True, True, False, False]


def test_the_refusal_says_when_a_question_passes_again() -> None:
    quota = Quota(QuotaTerms(burst=1, refill_per_second=4), Tally({}, NOW))
    quota.charge(OIN_VT)
    with pytest.raises(QuotaExceeded) as caught:
        quota.charge(OIN_VT)
    assert caught.value.retry_after_seconds == 0.25
    quota.charge(OIN_GGZ)


@given(st.floats(0.0003, 10_000), st.integers(1, 10**6))
def test_the_terms_by_the_hour_are_those_by_the_second(refill: float, burst: int) -> None:
    terms = QuotaTerms(burst=burst, refill_per_second=refill).meter
    assert terms.burst == burst
    assert abs(terms.per_hour - refill * 3600) <= 0.5


def test_a_quota_that_fills_less_than_once_an_hour_fills_once_an_hour() -> None:
    assert QuotaTerms(refill_per_second=1e-9).meter.per_hour == 1


@pytest.mark.parametrize("terms", [{"burst": 0}, {"refill_per_second": 0}])
def test_a_quota_that_lets_nothing_through_is_refused(terms: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        QuotaTerms(**terms)


async def test_questions_of_one_batch_share_what_is_left() -> None:
    room = service(await store_with(involvement(OIN_VT, "anna")), quota=QuotaTerms(burst=5))
    outcomes = await asyncio.gather(*(room.ask(request()) for _ in range(8)), return_exceptions=True)
    assert [isinstance(outcome, Answer) for outcome in outcomes] == [True] * 5 + [False] * 3
    assert {type(outcome) for outcome in outcomes[5:]} == {QuotaExceeded}


async def test_two_processes_on_one_store_share_the_quota_and_a_restart_gives_nothing_back() -> None:
    store = await store_with(involvement(OIN_VT, "anna"))
    terms = QuotaTerms(burst=3, refill_per_second=0.001)
    for _ in range(3):
        await service(store, quota=terms).ask(request())
    with pytest.raises(QuotaExceeded):
        await service(store, quota=terms).ask(request())


async def test_what_a_failed_commit_took_was_not_taken() -> None:
    store = await store_with(involvement(OIN_VT, "anna"))
    room = service(store, quota=QuotaTerms(burst=1, refill_per_second=0.001))
    store.refuses_commit = True
    with pytest.raises(Exception, match="refuses to commit"):
        await room.ask(request())
    store.refuses_commit = False
    assert isinstance(await room.ask(request()), Answer)
