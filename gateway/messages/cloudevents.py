"""CloudEvents headers of a message (binary mode for Kafka, NL GOV profile): written, and read with suspicion."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.domain import Event, FactMessage, MessageId, is_uuid, oin_urn, parse_oin_urn
from gateway.errors import InvalidInput, MessageRejected, RejectionReason, Violation

SPEC_VERSION = "1.0"
TYPE_PREFIX = "nl.verwijsindex."
TYPE_SUFFIX = ".v1"
CONTENT_TYPE = "application/fhir+json"
LONGEST_HEADER = 1024

_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the headers say, before the body has confirmed it."""

    id: MessageId
    event: Event
    time: datetime
    jws: str


def event_type(name: str) -> str:
    """Return the CloudEvents type of an event of this project."""
    return f"{TYPE_PREFIX}{name}{TYPE_SUFFIX}"


def headers_of(message: FactMessage, jws: str) -> dict[str, bytes]:
    """Return the headers of a message. None holds anything about a person."""
    headers = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": message.id.id,
        "ce_source": oin_urn(message.id.source),
        "ce_type": event_type(message.event.value),
        "ce_time": message.recorded_at.astimezone(UTC).isoformat(),
        "content-type": CONTENT_TYPE,
        "jws": jws,
    }
    return {name: value.encode("ascii") for name, value in headers.items()}


def read_headers(headers: Mapping[str, bytes]) -> Envelope:
    """Return what the headers say.

    Raises:
        MessageRejected: HEADERS with the header and the rule, SIGNATURE where `jws` is missing, UNKNOWN_EVENT
            for a type that is not one of this project's.

    """
    if read_text(headers, "ce_specversion") != SPEC_VERSION:
        raise wrong_header("ce_specversion", f"must be {SPEC_VERSION}")
    message_id = read_text(headers, "ce_id")
    if not is_uuid(message_id):
        raise wrong_header("ce_id", "must be a UUID")
    try:
        source = parse_oin_urn(read_text(headers, "ce_source"), path="headers.ce_source")
    except InvalidInput as error:
        raise MessageRejected(RejectionReason.HEADERS, error.violations) from None
    event = _event(read_text(headers, "ce_type"))
    return Envelope(id=MessageId(source, message_id), event=event, time=read_time(headers), jws=_jws(headers))


def read_text(headers: Mapping[str, bytes], name: str) -> str:
    """Return a header as text; MessageRejected (HEADERS) when it is missing, too long or not ASCII."""
    value = headers.get(name)
    if value is None:
        raise wrong_header(name, "is required")
    if len(value) > LONGEST_HEADER or not value.isascii():
        raise wrong_header(name, f"must be at most {LONGEST_HEADER} ASCII characters")
    return value.decode("ascii")


def read_time(headers: Mapping[str, bytes]) -> datetime:
    """Return `ce_time`; MessageRejected (HEADERS) unless it is a time with a zone (RFC 3339 section 5.6)."""
    text = read_text(headers, "ce_time")
    rule = "must be a time with a zone after RFC 3339, to the microsecond at most"
    # datetime reads more than RFC 3339 allows: week dates, times without separators, offsets with seconds.
    if not _RFC_3339.fullmatch(text):
        raise wrong_header("ce_time", rule)
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise wrong_header("ce_time", rule) from None


def _event(type_: str) -> Event:
    name = type_.removeprefix(TYPE_PREFIX).removesuffix(TYPE_SUFFIX)
    if event_type(name) != type_ or name not in set(Event):
        raise MessageRejected(
            RejectionReason.UNKNOWN_EVENT, Violation("headers.ce_type", "must be an event of this index")
        )
    return Event(name)


def _jws(headers: Mapping[str, bytes]) -> str:
    if "jws" not in headers:
        raise MessageRejected(RejectionReason.SIGNATURE, Violation("headers.jws", "is required"))
    return read_text(headers, "jws")


def wrong_header(header: str, rule: str) -> MessageRejected:
    """Return the error for a header that breaks a rule."""
    return MessageRejected(RejectionReason.HEADERS, Violation(f"headers.{header}", rule))
