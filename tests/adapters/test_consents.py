"""The consent list is checked against the age rule, and ends by itself at the birthday that changes it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ggz import ADAPTER as GGZ
from adapters.kit.consents import (
    COLUMNS,
    DECIDERS,
    EFFECTS,
    ConsentRow,
    is_consent_list,
    map_consent,
    read_consents,
    required_decider,
)
from adapters.kit.facts import FactMaker
from adapters.kit.keys import ReferenceKind, opaque_reference
from adapters.kit.model import ConsentDraft, MappingContext, UnreadableRecord, WithoutBsn
from gateway.domain import ConsentEffect, ConsentFact, Decider, Oin
from gateway.domain.consenting import end_fault
from gateway.errors import InvalidInput
from tests.support.adapters import OIN, REFERENCE_KEY, Workbench, subject_of

TODAY = date(2026, 6, 1)
OIN_OTHER = Oin("00000099000000020000")


def row(**changes: str) -> ConsentRow:
    columns = {
        "toestemming_id": "T1",
        "bsn": "999993653",
        "geboortedatum": "1985-12-01",
        "besluit": "toestemming",
        "besloten_door": "betrokkene",
        "houders": "ggz",
        "vragers": "veilig_thuis, politie",
        "doelen": "coordination-of-care",
        "vanaf": "2026-01-10",
        "tot": "",
        "toelichting": "SYNTHETISCH",
    }
    return ConsentRow(columns | changes)


def draft(**changes: str) -> ConsentDraft:
    [found] = map_consent(row(**changes), MappingContext(today=TODAY)).drafts
    assert isinstance(found, ConsentDraft)
    return found


def test_a_consent_of_an_adult_has_no_end_of_its_own() -> None:
    found = draft()
    assert (found.effect, found.until) == (ConsentEffect.PERMIT, None)
    assert found.asking_kinds == {"veilig_thuis", "politie"}


@pytest.mark.parametrize(
    ("born", "decided_by", "until"),
    [
        ("2018-05-04", "gezagsdragers", date(2030, 5, 3)),
        ("2012-05-04", "beide", date(2028, 5, 3)),
        ("2009-05-04", "betrokkene", date(2027, 5, 3)),
        ("2016-02-29", "gezagsdragers", date(2028, 2, 28)),
    ],
)
def test_it_ends_on_the_day_before_the_birthday_that_changes_who_decides(
    born: str, decided_by: str, until: date
) -> None:
    assert draft(geboortedatum=born, besloten_door=decided_by).until == until


@pytest.mark.parametrize(
    ("born", "decided_by"),
    [
        ("2018-05-04", "betrokkene"),
        ("2012-05-04", "gezagsdragers"),
        ("2009-05-04", "beide"),
        ("1985-01-01", "beide"),
    ],
)
def test_whoever_may_not_decide_at_that_age_is_refused(born: str, decided_by: str) -> None:
    with pytest.raises(InvalidInput, match="besloten_door"):
        draft(geboortedatum=born, besloten_door=decided_by)


@pytest.mark.parametrize(
    ("born", "decided_by"),
    [
        # The day before the 12th birthday and the birthday itself; then the same for the 16th and the 18th.
        ("2014-01-11", "gezagsdragers"),
        ("2014-01-10", "beide"),
        ("2010-01-11", "beide"),
        ("2010-01-10", "betrokkene"),
        ("2008-01-11", "betrokkene"),
        ("2008-01-10", "betrokkene"),
    ],
)
def test_who_decides_changes_on_the_very_birthday(born: str, decided_by: str) -> None:
    others = {"betrokkene", "gezagsdragers", "beide"} - {decided_by}
    assert draft(geboortedatum=born, besloten_door=decided_by).decided_by is DECIDERS[decided_by]
    for other in sorted(others):
        with pytest.raises(InvalidInput, match="besloten_door"):
            draft(geboortedatum=born, besloten_door=other)


@pytest.mark.parametrize(
    ("born", "decided_by", "until"),
    [
        ("2014-01-11", "gezagsdragers", date(2026, 1, 10)),
        ("2014-01-10", "beide", date(2030, 1, 9)),
        ("2010-01-11", "beide", date(2026, 1, 10)),
        ("2010-01-10", "betrokkene", date(2028, 1, 9)),
        ("2008-01-11", "betrokkene", date(2026, 1, 10)),
        ("2008-01-10", "betrokkene", None),
    ],
)
def test_consent_counts_on_the_day_before_the_birthday_and_not_on_it(
    born: str, decided_by: str, until: date | None
) -> None:
    """At 11 a consent of the holders of authority is not yet over; on the 12th birthday it is."""
    found = draft(geboortedatum=born, besloten_door=decided_by)
    fact = FactMaker(partner=OIN, reference_key=REFERENCE_KEY).consent(found, subject_of("999993653"))
    assert found.until == until
    if until is None:
        assert fact.is_current(date(2100, 1, 1))
    else:
        assert fact.is_current(until)
        assert not fact.is_current(until + timedelta(days=1))


@pytest.mark.parametrize("born", ["2018-05-04", "2012-05-04"])
def test_consent_of_which_nobody_knows_who_gives_it_waits_and_an_objection_counts(born: str) -> None:
    maker, subject = FactMaker(partner=OIN, reference_key=REFERENCE_KEY), subject_of("999993653")
    given = draft(geboortedatum=born, besloten_door="onbepaald")
    objected = draft(geboortedatum=born, besloten_door="onbepaald", besluit="bezwaar")
    assert (given.waits_for_review, objected.waits_for_review) == (True, False)
    assert given.until == objected.until
    assert not maker.consent(given, subject).is_current(TODAY)
    assert maker.consent(objected, subject).is_current(TODAY)


def test_from_sixteen_on_there_is_no_authority_left_to_establish() -> None:
    with pytest.raises(InvalidInput, match="besloten_door"):
        draft(geboortedatum="2010-01-10", besloten_door="onbepaald")
    # A doubt never stands in the way of an objection, nor of a withdrawal.
    for said in ("bezwaar", "ingetrokken"):
        assert draft(geboortedatum="2010-01-10", besloten_door="onbepaald", besluit=said).until is not None


def test_organisations_narrow_the_kinds() -> None:
    found = draft(houder_oins=f"{OIN}, {OIN_OTHER}", vrager_oins=OIN_OTHER)
    assert found.holders == {OIN, OIN_OTHER}
    assert found.askers == {OIN_OTHER}
    assert draft().holders == draft().askers == frozenset()


@pytest.mark.parametrize("column", ["houder_oins", "vrager_oins"])
@pytest.mark.parametrize(
    "value",
    ["999993653", f"{OIN} {OIN_OTHER}", "ggz", ",".join(f"{number:020}" for number in range(41))],
    ids=["bsn", "no-comma", "kind", "too-many"],
)
def test_what_is_no_list_of_organisations_is_refused_at_its_column(column: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=column) as caught:
        draft(**{column: value})
    assert value not in str(caught.value)


def test_the_columns_for_organisations_are_free_to_be_there(tmp_path: Path) -> None:
    path = tmp_path / "toestemmingen.csv"
    columns = dict(row().columns) | {"vrager_oins": OIN_OTHER}
    path.write_text(";".join(columns) + "\n" + ";".join(columns.values()) + "\n", "utf-8")
    [record] = read_consents(path)
    assert not isinstance(record, UnreadableRecord)
    [found] = map_consent(record.content, MappingContext(today=TODAY)).drafts
    assert isinstance(found, ConsentDraft)
    assert found.holders == frozenset()
    assert found.askers == {OIN_OTHER}


def test_a_column_for_organisations_that_stands_twice_refuses_the_file(tmp_path: Path) -> None:
    """Which of the two counts nobody could tell: the wider scope must not be taken by chance."""
    path = tmp_path / "toestemmingen.csv"
    path.write_text(";".join([*COLUMNS, "vrager_oins", "vrager_oins"]) + "\n", "utf-8")
    with pytest.raises(InvalidInput, match="vrager_oins"):
        list(read_consents(path))


@given(
    born=st.dates(date(1930, 1, 1), TODAY),
    days=st.integers(0, 30_000),
    by=st.sampled_from(sorted(DECIDERS)),
    said=st.sampled_from(sorted(EFFECTS)),
)
def test_the_index_finds_every_consent_plausible_that_the_list_gives(
    born: date, days: int, by: str, said: str
) -> None:
    since = min(born + timedelta(days=days), TODAY)
    try:
        found = draft(geboortedatum=born.isoformat(), vanaf=since.isoformat(), besloten_door=by, besluit=said)
    except InvalidInput:
        return
    fact = FactMaker(partner=OIN, reference_key=REFERENCE_KEY).consent(found, subject_of("999993653"))
    assert end_fault(fact) is None


async def test_a_run_reports_what_waits_for_a_review_and_what_is_narrowed_is_said_again(
    tmp_path: Path,
) -> None:
    bench = Workbench(tmp_path, GGZ)
    waits = dict(row(geboortedatum="2018-05-04", besloten_door="onbepaald", vanaf="2024-01-10").columns)
    other = dict(row(toestemming_id="T2", vanaf="2024-01-10").columns)
    report = await bench.run(bench.write("t.csv", listed(waits, other)))
    [detail] = report["details"]
    assert (report["sent"], detail["outcome"], detail["place"]) == (2, "awaiting_review", "line 2")
    assert detail["reference"] == opaque_reference(REFERENCE_KEY, ReferenceKind.CONSENT, "T1")
    first, _ = bench.drain()
    assert isinstance(first.fact, ConsentFact)
    assert first.fact.decided_by is Decider.UNDETERMINED
    # Nothing new is said, and it still waits.
    again = await bench.run(bench.write("t.csv", listed(waits, other)))
    assert (again["unchanged"], [each["outcome"] for each in again["details"]]) == (2, ["awaiting_review"])
    reviewed = waits | {"besloten_door": "gezagsdragers"}
    narrowed = other | {"vrager_oins": OIN_OTHER}
    last = await bench.run(bench.write("t.csv", listed(reviewed, narrowed)))
    assert (last["sent"], last["details"]) == (2, [])
    assert [message.fact.askers for message in bench.drain() if isinstance(message.fact, ConsentFact)] == [
        frozenset(),
        {OIN_OTHER},
    ]


def listed(*rows: dict[str, str]) -> str:
    names = [*COLUMNS, "houder_oins", "vrager_oins"]
    lines = [";".join(each.get(name, "") for name in names) for each in rows]
    return "\n".join([";".join(names), *lines]) + "\n"


def test_an_incomplete_birth_date_must_satisfy_the_rule_on_every_day_it_can_mean() -> None:
    assert draft(geboortedatum="2018-00-00", besloten_door="gezagsdragers").until == date(2029, 12, 31)
    with pytest.raises(InvalidInput, match="geboortedatum"):
        # Eleven or twelve: nobody can tell who decides.
        draft(geboortedatum="2014-00-00", besloten_door="gezagsdragers")
    with pytest.raises(InvalidInput, match="geboortedatum"):
        # Seventeen or eighteen: the youth decides, but nobody can tell on which day the consent ends.
        draft(geboortedatum="2008-00-00", besloten_door="betrokkene")


def test_a_birth_date_in_the_dutch_notation_is_read() -> None:
    assert draft(geboortedatum="04-05-2018", besloten_door="gezagsdragers").until == date(2030, 5, 3)
    assert draft(geboortedatum="00-05-2018", besloten_door="gezagsdragers").until == date(2030, 4, 30)


@given(born=st.dates(date(1930, 1, 1), date(2026, 1, 9)), days=st.integers(0, 4000))
def test_a_consent_never_outlives_the_age_it_was_given_at(born: date, days: int) -> None:
    since = date(2026, 1, 10)
    age = since.year - born.year - ((since.month, since.day) < (born.month, born.day))
    by = next(name for name, value in DECIDERS.items() if value is required_decider(age))
    until = draft(geboortedatum=born.isoformat(), besloten_door=by).until
    day = since + timedelta(days=days)
    if until is None or day <= until:
        later = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
        assert (later < 12, later < 16, later < 18) == (age < 12, age < 16, age < 18)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("besluit", "misschien"),
        ("besloten_door", "buurvrouw"),
        ("houders", ""),
        ("vragers", " , "),
        ("doelen", "Roddel En Achterklap"),
        ("vanaf", "2027-01-01"),
        ("vanaf", "gisteren"),
        ("tot", "2020-01-01"),
        ("geboortedatum", "1985-13-01"),
        ("bsn", "999940003"),
        ("toestemming_id", ""),
    ],
)
def test_a_column_that_breaks_a_rule_is_named_and_not_repeated(column: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        draft(**{column: value})
    assert column in str(caught.value)
    assert len(value) < 6 or value not in str(caught.value)


def test_a_person_without_a_bsn_is_counted() -> None:
    with pytest.raises(WithoutBsn):
        draft(bsn="")


def test_a_remark_of_several_lines_and_columns_in_another_order_are_read(tmp_path: Path) -> None:
    path = tmp_path / "toestemmingen.csv"
    columns = dict(row().columns) | {"toelichting": '"eerste; regel\n\u2028 tweede ""regel"""'}
    first, *others = columns
    order = [first, *reversed(others)]
    path.write_text(
        ";".join(order) + "\r\n" + ";".join(columns[name] for name in order) + "\r\n", "utf-8-sig"
    )
    [record] = read_consents(path)
    assert not isinstance(record, UnreadableRecord)
    [found] = map_consent(record.content, MappingContext(today=TODAY)).drafts
    assert found == draft()


def test_the_remark_is_not_even_kept(tmp_path: Path) -> None:
    path = tmp_path / "toestemmingen.csv"
    path.write_text(";".join(COLUMNS) + "\n" + ";".join(row().columns.values()) + "\n", "utf-8")
    [record] = read_consents(path)
    assert not isinstance(record, UnreadableRecord)
    assert "toelichting" not in record.content.columns


def test_a_short_row_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "toestemmingen.csv"
    good = ";".join(row().columns.values())
    path.write_text("\n".join([";".join(COLUMNS), "T9;999", "", good]) + "\n", "utf-8")
    assert is_consent_list(path)
    first, second = read_consents(path)
    assert isinstance(first, UnreadableRecord)
    assert not isinstance(second, UnreadableRecord)


def test_a_wrong_charset_or_header_refuses_the_file(tmp_path: Path) -> None:
    path = tmp_path / "toestemmingen.csv"
    path.write_bytes((";".join(COLUMNS) + "\nZo\xeb").encode("latin-1"))
    with pytest.raises(InvalidInput, match="line 2"):
        list(read_consents(path))
    path.write_text("toestemming_id;bsn\n", "utf-8")
    with pytest.raises(InvalidInput, match="besluit"):
        list(read_consents(path))
