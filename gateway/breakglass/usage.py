"""How often every partner breaks the glass: per month and in all, beside how often it asks at all. Counts only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise

from gateway.clock import TIME_ZONE, day_of
from gateway.domain import Declaration, Oin, ReviewOutcome
from gateway.index.declarations import DeclarationUse
from gateway.index.ports import IndexStore

MOST_MONTHS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One calendar month in the Netherlands: `month` is YYYY-MM."""

    month: str
    declarations: int
    used: int
    lookups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerUsage:
    """One partner over a number of months.

    `used` are questions that were answered under a declaration, `lookups` all questions that were answered. A
    declaration that was reviewed is neither unreviewed nor overdue; one that is overdue is unreviewed too. `name` is
    empty where the organisation is no partner any more.
    """

    partner: Oin
    name: str
    months: tuple[Month, ...]
    unreviewed: int
    overdue: int
    unjustified: int

    @property
    def declarations(self) -> int:
        """Declarations made in these months."""
        return sum(each.declarations for each in self.months)

    @property
    def used(self) -> int:
        """Questions answered under a declaration that was made in these months."""
        return sum(each.used for each in self.months)

    @property
    def lookups(self) -> int:
        """Questions answered in these months."""
        return sum(each.lookups for each in self.months)

    @property
    def per_thousand(self) -> float | None:
        """Declarations for every 1,000 answered questions; None where nothing was asked."""
        return 1000 * self.declarations / self.lookups if self.lookups else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the store holds of the months: declarations and their uses, and the answered questions of every month."""

    declarations: Sequence[Declaration]
    uses: Mapping[str, Sequence[DeclarationUse]]
    lookups: Mapping[date, Mapping[Oin, int]]
    names: Mapping[Oin, str]


class UsageReader:
    """Reads how often partners break the glass."""

    def __init__(self, *, store: IndexStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def read(self, *, months: int) -> Sequence[PartnerUsage]:
        """Return every partner that declared or asked in the last so many months, this one included, by OIN.

        Raises:
            StoreUnavailable: the store is away.

        """
        now = self._clock()
        firsts = first_days(day_of(now), months)
        edges = [*map(_start_of, firsts), now]
        async with self._store.transaction() as tx:
            declarations = await tx.declarations.since(edges[0])
            counted = Counted(
                declarations=declarations,
                uses=await tx.declarations.uses_of([each.id for each in declarations]),
                lookups={
                    first: await tx.audit.answered(since, until)
                    for first, (since, until) in zip(firsts, pairwise(edges), strict=True)
                },
                names={partner.oin: partner.name for partner in await tx.partners.all()},
            )
        return usage_of(counted, firsts, now)


def usage_of(counted: Counted, firsts: Sequence[date], now: datetime) -> Sequence[PartnerUsage]:
    """Return the usage of every partner in what was counted, by OIN; `firsts` are the first days of the months."""
    asked = {partner for month in counted.lookups.values() for partner in month}
    partners = sorted(asked | {each.partner for each in counted.declarations})
    return [_partner_usage(counted, partner, firsts, now) for partner in partners]


def first_days(today: date, months: int) -> Sequence[date]:
    """Return the first days of the last so many months, oldest first; the month of `today` is the last."""
    if not 1 <= months <= MOST_MONTHS:
        raise ValueError(f"1 to {MOST_MONTHS} months")
    last = today.year * 12 + today.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(last - months + 1, last + 1)]


def _partner_usage(counted: Counted, partner: Oin, firsts: Sequence[date], now: datetime) -> PartnerUsage:
    own = [each for each in counted.declarations if each.partner == partner]
    return PartnerUsage(
        partner=partner,
        name=counted.names.get(partner, ""),
        months=tuple(_month(counted, own, partner, first) for first in firsts),
        unreviewed=sum(each.review is None for each in own),
        overdue=sum(each.is_overdue(now) for each in own),
        unjustified=sum(
            each.review is not None and each.review.outcome is ReviewOutcome.UNJUSTIFIED for each in own
        ),
    )


def _month(counted: Counted, own: Sequence[Declaration], partner: Oin, first: date) -> Month:
    made = [each for each in own if day_of(each.declared_at).replace(day=1) == first]
    return Month(
        month=first.isoformat()[:7],
        declarations=len(made),
        used=sum(len(counted.uses.get(each.id, ())) for each in made),
        lookups=counted.lookups.get(first, {}).get(partner, 0),
    )


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, TIME_ZONE)
