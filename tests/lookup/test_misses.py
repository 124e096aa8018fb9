"""Misses: who walks through numbers is stopped and named; who asks about its own clients never is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from gateway.audit.model import AuditOutcome
from gateway.domain import Oin
from gateway.errors import NotPermitted, QuotaExceeded
from gateway.index.ports import IndexStore, Transaction
from gateway.lookup import misses
from gateway.lookup.answer import Answer, LookupRequest
from gateway.lookup.misses import MissesExhausted, MissTerms
from gateway.lookup.service import LookupService
from gateway.metering.ports import Charge, Meters, MeterTerms
from gateway.rpc.status import status_of
from tests.lookup.support import (
    NOW,
    PARTNERS,
    RecordingStore,
    add,
    bounds,
    no_pause,
    records,
    request,
    service,
    store_with,
)
from tests.support.convenants import convenant, rule
from tests.support.fake_store import FakeIndexStore, FakeMeters
from tests.support.fake_waking import UNPACED
from tests.support.fixed_agreement import FixedAgreement
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, household, involvement

THREE = MissTerms(default=MeterTerms(per_hour=60, burst=3))
OWN = involvement(OIN_VT, "anna")
INTAKE = convenant(rule(without_own_involvement=True))
"""Whoever asks may ask about strangers."""


@dataclass
class Clock:
    """A clock that the test moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Room:
    """A lookup room whose partner has three misses."""

    store: FakeIndexStore
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.service: LookupService = service(
            self.store, INTAKE, bounds=bounds(misses=THREE), clock=self.clock
        )

    async def ask(self, who: str, caller: Oin = OIN_VT, **changes: Any) -> Answer:
        return await self.service.ask(request(caller, who, **changes))

    async def spend(self, count: int, caller: Oin = OIN_VT) -> None:
        """Ask about so many strangers."""
        for number in range(count):
            assert (await self.ask(f"stranger-{number}", caller)).involvements == ()

    async def left(self, caller: Oin = OIN_VT) -> int:
        """Return how many misses are left, as an asker would find out, and spend them."""
        for count in range(4):
            try:
                await self.ask(f"probe-{count}", caller)
            except MissesExhausted:
                return count
        raise AssertionError("more than three misses")


async def room(*facts: Any) -> Room:
    return Room(await store_with(*facts))


async def test_who_asks_about_strangers_is_stopped_for_everybody_it_asks_about() -> None:
    asking = await room(OWN, involvement(OIN_GGZ, "anna"))
    await asking.spend(3)
    for who in ("stranger-9", "anna", "stranger-0"):
        with pytest.raises(QuotaExceeded):
            await asking.ask(who)


async def test_the_refusal_is_recorded_with_its_reason_and_without_a_decision() -> None:
    asking = await room(OWN, involvement(OIN_GGZ, "anna"))
    await asking.spend(3)
    with pytest.raises(MissesExhausted):
        await asking.ask("anna")
    record = records(asking.store)[-1]
    assert (record.outcome, record.reason) == (AuditOutcome.REFUSED, misses.EXHAUSTED)
    assert (record.organisation, record.verdicts) == (OIN_VT, ())


async def test_a_refusal_is_the_same_for_a_stranger_and_for_somebody_who_is_known() -> None:
    asking = await room(OWN, involvement(OIN_GGZ, "anna"), involvement(OIN_GGZ, "bas"))
    await asking.spend(3)
    told = set()
    for who in ("anna", "bas", "stranger"):
        with pytest.raises(MissesExhausted) as caught:
            await asking.ask(who)
        told.add(status_of(caught.value).SerializeToString(deterministic=True))
    assert len(told) == 1


async def test_own_clients_never_count_however_often_it_asks() -> None:
    asking = await room(OWN, household(OIN_VT, "anna", "bas"))
    for _ in range(50):
        await asking.ask("anna")
        await asking.ask("bas")
    assert await asking.left() == 3


async def test_an_answer_that_shows_something_is_no_miss() -> None:
    asking = await room(involvement(OIN_GGZ, "anna"))
    for _ in range(5):
        assert (await asking.ask("anna")).involvements != ()
    assert await asking.left() == 3


async def test_a_question_that_is_refused_for_what_the_asker_is_is_no_miss() -> None:
    asking = await room()
    for _ in range(5):
        with pytest.raises(NotPermitted):
            await asking.ask("stranger", purpose="curiosity")
    assert await asking.left() == 3


async def test_misses_come_back_with_time_and_the_refusal_says_when() -> None:
    asking = await room()
    await asking.spend(3)
    with pytest.raises(MissesExhausted) as caught:
        await asking.ask("stranger")
    assert caught.value.retry_after_seconds == 60.0
    asking.clock.now += timedelta(seconds=59)
    with pytest.raises(MissesExhausted):
        await asking.ask("stranger")
    asking.clock.now += timedelta(seconds=1)
    assert await asking.left() == 1


async def test_partners_have_misses_of_their_own() -> None:
    asking = await room()
    await asking.spend(3)
    assert await asking.left(OIN_GGZ) == 3


async def test_a_partner_may_have_terms_of_its_own() -> None:
    intake = MissTerms(default=THREE.default, partners={OIN_VT: MeterTerms(per_hour=60, burst=30)})
    asking = service(await store_with(), bounds=bounds(misses=intake))
    for number in range(30):
        await asking.ask(request(who=f"stranger-{number}"))
    with pytest.raises(MissesExhausted):
        await asking.ask(request(who="stranger"))


async def test_two_processes_on_one_store_share_the_misses_and_a_restart_gives_none_back() -> None:
    store = await store_with()
    for _ in range(3):
        await Room(store).ask("stranger")
    with pytest.raises(MissesExhausted):
        await Room(store).ask("stranger")


async def test_questions_that_come_together_share_what_is_left_in_their_order() -> None:
    asking = await room(OWN)
    who = ["anna", "x", "x", "anna", "x", "anna", "x"]
    outcomes = await asyncio.gather(*(asking.ask(name) for name in who), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Answer] * 5 + [MissesExhausted] * 2


async def test_what_a_failed_commit_took_was_not_taken() -> None:
    asking = await room()
    asking.store.refuses_commit = True
    with pytest.raises(Exception, match="refuses to commit"):
        await asking.ask("stranger")
    asking.store.refuses_commit = False
    assert await asking.left() == 3


async def test_a_walk_through_5000_numbers_is_stopped_and_named_under_the_default_terms(
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = await store_with(*(involvement(OIN_GGZ, f"n-{number}") for number in range(0, 5000, 100)))
    asking = service(store)
    outcomes = await asyncio.gather(
        *(asking.ask(request(who=f"n-{number}")) for number in range(5000)), return_exceptions=True
    )
    answered = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    assert len(answered) == 300
    assert {type(outcome) for outcome in outcomes} == {Answer, MissesExhausted}
    [line] = alarms(capsys)
    assert line["organisation"] == OIN_VT


async def test_the_alarm_is_written_once_a_period_and_names_the_organisation_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asking = await room()
    await asking.spend(3)
    assert alarms(capsys) == []
    for _ in range(3):
        with pytest.raises(MissesExhausted):
            await asking.ask("stranger")
    [line] = alarms(capsys)
    assert line | {"time": ""} == {
        "event": "lookup.misses-exhausted",
        "level": "warning",
        "organisation": OIN_VT,
        "per_hour": 60,
        "burst": 3,
        "time": "",
    }
    asking.clock.now += timedelta(hours=1)
    await asking.spend(3)
    with pytest.raises(MissesExhausted):
        await asking.ask("stranger")
    assert len(alarms(capsys)) == 1


async def test_no_alarm_leaves_before_its_record_is_durable(capsys: pytest.CaptureFixture[str]) -> None:
    asking = await room()
    await asking.spend(3)
    asking.store.refuses_commit = True
    with pytest.raises(Exception, match="refuses to commit"):
        await asking.ask("stranger")
    assert alarms(capsys) == []


class RacingStore(RecordingStore):
    """Another process commits two misses of the partner after this one has looked at the meters, once."""

    races = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with super().transaction() as tx:
            if self.races:
                self.races -= 1
                tx.meters.standing = self._then_race(tx.meters)  # type: ignore[method-assign]
            yield tx

    def _then_race(self, meters: Meters) -> Any:
        look = meters.standing

        async def standing(keys: Any, *, hold: bool = False) -> Any:
            found = await look(keys, hold=hold)
            two = [Charge(key=misses.key_of(OIN_VT), count=2, terms=THREE.default)]
            for each in (meters, FakeMeters(self.state)):
                await each.charge(two, NOW)
            return found

        return standing


async def test_misses_that_another_process_takes_meanwhile_are_not_spent_twice() -> None:
    """The batch that finds less than it looked at is given up whole, and worked on again with what is left."""
    store = RacingStore(*PARTNERS)
    await add(store, OWN)
    store.races = 1
    asking = Room(store)
    outcomes = await asyncio.gather(
        *(asking.ask(name) for name in ("x", "x", "anna")), return_exceptions=True
    )
    assert store.races == 0
    assert [type(outcome) for outcome in outcomes] == [Answer, MissesExhausted, MissesExhausted]
    assert [record.outcome for record in records(store)] == [AuditOutcome.EMPTY] + [AuditOutcome.REFUSED] * 2


def alarms(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [line for line in lines if line["event"] == "lookup.misses-exhausted"]


@pytest.mark.services
async def test_two_processes_at_the_last_miss_answer_one_stranger_between_them(
    postgres_database: str,
) -> None:
    """Both look while one miss is left; the one that comes second finds none, and refuses before it decides."""
    stores = await _postgres(postgres_database, 4)
    try:
        one = MissTerms(default=MeterTerms(per_hour=1, burst=1))
        rooms = [
            LookupService(
                store=store,
                agreement=FixedAgreement(INTAKE, *(partner.oin for partner in PARTNERS)),
                clock=lambda: NOW,
                bounds=bounds(misses=one),
                pause=no_pause,
                pacing=UNPACED,
            )
            for store in stores
        ]
        asked: Sequence[LookupRequest] = [request(who=f"stranger-{number}") for number in range(len(rooms))]
        outcomes = await asyncio.gather(
            *(each.ask(question) for each, question in zip(rooms, asked, strict=True)),
            return_exceptions=True,
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Answer"] + ["MissesExhausted"] * 3
    finally:
        for store in stores:
            await store.close()


async def _postgres(url: str, count: int) -> list[IndexStore]:
    from gateway.index.migrate import SCHEMA
    from gateway.index.sql.store import open_store
    from gateway.settings import StoreSettings

    settings = StoreSettings(url=url)
    await asyncio.to_thread(SCHEMA.migrate, settings)
    stores: list[IndexStore] = [open_store(settings) for _ in range(count)]
    async with stores[0].transaction() as tx:
        for partner in PARTNERS:
            await tx.partners.save(partner)
    return stores


async def test_the_police_on_another_meter_is_not_named(capsys: pytest.CaptureFixture[str]) -> None:
    asking = await room()
    await asking.spend(3)
    with pytest.raises(MissesExhausted):
        await asking.ask("stranger")
    await asking.ask("stranger", OIN_POLITIE)
    assert [line["organisation"] for line in alarms(capsys)] == [OIN_VT]
