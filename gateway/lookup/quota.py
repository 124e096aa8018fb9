"""How much a partner may ask in all: it bounds runaway loops and wholesale listing with one certificate."""

from __future__ import annotations

from gateway.domain import Oin
from gateway.metering.ports import QUESTIONS, MeterKey, MeterTerms
from gateway.metering.tally import Tally


class Quota:
    """The questions of one batch."""

    def __init__(self, terms: MeterTerms, tally: Tally) -> None:
        self._terms = terms
        self._tally = tally

    def charge(self, partner: Oin) -> None:
        """Take one question from what the partner has left.

        Raises:
            QuotaExceeded: none is left; says after how many seconds there is one again.

        """
        self._tally.take(key_of(partner), self._terms)


def key_of(partner: Oin) -> MeterKey:
    """Return the partner's bucket."""
    return MeterKey(partner, QUESTIONS)
