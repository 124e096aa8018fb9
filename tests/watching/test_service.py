"""The watch over a store: what it counts, whom it names and how often, and that nothing ends it but a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.domain import Oin
from gateway.errors import PseudonymsUnavailable, StoreUnavailable
from gateway.telemetry.alarms import Alarms
from gateway.watching.model import Evaluated, WatchTerms
from gateway.watching.ports import UsageSource
from gateway.watching.service import Watch, window_start
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import OIN_GGZ, OIN_VT, household, involvement, message, person

NOW = datetime(2026, 3, 2, 3, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


class ScriptedUsage(UsageSource):
    """Counters as the test sets them; `failure` is raised instead, once; `asked` tells from which hours on."""

    def __init__(self) -> None:
        self.rows: list[Evaluated] = []
        self.failure: Exception | None = None
        self.asked: list[datetime] = []
        self.on_ask: Callable[[], None] = lambda: None

    async def since(self, hour: datetime) -> Sequence[Evaluated]:
        self.asked.append(hour)
        self.on_ask()
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        return self.rows

    def count(self, partner: Oin, count: int, epoch: int = 1) -> None:
        self.rows.append(Evaluated(partner=partner, epoch=epoch, count=count))


@dataclass
class Site:
    """A store, a scripted service and a watch over both."""

    store: FakeIndexStore = field(default_factory=FakeIndexStore)
    usage: ScriptedUsage = field(default_factory=ScriptedUsage)
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.watch = Watch(
            store=self.store,
            usage=self.usage,
            terms=WatchTerms(factor=2, floor=10),
            alarms=Alarms(HOUR),
            clock=lambda: self.now,
        )

    async def log(self, at: datetime, **changes: Any) -> None:
        values: dict[str, Any] = {
            "at": at,
            "event": AuditEvent.LOOKUP,
            "outcome": AuditOutcome.EMPTY,
            "organisation": OIN_VT,
            "subject": person(f"asked about at {at}"),
        }
        async with self.store.transaction() as tx:
            await tx.audit.append([AuditRecord(**values | changes)])


def named(capsys: pytest.CaptureFixture[str], event: str) -> list[dict[str, Any]]:
    lines = [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [line for line in lines if line["event"] == event]


ALARM, POSTPONED = "watching.evaluations-unexplained", "watching.postponed"


async def test_the_persons_in_current_facts_and_those_asked_about_in_the_window_explain() -> None:
    site = Site()
    async with site.store.transaction() as tx:
        for fact in (
            involvement(OIN_VT, "anna"),
            household(OIN_VT, "anna", "bas"),
            involvement(OIN_GGZ, "x"),
        ):
            await tx.facts.save(message(fact))
    await site.log(NOW - HOUR)
    await site.log(NOW - timedelta(hours=23))
    for _ in range(20):
        # One question repeated explains no more than itself.
        await site.log(NOW - HOUR, subject=person("anna"))
    await site.log(NOW - timedelta(hours=25))
    await site.log(NOW - HOUR, outcome=AuditOutcome.REFUSED)
    site.usage.count(OIN_VT, 30)
    vt, ggz = await site.watch.look()
    assert (vt.partner, vt.evaluated, vt.registered, vt.asked, vt.explained) == (OIN_VT, 30, 3, 3, 22)
    assert vt.rings
    assert (ggz.registered, ggz.rings) == (1, False)


@pytest.mark.parametrize(
    ("now", "since"),
    [
        (datetime(2026, 3, 2, 3, 20, tzinfo=UTC), datetime(2026, 3, 1, 4, tzinfo=UTC)),
        (datetime(2026, 3, 2, 3, 0, tzinfo=UTC), datetime(2026, 3, 1, 4, tzinfo=UTC)),
        (datetime(2026, 3, 2, 3, 59, 59, 999999, tzinfo=UTC), datetime(2026, 3, 1, 4, tzinfo=UTC)),
    ],
)
async def test_a_window_has_24_hours_of_the_clock_the_one_under_way_included(
    now: datetime, since: datetime
) -> None:
    assert window_start(now) == since
    site = Site(now=now)
    await site.watch.look()
    assert site.usage.asked == [since]


async def test_what_ended_on_the_day_before_in_the_netherlands_explains_nothing_any_more() -> None:
    """At half past eleven in the evening UTC it is the next day there."""
    site = Site(now=datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    async with site.store.transaction() as tx:
        await tx.facts.save(message(involvement(OIN_VT, "anna", until=date(2026, 3, 2))))
        await tx.facts.save(message(involvement(OIN_VT, "bas", until=date(2026, 3, 3))))
    [vt] = await site.watch.look()
    assert vt.registered == 1


async def test_who_stands_out_is_named_once_a_period(capsys: pytest.CaptureFixture[str]) -> None:
    site = Site()
    site.usage.count(OIN_VT, 5000)
    site.usage.count(OIN_GGZ, 9)
    for _ in range(3):
        await site.watch.look_and_name()
    [line] = named(capsys, ALARM)
    assert line | {"time": ""} == {
        "event": ALARM,
        "level": "warning",
        "organisation": OIN_VT,
        "evaluations": 5000,
        "explained": 10,
        "time": "",
    }
    site.now += HOUR
    await site.watch.look_and_name()
    assert len(named(capsys, ALARM)) == 1


async def test_looking_alone_names_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    site = Site()
    site.usage.count(OIN_VT, 5000)
    assert [finding.rings for finding in await site.watch.look()] == [True]
    assert named(capsys, ALARM) == []


@pytest.mark.parametrize(
    "failure",
    [PseudonymsUnavailable("PLANTED"), StoreUnavailable("PLANTED"), ZeroDivisionError("PLANTED")],
    ids=lambda failure: type(failure).__name__,
)
async def test_what_goes_wrong_is_told_by_its_class_and_tried_again(
    failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    site, stop = Site(), asyncio.Event()
    site.usage.count(OIN_VT, 5000)
    site.usage.failure = failure

    def stop_at_the_second() -> None:
        if len(site.usage.asked) == 2:
            stop.set()

    site.usage.on_ask = stop_at_the_second
    await site.watch.run(stop, every_seconds=0.001)
    written = capsys.readouterr().err
    lines = [orjson.loads(line) for line in written.splitlines()]
    assert [line["event"] for line in lines] == ["watching.started", POSTPONED, ALARM]
    assert lines[1]["error"] == type(failure).__name__
    assert "PLANTED" not in written


async def test_a_store_that_is_away_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    site, stop = Site(), asyncio.Event()
    site.store.is_away = True
    site.usage.on_ask = stop.set
    await site.watch.run(stop, every_seconds=600)
    [line] = named(capsys, POSTPONED)
    assert line["error"] == "StoreUnavailable"


async def test_a_stop_is_obeyed_without_waiting_for_the_next_look() -> None:
    site, stop = Site(), asyncio.Event()
    site.usage.on_ask = stop.set
    await asyncio.wait_for(site.watch.run(stop, every_seconds=10**6), 30)
    assert len(site.usage.asked) == 1


async def test_it_asks_the_service_before_it_opens_the_store() -> None:
    """An embedded store has one transaction at a time: a service that hangs must not hold up lookups."""
    site = Site()
    waiting = asyncio.Event()
    asked = asyncio.Event()

    class Hanging(ScriptedUsage):
        async def since(self, hour: datetime) -> Sequence[Evaluated]:
            asked.set()
            await waiting.wait()
            return []

    watch = Watch(
        store=site.store,
        usage=Hanging(),
        terms=WatchTerms(factor=2, floor=10),
        alarms=Alarms(HOUR),
        clock=lambda: NOW,
    )
    looking = asyncio.create_task(watch.look())
    await asked.wait()
    await site.log(NOW)
    waiting.set()
    assert list(await looking) == []
