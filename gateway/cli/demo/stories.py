"""Ask the question of a story as its partner, and tell from the audit record why the answer is what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gateway.audit.model import AuditedVerdict, AuditEvent, AuditOutcome, AuditRecord, StoredAuditRecord
from gateway.cli.demo.emergency import go_through
from gateway.cli.demo.explained import day_after, explanations_of
from gateway.cli.demo.processes import DemoFailed, run_command
from gateway.cli.demo.result import DayAfter, Emergency, Story
from gateway.cli.demo.site import PARTNERS, DemoSite
from gateway.cli.lookup import answer_as_json, ask
from gateway.cli.output import Exit
from gateway.convenant.question import Builtin
from gateway.domain import Bsn
from gateway.index.ports import IndexStore
from gateway.settings import load_partner_settings
from verwijsindex.client import Professional

OWN_CASE = "OWN_CASE"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedStory:
    """A story as the region tells it, with the answer it got; None where it got none, for the reason `refused`."""

    story: Mapping[str, Any] = field(repr=False)
    answer: Mapping[str, Any] | None
    refused: str = ""
    day_after: DayAfter | None = None
    emergency: Emergency | None = None

    @property
    def record_id(self) -> str | None:
        """The audit record of the answer."""
        return None if self.answer is None else self.answer["receipt"]["record_id"]


async def ask_stories(site: DemoSite, stories: Sequence[Mapping[str, Any]]) -> list[AskedStory]:
    """Ask the question of every story, in their order; one about an emergency is asked twice."""
    asked: list[AskedStory] = []
    for story in stories:
        asked += await _ask(site, story)
    return asked


async def _ask(site: DemoSite, story: Mapping[str, Any]) -> list[AskedStory]:
    if story["kind"] == "own-case":
        return [await _refused(site, story)]
    asked = await _answered(site, story)
    if story["kind"] == "statute":
        return [replace(asked, day_after=await day_after(site, story))]
    if story["kind"] == "emergency":
        answer, emergency = await go_through(site, story)
        text = "De wijkagent roept de noodprocedure in en vraagt opnieuw."
        again = {**story, "id": f"{story['id']}-verklaard", "text": text}
        return [asked, AskedStory(story=again, answer=answer, emergency=emergency)]
    return [asked]


async def _answered(site: DemoSite, story: Mapping[str, Any]) -> AskedStory:
    """Ask with what the command asks with: the partner's own settings and certificate."""
    settings = load_partner_settings(Path(site.config(story["asker"])))
    answer = await ask(
        settings,
        Bsn(story["bsn"]),
        purpose=story["purpose"],
        professional=Professional(
            id=settings.lookup.professional, role=story["role"], mandate=story["mandate"]
        ),
        own_case=False,
    )
    return AskedStory(story=story, answer=answer_as_json(answer))


async def _refused(site: DemoSite, story: Mapping[str, Any]) -> AskedStory:
    ran = await run_command(
        *("lookup", "--config", site.config(story["asker"]), "--purpose", story["purpose"], "--own-case"),
        accepted=(int(Exit.REFUSED),),
        stdin=f"{story['bsn']}\n",
    )
    if OWN_CASE not in ran.said:
        raise DemoFailed("an own case was refused for another reason")
    return AskedStory(story=story, answer=None, refused=OWN_CASE)


async def tell(
    store: IndexStore, asked: Sequence[AskedStory], log: Sequence[StoredAuditRecord]
) -> tuple[Story, ...]:
    """Put the stories, their answers, their audit records and the explanations together.

    Raises:
        DemoFailed: a question is not on record.

    """
    records = [stored.record for stored in log if stored.record.event is AuditEvent.LOOKUP]
    explained = await explanations_of(store, [each.record_id for each in asked if each.record_id])
    return tuple(
        _told(each, _record_of(each, records), explained.get(each.record_id or "")) for each in asked
    )


def _record_of(asked: AskedStory, records: Sequence[AuditRecord]) -> AuditRecord:
    # A refusal has no receipt; there is one refused question in the demo.
    for record in records:
        if record.record_id == asked.record_id:
            return record
        if asked.refused and (record.outcome, record.reason) == (AuditOutcome.REFUSED, asked.refused):
            return record
    raise DemoFailed(f"the question of {asked.story['id']} is not in the access log")


def _told(asked: AskedStory, record: AuditRecord, explanation: Mapping[str, Any] | None) -> Story:
    story = asked.story
    others = [verdict for verdict in record.verdicts if verdict.rule != Builtin.OWN]
    lines = () if asked.answer is None else asked.answer["involvements"]
    return Story(
        id=story["id"],
        title=story["title"],
        text=story["text"],
        asked_by=story["asker"],
        asker_name=PARTNERS[story["asker"]].name,
        purpose=story["purpose"],
        role=story["role"],
        shown=tuple(_shown(line) for line in lines),
        withheld_in_audit=_verdicts([verdict for verdict in others if not verdict.shown]),
        shown_in_audit=_verdicts([verdict for verdict in others if verdict.shown]),
        reason=record.reason,
        refused=asked.refused,
        explanation=explanation,
        day_after=asked.day_after,
        emergency=asked.emergency,
    )


def _shown(line: Mapping[str, Any]) -> dict[str, str]:
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
