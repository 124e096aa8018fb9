"""The quota of a partner, over batches, processes and restarts."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from gateway.errors import QuotaExceeded
from gateway.lookup.answer import Answer
from gateway.lookup.quota import Quota
from gateway.metering.ports import MeterTerms
from gateway.metering.tally import Tally
from tests.lookup.support import NOW, bounds, request, service, store_with
from tests.support.convenants import convenant, rule
from tests.support.sealed import OIN_GGZ, OIN_VT, involvement


def allowed(quota: Quota) -> bool:
    try:
        quota.charge(OIN_VT)
    except QuotaExceeded:
        return False
    return True


def test_a_full_bucket_lets_its_burst_through_and_no_more() -> None:
    quota = Quota(MeterTerms(per_hour=3600, burst=3), Tally({}, NOW))
    assert [allowed(quota) for _ in range(5)] == [True, True, True, False, False]


def test_the_refusal_says_when_a_question_passes_again() -> None:
    quota = Quota(MeterTerms(per_hour=14_400, burst=1), Tally({}, NOW))
    quota.charge(OIN_VT)
    with pytest.raises(QuotaExceeded) as caught:
        quota.charge(OIN_VT)
    assert caught.value.retry_after_seconds == 0.25
    quota.charge(OIN_GGZ)


async def test_questions_of_one_batch_share_what_is_left() -> None:
    store = await store_with(involvement(OIN_VT, "anna"))
    room = service(store, bounds=bounds(quota=MeterTerms(per_hour=1, burst=5)))
    outcomes = await asyncio.gather(*(room.ask(request()) for _ in range(8)), return_exceptions=True)
    assert [isinstance(outcome, Answer) for outcome in outcomes] == [True] * 5 + [False] * 3
    assert {type(outcome) for outcome in outcomes[5:]} == {QuotaExceeded}


async def test_two_processes_on_one_store_share_the_quota_and_a_restart_gives_nothing_back() -> None:
    store = await store_with(involvement(OIN_VT, "anna"))
    three = bounds(quota=MeterTerms(per_hour=1, burst=3))
    for _ in range(3):
        await service(store, bounds=three).ask(request())
    with pytest.raises(QuotaExceeded):
        await service(store, bounds=three).ask(request())


async def test_what_a_failed_commit_took_was_not_taken() -> None:
    store = await store_with(involvement(OIN_VT, "anna"))
    room = service(store, bounds=bounds(quota=MeterTerms(per_hour=1, burst=1)))
    store.refuses_commit = True
    with pytest.raises(Exception, match="refuses to commit"):
        await room.ask(request())
    store.refuses_commit = False
    assert isinstance(await room.ask(request()), Answer)


async def test_a_clock_that_ran_ahead_once_refuses_no_longer_than_an_empty_bucket_does() -> None:
    store = await store_with(involvement(OIN_VT, "anna"))
    one = bounds(quota=MeterTerms(per_hour=60, burst=2))
    lasting = convenant(rule(), valid_until=date(2099, 12, 31))
    await service(store, lasting, bounds=one, clock=lambda: NOW + timedelta(days=365)).ask(request())
    with pytest.raises(QuotaExceeded):
        await service(store, bounds=one).ask(request())
    later = service(store, bounds=one, clock=lambda: NOW + timedelta(minutes=1))
    assert isinstance(await later.ask(request()), Answer)
