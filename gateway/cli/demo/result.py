"""What a demo run found: the same for the same seed, whatever bus and store it ran on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAfter:
    """A ground with a last day: the rule, the ground in words, that day, and the question on it and the day after."""

    rule: str
    ground: str
    until: date
    is_over: bool
    last_day: Mapping[str, Any]
    explanation: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "rule": self.rule,
            "ground": self.ground,
            "until": self.until.isoformat(),
            "last_day": self.last_day,
            "day_after": self.explanation,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """What a declaration set in motion.

    `notices` are what each partner's officers were told, by partner. `waiting` is how many reviews were open, before
    the review and after it. `is_read_by_officer` says that the officer who reviewed got to read the stated text.
    """

    ground: str
    notices: Mapping[str, tuple[str, ...]]
    waiting: tuple[int, int]
    is_read_by_officer: bool
    outcome: str
    usage: tuple[Mapping[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "ground": self.ground,
            "notices": {partner: list(events) for partner, events in self.notices.items()},
            "reviews_waiting": list(self.waiting),
            "explanation_read_by_officer": self.is_read_by_officer,
            "review": self.outcome,
            "usage": [dict(row) for row in self.usage],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One question of the demo, its answer, what the audit record says about it, and the explanation of that.

    `refused` is the index's reason where it gave no answer; there is nothing to explain then.
    """

    id: str
    title: str
    text: str
    asked_by: str
    asker_name: str
    purpose: str
    role: str
    shown: tuple[dict[str, str], ...]
    withheld_in_audit: tuple[dict[str, str], ...]
    shown_in_audit: tuple[dict[str, str], ...]
    reason: str
    refused: str
    explanation: Mapping[str, Any] | None
    day_after: DayAfter | None = None
    emergency: Emergency | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the story as the JSON of the command."""
        return {
            "story": self.id,
            "title": self.title,
            "asked_by": self.asked_by,
            "purpose": self.purpose,
            "role": self.role,
            "shown": list(self.shown),
            "refused": self.refused,
            "withheld_in_audit": list(self.withheld_in_audit),
            "shown_in_audit": list(self.shown_in_audit),
            "reason": self.reason,
            "explanation": self.explanation,
            **({} if self.day_after is None else {"statute": self.day_after.as_json()}),
            **({} if self.emergency is None else {"emergency": self.emergency.as_json()}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """The stories and the counts."""

    records: int
    evaluations: int
    messages: int
    indexed: int
    dead_letters: int
    audit_records: int
    planted_texts: int
    planted_texts_found: int
    adapters: dict[str, dict[str, int]]
    stories: tuple[Story, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the result as the JSON of the command."""
        return {
            "records": self.records,
            "evaluations": self.evaluations,
            "messages": self.messages,
            "indexed": self.indexed,
            "dead_letters": self.dead_letters,
            "lookups": [story.as_json() for story in self.stories],
            "audit_records": self.audit_records,
            "planted_texts": self.planted_texts,
            "planted_texts_found": self.planted_texts_found,
            "adapters": self.adapters,
        }
