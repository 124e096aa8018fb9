"""What a demo run found: the same for the same seed, whatever bus and store it ran on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One question of the demo, its answer, and what the audit record says about it."""

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

    def as_json(self) -> dict[str, Any]:
        """Return the story as the JSON of the command."""
        return {
            "story": self.id,
            "title": self.title,
            "asked_by": self.asked_by,
            "purpose": self.purpose,
            "role": self.role,
            "shown": list(self.shown),
            "withheld_in_audit": list(self.withheld_in_audit),
            "shown_in_audit": list(self.shown_in_audit),
            "reason": self.reason,
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
