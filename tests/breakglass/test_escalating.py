"""A review that is overdue escalates by itself, every day anew, once however many processes look."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from gateway.audit.model import AuditEvent
from gateway.breakglass.escalating import EscalationKeeper
from gateway.domain import Declaration, ReviewOutcome
from gateway.errors import StoreUnavailable
from tests.breakglass.support import NOW, OIN_GGZ, OIN_POLITIE, OIN_VT, TERMS, Desk
from tests.support.fake_declarations import FakeDeclarations

DUE = NOW + timedelta(days=TERMS.review_days)
DAY = timedelta(days=1)


async def test_nothing_escalates_before_the_review_is_due() -> None:
    desk = Desk()
    await desk.declare()
    desk.now = DUE - timedelta(microseconds=1)
    before = desk.store.state.audit
    assert await desk.keeper.escalate() == 0
    assert desk.store.state.audit == before


async def test_the_keeper_reads_nothing_that_is_not_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks every minute, and what waits for its review may be a month's emergencies."""

    async def never(_: FakeDeclarations) -> Sequence[Declaration]:
        raise AssertionError("every declaration without a review was read")

    monkeypatch.setattr(FakeDeclarations, "unreviewed", never)
    desk = Desk()
    await desk.declare()
    desk.now = DUE
    assert await desk.keeper.escalate() == 1


async def test_an_overdue_review_is_on_record_told_and_named_in_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk = Desk()
    made = (await desk.declare()).declaration
    await desk.use(made, OIN_POLITIE, OIN_GGZ)
    before = len(desk.notices)
    desk.now = DUE
    capsys.readouterr()
    assert await desk.keeper.escalate() == 1
    assert desk.told()[before:] == [("overdue", OIN_VT), ("overdue", OIN_GGZ), ("overdue", OIN_POLITIE)]
    record = desk.records[-1]
    assert (record.event, record.reason, record.emergency) == (AuditEvent.REVIEW, "overdue", made.id)
    assert (await desk.standing(made)).escalated_at == DUE
    logged = capsys.readouterr().err
    assert '"event": "break-glass.review-overdue"' in logged
    assert made.id in logged
    assert made.professional.id not in logged


async def test_it_escalates_again_every_day_with_a_notice_of_its_own_until_it_is_reviewed() -> None:
    desk = Desk()
    made = (await desk.declare()).declaration
    escalated = []
    for hours in (0, 23, 24, 25, 48, 71):
        desk.now = DUE + timedelta(hours=hours)
        escalated.append(await desk.keeper.escalate())
    assert escalated == [1, 0, 1, 0, 1, 0]
    overdue = [notice.id for notice in desk.notices if notice.event.value == "overdue"]
    assert len(set(overdue)) == 3
    await desk.reviews.review(made.id, ReviewOutcome.JUSTIFIED, officer="fg-1")
    desk.now += 5 * DAY
    assert await desk.keeper.escalate() == 0


async def test_two_keepers_that_look_at_once_escalate_once() -> None:
    desk = Desk()
    await desk.declare()
    desk.now = DUE
    other = EscalationKeeper(store=desk.store, clock=lambda: desk.now)
    assert sum(await asyncio.gather(desk.keeper.escalate(), other.escalate())) == 1
    assert [event for event, _ in desk.told()].count("overdue") == 1


async def test_one_that_is_reviewed_between_the_look_and_the_escalation_stays_quiet() -> None:
    desk = Desk()
    made = (await desk.declare()).declaration
    desk.now = DUE
    async with desk.store.transaction() as tx:
        [looked_at] = await tx.declarations.unreviewed()
    await desk.reviews.review(made.id, ReviewOutcome.JUSTIFIED, officer="fg-1")
    before = desk.store.state.audit
    assert not await desk.keeper._escalate(looked_at, desk.now)
    assert desk.store.state.audit == before


async def test_a_store_that_is_away_is_told_and_the_keeper_looks_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk, stop = Desk(), asyncio.Event()
    await desk.declare()
    desk.now = DUE
    desk.store.is_away = True
    looks = 0

    def clock() -> object:
        nonlocal looks
        looks += 1
        desk.store.is_away = looks == 1
        if looks == 2:
            stop.set()
        return desk.now

    await EscalationKeeper(store=desk.store, clock=clock).run(stop, look_seconds=0)  # type: ignore[arg-type]
    assert looks == 2
    assert '"event": "break-glass.escalation-postponed"' in capsys.readouterr().err
    assert ("overdue", OIN_VT) in desk.told()


async def test_an_escalation_that_does_not_commit_leaves_nothing_and_comes_again() -> None:
    desk = Desk()
    await desk.declare()
    desk.now, desk.store.refuses_commit = DUE, True
    with pytest.raises(StoreUnavailable):
        await desk.keeper.escalate()
    desk.store.refuses_commit = False
    assert await desk.keeper.escalate() == 1
