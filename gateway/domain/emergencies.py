"""Break-glass: a professional declares that an emergency makes it necessary to see more, and answers for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.domain.names import Oin, PartnerKind
from gateway.domain.partners import Professional
from gateway.domain.persons import Subject


class ReviewOutcome(StrEnum):
    """What the privacy officers found."""

    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """How a declaration was judged, by whom (an officer's own id, not a name) and when."""

    outcome: ReviewOutcome
    reviewer: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One declaration: by this professional, about this person, for this purpose, until `expires_at`.

    `explanation` is the stated text, sealed; only the officers who review it get to read it. `convenant` is the
    identity of the version under which it was made. Times are time zone aware.
    """

    id: str
    partner: Oin
    kind: PartnerKind
    professional: Professional
    subject: Subject
    purpose: str
    ground: str
    explanation: bytes = field(repr=False)
    convenant: str
    declared_at: datetime
    expires_at: datetime
    review_due: datetime
    review: Review | None = None
    escalated_at: datetime | None = None

    def is_open(self, at: datetime) -> bool:
        """Tell whether lookups may name it at that moment.

        From when it is there on: the process that is asked may have a clock that is a little behind the one that
        took the declaration.
        """
        return at < self.expires_at

    def is_overdue(self, at: datetime) -> bool:
        """Tell whether its review should have been done by then."""
        return self.review is None and self.review_due <= at
