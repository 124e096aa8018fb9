"""What is read of an ADT message, and nothing more: identifiers, dates, trigger and protection flags (HL7 v2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import hl7
from hl7.exceptions import HL7Exception

from gateway.errors import RecordRejected, Violation

CHARSETS = {
    "": "utf-8",
    "ASCII": "ascii",
    "8859/1": "iso8859-1",
    "8859/15": "iso8859-15",
    "UNICODE UTF-8": "utf-8",
}
"""MSH-18 (table 0211) as Dutch senders use it; the empty value follows the option `charset`."""

_SEGMENT_ENDS = re.compile(r"\r\n|\n|\r")
_SEPARATORS = re.compile(r"[^\w\s]{5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """One repetition of a CX field: CX.1 value, CX.4 assigning authority, CX.5 type."""

    value: str = field(repr=False)
    authority: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdtMessage:
    """The fields the mapping may see. `trigger` is MSH-9.2; dates are the texts of the message."""

    type: str
    trigger: str
    identifiers: tuple[Identifier, ...]
    visit: str = field(repr=False)
    admitted: str
    discharged: str
    recorded: str
    merged: tuple[Identifier, ...]
    person_protected: bool
    visit_protected: bool


def parse(raw: bytes, *, default_charset: str) -> hl7.Message:
    """Return the parsed message.

    Raises:
        RecordRejected: no MSH, separators that are none, an unknown charset, or bytes that are not in it.

    """
    raw = raw.removeprefix(b"\xef\xbb\xbf").strip(b"\x0b\x1c\r\n")
    if raw[:3] != b"MSH":
        raise _rejected("MSH", "must be the first segment")
    if not _SEPARATORS.fullmatch(raw[3:8].decode("latin-1")) or len(set(raw[3:8])) != 5:
        raise _rejected("MSH-2", "must name five different separators")
    text = _SEGMENT_ENDS.sub("\r", _decode(raw, default_charset))
    try:
        return hl7.parse(text + "\r")
    except (HL7Exception, ValueError, IndexError, KeyError):
        raise _rejected("MSH", "cannot be parsed as an HL7 v2 message") from None


def read(message: hl7.Message) -> AdtMessage:
    """Return the fields the mapping may see.

    Raises:
        RecordRejected: MSH-9 says nothing, or PID is missing.

    """
    message_type = _component(message, "MSH", 9, 0)
    trigger = _component(message, "MSH", 9, 1) or _component(message, "EVN", 1, 0)
    if not message_type or not trigger:
        raise _rejected("MSH-9", "must name the message type and the trigger event")
    if message_type == "ADT" and not _has(message, "PID"):
        raise _rejected("PID", "is required")
    return AdtMessage(
        type=message_type,
        trigger=trigger,
        identifiers=_identifiers(message, "PID", 3),
        visit=_component(message, "PV1", 19, 0),
        admitted=_component(message, "PV1", 44, 0),
        discharged=_component(message, "PV1", 45, 0),
        recorded=_component(message, "EVN", 2, 0) or _component(message, "MSH", 7, 0),
        merged=_identifiers(message, "MRG", 1),
        person_protected=_component(message, "PD1", 12, 0) == "Y",
        visit_protected=_component(message, "PV2", 22, 0) == "Y",
    )


def _decode(raw: bytes, default_charset: str) -> str:
    fields = _SEGMENT_ENDS.split(raw.decode("latin-1"), maxsplit=1)[0].split(chr(raw[3]))
    # MSH-1 is the separator itself: MSH-18 stands at index 17 of the split.
    named = fields[17].split(chr(raw[5]))[0].strip().upper() if len(fields) > 17 else ""
    if named not in CHARSETS:
        raise _rejected("MSH-18", "must be 8859/1, 8859/15, ASCII or UNICODE UTF-8")
    charset = CHARSETS[named] if named else default_charset
    try:
        return raw.decode(charset)
    except UnicodeDecodeError:
        raise _rejected("MSH-18", "the message is not in the charset it names") from None


def _has(message: hl7.Message, segment: str) -> bool:
    return any(str(item[0]) == segment for item in message)


def _field(message: hl7.Message, segment: str, number: int) -> object | None:
    for item in message:
        if str(item[0]) == segment:
            return item[number] if len(item) > number else None
    return None


def _component(message: hl7.Message, segment: str, number: int, component: int) -> str:
    """Return a component of the first repetition as text; empty where it is not there."""
    repetitions = _repetitions(_field(message, segment, number))
    if not repetitions or len(repetitions[0]) <= component:
        return ""
    return repetitions[0][component].strip()


def _repetitions(value: object | None) -> list[list[str]]:
    if value is None:
        return []
    if not isinstance(value, hl7.Field):
        return [[str(value)]]
    return [
        [str(part) for part in repetition] if isinstance(repetition, hl7.Repetition) else [str(repetition)]
        for repetition in value
    ]


def _identifiers(message: hl7.Message, segment: str, number: int) -> tuple[Identifier, ...]:
    found = []
    for parts in _repetitions(_field(message, segment, number)):
        padded = [part.strip() for part in parts] + [""] * 5
        if padded[0]:
            found.append(Identifier(value=padded[0], authority=padded[3], type=padded[4]))
    return tuple(found)


def _rejected(path: str, rule: str) -> RecordRejected:
    return RecordRejected(Violation(path, rule))
