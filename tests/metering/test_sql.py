"""Meters in a database: they survive a restart, hold over processes, and count only what commits."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.database import begin
from gateway.domain import Oin
from gateway.errors import QuotaExceeded, StoreUnavailable
from gateway.metering.ports import Charge, MeterKey, MeterTerms
from gateway.metering.sql import SqlMeters
from tests.support.facts import OIN_GGZ, OIN_VT
from tests.support.service_databases import OpenEngine

NOON = datetime(2026, 3, 2, 12, 0, 0, 7, tzinfo=UTC)
TERMS = MeterTerms(per_hour=60, burst=100)


def of(count: int, *, name: str = "evaluations", partner: Oin = OIN_VT) -> Charge:
    return Charge(key=MeterKey(partner, name), count=count, terms=TERMS)


async def take(
    engine: AsyncEngine, count: int, *, name: str = "evaluations", partner: Oin = OIN_VT, at: datetime = NOON
) -> None:
    async with begin(engine) as connection:
        await SqlMeters(connection).charge([of(count, name=name, partner=partner)], at)


async def left(engine: AsyncEngine, *, at: datetime = NOON) -> int:
    """Return how many more can be taken, and leave them."""
    for count in range(TERMS.burst, 0, -1):
        async with engine.connect() as connection:
            try:
                await SqlMeters(connection).charge([of(count)], at)
            except QuotaExceeded:
                continue
            finally:
                await connection.rollback()
            return count
    return 0


async def test_what_one_process_takes_is_gone_for_another(process: OpenEngine) -> None:
    one, other = process(), process()
    await take(one, 60)
    with pytest.raises(QuotaExceeded) as caught:
        await take(other, 41)
    assert caught.value.retry_after_seconds == 60.0
    await take(other, 40)
    with pytest.raises(QuotaExceeded):
        await take(one, 1)


async def test_what_was_taken_survives_a_restart(process: OpenEngine) -> None:
    before = process()
    await take(before, 90)
    await before.dispose()
    assert await left(process()) == 10


async def test_two_processes_that_take_at_once_get_a_burst_together_and_no_more(process: OpenEngine) -> None:
    """Each take is a transaction of its own; the first ones race for a row that is not there yet."""
    both = (process(), process())

    async def try_to_take(number: int) -> bool:
        try:
            await take(both[number % 2], 10)
        except QuotaExceeded:
            return False
        return True

    taken = await asyncio.gather(*map(try_to_take, range(24)))
    assert sum(taken) == 10
    assert await left(both[0]) == 0


async def test_a_transaction_that_is_rolled_back_takes_nothing(process: OpenEngine) -> None:
    engine = process()

    async def fail() -> None:
        async with begin(engine) as connection:
            await SqlMeters(connection).charge([of(70)], NOON)
            raise StoreUnavailable("the log does not append")

    with pytest.raises(StoreUnavailable):
        await fail()
    assert await left(engine) == 100


async def test_a_refusal_takes_nothing(process: OpenEngine) -> None:
    engine = process()
    await take(engine, 95)
    with pytest.raises(QuotaExceeded):
        await take(engine, 6)
    assert await left(engine) == 5


async def test_partners_and_meters_do_not_touch_each_other(process: OpenEngine) -> None:
    engine = process()
    await take(engine, 100)
    await take(engine, 100, partner=OIN_GGZ)
    await take(engine, 100, name="misses")
    assert await left(engine) == 0


async def test_the_bucket_fills_with_the_clock_that_is_passed_in(process: OpenEngine) -> None:
    engine = process()
    await take(engine, 100)
    assert await left(engine, at=NOON + timedelta(minutes=7)) == 7
