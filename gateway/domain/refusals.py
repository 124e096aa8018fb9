"""Recorded refusals: a partner decided not to share an involvement, on a ground, to be looked at again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from gateway.domain.names import Oin, Reference
from gateway.domain.persons import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRefusal:
    """A decision not to share an involvement, until it is reviewed: for privacy officers only; changes no answer.

    `ground` is a code of the convenant. `closed_at` is set once it no longer stands.
    """

    partner: Oin
    reference: Reference
    subject: Subject
    ground: str
    review_on: date
    recorded_at: datetime
    closed_at: datetime | None = None

    def is_overdue(self, on: date) -> bool:
        """Tell whether it stands and should have been looked at again by that day."""
        return self.closed_at is None and self.review_on <= on
