"""Dates as Dutch source systems write them, read strictly: a date that is not certain is refused."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone, tzinfo

from gateway.errors import InvalidInput

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_DUTCH = re.compile(r"(\d{2})-(\d{2})-(\d{4})", re.ASCII)
_HL7 = re.compile(
    r"(?P<date>\d{8})(?:(?P<hour>\d{2})(?:(?P<minute>\d{2})(?:(?P<second>\d{2})(?:\.\d{1,4})?)?)?)?"
    r"(?P<zone>[+-]\d{4})?",
    re.ASCII,
)
EARLIEST = date(1900, 1, 1)
"""Older dates are typing errors or fillers ("0001-01-01"), not the start of an involvement."""


def parse_date(text: str, *, path: str) -> date:
    """Return the day written as `yyyy-mm-dd` or `dd-mm-yyyy`; outer spaces are free.

    Raises:
        InvalidInput: at `path`: another notation, a day that does not exist, or a day before 1900.

    """
    text = text.strip()
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DUTCH.fullmatch(text):
        day, month, year = found.groups()
    else:
        raise InvalidInput.at(path, "must be a date as yyyy-mm-dd or dd-mm-yyyy")
    return _day(int(year), int(month), int(day), path)


def parse_optional_date(text: str, *, path: str) -> date | None:
    """Return the day, or None for an empty text; InvalidInput as `parse_date`."""
    return parse_date(text, path=path) if text.strip() else None


def parse_moment(text: str, *, path: str, zone: tzinfo) -> datetime:
    """Return an ISO 8601 date and time (or a bare date: midnight) with a time zone.

    `zone` holds for a text that names none: source systems write local time.

    Raises:
        InvalidInput: at `path`: no ISO 8601 or Dutch date, or before 1900.

    """
    text = text.strip()
    if _DUTCH.fullmatch(text) or _ISO.fullmatch(text):
        day = parse_date(text, path=path)
        return datetime(day.year, day.month, day.day, tzinfo=zone)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput.at(path, "must be a date or a date and time after ISO 8601") from None
    if moment.date() < EARLIEST:
        raise InvalidInput.at(path, "must not be before 1900")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def parse_hl7_moment(text: str, *, path: str, zone: tzinfo) -> datetime:
    """Return an HL7 v2 TS (section 2.A.77): `YYYYMMDD[HH[MM[SS[.S[S[S[S]]]]]]][+/-ZZZZ]`.

    `zone` holds for a value without an offset. A precision coarser than a day is refused: the day is needed.

    Raises:
        InvalidInput: at `path`: another form, or a moment that does not exist.

    """
    found = _HL7.fullmatch(text.strip())
    if found is None:
        raise InvalidInput.at(path, "must be an HL7 time stamp of at least YYYYMMDD")
    digits = found["date"]
    day = _day(int(digits[:4]), int(digits[4:6]), int(digits[6:]), path)
    try:
        return datetime(
            day.year,
            day.month,
            day.day,
            int(found["hour"] or 0),
            int(found["minute"] or 0),
            int(found["second"] or 0),
            tzinfo=_offset(found["zone"]) or zone,
        )
    except ValueError:
        raise InvalidInput.at(path, "must be a time that exists") from None


def parse_hl7_date(text: str, *, path: str, zone: tzinfo) -> date:
    """Return the day of an HL7 v2 TS or DT, as it reads in `zone`; InvalidInput as `parse_hl7_moment`."""
    return parse_hl7_moment(text, path=path, zone=zone).astimezone(zone).date()


def not_after(day: date, today: date, *, path: str) -> date:
    """Return `day`; InvalidInput at `path` when it lies after `today`."""
    if day > today:
        raise InvalidInput.at(path, "must not be in the future")
    return day


def in_order(since: date, until: date | None, *, path: str) -> None:
    """Check that `until` is not before `since`; InvalidInput at `path`, the field of the end."""
    if until is not None and until < since:
        raise InvalidInput.at(path, "must not be before the start")


def _day(year: int, month: int, day: int, path: str) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise InvalidInput.at(path, "must be a day that exists") from None
    if found < EARLIEST:
        raise InvalidInput.at(path, "must not be before 1900")
    return found


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    hours, minutes = int(text[1:3]), int(text[3:])
    if hours > 23 or minutes > 59:
        raise ValueError("no such offset")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
