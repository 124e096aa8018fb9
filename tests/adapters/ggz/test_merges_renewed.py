"""Merges while one epoch takes over from another, and those that the index refused: through the kit."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from adapters.ggz import ADAPTER
from adapters.kit.outbox import Fate
from adapters.kit.report import NOT_SAID
from gateway.domain import ConsentEffect, ConsentFact, FactMessage, MergeFact, Subject
from tests.adapters.ggz.test_merges import (
    ENDED,
    MERGED,
    NEW,
    OLD,
    OTHER,
    UNDONE,
    UPDATED,
    admit,
    discharge,
    events,
    merge,
    merges,
    told,
    unlink,
    update,
)
from tests.support.adapters import TODAY, Workbench, subject_of

COLUMNS = (
    "toestemming_id;bsn;geboortedatum;besluit;besloten_door;houders;vragers;doelen;vanaf;tot;toelichting"
)
LATER = "20240715090000"


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path, ADAPTER)


async def decided(bench: Workbench, bsn: str, decision: str = "bezwaar") -> list[FactMessage]:
    row = f"T-1;{bsn};19800101;{decision};betrokkene;ggz;politie;crisis;2024-06-01;;"
    await bench.run(bench.write("toestemmingen.csv", f"{COLUMNS}\n{row}\n"))
    return bench.drain()


def refuse(bench: Workbench, *messages: FactMessage) -> None:
    for message in messages:
        bench.outbox.settle(message.id.id, Fate.REFUSED)


def sides(message: FactMessage) -> tuple[Subject, Subject]:
    assert isinstance(message.fact, MergeFact)
    return message.fact.old, message.fact.new


async def test_a_merge_is_said_again_when_the_new_person_has_an_epoch_more(bench: Workbench) -> None:
    """With its own time: else it would move what was registered under the old number since."""
    await told(bench, admit("L1", OLD, visit="V1"))
    [merged] = await told(bench, merge("L2", NEW, "L1"))
    bench.pseudonymiser.epochs = (1, 2)
    again, visit = await told(bench, admit("L2", NEW, visit="V1", trigger="A08", at=LATER))
    assert (again.event, visit.event) == (MERGED, UPDATED)
    assert sides(again) == (subject_of(OLD), subject_of(NEW, 1, 2))
    assert (again.fact.reference, again.recorded_at) == (merged.fact.reference, merged.recorded_at)
    assert again.id.id > merged.id.id
    assert await events(bench, update("L2", NEW, at="20240716090000")) == []


async def test_the_old_number_gains_its_epoch_from_whatever_names_its_bsn(bench: Workbench) -> None:
    """A consent that stands under the old number: the fact has both pseudonyms, and so must the merge."""
    await told(bench, admit("L1", OLD, visit="V1"))
    await decided(bench, OLD)
    await told(bench, merge("L2", NEW, "L1"))
    bench.pseudonymiser.epochs = (1, 2)
    again, objected = await decided(bench, OLD)
    assert isinstance(objected.fact, ConsentFact)
    assert sides(again) == (objected.fact.subject, subject_of(NEW))
    [whole] = await told(bench, update("L2", NEW, at=LATER))
    assert sides(whole) == (subject_of(OLD, 1, 2), subject_of(NEW, 1, 2))


async def test_merges_of_one_moment_keep_their_order_when_one_is_said_again(bench: Workbench) -> None:
    """Equal times are ordered by the messages: what came after must come after again."""
    both = merge("L2", NEW, "L1") + merge("L3", OTHER, "L2")
    messages = await told(bench, admit("L1", OLD, visit="V1"), admit("L2", NEW, visit="V2"), both)
    assert merges(messages) == [(OLD, NEW), (NEW, OTHER)]
    first, second = [each for each in messages if isinstance(each.fact, MergeFact)]
    assert first.recorded_at == second.recorded_at
    bench.pseudonymiser.epochs = (1, 2)
    again = await decided(bench, OLD)
    said = [each.fact.reference for each in again if isinstance(each.fact, MergeFact)]
    assert said == [first.fact.reference, second.fact.reference]


async def test_a_merge_read_again_in_an_overlap_holds_for_what_it_held_for(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"))
    [merged] = await told(bench, merge("L2", NEW, "L1"))
    bench.pseudonymiser.epochs = (1, 2)
    [again] = await told(bench, merge("L2", NEW, "L1"))
    assert (again.fact.reference, again.recorded_at) == (merged.fact.reference, merged.recorded_at)
    assert await events(bench, merge("L2", NEW, "L1")) == []


async def test_a_merge_refused_when_it_is_said_again_is_said_once_more(bench: Workbench) -> None:
    """The index did not know the new epoch yet: the merge stands there as it was."""
    await told(bench, admit("L1", OLD, visit="V1"))
    [merged] = await told(bench, merge("L2", NEW, "L1"))
    bench.pseudonymiser.epochs = (1, 2)
    [again] = await told(bench, update("L2", NEW, at=LATER), merge("L2", NEW, "L1"))
    refuse(bench, again)
    [more] = await told(bench, merge("L2", NEW, "L1"))
    assert (more.fact, more.recorded_at) == (again.fact, merged.recorded_at)


async def test_an_undone_merge_is_not_said_again(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"), merge("L2", NEW, "L1"), unlink("L1", "L2"))
    bench.pseudonymiser.epochs = (1, 2)
    assert await events(bench, admit("L1", OLD, visit="V1", trigger="A08", at=LATER)) == [UPDATED]


async def test_an_update_in_the_overlap_carries_a_number_over(bench: Workbench) -> None:
    """Consents and households of it move with a merge in the next epoch too."""
    await told(bench, admit("L1", OLD, visit="V1"), discharge("L1", OLD, visit="V1"))
    bench.pseudonymiser.epochs = (1, 2)
    assert await events(bench, update("L1", OLD, at=LATER)) == []
    bench.pseudonymiser.epochs = (2,)
    [merged] = await told(bench, merge("L2", NEW, "L1", at="20240801090000"))
    assert sides(merged) == (subject_of(OLD, 2), subject_of(NEW, 2))


async def test_who_has_every_epoch_is_not_asked_for_again(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"))
    bench.pseudonymiser.epochs = (1, 2)
    await told(bench, update("L1", OLD, at=LATER))
    asked = len(bench.pseudonymiser.batches)
    assert await events(bench, update("L1", OLD, at="20240716090000")) == []
    assert len(bench.pseudonymiser.batches) == asked


async def test_a_merge_with_nothing_in_common_says_so_in_the_report(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"))
    bench.pseudonymiser.epochs = (2,)
    report = await bench.runner().run_file(bench.write("adt.hl7", merge("L2", NEW, "L1")))
    assert [message.event for message in bench.drain()] == [UPDATED]
    [line] = report.details
    assert (line.outcome, line.place) == (NOT_SAID, "message 1")
    assert "consents and households" in line.reason
    assert report.has_findings


async def test_a_merge_that_stands_is_no_line_of_the_report_when_it_is_read_again(bench: Workbench) -> None:
    """What it moved stays moved in the index."""
    await told(bench, admit("L1", OLD, visit="V1"), merge("L2", NEW, "L1"))
    bench.pseudonymiser.epochs = (2,)
    report = await bench.run(bench.write("adt.hl7", merge("L2", NEW, "L1")))
    assert report["details"] == []


async def test_an_undoing_is_said_with_what_is_in_use(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"))
    await decided(bench, OLD)
    await told(bench, merge("L2", NEW, "L1"))
    bench.pseudonymiser.epochs = (1, 2)
    await decided(bench, OLD)
    await told(bench, update("L2", NEW, at=LATER))
    bench.pseudonymiser.epochs = (2,)
    [undone] = await told(bench, unlink("L1", "L2", at="20240720090000"))
    assert (undone.event, sides(undone)) == (UNDONE, (subject_of(OLD, 2), subject_of(NEW, 2)))


async def test_an_undoing_that_cannot_be_said_counts_as_not_said(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"), merge("L2", NEW, "L1"))
    bench.pseudonymiser.epochs = (2,)
    report = await bench.run(bench.write("adt.hl7", unlink("L1", "L2")))
    assert bench.drain() == []
    assert [line["outcome"] for line in report["details"]] == [NOT_SAID]
    bench.pseudonymiser.epochs = (1, 2)
    assert await events(bench, unlink("L1", "L2")) == [UNDONE]


async def test_a_refused_undoing_is_said_again(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"), merge("L2", NEW, "L1"))
    refuse(bench, *await told(bench, unlink("L1", "L2")))
    assert await events(bench, unlink("L1", "L2")) == [UNDONE]
    assert await events(bench, unlink("L1", "L2")) == []


@pytest.mark.parametrize(
    "next_record",
    [
        update("L1", NEW),
        update("L1", NEW, at=LATER),
        admit("L1", NEW, visit="V1", trigger="A08", at=LATER),
    ],
)
async def test_a_refused_correction_is_said_again_with_the_next_record(
    bench: Workbench, next_record: bytes
) -> None:
    await told(bench, admit("L1", OLD, visit="V1"))
    refused = await told(bench, update("L1", NEW))
    refuse(bench, *refused)
    messages = await told(bench, next_record)
    assert merges(messages) == [(OLD, NEW)]
    assert messages[0].fact == refused[0].fact
    assert merges(await told(bench, next_record)) == []


async def test_a_refused_correction_that_was_taken_back_stays_unsaid(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"))
    refused = await told(bench, update("L1", NEW, at="20240611090000"))
    await told(bench, update("L1", OLD, at="20240612090000"))
    refuse(bench, *refused)
    assert await events(bench, update("L1", OLD, at="20240613090000")) == []


async def test_a_clock_that_ran_ahead_once_stops_nothing_later(bench: Workbench) -> None:
    """Refused for its time: said once more when the clock is right, and then it stands."""
    bench.now = TODAY + timedelta(days=365)
    refuse(bench, *await decided(bench, OLD))
    bench.now = TODAY
    [said] = await decided(bench, OLD)
    assert isinstance(said.fact, ConsentFact)
    assert (said.fact.effect, said.recorded_at) == (ConsentEffect.OBJECT, TODAY)
    assert [await decided(bench, OLD) for _ in range(3)] == [[], [], []]


async def test_nor_does_it_stop_corrections(bench: Workbench) -> None:
    bench.now = TODAY + timedelta(days=365)
    refuse(bench, *await told(bench, admit("L1", OLD, visit="V1", at="20250701090000")))
    bench.now = TODAY
    messages = await told(bench, admit("L1", NEW, visit="V1"))
    assert [message.event for message in messages] == [MERGED, UPDATED]
    assert await events(bench, discharge("L1", NEW, visit="V1")) == [ENDED]
