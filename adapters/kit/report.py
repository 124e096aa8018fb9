"""The report of a run: what became of every record, in counts and, where something is to do, line by line."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from gateway.errors import Violation


class Outcome(StrEnum):
    """What became of one record. Every record that was read has exactly one."""

    SENT = "sent"
    """At least one message was queued for it."""
    UNCHANGED = "unchanged"
    """All it says was said before."""
    WITHOUT_BSN = "without_bsn"
    REJECTED = "rejected"
    LEFT_OUT = "left_out"


QUARANTINED = "quarantined"
REFUSED = "refused"
NOT_SAID = "not_said"
"""Of a record: something that it says cannot be said any more, whatever else was sent for it."""
AWAITING_REVIEW = "awaiting_review"
"""Of a record: it gives consent, and a person has to establish who may give it before it counts."""
TO_LOOK_AT = {NOT_SAID, AWAITING_REVIEW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One line for the person who keeps the source: where, what, and which field breaks which rule.

    Holds no value of the record. `reference` is the opaque one, where it is known.
    """

    place: str
    outcome: str
    field: str = ""
    reason: str = ""
    reference: str | None = None

    @classmethod
    def of(
        cls, place: str, outcome: str, violations: tuple[Violation, ...], *, reference: str | None = None
    ) -> Detail:
        """Build the line for broken rules: the first one's field, and every rule."""
        first, *others = violations
        reason = "; ".join([first.rule, *map(str, others)])
        return cls(place=place, outcome=outcome, field=first.path, reason=reason, reference=reference)


@dataclass(slots=True, kw_only=True)
class Receipts:
    """What the index answered to the messages of this run; `awaiting` have no receipt yet.

    `consistency_token` (hexadecimal) is the newest of the receipts, and empty without any: a lookup with it is at least
    as fresh as all that was answered.
    """

    accepted: int = 0
    superseded: int = 0
    refused: int = 0
    awaiting: int = 0
    consistency_token: str = ""


@dataclass(slots=True, kw_only=True)
class Report:
    """Counts of one run. `read` is the sum of the five outcomes; `messages` were queued by this run."""

    read: int = 0
    sent: int = 0
    unchanged: int = 0
    without_bsn: int = 0
    rejected: int = 0
    left_out: int = 0
    messages: int = 0
    quarantined: int = 0
    receipts: Receipts = field(default_factory=Receipts)
    details: list[Detail] = field(default_factory=list)

    def count(self, outcomes: Counter[Outcome]) -> None:
        """Add the outcomes of records."""
        for outcome, number in outcomes.items():
            setattr(self, outcome.value, getattr(self, outcome.value) + number)
        self.read += outcomes.total()

    def add(self, other: Report) -> None:
        """Add the records of another report: of another file of the same run."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.details += other.details

    def located(self, name: str) -> Report:
        """Return the report with the name of the export before each place."""
        details = [
            detail if detail.outcome == QUARANTINED else replace(detail, place=f"{name}: {detail.place}")
            for detail in self.details
        ]
        return replace(self, details=details)

    @property
    def has_findings(self) -> bool:
        """Tell whether somebody has to look at something."""
        is_open = any(detail.outcome in TO_LOOK_AT for detail in self.details)
        return bool(self.rejected or self.quarantined or self.receipts.refused or is_open)

    def as_json(self) -> dict[str, Any]:
        """Return the report as the JSON of the command."""
        return asdict(self)


COUNTS = tuple(item.name for item in fields(Report) if item.type == "int")
"""The names of the counts, in the order they are shown."""
