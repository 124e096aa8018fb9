"""What a batch of work takes from the meters, worked out in memory: read once, written once, however many take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.metering.bucket import full_again
from gateway.metering.ports import Charge, MeterKey, MeterTerms


class Tally:
    """The buckets of one batch at the moment `now`, from what stands in the database."""

    def __init__(self, standing: Mapping[MeterKey, datetime], now: datetime) -> None:
        self._full_at = dict(standing)
        self._now = now
        self._taken: dict[MeterKey, tuple[int, MeterTerms]] = {}

    def require(self, key: MeterKey, terms: MeterTerms) -> None:
        """Return if one is left, and leave it there.

        Raises:
            QuotaExceeded: none is left; says when there will be one.

        """
        full_again(self._full_at.get(key), 1, terms, self._now)

    def take(self, key: MeterKey, terms: MeterTerms) -> None:
        """Take one; QuotaExceeded as in `require`, and then nothing is taken."""
        self._full_at[key] = full_again(self._full_at.get(key), 1, terms, self._now)
        count, _ = self._taken.get(key, (0, terms))
        self._taken[key] = (count + 1, terms)

    @property
    def charges(self) -> Sequence[Charge]:
        """What was taken, a charge a bucket."""
        return [
            Charge(key=key, count=count, terms=terms) for key, (count, terms) in sorted(self._taken.items())
        ]
