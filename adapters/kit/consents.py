"""The consent list: a CSV that any partner's adapter takes beside its own exports, checked against the age rule.

Columns, separated by `;`: `toestemming_id; bsn; geboortedatum; besluit; besloten_door; houders; vragers; doelen;
vanaf; tot; toelichting`, and where the list has them `houder_oins; vrager_oins`, which narrow the kinds to
organisations. Lists in one column are separated by commas. The birth date decides who may consent and when the consent
ends by itself; it goes no further than this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

from adapters.kit.csv_rows import read_csv
from adapters.kit.dates import in_order, not_after, parse_date, parse_optional_date
from adapters.kit.model import (
    ConsentDraft,
    Mapped,
    MappingContext,
    SourceRecord,
    UnreadableRecord,
    WithoutBsn,
)
from gateway.domain import Bsn, ConsentEffect, Decider, Oin, PartnerKind, parse_code, parse_oin
from gateway.domain.consenting import MOST_ORGANISATIONS, years_after
from gateway.errors import InvalidInput, RecordRejected, Violation

COLUMNS = (
    "toestemming_id",
    "bsn",
    "geboortedatum",
    "besluit",
    "besloten_door",
    "houders",
    "vragers",
    "doelen",
    "vanaf",
    "tot",
    "toelichting",
)
CONTENT_COLUMNS = ("toelichting",)
OPTIONAL_COLUMNS = ("houder_oins", "vrager_oins")

EFFECTS = {
    "toestemming": ConsentEffect.PERMIT,
    "bezwaar": ConsentEffect.OBJECT,
    "ingetrokken": ConsentEffect.WITHDRAWN,
}
DECIDERS = {
    "betrokkene": Decider.SUBJECT,
    "gezagsdragers": Decider.AUTHORITY_HOLDERS,
    "beide": Decider.SUBJECT_AND_AUTHORITY_HOLDERS,
    "onbepaald": Decider.UNDETERMINED,
}
BOUNDARIES = (12, 16, 18)
"""Birthdays at which who may consent changes, and a consent given before ends (WGBO 7:447, 7:450; Jeugdwet)."""

Code = TypeVar("Code")

_BIRTH_DATE = re.compile(r"(?P<year>\d{4})(?P<dash>-?)(?P<month>\d{2})(?P=dash)(?P<day>\d{2})", re.ASCII)
_DUTCH_BIRTH_DATE = re.compile(r"(?P<day>\d{2})-(?P<month>\d{2})-(?P<year>\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One row of the list, by column."""

    columns: Mapping[str, str] = field(repr=False)


def is_consent_list(export: Path) -> bool:
    """Tell whether a file is a consent list: its first column says so."""
    with export.open("rb") as file:
        start = file.read(64)
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(b"toestemming_id;")


def read_consents(export: Path) -> Iterator[SourceRecord[ConsentRow] | UnreadableRecord]:
    """Yield the rows of a consent list; columns in any order, and others beside them are never looked at.

    Raises:
        InvalidInput: the file is not UTF-8, or its header lacks a column.

    """
    required = [name for name in COLUMNS if name not in CONTENT_COLUMNS]
    used = [*required, *OPTIONAL_COLUMNS]
    rows = read_csv(export, charset="utf-8", separator=";", required=required, optional=OPTIONAL_COLUMNS)
    for row in rows:
        place = f"line {row.line}"
        if row.values is None:
            broken = RecordRejected(Violation("row", "must have a value or nothing for each column"))
            yield UnreadableRecord(place=place, error=broken)
        else:
            columns = {name: row.values.get(name, "") for name in used}
            yield SourceRecord(place=place, content=ConsentRow(columns))


def map_consent(row: ConsentRow, context: MappingContext) -> Mapped:
    """Return the consent in a row.

    Raises:
        WithoutBsn: the row has no BSN.
        InvalidInput: a column breaks a rule, or the deciders are not those the person's age asks for.

    """
    columns = row.columns
    if not columns["toestemming_id"]:
        raise InvalidInput.at("toestemming_id", "is required")
    if not columns["bsn"]:
        raise WithoutBsn("bsn", key=columns["toestemming_id"])
    effect = _one_of(EFFECTS, columns["besluit"], path="besluit")
    decider = _one_of(DECIDERS, columns["besloten_door"], path="besloten_door")
    since = not_after(parse_date(columns["vanaf"], path="vanaf"), context.today, path="vanaf")
    until = parse_optional_date(columns["tot"], path="tot")
    in_order(since, until, path="tot")
    age = _Age(columns["geboortedatum"], since)
    _check_decider(decider, effect, age)
    return Mapped(
        drafts=(
            ConsentDraft(
                key=columns["toestemming_id"],
                bsn=Bsn(columns["bsn"]),
                effect=effect,
                decided_by=decider,
                holder_kinds=_kinds(columns["houders"], path="houders"),
                asking_kinds=_kinds(columns["vragers"], path="vragers"),
                purposes=frozenset(_codes(columns["doelen"], path="doelen")),
                since=since,
                until=min((end for end in (until, age.lasts_until) if end is not None), default=None),
                holders=_organisations(columns.get("houder_oins", ""), path="houder_oins"),
                askers=_organisations(columns.get("vrager_oins", ""), path="vrager_oins"),
            ),
        )
    )


def required_decider(age: int) -> Decider:
    """Return who must decide at that age.

    Under 12 the holders of authority, 12 to 15 the youth and they together, from 16 the youth alone.
    """
    if age < 12:
        return Decider.AUTHORITY_HOLDERS
    return Decider.SUBJECT_AND_AUTHORITY_HOLDERS if age < 16 else Decider.SUBJECT


def _check_decider(decider: Decider, effect: ConsentEffect, age: _Age) -> None:
    required = required_decider(age.years)
    if decider is not Decider.UNDETERMINED:
        if decider is not required:
            raise InvalidInput.at("besloten_door", "must be who decides at the person's age on the first day")
    elif effect is ConsentEffect.PERMIT and required is Decider.SUBJECT:
        # Nobody has authority over this decision any more: there is nothing left to establish.
        raise InvalidInput.at("besloten_door", "must be betrokkene: from 16 on the person decides alone")


class _Age:
    """How old a person is on the first day, and until when nobody else comes to decide.

    An incomplete birth date must mean the same on every day that it can be.
    """

    def __init__(self, birth_text: str, since: date) -> None:
        earliest, latest = _birth_span(birth_text)
        self.years, youngest = _age(earliest, since), _age(latest, since)
        if _birthdays_passed(self.years) != _birthdays_passed(youngest):
            raise InvalidInput.at(
                "geboortedatum",
                "must tell which of the 12th, 16th and 18th birthdays are past on the first day",
            )
        changes = [birthday for years in BOUNDARIES if (birthday := years_after(earliest, years)) > since]
        self.lasts_until = changes[0] - timedelta(days=1) if changes else None


def _birthdays_passed(age: int) -> int:
    return sum(age >= years for years in BOUNDARIES)


def _birth_span(text: str) -> tuple[date, date]:
    """Return the first and the last day a birth date can mean: month or day may be 00 (BRP: unknown)."""
    found = _BIRTH_DATE.fullmatch(text) or _DUTCH_BIRTH_DATE.fullmatch(text)
    if found is None:
        raise InvalidInput.at(
            "geboortedatum", "must be yyyy-mm-dd or dd-mm-yyyy, with 00 for an unknown month or day"
        )
    year, month, day = (int(found[part]) for part in ("year", "month", "day"))
    try:
        if month == 0:
            return date(year, 1, 1), date(year, 12, 31)
        if day == 0:
            return date(year, month, 1), _end_of_month(year, month)
        return date(year, month, day), date(year, month, day)
    except ValueError:
        raise InvalidInput.at("geboortedatum", "must be a day that exists") from None


def _end_of_month(year: int, month: int) -> date:
    following = date(year + 1, 1, 1) if month == 12 else date(year, month + 1, 1)
    return following - timedelta(days=1)


def _age(born: date, on: date) -> int:
    if born > on:
        raise InvalidInput.at("geboortedatum", "must not be after the first day of the consent")
    years = on.year - born.year
    return years if years_after(born, years) <= on else years - 1


def _kinds(text: str, *, path: str) -> frozenset[PartnerKind]:
    return frozenset(PartnerKind(code) for code in _codes(text, path=path))


def _organisations(text: str, *, path: str) -> frozenset[Oin]:
    named = frozenset(parse_oin(oin, path=path) for oin in _listed(text))
    if len(named) > MOST_ORGANISATIONS:
        raise InvalidInput.at(path, f"must name at most {MOST_ORGANISATIONS} organisations")
    return named


def _codes(text: str, *, path: str) -> list[str]:
    codes = _listed(text)
    if not codes:
        raise InvalidInput.at(path, "must name at least one; an empty scope is refused")
    return [parse_code(code, path=path) for code in codes]


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _one_of(table: Mapping[str, Code], text: str, *, path: str) -> Code:
    found = table.get(text.lower())
    if found is None:
        raise InvalidInput.at(path, f"must be one of {', '.join(table)}")
    return found
