"""The arithmetic of a meter, pure: a bucket that leaks evenly, kept as the one moment at which it is full again.

This is the generic cell rate algorithm (ITU-T I.371, annex A, virtual scheduling): one time instead of a level and
the time it was read.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.errors import QuotaExceeded
from gateway.metering.ports import MeterTerms

_HOUR = 3600 * 10**6
"""Microseconds: the finest time the database keeps."""


def full_again(before: datetime | None, count: int, terms: MeterTerms, now: datetime) -> datetime:
    """Return when a bucket is full again out of which `count` is taken `now`; `before` is when it would have been.

    `before` is None for a bucket nobody has taken from. Never gives away more than the terms: rounded up to a
    microsecond. A clock that was set back, or a burst that was made smaller, leaves at worst an empty bucket.

    Raises:
        QuotaExceeded: less than `count` is left.
        ValueError: `count` is not positive.

    """
    if count < 1:
        raise ValueError("at least one is taken")
    whole = _time_to_fill(terms.burst, terms)
    standing = now if before is None else min(max(before, now), now + whole)
    after = standing + _time_to_fill(count, terms)
    too_early = after - now - whole
    if too_early > timedelta(0):
        # More than a burst never fits: the longest wait there is, instead of a short one again and again.
        wait = whole if count > terms.burst else too_early
        raise QuotaExceeded("the partner asked more than its quota", retry_after_seconds=wait.total_seconds())
    return after


def is_beyond(before: datetime, terms: MeterTerms, now: datetime) -> bool:
    """Tell whether a bucket stands beyond empty: by a clock that ran ahead, or terms that were narrowed."""
    return before > now + _time_to_fill(terms.burst, terms)


def _time_to_fill(count: int, terms: MeterTerms) -> timedelta:
    return timedelta(microseconds=-(-count * _HOUR // terms.per_hour))
