"""One call by itself takes one: what is left is looked at and charged with nobody in between."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import QuotaExceeded
from gateway.metering.ports import MeterKey, MeterTerms
from gateway.metering.taking import take_one
from tests.support.fake_facts import State
from tests.support.fake_store import FakeMeters
from tests.support.sealed import NOON, OIN_VT

KEY = MeterKey(OIN_VT, "calls")
TERMS = MeterTerms(per_hour=60, burst=2)


async def test_a_burst_is_let_through_and_the_next_call_is_told_when_to_come_back() -> None:
    meters = FakeMeters(State())
    for _ in range(2):
        await take_one(meters, KEY, TERMS, NOON)
    with pytest.raises(QuotaExceeded) as caught:
        await take_one(meters, KEY, TERMS, NOON)
    assert caught.value.retry_after_seconds == 60
    await take_one(meters, KEY, TERMS, NOON + timedelta(seconds=60))


async def test_what_is_refused_takes_nothing() -> None:
    state = State(full_at={KEY: NOON + timedelta(minutes=2)})
    with pytest.raises(QuotaExceeded):
        await take_one(FakeMeters(state), KEY, TERMS, NOON)
    assert state.full_at == {KEY: NOON + timedelta(minutes=2)}


async def test_a_bucket_of_a_clock_that_ran_ahead_is_merely_empty() -> None:
    meters = FakeMeters(State(full_at={KEY: NOON + timedelta(days=365)}))
    with pytest.raises(QuotaExceeded):
        await take_one(meters, KEY, TERMS, NOON)
    await take_one(meters, KEY, TERMS, NOON + timedelta(minutes=1))
