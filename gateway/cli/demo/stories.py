"""Ask the question of a story as its partner, and tell from the audit record why the answer is what it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.audit.model import AuditedVerdict, AuditRecord
from gateway.cli.demo.result import Story
from gateway.cli.lookup import answer_as_json, ask
from gateway.cli.trial_site import TRIAL_PARTNERS
from gateway.convenant.question import Builtin
from gateway.domain import Bsn
from gateway.settings import load_partner_settings
from verwijsindex.client import Professional


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedStory:
    """A story as the region tells it, with the answer it got."""

    story: dict[str, Any]
    answer: dict[str, Any]

    @property
    def record_id(self) -> str:
        """The audit record of the answer."""
        found: str = self.answer["receipt"]["record_id"]
        return found


async def ask_story(story: dict[str, Any], made: dict[str, Any]) -> AskedStory:
    """Ask as the story's partner, with that partner's own settings and certificate."""
    settings = load_partner_settings(Path(made["partners"][story["asker"]]["config"]))
    answer = await ask(
        settings,
        Bsn(story["bsn"]),
        purpose=story["purpose"],
        professional=Professional(
            id=settings.lookup.professional, role=story["role"], mandate=story["mandate"]
        ),
    )
    return AskedStory(story=story, answer=answer_as_json(answer))


def told(asked: AskedStory, record: AuditRecord) -> Story:
    """Put the story, its answer and its audit record together, in an order that is the same every time."""
    story = asked.story
    names = {trial.kind: trial.name for trial in TRIAL_PARTNERS}
    others = [verdict for verdict in record.verdicts if verdict.rule != Builtin.OWN]
    return Story(
        id=story["id"],
        title=story["title"],
        text=story.get("text", ""),
        asked_by=story["asker"],
        asker_name=names[story["asker"]],
        purpose=story["purpose"],
        role=story["role"],
        shown=tuple(_shown(line) for line in asked.answer["involvements"]),
        withheld_in_audit=_verdicts([verdict for verdict in others if not verdict.shown]),
        shown_in_audit=_verdicts([verdict for verdict in others if verdict.shown]),
        reason=record.reason,
    )


def _shown(line: dict[str, Any]) -> dict[str, str]:
    return {
        "kind": line["kind"],
        "name": line["name"],
        "desk": line["desk"]["name"],
        "telephone": line["desk"]["telephone"],
        "since": line["since"],
        "concern": line["concern"],
    }


def _verdicts(verdicts: list[AuditedVerdict]) -> tuple[dict[str, str], ...]:
    lines = sorted((verdict.kind or "", verdict.rule, verdict.basis) for verdict in verdicts)
    return tuple({"kind": kind, "rule": rule, "basis": basis} for kind, rule, basis in lines)
