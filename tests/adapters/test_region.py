"""The synthetic region: the same for a seed, read by the real adapters, with content planted in every field."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.ggz import ADAPTER as GGZ
from adapters.kit.adapter import Adapter
from adapters.kit.cli import app
from adapters.kit.region import YOUTH_CARE, Region, StoryKind
from adapters.kit.region_builder import FIRST_TEST_BSN
from adapters.kit.region_stories import PLANTED_EXPLANATION
from adapters.kit.session import open_session
from adapters.kit.simulation import write_region
from adapters.politie import ADAPTER as POLITIE
from adapters.veilig_thuis import ADAPTER as VEILIG_THUIS
from gateway.domain import Bsn, ConsentFact, Decider, Event, InvolvementFact, Oin
from gateway.errors import ConfigurationError
from tests.support.adapters import Workbench, subject_of
from tests.support.trial import Trial

TODAY = date(2026, 6, 1)
ADAPTERS: dict[str, Adapter] = {"veilig_thuis": VEILIG_THUIS, "ggz": GGZ, "politie": POLITIE}
ORGANISATIONS: dict[str, Adapter] = {**ADAPTERS, **dict.fromkeys(YOUTH_CARE, GGZ)}
"""By folder: the adapter that reads it."""
WITHOUT_MARKER = {"veiligheidsbeoordeling_datum", "PID-7", "betrokkenen.geboortedatum"}
"""Content fields that hold a date: no text can be planted in them."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Region]:
    folder = tmp_path_factory.mktemp("region")
    return folder, write_region(folder, households=30, seed=7, today=TODAY)


def bench(folder: Path, adapter: Adapter) -> Workbench:
    return Workbench(folder, adapter, now=datetime(2026, 6, 1, 12, tzinfo=UTC))


def exports(folder: Path, organisation: str) -> list[Path]:
    return sorted((folder / organisation).iterdir())


def content(paths: Iterable[Path]) -> str:
    return "".join(path.read_text("utf-8") for path in paths)


def test_the_same_seed_and_day_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    found = []
    for name, seed in (("one", 7), ("two", 7), ("other", 8)):
        write_region(tmp_path / name, households=10, seed=seed, today=TODAY)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        found.append({str(path.relative_to(tmp_path / name)): path.read_bytes() for path in files})
    one, two, other = found
    assert one == two
    assert one.keys() == other.keys()
    assert all(one[name] != other[name] for name in one)


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 1, 1), date(2027, 12, 31)])
def test_any_day_gives_a_region_even_without_other_households(tmp_path: Path, today: date) -> None:
    region = write_region(tmp_path, households=0, seed=1, today=today)
    assert len(region.stories) >= 10


@pytest.mark.parametrize("kind", sorted(ADAPTERS))
def test_every_content_field_is_planted_with_a_marker_of_its_own(
    written: tuple[Path, Region], kind: str
) -> None:
    folder, _ = written
    planted = set(json.loads((folder / "planted.json").read_bytes()))
    text = content(exports(folder, kind))
    for field in ADAPTERS[kind].manifest.content_fields:
        if field not in WITHOUT_MARKER:
            marker = f"PLANT-{kind}-{field.removeprefix('betrokkenen.')}"
            assert marker in planted
            assert marker in text


def test_every_planted_text_stands_in_some_source_file(written: tuple[Path, Region]) -> None:
    """A needle that is nowhere would be searched for in vain, and its absence would prove nothing."""
    folder, _ = written
    text = content(path for organisation in ORGANISATIONS for path in exports(folder, organisation))
    assert [
        needle for needle in json.loads((folder / "planted.json").read_bytes()) if needle not in text
    ] == []


def test_the_persons_have_test_numbers_and_are_planted(written: tuple[Path, Region]) -> None:
    folder, region = written
    planted = set(json.loads((folder / "planted.json").read_bytes()))
    persons = {person for casus in region.casus for person, _ in casus.members}
    persons |= {treatment.person for treatment in region.treatments}
    assert len({person.bsn for person in persons}) == len(persons) > 60
    for person in persons:
        assert Bsn(person.bsn).reveal() == person.bsn
        assert FIRST_TEST_BSN <= int(person.bsn) < FIRST_TEST_BSN + 2_000_000
        assert {person.bsn, person.address, f"{person.given} {person.surname}"} <= planted


def test_the_stories_say_who_asks_what_for_and_what_to_expect(written: tuple[Path, Region]) -> None:
    folder, _ = written
    stories = json.loads((folder / "stories.json").read_bytes())
    assert len({story["id"] for story in stories}) == len(stories)
    roles = {"veilig_thuis": "maatschappelijk-werker", "politie": "wijkagent"}
    for story in stories:
        assert story["asker"] in ORGANISATIONS
        assert story["role"] == roles.get(story["asker"], "behandelaar")
        assert story["mandate"] == "eigen-taak"
        assert story["purpose"] in {"coordination-of-care", "safety-assessment", "crisis"}
        assert story["title"]
        assert story["text"]
        Bsn(story["bsn"])


def test_what_is_declared_in_an_emergency_is_planted_and_stands_in_no_source_file(
    written: tuple[Path, Region],
) -> None:
    folder, region = written
    [story] = [story for story in region.stories if story.kind is StoryKind.EMERGENCY]
    assert story.purpose == "crisis"
    assert PLANTED_EXPLANATION in story.explanation
    assert PLANTED_EXPLANATION not in content(
        path for organisation in ORGANISATIONS for path in exports(folder, organisation)
    )


def test_the_young_are_around_the_birthdays_at_which_somebody_else_decides(tmp_path: Path) -> None:
    for today in (date(2024, 2, 29), date(2026, 3, 1), date(2026, 6, 1), date(2027, 12, 30)):
        region = write_region(tmp_path / today.isoformat(), households=0, seed=1, today=today)
        born = {said.person.bsn: said.person.born for said in region.consents}
        ages = [years_between(born[story.bsn], today) for story in region.stories if story.bsn in born]
        assert {11, 12, 16} <= set(ages)
        [nearly_twelve] = {day for day in born.values() if years_between(day, today) == 11}
        assert years_between(nearly_twelve, today + timedelta(days=2)) == 12
        for years in (12, 16):
            [just] = {day for day in born.values() if years_between(day, today) == years}
            assert years_between(just, today - timedelta(days=4)) == years - 1


def years_between(born: date, on: date) -> int:
    """A second way to tell an age: the years in which the birthday has come."""
    return sum(
        (born.month, born.day) <= (on.month, on.day) or year < on.year
        for year in range(born.year + 1, on.year + 1)
    )


async def test_who_may_not_decide_is_refused_by_the_adapter_and_a_lapsed_consent_has_its_end(
    written: tuple[Path, Region], tmp_path: Path
) -> None:
    side = bench(tmp_path, GGZ)
    report = await side.run(written[0] / "ggz" / "toestemmingen.csv")
    deciders = [each for each in report["details"] if each["field"] == "besloten_door"]
    assert len(deciders) == 2
    [lapsed] = [
        message.fact
        for message in side.drain()
        if isinstance(message.fact, ConsentFact)
        and message.fact.until is not None
        and message.fact.until < TODAY
    ]
    assert lapsed.decided_by is Decider.AUTHORITY_HOLDERS
    assert lapsed.until == TODAY - timedelta(days=4)


EXPECTED = {
    "veilig_thuis": {"without_bsn": 1, "rejected": 2},
    "ggz": {"without_bsn": 1, "rejected": 5, "left_out": 1},
    "politie": {"without_bsn": 1, "rejected": 1},
}
YOUTH_EXPECTED = {"without_bsn": 1, "rejected": 2, "left_out": 1, "sent": 1}


@pytest.mark.parametrize("organisation", YOUTH_CARE)
async def test_the_organisations_for_youth_care_export_their_own_patients_with_the_same_adapter(
    written: tuple[Path, Region], organisation: str, tmp_path: Path
) -> None:
    folder, region = written
    assert [path.name for path in exports(folder, organisation)] == ["adt.hl7"]
    side = bench(tmp_path, GGZ)
    report = await side.run(folder / organisation / "adt.hl7")
    assert {name: report[name] for name in YOUTH_EXPECTED} == YOUTH_EXPECTED
    [own] = region.seen_by(organisation).treatments
    [told] = [message.fact for message in side.drain() if isinstance(message.fact, InvolvementFact)]
    assert told.subject == subject_of(own.person.bsn)


async def test_a_partner_of_a_kind_that_keeps_the_same_records_takes_the_adapter_and_no_other(
    tmp_path: Path,
) -> None:
    trial = await asyncio.to_thread(Trial.make, tmp_path / "site")
    for kind, is_taken in (("jeugd_ggz", True), ("ggz", True), ("politie", False)):
        settings = trial.partner("ggz").model_copy(update={"kind": kind})
        refused = nullcontext() if is_taken else pytest.raises(ConfigurationError, match=f"of kind {kind}")
        with refused:
            async with open_session(GGZ, settings, folder=tmp_path) as session:
                assert session.adapter.manifest.kind == "ggz"


async def test_a_consent_for_one_organisation_names_it_by_the_number_it_has_on_the_site(
    tmp_path: Path,
) -> None:
    oin = Oin("00000099876543210300")
    options = ["--households", "0", "--today", TODAY.isoformat(), "--oin", f"politie={oin}"]
    assert CliRunner().invoke(app, ["simulate", str(tmp_path / "region"), *options]).exit_code == 0
    side = bench(tmp_path, GGZ)
    await side.run(tmp_path / "region" / "ggz" / "toestemmingen.csv")
    narrowed = [
        message.fact.askers
        for message in side.drain()
        if isinstance(message.fact, ConsentFact) and message.fact.askers
    ]
    assert narrowed == [frozenset({oin}), frozenset({oin})]


@pytest.mark.parametrize("text", ["politie", "politie=123", "politie=x0000099876543210300"])
def test_an_organisation_without_a_number_is_a_usage_error(tmp_path: Path, text: str) -> None:
    assert CliRunner().invoke(app, ["simulate", str(tmp_path / "new"), "--oin", text]).exit_code == 2


@pytest.mark.parametrize("kind", sorted(ADAPTERS))
async def test_the_adapters_read_all_of_it_and_put_aside_what_is_bad_on_purpose(
    written: tuple[Path, Region], kind: str, tmp_path: Path
) -> None:
    side = bench(tmp_path, ADAPTERS[kind])
    totals: dict[str, Any] = {}
    for export in exports(written[0], kind):
        report = await side.run(export)
        for name, number in report.items():
            if isinstance(number, int):
                totals[name] = totals.get(name, 0) + number
    assert totals["quarantined"] == 0
    assert totals["sent"] > 10
    assert {name: totals[name] for name in EXPECTED[kind]} == EXPECTED[kind]


async def test_a_treatment_that_ended_stays_ended_after_a_later_update(
    written: tuple[Path, Region], tmp_path: Path
) -> None:
    folder, region = written
    side = bench(tmp_path, GGZ)
    await side.run(folder / "ggz" / "adt.hl7")
    [ended] = [treatment for treatment in region.seen_by("ggz").treatments if treatment.until is not None]
    subject = subject_of(ended.person.bsn)
    events = [
        m.event for m in side.drain() if isinstance(m.fact, InvolvementFact) and m.fact.subject == subject
    ]
    assert events == [Event.INVOLVEMENT_STARTED, Event.INVOLVEMENT_ENDED]
    assert f"ADT^A08|{ended.visit}A08" in (folder / "ggz" / "adt.hl7").read_text()


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    options = ["--households", "3", "--seed", "5", "--today", "2026-06-01", "--json"]
    done = CliRunner().invoke(app, ["simulate", str(tmp_path / "new"), *options])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["stories"] >= 10
    assert (tmp_path / "new" / "stories.json").exists()


def test_a_day_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["simulate", str(tmp_path), "--today", "gisteren"]).exit_code == 2
