"""ADT messages out of a file or a frame, one record each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from adapters.ggz.message import AdtMessage, parse, read, unframed
from adapters.kit.dates import parse_hl7_moment
from adapters.kit.model import SourceRecord, UnreadableRecord
from adapters.kit.options import AdapterOptions
from gateway.errors import InvalidInput

_NEXT_MESSAGE = re.compile(rb"(?:^|(?<=[\r\n\x0b\x1c]))(?=(?:\xef\xbb\xbf)?MSH)")
_ENVELOPE = re.compile(rb"(?:(?:FHS|BHS|BTS|FTS)[^\r\n]*[\r\n\x0b\x1c]*)+")
"""What the batch protocol puts around messages (chapter 2.10.3); it says nothing of its own here."""


def read_file(
    export: Path, options: AdapterOptions, charset: str
) -> Iterator[SourceRecord[AdtMessage] | UnreadableRecord]:
    """Yield the messages of a file, in its order.

    Raises:
        InvalidInput: nothing in the file is an HL7 message.

    """
    content = export.read_bytes()
    parts = [part for part in _NEXT_MESSAGE.split(content) if unframed(part).strip()]
    parts = [part for part in parts if not _ENVELOPE.fullmatch(unframed(part))]
    if not any(unframed(part).startswith(b"MSH") for part in parts):
        raise InvalidInput.at("file", "must hold HL7 v2 messages, each beginning with MSH")
    for number, part in enumerate(parts, 1):
        yield read_message(part, place=f"message {number}", options=options, charset=charset)


def read_message(
    raw: bytes, *, place: str, options: AdapterOptions, charset: str
) -> SourceRecord[AdtMessage] | UnreadableRecord:
    """Return one message as a record, or why it cannot be read."""
    try:
        content = read(parse(raw, default_charset=charset))
        recorded_at = (
            parse_hl7_moment(content.recorded, path=content.recorded_path, zone=options.zone)
            if content.recorded
            else None
        )
    except InvalidInput as error:
        return UnreadableRecord(place=place, error=error)
    return SourceRecord(place=place, content=content, recorded_at=recorded_at)
