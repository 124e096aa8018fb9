"""What becomes of an involvement as ADT messages follow each other: through the kit, to the queued messages."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from adapters.ggz import ADAPTER
from gateway.domain import Event, InvolvementFact
from tests.support.adapters import Workbench, subject_of
from tests.support.hl7 import BSN, PID, adt, pv1

ADMIT = adt("A01", PID, pv1(admitted="20240601"), at="20240601090000")
DISCHARGE = adt("A03", PID, pv1(admitted="20240601", discharged="20240701"), at="20240701170000")
LATER_UPDATE = adt("A08", PID, pv1(admitted="20240601"), at="20240710090000")
CANCEL_DISCHARGE = adt("A13", PID, pv1(admitted="20240601"), at="20240702090000")
WITHOUT_BSN = "PID|1||L1^^^LOCAL^PI||Naam^Voornaam"
STARTED, UPDATED, ENDED, RETRACTED = (
    Event.INVOLVEMENT_STARTED,
    Event.INVOLVEMENT_UPDATED,
    Event.INVOLVEMENT_ENDED,
    Event.INVOLVEMENT_RETRACTED,
)


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path, ADAPTER)


async def told(bench: Workbench, *messages: bytes) -> list[Event]:
    await bench.run(bench.write("adt.hl7", b"".join(messages)))
    return [message.event for message in bench.drain()]


async def test_an_admission_and_a_discharge_are_told_once(bench: Workbench) -> None:
    assert await told(bench, ADMIT, DISCHARGE) == [STARTED, ENDED]
    assert await told(bench, ADMIT, DISCHARGE) == []


async def test_an_update_after_the_discharge_does_not_open_it_again(bench: Workbench) -> None:
    """A corrected address must not show a treatment that ended as one that goes on."""
    assert await told(bench, ADMIT, DISCHARGE, LATER_UPDATE) == [STARTED, ENDED]
    assert await told(bench, LATER_UPDATE) == []


async def test_an_update_after_a_cancelled_admission_brings_nothing_back(bench: Workbench) -> None:
    cancel = adt("A11", PID, pv1(admitted="20240601"), at="20240602090000")
    assert await told(bench, ADMIT, cancel, LATER_UPDATE) == [STARTED, RETRACTED]


async def test_a_cancelled_discharge_and_an_update_after_it_are_told(bench: Workbench) -> None:
    shielded = adt("A08", PID, "PV2" + "|" * 22 + "Y", pv1(admitted="20240601"), at="20240710090000")
    assert await told(bench, ADMIT, DISCHARGE, CANCEL_DISCHARGE, shielded) == [
        STARTED,
        ENDED,
        UPDATED,
        UPDATED,
    ]


async def test_an_update_that_comes_before_its_admission_starts_the_involvement_once(
    bench: Workbench,
) -> None:
    assert await told(bench, LATER_UPDATE) == [STARTED]
    assert await told(bench, ADMIT) == []
    assert await told(bench, DISCHARGE, LATER_UPDATE, ADMIT) == [ENDED]


async def test_an_update_with_the_end_of_the_treatment_ends_it(bench: Workbench) -> None:
    ended = adt("A08", PID, pv1(admitted="20240601", discharged="20240701"), at="20240710090000")
    assert await told(bench, ADMIT, ended) == [STARTED, ENDED]


async def test_a_cancelled_admission_without_a_bsn_is_retracted_by_its_visit(bench: Workbench) -> None:
    await told(bench, ADMIT)
    cancel = adt("A11", WITHOUT_BSN, pv1(admitted="20240601"), at="20240602090000")
    report = await bench.run(bench.write("cancel.hl7", cancel))
    [message] = bench.drain()
    assert report["without_bsn"] == 1
    assert message.event is RETRACTED
    assert isinstance(message.fact, InvolvementFact)
    assert message.fact.subject == subject_of(BSN)


async def test_a_merge_retracts_what_stood_under_every_merged_number(bench: Workbench) -> None:
    old = [
        adt("A04", PID.replace("L1^", f"{number}^"), pv1(visit="", admitted="20240601"), at="20240601090000")
        for number in ("OLD1", "OLD2", "L1")
    ]
    assert await told(bench, *old) == [STARTED] * 3
    merge = adt(
        "A40",
        *(PID, "MRG|OLD1^^^LOCAL^PI", PID, "MRG|OLD2^^^LOCAL^PI", PID, "MRG|L1^^^LOCAL^PI"),
        at="20240602090000",
    )
    assert await told(bench, merge) == [RETRACTED, RETRACTED]


async def test_a_merge_into_somebody_without_a_bsn_still_takes_the_old_number_back(bench: Workbench) -> None:
    assert await told(bench, adt("A04", PID, pv1(visit="", admitted="20240601"), at="20240601090000")) == [
        STARTED
    ]
    merge = adt("A40", "PID|1||NEW^^^LOCAL^PI", "MRG|L1^^^LOCAL^PI", at="20240602090000")
    assert await told(bench, merge) == [RETRACTED]


async def test_a_discharge_that_is_recorded_the_day_after_ends_on_its_own_day(bench: Workbench) -> None:
    """Without PV1-44 the start would be the day of recording: after the end, and the end would be refused."""
    late = adt("A03", PID, pv1(admitted="", discharged="20240701"), at="20240702090000")
    await told(bench, ADMIT)
    await bench.run(bench.write("late.hl7", late))
    [message] = bench.drain()
    assert isinstance(message.fact, InvolvementFact)
    assert (message.event, message.fact.until) == (ENDED, date(2024, 7, 1))
