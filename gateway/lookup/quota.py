"""How much a partner may ask: one token bucket a partner, pure and in memory; the clock is passed in.

It bounds fishing with one certificate. Processes that serve side by side each count for themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.domain import Oin
from gateway.errors import QuotaExceeded


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaTerms:
    """`burst` questions at once from a full bucket, which fills again by `refill_per_second`.

    The default is far above what professionals ask by hand: it stops runaway loops and wholesale listing.
    """

    burst: int = 20_000
    refill_per_second: float = 50.0

    def __post_init__(self) -> None:
        if self.burst < 1 or self.refill_per_second <= 0:
            raise ValueError("a quota lets at least one question through and fills again")


@dataclass(slots=True)
class _Bucket:
    left: float
    at: datetime


class Quota:
    """Counts the questions of every partner."""

    def __init__(self, terms: QuotaTerms) -> None:
        self._terms = terms
        self._buckets: dict[Oin, _Bucket] = {}

    def charge(self, partner: Oin, now: datetime) -> None:
        """Take one question from the partner's bucket.

        Call it for known partners only: every one that is charged is kept.

        Raises:
            QuotaExceeded: the bucket is empty; says after how many seconds it holds a question again.

        """
        bucket = self._buckets.setdefault(partner, _Bucket(float(self._terms.burst), now))
        # A clock that was set back fills nothing.
        passed = max(0.0, (now - bucket.at).total_seconds())
        bucket.left = min(self._terms.burst, bucket.left + passed * self._terms.refill_per_second)
        bucket.at = now
        if bucket.left < 1:
            raise QuotaExceeded(
                "the partner asked more than its quota",
                retry_after_seconds=(1 - bucket.left) / self._terms.refill_per_second,
            )
        bucket.left -= 1
