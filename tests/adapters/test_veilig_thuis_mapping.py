"""What a row of a Veilig Thuis export becomes, and what of it goes no further."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kit.model import InvolvementDraft, LeftOut, Mapped, MembershipDraft, WithoutBsn
from adapters.veilig_thuis import ADAPTER
from adapters.veilig_thuis.mapping import map_row
from adapters.veilig_thuis.options import VeiligThuisOptions
from gateway.domain import Bsn, Phase
from gateway.errors import ConfigurationError, InvalidInput
from tests.support.veilig_thuis import row

TODAY = date(2024, 8, 1)
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2030, 12, 31))


def map_(options: dict[str, object] | None = None, /, **values: str) -> Mapped:
    return map_row(
        row(**values),
        manifest=ADAPTER.manifest,
        options=VeiligThuisOptions.of(options or {}),
        today=TODAY,
    )


def involvement(options: dict[str, object] | None = None, /, **values: str) -> InvolvementDraft:
    return next(d for d in map_(options, **values).drafts if isinstance(d, InvolvementDraft))


def membership(**values: str) -> MembershipDraft:
    return next(d for d in map_(**values).drafts if isinstance(d, MembershipDraft))


def refusal(**values: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        map_(**values)
    return str(caught.value)


def test_a_report_without_a_service_is_provisional() -> None:
    draft = involvement(dienst="", dienst_start="")
    assert (draft.phase, draft.since, draft.until) == (Phase.PROVISIONAL, date(2024, 2, 5), None)


def test_a_running_service_is_active_since_the_report() -> None:
    draft = involvement()
    assert (draft.phase, draft.since, draft.until) == (Phase.ACTIVE, date(2024, 2, 5), None)


@pytest.mark.parametrize(
    ("values", "phase", "until"),
    [
        ({"dienst_eind": "2024-05-01"}, Phase.ENDED, date(2024, 5, 1)),
        ({"dienst_eind": "01-05-2024"}, Phase.ENDED, date(2024, 5, 1)),
        ({"dienst_eind": "2024-08-01"}, Phase.ENDED, date(2024, 8, 1)),
        ({"dienst_eind": "2024-08-02"}, Phase.ACTIVE, date(2024, 8, 2)),
        ({"dienst": "Overdracht", "overdracht_datum": "2024-03-01"}, Phase.ENDED, date(2024, 3, 1)),
        ({"dienst": "Overdracht", "dienst_eind": "2024-03-02"}, Phase.ENDED, date(2024, 3, 2)),
        (
            {"dienst": "Overdracht", "overdracht_datum": "2024-03-01", "monitoring_start": "2024-03-02"},
            Phase.ACTIVE,
            None,
        ),
        (
            {
                "dienst": "Overdracht",
                "overdracht_datum": "2024-03-01",
                "monitoring_start": "2024-03-02",
                "monitoring_eind": "2024-06-30",
            },
            Phase.ENDED,
            date(2024, 6, 30),
        ),
        ({"dienst_eind": "2024-05-01", "monitoring_start": "2024-05-02"}, Phase.ACTIVE, None),
        ({"overdracht_datum": "2024-03-01"}, Phase.ACTIVE, None),
    ],
)
def test_an_involvement_ends_with_the_monitoring_the_handover_or_the_service(
    values: dict[str, str], phase: Phase, until: date | None
) -> None:
    draft = involvement(**values)
    assert (draft.phase, draft.until) == (phase, until)


@pytest.mark.parametrize("service", ["Advies", " advies ", "ADVIES"])
def test_advice_registers_nobody_with_or_without_a_bsn(service: str) -> None:
    assert map_(dienst=service).left_out is LeftOut.ADVICE_ONLY
    assert map_(dienst=service, bsn="").left_out is LeftOut.ADVICE_ONLY


def test_a_person_without_a_bsn_is_named_as_such() -> None:
    with pytest.raises(WithoutBsn) as caught:
        map_(bsn="")
    assert caught.value.violations[0].path == "bsn"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bsn", "999940003"),
        ("bsn", "12345678"),
        ("bsn", "abc"),
        ("rol", "buurvrouw"),
        ("rol", ""),
        ("dienst", "Hulpverlening"),
        ("meldertype", "Krant"),
        ("meldertype", ""),
        ("meldingtype", "derde melding"),
        ("veiligheidsbeoordeling_uitkomst", "gezellig"),
        ("datum_melding", "2024-08-02"),
        ("datum_melding", "2024-02-30"),
        ("datum_melding", "5-2-2024"),
        ("datum_melding", ""),
        ("dienst_eind", "2024-01-01"),
        ("dienst_eind", "2024-02-09"),
        ("dienst_start", "2024-08-02"),
        ("dienst_start", "gisteren"),
        ("overdracht_datum", "1 mei"),
        ("casusnr", ""),
        ("contact_desk", "Team Noord!"),
        ("indicatie_geheim", "8"),
        ("afgeschermd", "misschien"),
    ],
)
def test_a_broken_field_is_named_with_its_rule_and_without_its_value(field: str, value: str) -> None:
    text = refusal(**{field: value})
    assert text.startswith(f"{field}: ")
    assert not value or value not in text.removeprefix(field)


def test_reversed_monitoring_is_named_at_its_end() -> None:
    text = refusal(monitoring_start="2024-06-01", monitoring_eind="2024-05-01")
    assert text.startswith("monitoring_eind: ")


@pytest.mark.parametrize("field", ["rol", "dienst", "meldertype", "meldingtype"])
def test_codes_may_be_in_any_letter_case_and_spacing(field: str) -> None:
    spelled = {name: f"  {value.upper()} " for name, value in row().items() if name == field}
    assert map_(**spelled) == map_()


def test_every_code_of_the_value_sets_is_taken() -> None:
    for field, codes in ADAPTER.manifest.codes.items():
        for code in codes:
            map_(**{field: code})


def test_a_child_has_that_role_in_the_household_and_nobody_else_has_any() -> None:
    assert membership(rol="kind").role == "CHILD"
    assert {membership(rol=role).role for role in ("slachtoffer", "pleger", "gezinslid")} == {None}


@pytest.mark.parametrize(
    ("text", "secret"), [("", False), ("0", False), ("N", False), ("1", True), ("7", True)]
)
def test_the_secrecy_indication_marks_the_membership(text: str, *, secret: bool) -> None:
    assert membership(indicatie_geheim=text).secret is secret


def test_a_shielded_row_is_a_shielded_involvement() -> None:
    assert involvement(afgeschermd="J").shielded
    assert not involvement(afgeschermd="").shielded


def test_the_desk_of_a_shelter_becomes_its_neutral_desk() -> None:
    options: dict[str, object] = {"shielded_desks": {"Opvang": "contact-via"}}
    assert involvement(options, contact_desk="opvang ").desk == "contact-via"
    assert involvement(options, contact_desk="frontoffice").desk == "frontoffice"


def test_a_row_without_a_desk_gets_the_default_of_the_settings_or_the_manifest() -> None:
    assert involvement(contact_desk="").desk == ADAPTER.manifest.default_desk
    assert involvement({"desk": "wijk-oost"}, contact_desk="").desk == "wijk-oost"


def test_an_unknown_option_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"adapter\.sheltered_desks"):
        ADAPTER.with_options({"sheltered_desks": {}})
    with pytest.raises(ConfigurationError, match=r"adapter\.charset"):
        ADAPTER.with_options({"charset": "klingon"})


def test_the_keys_tell_cases_and_persons_apart_and_nothing_else() -> None:
    one, same, other = involvement(), involvement(meldingnr="M-9"), involvement(bsn="999911120")
    assert one.key == same.key
    assert one.key != other.key
    assert involvement(casusnr="C-2").key != one.key


@pytest.mark.parametrize("field", [*ADAPTER.manifest.content_fields, "meldertype", "meldingtype", "rol"])
def test_content_goes_no_further_than_the_mapping(field: str) -> None:
    """A text planted in a content field, or a coded field's value, is in no draft and no refusal."""
    planted = "PLANTED-Q7X"
    if field in ADAPTER.manifest.codes:
        assert planted not in refusal(**{field: planted})
    else:
        assert planted not in repr([_plain(draft) for draft in map_(**{field: planted}).drafts])


@given(start=DAYS, end=st.none() | DAYS, service=st.sampled_from(["", "Onderzoek", "Overdracht"]))
def test_every_row_is_refused_or_has_dates_in_order(start: date, end: date | None, service: str) -> None:
    """A mapped row starts no later than today, ends no earlier than it starts, and is ended only when past."""
    values = {
        "datum_melding": start.isoformat(),
        "dienst": service,
        "dienst_start": "",
        "dienst_eind": "" if end is None else end.isoformat(),
    }
    valid = start <= TODAY and (end is None or start <= end)
    try:
        draft = involvement(**values)
    except InvalidInput:
        assert not valid
        return
    assert valid
    assert draft.until == end
    assert (draft.phase is Phase.ENDED) == (end is not None and end <= TODAY)


@given(days=st.integers(0, 4000))
def test_an_ended_involvement_never_comes_back_as_time_passes(days: int) -> None:
    later = TODAY + timedelta(days=days)
    mapped = map_row(
        row(dienst_eind="2024-05-01"), manifest=ADAPTER.manifest, options=VeiligThuisOptions(), today=later
    )
    first = mapped.drafts[0]
    assert isinstance(first, InvolvementDraft)
    assert first.phase is Phase.ENDED


def _plain(draft: Any) -> dict[str, object]:
    """Return all a draft holds, what its repr hides included."""
    values = {item.name: getattr(draft, item.name) for item in dataclasses.fields(draft)}
    return {name: value.reveal() if isinstance(value, Bsn) else value for name, value in values.items()}
