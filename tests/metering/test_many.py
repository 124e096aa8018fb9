"""Many meters charged at once in a database: the same arithmetic as one by one, all or nothing, over processes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.database import begin
from gateway.domain import Oin
from gateway.errors import QuotaExceeded
from gateway.metering.bucket import full_again
from gateway.metering.ports import Charge, MeterKey, MeterTerms
from gateway.metering.sql import SqlMeters
from tests.support.facts import OIN_GGZ, OIN_POLITIE, OIN_VT
from tests.support.service_databases import OpenEngine

NOON = datetime(2026, 3, 2, 12, 0, 0, 7, tzinfo=UTC)
TERMS = MeterTerms(per_hour=60, burst=100)
FEW = MeterTerms(per_hour=7, burst=3)


def charge(count: int, *, partner: Oin = OIN_VT, name: str = "misses", terms: MeterTerms = TERMS) -> Charge:
    return Charge(key=MeterKey(partner, name), count=count, terms=terms)


async def take(engine: AsyncEngine, *charges: Charge, at: datetime = NOON) -> None:
    async with begin(engine) as connection:
        await SqlMeters(connection).charge(charges, at)


async def standing(engine: AsyncEngine, *keys: MeterKey, hold: bool = False) -> dict[MeterKey, datetime]:
    async with begin(engine) as connection:
        return dict(await SqlMeters(connection).standing(keys, hold=hold))


async def test_a_charge_comes_to_the_moment_that_the_pure_arithmetic_gives(process: OpenEngine) -> None:
    engine, before, now = process(), None, NOON
    key = MeterKey(OIN_VT, "misses")
    for count, pause in ((40, 0), (60, 1), (1, 3_600_000_001), (30, 10**9), (7, -(10**9))):
        now += timedelta(microseconds=pause)
        try:
            before = full_again(before, count, TERMS, now)
        except QuotaExceeded:
            with pytest.raises(QuotaExceeded):
                await take(engine, charge(count), at=now)
        else:
            await take(engine, charge(count), at=now)
        assert await standing(engine, key) == {key: before}


async def test_a_refusal_says_when_the_one_that_was_refused_fits(process: OpenEngine) -> None:
    engine = process()
    await take(engine, charge(60), charge(10, partner=OIN_GGZ))
    with pytest.raises(QuotaExceeded) as caught:
        await take(engine, charge(41), charge(90, partner=OIN_GGZ))
    wait = timedelta(seconds=caught.value.retry_after_seconds)
    assert wait == timedelta(minutes=1)
    await take(engine, charge(41), at=NOON + wait)


async def test_charges_of_many_partners_meters_and_terms_are_taken_together_or_not_at_all(
    process: OpenEngine,
) -> None:
    engine = process()
    together = [
        charge(90),
        charge(100, name="questions"),
        charge(3, partner=OIN_GGZ, terms=FEW),
        charge(50, partner=OIN_POLITIE),
    ]
    keys = [each.key for each in together]
    await take(engine, *together)
    first = await standing(engine, *keys)
    assert first == {each.key: full_again(None, each.count, each.terms, NOON) for each in together}
    with pytest.raises(QuotaExceeded):
        await take(engine, charge(10), charge(1, partner=OIN_GGZ, terms=FEW), charge(1, partner=OIN_POLITIE))
    assert await standing(engine, *keys) == first


async def test_more_than_a_burst_never_fits(process: OpenEngine) -> None:
    engine = process()
    with pytest.raises(QuotaExceeded):
        await take(engine, charge(101))
    assert await standing(engine, MeterKey(OIN_VT, "misses")) == {}


async def test_after_a_clock_that_was_set_back_a_bucket_is_empty_at_worst(process: OpenEngine) -> None:
    engine = process()
    await take(engine, charge(1), at=NOON + timedelta(days=365))
    with pytest.raises(QuotaExceeded):
        await take(engine, charge(1))


async def test_nothing_asked_for_and_nothing_taken_is_nothing(process: OpenEngine) -> None:
    engine = process()
    await take(engine)
    assert await standing(engine) == {}
    assert await standing(engine, hold=True) == {}


async def test_processes_that_charge_at_once_get_a_burst_together_and_no_more(process: OpenEngine) -> None:
    both = (process(), process())

    async def try_to_take(number: int) -> bool:
        try:
            # In another order each time: the database is never asked to lock in a ring.
            few = [charge(10), charge(1, partner=OIN_GGZ), charge(1, name="questions")]
            await take(both[number % 2], *(few if number % 3 else reversed(few)))
        except QuotaExceeded:
            return False
        return True

    taken = await asyncio.gather(*map(try_to_take, range(24)))
    assert sum(taken) == 10


async def test_while_a_transaction_holds_the_meters_nobody_else_charges_them(process: OpenEngine) -> None:
    one, other = process(), process()
    async with begin(one) as connection:
        meters = SqlMeters(connection)
        await meters.standing([MeterKey(OIN_VT, "misses")], hold=True)
        waiting = asyncio.create_task(take(other, charge(60)))
        await meters.charge([charge(60)], NOON)
        assert not waiting.done()
    with pytest.raises(QuotaExceeded):
        await waiting
