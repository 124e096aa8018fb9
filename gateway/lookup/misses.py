"""Questions about strangers that show nothing, counted by partner: who walks through numbers is stopped and named.

A **miss** is an answered question whose answer shows nothing, and whose asker is not involved with the person by
its own registrations: it has no current involvement with the person, nor with another member of a household that it
asserts itself. A partner's own clients never count, however often it asks.

Why exactly this: whoever asks can try out what is left, by asking until it is refused. So a miss must be a function
of what the asker sees and of what it registered itself, and of nothing else. "Nobody is involved", "not permitted"
and "shielded" then cost the same, and so does a household link that somebody else asserts and that leads to nothing
that may be shown: it would be a miss with the link and without it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from gateway.domain import Oin
from gateway.errors import QuotaExceeded
from gateway.metering.ports import MeterKey, MeterTerms
from gateway.metering.tally import Tally

METER = "misses"
EXHAUSTED = "MISSES_EXHAUSTED"
"""The reason in the audit record. The asker is told no more than that it asked too much, and until when."""


class MissesExhausted(QuotaExceeded):
    """The partner has no misses left: whatever it asks is refused, before anything is known of the person."""

    def __init__(self, *, retry_after_seconds: float) -> None:
        super().__init__(
            "the partner asked too often about persons it is not involved with, and was shown nothing",
            retry_after_seconds=retry_after_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MissTerms:
    """The terms of every partner, and of those that have terms of their own."""

    default: MeterTerms
    partners: Mapping[Oin, MeterTerms] = field(default_factory=dict)

    def of(self, partner: Oin) -> MeterTerms:
        """Return the partner's own terms, or everybody's."""
        return self.partners.get(partner, self.default)


class Misses:
    """The misses of one batch of questions."""

    def __init__(self, terms: MissTerms, tally: Tally) -> None:
        self._terms = terms
        self._tally = tally

    def require(self, partner: Oin) -> None:
        """Return if the partner has a miss left, which stays there.

        Raises:
            MissesExhausted: none is left; says when there will be one.

        """
        try:
            self._tally.require(key_of(partner), self._terms.of(partner))
        except QuotaExceeded as refusal:
            raise MissesExhausted(retry_after_seconds=refusal.retry_after_seconds) from None

    def count(self, partner: Oin, *, shown: Collection[object], is_tied: bool) -> None:
        """Take a miss if the answer was one. `is_tied`: the partner is involved by its own registrations."""
        if not shown and not is_tied:
            self._tally.take(key_of(partner), self._terms.of(partner))


def key_of(partner: Oin) -> MeterKey:
    """Return the partner's bucket."""
    return MeterKey(partner, METER)
