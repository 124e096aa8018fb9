"""A run over exports: what is sent, what is not sent again, and what is reported."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import orjson
import pytest

from adapters.kit.keys import ReferenceKind, opaque_reference
from adapters.politie import ADAPTER as POLITIE
from adapters.veilig_thuis import ADAPTER as VEILIG_THUIS
from gateway.domain import Event, HouseholdFact, InvolvementFact, Phase
from gateway.errors import StoreUnavailable
from tests.support.adapters import OIN, REFERENCE_KEY, TEST_BSNS, Workbench, subject_of
from tests.support.veilig_thuis import csv_of, row

FAMILY = [row(bsn=bsn) for bsn in TEST_BSNS[:3]]


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path, VEILIG_THUIS)


def households(bench: Workbench) -> list[HouseholdFact]:
    return [m.fact for m in bench.drain() if isinstance(m.fact, HouseholdFact)]


async def test_a_case_becomes_an_involvement_a_person_and_one_household(bench: Workbench) -> None:
    report = await bench.run(bench.write("a.csv", csv_of(FAMILY)))
    messages = bench.drain()
    assert (report["read"], report["sent"], report["messages"]) == (3, 3, 4)
    assert [m.event for m in messages] == [Event.INVOLVEMENT_STARTED] * 3 + [Event.HOUSEHOLD_ASSERTED]
    household = messages[-1].fact
    assert isinstance(household, HouseholdFact)
    assert {m.subject for m in household.members} == {subject_of(bsn) for bsn in TEST_BSNS[:3]}
    assert household.reference == opaque_reference(REFERENCE_KEY, ReferenceKind.HOUSEHOLD, "C-1")
    assert {m.fact.partner for m in messages} == {OIN}


async def test_the_same_export_again_sends_nothing(bench: Workbench) -> None:
    export = bench.write("a.csv", csv_of(FAMILY))
    await bench.run(export)
    bench.drain()
    report = await bench.run(export)
    assert (report["unchanged"], report["sent"], report["messages"]) == (3, 0, 0)
    assert bench.drain() == []


async def test_the_order_of_rows_changes_nothing(bench: Workbench) -> None:
    await bench.run(bench.write("a.csv", csv_of(FAMILY)))
    assert (await bench.run(bench.write("b.csv", csv_of(reversed(FAMILY)))))["messages"] == 0


async def test_one_changed_row_sends_one_message(bench: Workbench) -> None:
    await bench.run(bench.write("a.csv", csv_of(FAMILY)))
    bench.drain()
    changed = [FAMILY[0] | {"dienst_eind": "2024-05-01"}, *FAMILY[1:]]
    report = await bench.run(bench.write("b.csv", csv_of(changed)))
    (message,) = bench.drain()
    assert (report["sent"], report["unchanged"], report["messages"]) == (1, 2, 1)
    assert message.event is Event.INVOLVEMENT_ENDED
    assert isinstance(message.fact, InvolvementFact)
    assert message.fact.until == date(2024, 5, 1)


async def test_a_change_of_content_alone_sends_nothing(bench: Workbench) -> None:
    await bench.run(bench.write("a.csv", csv_of(FAMILY)))
    changed = [item | {"toelichting": "anders", "meldingnr": "M-2", "rol": "pleger"} for item in FAMILY]
    assert (await bench.run(bench.write("b.csv", csv_of(changed))))["messages"] == 0


async def test_a_started_then_changed_then_ended_involvement_says_so(bench: Workbench) -> None:
    events = []
    for values in ({}, {"contact_desk": "wijk-oost"}, {"dienst_eind": "2024-05-01"}, {"dienst_eind": ""}):
        await bench.run(bench.write("a.csv", csv_of([row(**values)])))
        events += [m.event for m in bench.drain() if isinstance(m.fact, InvolvementFact)]
    assert events == [
        Event.INVOLVEMENT_STARTED,
        Event.INVOLVEMENT_UPDATED,
        Event.INVOLVEMENT_ENDED,
        Event.INVOLVEMENT_UPDATED,
    ]


async def test_several_reports_about_one_person_in_one_case_are_one_involvement(bench: Workbench) -> None:
    rows = [
        row(datum_melding="2024-03-01", dienst_eind="2024-04-01", dienst_start=""),
        row(datum_melding="2024-01-15", meldingtype="niet ingedeeld", dienst_start=""),
    ]
    report = await bench.run(bench.write("a.csv", csv_of(rows)))
    involvement = next(m.fact for m in bench.drain() if isinstance(m.fact, InvolvementFact))
    assert (involvement.phase, involvement.since, involvement.until) == (
        Phase.ACTIVE,
        date(2024, 1, 15),
        None,
    )
    assert (report["sent"], report["messages"]) == (2, 2)


async def test_a_household_ends_when_every_row_of_its_case_has_ended(bench: Workbench) -> None:
    half = [FAMILY[0] | {"dienst_eind": "2024-05-01"}, FAMILY[1]]
    await bench.run(bench.write("a.csv", csv_of(half)))
    assert {m.until for m in households(bench)[0].members} == {None}
    whole = [FAMILY[0] | {"dienst_eind": "2024-05-01"}, FAMILY[1] | {"dienst_eind": "2024-06-01"}]
    await bench.run(bench.write("b.csv", csv_of(whole)))
    assert {m.until for m in households(bench)[0].members} == {date(2024, 6, 1)}


async def test_a_new_person_in_a_case_is_the_record_that_was_sent(bench: Workbench) -> None:
    await bench.run(bench.write("a.csv", csv_of(FAMILY[:2])))
    report = await bench.run(bench.write("b.csv", csv_of(FAMILY)))
    assert (report["sent"], report["unchanged"], report["messages"]) == (1, 2, 2)


async def test_one_secret_person_suppresses_the_household_and_not_the_involvements(bench: Workbench) -> None:
    columns = [*FAMILY[0], "indicatie_geheim"]
    rows = [FAMILY[0] | {"indicatie_geheim": "3"}, FAMILY[1]]
    await bench.run(bench.write("a.csv", csv_of(rows, columns=columns)))
    messages = bench.drain()
    (household,) = [m.fact for m in messages if isinstance(m.fact, HouseholdFact)]
    assert household.suppressed
    assert len(messages) == 3


async def test_bad_records_are_reported_and_stop_no_other(bench: Workbench) -> None:
    rows = [
        row(casusnr="C-1", bsn="999940003"),
        row(casusnr="C-2", bsn=""),
        row(casusnr="C-3", dienst="Advies"),
        row(casusnr="C-4", rol="buurvrouw"),
        row(casusnr="C-5", datum_melding="2030-01-01"),
        row(casusnr="C-6"),
    ]
    text = csv_of(rows) + "C-7;afgebroken\n"
    report = await bench.run(bench.write("a.csv", text))
    counts = {
        name: report[name] for name in ("read", "sent", "unchanged", "without_bsn", "rejected", "left_out")
    }
    assert counts == {
        "read": 7, "sent": 1, "unchanged": 0, "without_bsn": 1, "rejected": 4, "left_out": 1
    }  # fmt: skip
    assert [(d["place"], d["outcome"], d["field"]) for d in report["details"]] == [
        ("line 2", "rejected", "bsn"),
        ("line 3", "without_bsn", "bsn"),
        ("line 4", "left_out", ""),
        ("line 5", "rejected", "rol"),
        ("line 6", "rejected", "datum_melding"),
        ("line 8", "rejected", "row"),
    ]
    without_bsn = report["details"][1]
    assert without_bsn["reference"] == opaque_reference(REFERENCE_KEY, ReferenceKind.INVOLVEMENT, "C-2")
    assert "999940003" not in orjson.dumps(report).decode()


async def test_an_unreadable_export_is_quarantined_whole_with_its_reason(bench: Workbench) -> None:
    content = csv_of([row(), row(toelichting="één")]).encode("latin-1")
    export = bench.write("a.csv", content)
    report = await bench.run(export)
    assert (report["quarantined"], report["read"], bench.drain()) == (1, 0, [])
    copy, reason = sorted((bench.folder / "quarantine").iterdir())
    assert copy.read_bytes() == content == export.read_bytes()
    assert orjson.loads(reason.read_bytes())["violations"] == [
        {"field": "file line 3", "rule": "must be text in utf-8"}
    ]
    assert {path.stat().st_mode & 0o777 for path in (copy, reason)} == {0o600}


async def test_when_the_pseudonym_service_is_away_nothing_is_lost(bench: Workbench) -> None:
    export = bench.write("a.csv", csv_of(FAMILY))
    bench.pseudonymiser.away = True
    with pytest.raises(StoreUnavailable):
        await bench.run(export)
    bench.pseudonymiser.away = False
    assert (await bench.run(export))["messages"] == 4


async def test_persons_are_pseudonymised_in_batches_and_each_once_a_batch(bench: Workbench) -> None:
    rows = [row(casusnr=f"C-{number}") for number in range(300)]
    await bench.run(bench.write("a.csv", csv_of(rows)))
    assert bench.pseudonymiser.batches == [1, 1, 1]


async def test_a_time_that_passes_ends_an_involvement_without_a_new_export(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, POLITIE, options={"active_days": 60})
    export = bench.write(
        "a.xml",
        "<x><m><registratienummer>PL1</registratienummer><incidentdatumtijd>2024-07-01T10:00:00"
        "</incidentdatumtijd><betrokkenen><rol>slachtoffer</rol><bsn>999993653</bsn></betrokkenen></m></x>",
    )
    await bench.run(export)
    bench.now += timedelta(days=60)
    await bench.run(export)
    assert [m.event for m in bench.drain()] == [Event.INVOLVEMENT_STARTED, Event.INVOLVEMENT_ENDED]


async def test_nothing_of_a_person_or_a_case_is_in_the_state_file(bench: Workbench) -> None:
    """Neither BSN, nor the partner's number, nor content: not in the file, its log, or the queued bytes."""
    planted = row(casusnr="CASUS-Q7X", toelichting="TOELICHTING-Q7X", meldingnr="MELDING-Q7X")
    await bench.run(bench.write("a.csv", csv_of([planted])))
    files = [p for p in bench.folder.iterdir() if p.name.startswith("state.sqlite3")]
    held = b"".join(path.read_bytes() for path in files)
    assert opaque_reference(REFERENCE_KEY, ReferenceKind.HOUSEHOLD, "CASUS-Q7X").encode() in held
    assert b"Q7X" not in held
    assert planted["bsn"].encode() not in held
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
