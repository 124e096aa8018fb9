"""How much a partner may ask in all: it bounds runaway loops and wholesale listing with one certificate."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain import Oin
from gateway.metering.ports import MeterKey, MeterTerms
from gateway.metering.tally import Tally

METER = "questions"
_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaTerms:
    """`burst` questions at once from a full bucket, which fills again by `refill_per_second`, one an hour at least.

    The default is far above what professionals ask by hand.
    """

    burst: int = 20_000
    refill_per_second: float = 50.0

    def __post_init__(self) -> None:
        if self.burst < 1 or self.refill_per_second <= 0:
            raise ValueError("a quota lets at least one question through and fills again")

    @property
    def meter(self) -> MeterTerms:
        """The same terms by the hour."""
        return MeterTerms(per_hour=max(1, round(self.refill_per_second * _SECONDS)), burst=self.burst)


class Quota:
    """The questions of one batch."""

    def __init__(self, terms: QuotaTerms, tally: Tally) -> None:
        self._terms = terms.meter
        self._tally = tally

    def charge(self, partner: Oin) -> None:
        """Take one question from what the partner has left.

        Raises:
            QuotaExceeded: none is left; says after how many seconds there is one again.

        """
        self._tally.take(key_of(partner), self._terms)


def key_of(partner: Oin) -> MeterKey:
    """Return the partner's bucket."""
    return MeterKey(partner, METER)
