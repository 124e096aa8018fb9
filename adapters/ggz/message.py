"""What is read of an ADT message, and nothing more: identifiers, dates, trigger and protection flags (HL7 v2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
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

NULL = '""'
"""How HL7 v2 says that a field has no value (chapter 2.7): read as empty."""

_SEGMENT_ENDS = re.compile(r"\r\n|\n|\r")
_SEPARATORS = re.compile(rb"[!-/:-@\[-`{-~]{5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """One repetition of a CX field: CX.1 value, CX.4 assigning authority, CX.5 type."""

    value: str = field(repr=False)
    authority: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedPatient:
    """One MRG segment: the identifiers of MRG-1, and those of PID-3 before it, into whom that patient was merged."""

    identifiers: tuple[Identifier, ...]
    surviving: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdtMessage:
    """The fields the mapping may see. `trigger` is MSH-9.2; dates are the texts of the message.

    `patients` holds the identifiers of every PID-3: an event about two patients (swap, link, merge) has more than
    one, and the fields of its visit are not read for any of them. One message may merge several patients (A40).
    """

    trigger: str
    patients: tuple[tuple[Identifier, ...], ...]
    visit: str = field(repr=False)
    admitted: str
    discharged: str
    recorded: str
    recorded_path: str
    """The field that `recorded` comes from: EVN-2, or MSH-7 where that is empty."""
    merged: tuple[MergedPatient, ...]
    person_protected: bool
    visit_protected: bool

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """PID-3 of the first patient."""
        return self.patients[0]


def unframed(raw: bytes) -> bytes:
    """Return a message without byte order mark, MLLP framing and line ends around it."""
    return raw.strip(b"\x0b\x1c\r\n").removeprefix(b"\xef\xbb\xbf").strip(b"\x0b\r\n")


def has_separators(message: bytes) -> bool:
    """Tell whether a message begins with MSH and five different separators (MSH-1, MSH-2)."""
    separators = message[3:8]
    return message[:3] == b"MSH" and bool(_SEPARATORS.fullmatch(separators)) and len(set(separators)) == 5


def parse(raw: bytes, *, default_charset: str) -> hl7.Message:
    """Return the parsed message.

    Raises:
        RecordRejected: no MSH or more than one, separators that are none, an unknown charset, or bytes that are
            not in it.

    """
    raw = unframed(raw)
    if raw[:3] != b"MSH":
        raise _rejected("MSH", "must be the first segment")
    if not has_separators(raw):
        raise _rejected("MSH-2", "must name five different separators")
    text = _SEGMENT_ENDS.sub("\r", _decode(raw, default_charset))
    if "\rMSH" in text or "\x0b" in text or text.count(text[:8]) > 1:
        # Two messages that ran into each other: one person's number must not meet another's dates.
        raise _rejected("MSH", "must occur once in a message")
    try:
        return hl7.parse(text + "\r")
    except (HL7Exception, ValueError, IndexError, KeyError):
        raise _rejected("MSH", "cannot be parsed as an HL7 v2 message") from None


def read(message: hl7.Message) -> AdtMessage:
    """Return the fields the mapping may see.

    Raises:
        RecordRejected: MSH-9 does not name an ADT event, or PID is missing.

    """
    message_type = _component(message, "MSH", 9, 0)
    trigger = _component(message, "MSH", 9, 1) or _component(message, "EVN", 1, 0)
    if message_type != "ADT" or not trigger:
        raise _rejected("MSH-9", "must name the message type ADT and a trigger event")
    patients = _segments(message, "PID")
    if not patients:
        raise _rejected("PID", "is required")
    event_time = _component(message, "EVN", 2, 0)
    return AdtMessage(
        trigger=trigger,
        patients=tuple(_identifiers(segment, 3) for segment in patients),
        visit=_component(message, "PV1", 19, 0),
        admitted=_component(message, "PV1", 44, 0),
        discharged=_component(message, "PV1", 45, 0),
        recorded=event_time or _component(message, "MSH", 7, 0),
        recorded_path="EVN-2" if event_time else "MSH-7",
        merged=tuple(_merged(message)),
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


def _merged(message: hl7.Message) -> Iterator[MergedPatient]:
    surviving: tuple[Identifier, ...] = ()
    for segment in message:
        name = str(segment[0])
        if name == "PID":
            surviving = _identifiers(segment, 3)
        elif name == "MRG":
            yield MergedPatient(identifiers=_identifiers(segment, 1), surviving=surviving)


def _segments(message: hl7.Message, name: str) -> list[hl7.Segment]:
    return [segment for segment in message if str(segment[0]) == name]


def _component(message: hl7.Message, segment: str, number: int, component: int) -> str:
    """Return a component of the first repetition, in the first segment of that name; empty where there is none."""
    for found in _segments(message, segment)[:1]:
        for repetition in _repetitions(found, number)[:1]:
            return _value(repetition, component)
    return ""


def _identifiers(segment: hl7.Segment, number: int) -> tuple[Identifier, ...]:
    repetitions = _repetitions(segment, number)
    return tuple(
        Identifier(value=value, authority=_value(parts, 3), type=_value(parts, 4))
        for parts in repetitions
        if (value := _value(parts, 0))
    )


def _repetitions(segment: hl7.Segment, number: int) -> list[list[str]]:
    field = segment[number] if len(segment) > number else ""
    if not isinstance(field, hl7.Field):
        return [[str(field)]]
    return [
        [str(part) for part in repetition] if isinstance(repetition, hl7.Repetition) else [str(repetition)]
        for repetition in field
    ]


def _value(parts: list[str], index: int) -> str:
    value = parts[index].strip() if len(parts) > index else ""
    return "" if value == NULL else value


def _rejected(path: str, rule: str) -> RecordRejected:
    return RecordRejected(Violation(path, rule))
