"""The pure parts of the kit: dates, references, flags, manifests, and what several records say together."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.kit.dates import (
    EARLIEST,
    in_order,
    not_after,
    parse_date,
    parse_hl7_date,
    parse_hl7_moment,
    parse_moment,
    parse_optional_date,
)
from adapters.kit.fields import parse_flag, parse_secrecy_indication
from adapters.kit.keys import ReferenceKind, opaque_reference
from adapters.kit.manifest import Manifest
from adapters.kit.mapping import combine
from adapters.kit.model import InvolvementDraft
from adapters.kit.options import KitOptions
from adapters.veilig_thuis import ADAPTER
from gateway.domain import Bsn, Phase, SecrecyClass, parse_reference
from gateway.errors import ConfigurationError, InvalidInput

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAYS = st.dates(min_value=EARLIEST)
_ISO_OR_DUTCH = re.compile(r"\d-\d\d-\d", re.ASCII)


@given(day=DAYS)
def test_every_notation_of_a_day_is_the_same_day(day: date) -> None:
    iso, dutch = day.isoformat(), f"{day.day:02}-{day.month:02}-{day.year:04}"
    assert parse_date(f" {iso} ", path="d") == parse_date(dutch, path="d") == day
    assert parse_hl7_date(iso.replace("-", ""), path="d", zone=AMSTERDAM) == day


@given(text=st.text())
def test_any_other_text_is_refused_at_its_path_and_not_repeated(text: str) -> None:
    assume(not _ISO_OR_DUTCH.search(text))
    with pytest.raises(InvalidInput) as caught:
        parse_date(text, path="some.path")
    assert str(caught.value) == "some.path: must be a date as yyyy-mm-dd or dd-mm-yyyy"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-02-30",
        "2024-13-01",
        "1-2-2024",
        "2024/01/01",
        "20240101",
        "0001-01-01",
        "٢٠٢٤-٠١-٠١",
        "31-04-2024",
    ],
)
def test_uncertain_days_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_date(text, path="d")


def test_an_empty_optional_day_is_none() -> None:
    assert parse_optional_date("  ", path="d") is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20240614", datetime(2024, 6, 14, tzinfo=AMSTERDAM)),
        ("2024061422", datetime(2024, 6, 14, 22, tzinfo=AMSTERDAM)),
        ("202406142240", datetime(2024, 6, 14, 22, 40, tzinfo=AMSTERDAM)),
        ("20240614224005", datetime(2024, 6, 14, 22, 40, 5, tzinfo=AMSTERDAM)),
        ("20240614224005.1234", datetime(2024, 6, 14, 22, 40, 5, tzinfo=AMSTERDAM)),
        ("202406142240-0500", datetime(2024, 6, 14, 22, 40, tzinfo=timezone(-timedelta(hours=5)))),
        ("20240614224005+0000", datetime(2024, 6, 14, 22, 40, 5, tzinfo=UTC)),
    ],
)
def test_hl7_time_stamps_of_every_precision_from_a_day(text: str, moment: datetime) -> None:
    assert parse_hl7_moment(text, path="EVN-2", zone=AMSTERDAM) == moment


@pytest.mark.parametrize("text", ["2024", "202406", "20240631", "2024061425", "20240614+9900", "x"])
def test_hl7_time_stamps_that_do_not_exist_or_lack_the_day_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_hl7_moment(text, path="EVN-2", zone=AMSTERDAM)


def test_a_moment_without_a_zone_is_local() -> None:
    assert parse_moment("2024-06-14T22:40", path="m", zone=AMSTERDAM).utcoffset() == timedelta(hours=2)
    with pytest.raises(InvalidInput):
        parse_moment("1899-06-14T22:40", path="m", zone=AMSTERDAM)


def test_order_and_future_are_checked_at_their_field() -> None:
    with pytest.raises(InvalidInput, match=r"^end: "):
        in_order(date(2024, 2, 1), date(2024, 1, 1), path="end")
    with pytest.raises(InvalidInput, match=r"^start: "):
        not_after(date(2024, 2, 1), date(2024, 1, 1), path="start")


@given(number=st.text(min_size=1), key=st.binary(min_size=32, max_size=32))
def test_references_are_stable_valid_and_differ_by_kind_and_key(number: str, key: bytes) -> None:
    references = {opaque_reference(key, kind, number) for kind in ReferenceKind}
    assert references == {opaque_reference(key, kind, number) for kind in ReferenceKind}
    assert len(references) == len(ReferenceKind)
    other_key = bytes([key[0] ^ 1]) + key[1:]
    assert opaque_reference(other_key, ReferenceKind.CONSENT, number) not in references
    for reference in references:
        assert len(parse_reference(reference, path="r")) == 32


def test_a_reference_is_the_published_formula() -> None:
    """Lower-case base32 of HMAC-SHA-256(key, "involvement:1"), cut to 32; computed with openssl and base32."""
    key = bytes.fromhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
    assert opaque_reference(key, ReferenceKind.INVOLVEMENT, "1") == "tafwu3lriacaanrppv7y2xrjwsh3qudx"


@given(text=st.text(max_size=4))
def test_a_doubtful_indication_never_counts_as_none(text: str) -> None:
    try:
        secret = parse_secrecy_indication(text, path="f")
    except InvalidInput:
        return
    assert secret or text.strip().casefold() in {"", "0", "n", "nee", "false"}


def test_flags() -> None:
    assert [parse_flag(text, path="f") for text in ("J", "ja", "N", "")] == [True, True, False, False]
    with pytest.raises(InvalidInput):
        parse_flag("2", path="f")


DRAFTS = st.builds(
    lambda phase, since, length, desk, secrecy, shielded: InvolvementDraft(
        key="1",
        bsn=Bsn("999993653"),
        phase=phase,
        since=since,
        until=since + timedelta(days=length or 0) if phase is Phase.ENDED or length else None,
        desk=desk,
        secrecy=secrecy,
        shielded=shielded,
    ),
    phase=st.sampled_from([Phase.PROVISIONAL, Phase.ACTIVE, Phase.ENDED]),
    since=st.dates(min_value=date(2000, 1, 1), max_value=date(2024, 1, 1)),
    length=st.none() | st.integers(1, 4000),
    desk=st.sampled_from(["balie", "wijk"]),
    secrecy=st.sampled_from(list(SecrecyClass)),
    shielded=st.booleans(),
)


@given(one=DRAFTS, other=DRAFTS)
def test_two_records_of_one_situation_make_one_that_holds_both(
    one: InvolvementDraft, other: InvolvementDraft
) -> None:
    """Order does not matter; it starts first, is open if either is, and is at least as protected as both."""
    both = combine(one, other)
    assert both == combine(other, one)
    assert both.since == min(one.since, other.since)
    assert (both.phase is Phase.ENDED) == (one.phase is other.phase is Phase.ENDED)
    assert both.until is None or both.since <= both.until
    assert both.shielded == (one.shielded or other.shielded)
    assert "NRV".index(both.secrecy) == max("NRV".index(draft.secrecy) for draft in (one, other))
    for draft in (one, other):
        is_open = draft.phase is not Phase.ENDED
        assert not (is_open and draft.until is None) or both.until is None


def test_a_manifest_is_closed_and_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read"):
        Manifest.beside(str(tmp_path / "x.py"))
    (tmp_path / "manifest.toml").write_text('kind = "Veilig Thuis"\ncolour = "red"\n')
    with pytest.raises(ConfigurationError) as caught:
        Manifest.beside(str(tmp_path / "x.py"))
    assert {"kind: ", "colour: ", "export: "} <= {
        word + ": " for word in str(caught.value).replace(";", " ").replace(":", " ").split()
    }


def test_file_patterns_ignore_letter_case() -> None:
    assert ADAPTER.manifest.reads("Export.CSV")
    assert not ADAPTER.manifest.reads("export.csv.part")


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"adapter\.time_zone"):
        KitOptions.of({"time_zone": "Europe/Atlantis"})
