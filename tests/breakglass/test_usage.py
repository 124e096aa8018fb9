"""How often partners break the glass: months of the Dutch calendar, a rate, and how it was judged."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.breakglass.usage import MOST_MONTHS, first_days
from gateway.cli.break_glass_show import bars
from gateway.domain import ReviewOutcome
from tests.breakglass.support import NOW, OIN_GGZ, OIN_POLITIE, OIN_VT, Desk, lookup_record

FEBRUARY = datetime(2026, 2, 10, 12, tzinfo=UTC)


async def asked(desk: Desk, *moments: datetime, by: str = OIN_VT) -> None:
    async with desk.store.transaction() as tx:
        await tx.audit.append([lookup_record(moment, organisation=by) for moment in moments])


async def test_declarations_uses_and_questions_are_counted_by_partner_and_month() -> None:
    desk = Desk()
    desk.now = FEBRUARY
    early = (await desk.declare()).declaration
    await desk.use(early, OIN_GGZ)
    await desk.use(early)
    desk.now = NOW
    await desk.declare()
    await asked(desk, *[NOW - timedelta(hours=hour) for hour in range(1, 7)])
    await asked(desk, NOW - timedelta(hours=1), by=OIN_GGZ)
    desk.now = NOW + timedelta(hours=1)
    vt, ggz = await desk.usage.read(months=2)
    assert (vt.partner, ggz.partner, vt.name) == (OIN_VT, OIN_GGZ, "veilig_thuis (synthetic)")
    assert [(month.month, month.declarations, month.used, month.lookups) for month in vt.months] == [
        ("2026-02", 1, 2, 2),
        ("2026-03", 1, 0, 6),
    ]
    assert (vt.declarations, vt.used, vt.lookups, vt.per_thousand) == (2, 2, 8, 250.0)
    assert (ggz.declarations, ggz.lookups, ggz.per_thousand) == (0, 1, 0.0)


async def test_what_waits_is_overdue_or_was_unjustified_is_counted() -> None:
    desk = Desk()
    desk.now = FEBRUARY
    made = [(await desk.declare()).declaration for _ in range(4)]
    await desk.reviews.review(made[0].id, ReviewOutcome.UNJUSTIFIED, officer="fg-1")
    await desk.reviews.review(made[1].id, ReviewOutcome.JUSTIFIED, officer="fg-1")
    desk.now = NOW
    await desk.declare()
    [vt] = await desk.usage.read(months=2)
    assert (vt.unreviewed, vt.overdue, vt.unjustified) == (3, 2, 1)
    assert vt.per_thousand is None


async def test_a_month_begins_at_midnight_in_the_netherlands_and_what_is_older_is_left_out() -> None:
    desk = Desk()
    desk.now = datetime(2026, 2, 28, 22, 59, tzinfo=UTC)
    await desk.declare(caller=OIN_POLITIE)
    desk.now = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
    await desk.declare()
    await asked(desk, datetime(2026, 2, 28, 22, 59, tzinfo=UTC), datetime(2026, 2, 28, 23, 0, tzinfo=UTC))
    desk.now = NOW
    [vt] = await desk.usage.read(months=1)
    assert [(month.month, month.declarations, month.lookups) for month in vt.months] == [("2026-03", 1, 1)]


@given(today=st.dates(date(1990, 1, 1), date(2100, 1, 1)), months=st.integers(1, MOST_MONTHS))
def test_months_follow_each_other_without_a_gap_and_end_with_this_one(today: date, months: int) -> None:
    firsts = first_days(today, months)
    assert len(firsts) == months
    assert firsts[-1] == today.replace(day=1)
    for before, after in pairwise(firsts):
        assert (before + timedelta(days=31)).replace(day=1) == after


@pytest.mark.parametrize("months", [0, MOST_MONTHS + 1])
def test_a_period_has_one_month_at_least_and_five_years_at_most(months: int) -> None:
    with pytest.raises(ValueError, match="months"):
        first_days(NOW.date(), months)


@given(st.lists(st.integers(0, 1000), max_size=24))
def test_bars_are_as_high_as_their_numbers_on_one_scale(numbers: list[int]) -> None:
    highest = max(numbers, default=0)
    drawn = bars(numbers, highest)
    heights = ["·▁▂▃▄▅▆▇█".index(bar) for bar in drawn]
    assert len(drawn) == len(numbers)
    assert all((height == 0) == (number == 0) for height, number in zip(heights, numbers, strict=True))
    assert all(
        heights[one] <= heights[other]
        for one in range(len(numbers))
        for other in range(len(numbers))
        if numbers[one] <= numbers[other]
    )
    if highest:
        assert "█" in drawn
