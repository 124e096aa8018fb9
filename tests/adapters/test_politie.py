"""Police registrations: persons one by one, roles that are never registered, and what goes no further."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pytest

import adapters.politie
from adapters.kit.model import InvolvementDraft, LeftOut, Mapped, MappingContext, SourceRecord, WithoutBsn
from adapters.politie import ADAPTER
from gateway.domain import Phase, SecrecyClass
from gateway.errors import ConfigurationError, InvalidInput
from tests.support.adapters import CONTEXT

FIXTURES = Path(adapters.politie.__file__).parent / "fixtures"
REGISTRATION = {
    "registratienummer": "PL0100-2024-000123",
    "incidentdatumtijd": "2024-06-14T22:40:00",
    "contactdesk": "zorgcoordinatie",
}
PERSON = {"rol": "slachtoffer", "bsn": "999993653"}


def document(registration: dict[str, str], *persons: dict[str, str]) -> str:
    def elements(values: dict[str, str]) -> str:
        return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())

    inside = "".join(f"<betrokkene>{elements(person)}</betrokkene>" for person in persons)
    return f"<x><m>{elements(registration)}<betrokkenen>{inside}</betrokkenen></m></x>"


def mapped(
    tmp_path: Path,
    *,
    registration: dict[str, str] | None = None,
    person: dict[str, str] | None = None,
    options: dict[str, object] | None = None,
) -> Mapped:
    export = tmp_path / "export.xml"
    export.write_text(document(REGISTRATION | (registration or {}), PERSON | (person or {})), "utf-8")
    (record,) = ADAPTER.read(export)
    assert isinstance(record, SourceRecord)
    return ADAPTER.map(record, MappingContext(today=CONTEXT.today, options=options or {}))


def draft(outcome: Mapped) -> InvolvementDraft:
    (found,) = outcome.drafts
    assert isinstance(found, InvolvementDraft)
    return found


def test_an_incident_is_a_restricted_involvement_of_a_limited_time_and_no_household(tmp_path: Path) -> None:
    found = draft(mapped(tmp_path))
    assert (found.phase, found.since, found.until) == (Phase.ACTIVE, date(2024, 6, 14), date(2025, 6, 14))
    assert (found.desk, found.secrecy) == ("zorgcoordinatie", SecrecyClass.RESTRICTED)


def test_an_incident_of_longer_ago_than_the_active_days_is_ended(tmp_path: Path) -> None:
    found = draft(mapped(tmp_path, options={"active_days": 30}))
    assert (found.phase, found.until) == (Phase.ENDED, date(2024, 7, 14))


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2024-06-14T23:30:00Z", date(2024, 6, 15)),
        ("2024-06-14T23:30:00", date(2024, 6, 14)),
        ("14-06-2024", date(2024, 6, 14)),
        ("2024-06-14 22:40", date(2024, 6, 14)),
    ],
)
def test_the_day_of_an_incident_is_the_day_in_the_partners_time_zone(
    tmp_path: Path, moment: str, day: date
) -> None:
    assert draft(mapped(tmp_path, registration={"incidentdatumtijd": moment})).since == day


@pytest.mark.parametrize("role", ["melder", "Aangever", " getuige ", "verbalisant"])
@pytest.mark.parametrize("bsn", ["999993653", "", "999940003"])
def test_who_reports_witnesses_or_writes_down_is_never_registered(
    tmp_path: Path, role: str, bsn: str
) -> None:
    assert mapped(tmp_path, person={"rol": role, "bsn": bsn}).left_out is LeftOut.ROLE_NOT_REGISTERED


def test_the_lists_of_roles_can_be_replaced_in_the_settings(tmp_path: Path) -> None:
    options: dict[str, object] = {"registered_roles": ["hoofdpersoon"], "unregistered_roles": ["slachtoffer"]}
    assert mapped(tmp_path, options=options).left_out is LeftOut.ROLE_NOT_REGISTERED
    registered = draft(mapped(tmp_path, person={"rol": "hoofdpersoon"}, options=options))
    assert registered.phase is Phase.ACTIVE


@pytest.mark.parametrize(
    ("registration", "person", "field"),
    [
        ({}, {"rol": "toeschouwer"}, "betrokkenen.rol"),
        ({}, {"rol": ""}, "betrokkenen.rol"),
        ({}, {"bsn": "999940003"}, "betrokkenen.bsn"),
        ({}, {"indicatieGeheim": "9"}, "betrokkenen.indicatieGeheim"),
        ({}, {"afgeschermd": "x"}, "betrokkenen.afgeschermd"),
        ({"incidentdatumtijd": "2024-08-03T10:00:00"}, {}, "incidentdatumtijd"),
        ({"incidentdatumtijd": "ergens in mei"}, {}, "incidentdatumtijd"),
        ({"incidentdatumtijd": ""}, {}, "incidentdatumtijd"),
        ({"registratienummer": ""}, {}, "registratienummer"),
        ({"contactdesk": "Desk Nul?"}, {}, "contactdesk"),
    ],
)
def test_a_broken_field_is_named(
    tmp_path: Path, registration: dict[str, str], person: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        mapped(tmp_path, registration=registration, person=person)
    assert caught.value.violations[0].path == field


def test_a_person_without_a_bsn_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(WithoutBsn):
        mapped(tmp_path, person={"bsn": ""})


def test_a_shielded_person_is_a_shielded_involvement(tmp_path: Path) -> None:
    assert draft(mapped(tmp_path, person={"afgeschermd": "J"})).shielded


@pytest.mark.parametrize("field", ADAPTER.manifest.content_fields)
def test_content_goes_no_further_than_the_mapping(tmp_path: Path, field: str) -> None:
    planted = {field.removeprefix("betrokkenen."): "PLANTED-Q7X"}
    is_personal = field.startswith("betrokkenen.")
    outcome = mapped(
        tmp_path, registration={} if is_personal else planted, person=planted if is_personal else {}
    )
    found = draft(outcome)
    assert "PLANTED-Q7X" not in repr([getattr(found, item.name) for item in dataclasses.fields(found)])


def test_persons_may_be_children_of_one_list_or_repeated_lists() -> None:
    records = list(ADAPTER.read(FIXTURES / "export.xml"))
    assert [record.place for record in records] == [
        "registration 1, person 1",
        "registration 1, person 2",
        "registration 2, person 1",
        "registration 2, person 2",
    ]


def test_a_registration_without_persons_registers_nobody(tmp_path: Path) -> None:
    export = tmp_path / "export.xml"
    export.write_text(document(REGISTRATION), "utf-8")
    (record,) = ADAPTER.read(export)
    assert isinstance(record, SourceRecord)
    assert ADAPTER.map(record, CONTEXT).left_out is LeftOut.EVENT_NOT_REGISTERED


def test_a_misspelled_option_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"adapter\.active_day"):
        ADAPTER.with_options({"active_day": 3})


def test_entities_are_refused(tmp_path: Path) -> None:
    export = tmp_path / "export.xml"
    export.write_text('<!DOCTYPE x [<!ENTITY a "b">]>' + document(REGISTRATION, PERSON), "utf-8")
    with pytest.raises(InvalidInput, match="document type"):
        list(ADAPTER.read(export))
