"""When a call counts as recorded, beside messages of the same reference from clocks that run ahead. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.clock import CLOCK_TOLERANCE
from gateway.domain import ConsentEffect
from gateway.index.ports import StandingConsent

TICK = timedelta(microseconds=1)
"""The finest time the database keeps."""


def moments_of(
    effect: ConsentEffect, standing: StandingConsent | None, *, now: datetime
) -> Sequence[datetime]:
    """Return the `recorded_at` of each version that a call writes, the one that is to count last.

    It is later than what stands. An objection and a withdrawal are later than every message that is on its way too,
    whose clock may run as far ahead as the index tolerates: what the person took back must not return with it. Consent
    has no such lead, since a message that takes it back later must win.
    """
    at = now if effect is ConsentEffect.PERMIT else now + CLOCK_TOLERANCE
    if standing is not None:
        return [max(at, standing.recorded_at + TICK)]
    # Merges go by when a fact was recorded first, and that is now: one that is said within the lead moves it too.
    return sorted({now, at})
