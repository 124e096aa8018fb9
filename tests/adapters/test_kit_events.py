"""Sources that report changes one by one: order, repetition, late records, retractions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.kit.adapter import Adapter
from adapters.kit.manifest import ExportStyle, LegalBasis, Manifest
from adapters.kit.model import InvolvementDraft, Mapped, MappingContext, SourceRecord, UnreadableRecord
from gateway.domain import Bsn, Event, InvolvementFact, Phase
from tests.support.adapters import TODAY, Workbench

MORNING = datetime(2024, 7, 1, 8, tzinfo=UTC)


@dataclass(frozen=True)
class JournalAdapter(Adapter):
    """Reads JSON lines: {"at": hour, "phase": …} or {"at": hour, "retracts": key}."""

    @property
    def manifest(self) -> Manifest:
        return Manifest(
            kind="journal",
            name="Journaal",
            format="JSON",
            version="1",
            export=ExportStyle.EVENTS,
            legal_basis=LegalBasis(articles=("geen",)),
            content_fields=("geen",),
            file_patterns=("*.json",),
            default_desk="balie",
        )

    def read(self, export: Path) -> Iterator[SourceRecord[Any] | UnreadableRecord]:
        for number, line in enumerate(export.read_bytes().splitlines(), start=1):
            content = orjson.loads(line)
            at = MORNING + timedelta(hours=content["at"])
            yield SourceRecord(place=f"line {number}", content=content, recorded_at=at)

    def map(self, record: SourceRecord[Any], context: MappingContext) -> Mapped:
        if "retracts" in record.content:
            return Mapped(retracts=[record.content["retracts"]])
        phase = Phase(record.content["phase"])
        return Mapped(
            drafts=[
                InvolvementDraft(
                    key="1",
                    bsn=Bsn("999993653"),
                    phase=phase,
                    since=date(2024, 6, 1),
                    until=date(2024, 7, 1) if phase is Phase.ENDED else None,
                    desk="balie",
                )
            ]
        )


START, END, CANCEL = {"at": 0, "phase": "active"}, {"at": 2, "phase": "ended"}, {"at": 3, "retracts": "1"}


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path, JournalAdapter())


async def run(bench: Workbench, *lines: dict[str, Any]) -> list[Event]:
    await bench.run(bench.write("a.json", b"\n".join(map(orjson.dumps, lines))))
    return [message.event for message in bench.drain()]


async def test_each_change_is_sent_in_order_with_the_time_of_its_source(bench: Workbench) -> None:
    await bench.run(bench.write("a.json", b"\n".join(map(orjson.dumps, [START, END]))))
    messages = bench.drain()
    assert [m.event for m in messages] == [Event.INVOLVEMENT_STARTED, Event.INVOLVEMENT_ENDED]
    assert [m.recorded_at for m in messages] == [MORNING, MORNING + timedelta(hours=2)]
    assert messages[0].id < messages[1].id


async def test_the_same_changes_again_send_nothing_although_they_differ_from_what_stands(
    bench: Workbench,
) -> None:
    await run(bench, START, END, CANCEL)
    assert await run(bench, START, END, CANCEL) == []


async def test_a_change_that_comes_late_is_sent_and_is_not_the_last_word(bench: Workbench) -> None:
    await run(bench, END)
    assert await run(bench, START) == [Event.INVOLVEMENT_UPDATED]
    assert await run(bench, {"at": 5, "phase": "ended"}) == []


async def test_a_retraction_repeats_what_was_sent_and_only_that(bench: Workbench) -> None:
    await bench.run(bench.write("a.json", b"\n".join(map(orjson.dumps, [START, CANCEL]))))
    started, retracted = (m.fact for m in bench.drain())
    assert isinstance(started, InvolvementFact)
    assert isinstance(retracted, InvolvementFact)
    assert retracted.phase is Phase.RETRACTED
    assert (retracted.reference, retracted.subject, retracted.since, retracted.desk) == (
        started.reference,
        started.subject,
        started.since,
        started.desk,
    )


async def test_a_retraction_of_what_was_never_sent_sends_nothing(bench: Workbench) -> None:
    report = await bench.run(bench.write("a.json", orjson.dumps(CANCEL)))
    assert (report["unchanged"], report["messages"]) == (1, 0)


async def test_what_comes_back_after_a_retraction_starts_anew(bench: Workbench) -> None:
    await run(bench, START, CANCEL)
    assert await run(bench, {"at": 9, "phase": "active"}) == [Event.INVOLVEMENT_STARTED]


async def test_a_record_from_the_future_is_rejected(bench: Workbench) -> None:
    hours = int((TODAY - MORNING).total_seconds() // 3600) + 1
    report = await bench.run(bench.write("a.json", orjson.dumps({"at": hours, "phase": "active"})))
    assert [(d["field"], d["outcome"]) for d in report["details"]] == [("recorded_at", "rejected")]
