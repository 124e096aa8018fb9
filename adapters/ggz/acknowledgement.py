"""HL7 v2 acknowledgements in original mode (chapter 2.9.2): MSH of the sender turned round, and MSA.

They are made of bytes of the sender's MSH, so that a message whose body cannot be decoded still gets an answer
with its own control id, in its own separators and charset. Nothing outside MSH is repeated.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from enum import StrEnum

from adapters.ggz.message import has_separators, unframed

_LINE_END = re.compile(rb"[\r\n]")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_TRIGGER = re.compile(rb"[A-Z][0-9A-Z]{2}")
LONGEST_FIELD_BYTES = 250
"""MSH-3 to MSH-6 are the longest fields that are repeated (HD, 227 characters); more is no name or number."""
PLAIN_HEADER = rb"MSH|^~\&||||||||||P|2.5"
"""Stands for the sender's MSH where there is none."""


class AckCode(StrEnum):
    """MSA-1 (table 0008)."""

    ACCEPTED = "AA"
    ERROR = "AE"
    """The message is one, and something in it breaks a rule: sending it again does not help."""
    REJECTED = "AR"
    """This is no message that can be read, or not one of the kind that is taken here."""


def acknowledge(frame: bytes, code: AckCode) -> bytes:
    """Return the acknowledgement of a frame: MSA-2 is its MSH-10, empty only where no MSH can be found."""
    header = _LINE_END.split(unframed(frame), maxsplit=1)[0]
    if not has_separators(header):
        header = PLAIN_HEADER
    separator, component = header[3:4], header[4:5]
    # MSH-1 is the separator itself: MSH-n stands at index n-1 of the split.
    fields = [_CONTROL.sub(b"", field)[:LONGEST_FIELD_BYTES] for field in header.split(separator)]
    fields += [b""] * (18 - len(fields))
    msh = [b"MSH", fields[1], fields[4], fields[5], fields[2], fields[3], _now(), b""]
    msh += [_message_type(fields[8], component), secrets.token_hex(10).encode(), fields[10], fields[11]]
    if fields[17]:
        msh += [b"", b"", b"", b"", b"", fields[17]]
    segments = (separator.join(msh), separator.join([b"MSA", code.value.encode(), fields[9]]))
    return b"\r".join(segments) + b"\r"


def _message_type(received: bytes, component: bytes) -> bytes:
    parts = received.split(component)
    if len(parts) > 1 and _TRIGGER.fullmatch(parts[1]):
        return component.join([b"ACK", parts[1], b"ACK"])
    return b"ACK"


def _now() -> bytes:
    return datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000").encode()
