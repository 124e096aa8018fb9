"""CloudEvents headers: what is written reads back, and what is wrong is named without its value."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import Event
from gateway.errors import MessageRejected, RejectionReason
from gateway.messages.cloudevents import LONGEST_HEADER, headers_of, read_headers
from tests.support.facts import OIN_VT, involvement, message, pseudonym

MESSAGE = message(involvement(OIN_VT, "anna"))
HEADERS = headers_of(MESSAGE, "header..signature")
PLANTED = b"PLANTED text of a case"
NOT_ASCII = "é".encode()
TOO_LONG = b"x" * (LONGEST_HEADER + 1)


def refusal(headers: dict[str, bytes]) -> MessageRejected:
    with pytest.raises(MessageRejected) as caught:
        read_headers(headers)
    return caught.value


@given(
    event=st.sampled_from(Event), minutes=st.integers(-14 * 60, 14 * 60), microsecond=st.integers(0, 999_999)
)
def test_what_is_written_reads_back(event: Event, minutes: int, microsecond: int) -> None:
    at = datetime(2026, 3, 2, 12, 0, 0, microsecond, timezone(timedelta(minutes=minutes)))
    envelope = read_headers(headers_of(replace(MESSAGE, event=event, recorded_at=at), "header..signature"))
    assert (envelope.id, envelope.event, envelope.time) == (MESSAGE.id, event, at)
    assert envelope.jws == "header..signature"


def test_the_headers_are_those_of_cloudevents_in_binary_mode() -> None:
    """CloudEvents 1.0, Kafka protocol binding, section 3.2: `ce_` names, and content-type for the data's own."""
    assert {name: value for name, value in HEADERS.items() if name not in {"ce_id", "jws"}} == {
        "ce_specversion": b"1.0",
        "ce_source": b"urn:nld:oin:" + OIN_VT.encode(),
        "ce_type": b"nl.verwijsindex.involvement-started.v1",
        "ce_time": b"2026-03-02T12:00:00+00:00",
        "content-type": b"application/fhir+json",
    }


def test_no_header_holds_anything_of_the_person() -> None:
    assert pseudonym("anna").reveal().hex().encode() not in b"".join(HEADERS.values())


@pytest.mark.parametrize("name", ["ce_specversion", "ce_id", "ce_source", "ce_time"])
@pytest.mark.parametrize("value", [None, PLANTED, b"", NOT_ASCII, TOO_LONG], ids=repr)
def test_a_header_that_is_missing_or_wrong_is_named_without_its_value(name: str, value: bytes | None) -> None:
    headers = {other: known for other, known in HEADERS.items() if other != name}
    error = refusal(headers if value is None else headers | {name: value})
    assert error.reason is RejectionReason.HEADERS
    assert [violation.path for violation in error.violations] == [f"headers.{name}"]
    assert "PLANTED" not in str(error)


@pytest.mark.parametrize("value", [NOT_ASCII, TOO_LONG], ids=["not-ascii", "too-long"])
def test_a_signature_header_that_cannot_be_one_is_refused(value: bytes) -> None:
    assert refusal(HEADERS | {"jws": value}).violations[0].path == "headers.jws"


def test_a_message_without_a_signature_is_refused_as_unsigned() -> None:
    error = refusal({name: value for name, value in HEADERS.items() if name != "jws"})
    assert (error.reason, error.violations[0].path) == (RejectionReason.SIGNATURE, "headers.jws")


@pytest.mark.parametrize(
    "type_",
    [
        PLANTED,
        b"",
        b"nl.verwijsindex.involvement-gossiped.v1",
        b"nl.verwijsindex.involvement-started.v2",
        b"involvement-started",
        b"nl.verwijsindex.receipt.v1",
        b"nl.verwijsindex.involvement-started",
        b"nl.verwijsindex.nl.verwijsindex.involvement-started.v1",
    ],
)
def test_an_event_of_another_name_or_version_is_unknown(type_: bytes) -> None:
    error = refusal(HEADERS | {"ce_type": type_})
    assert (error.reason, error.violations[0].path) == (RejectionReason.UNKNOWN_EVENT, "headers.ce_type")
    assert "PLANTED" not in str(error)


@pytest.mark.parametrize(
    "time",
    [
        b"2026-03-02",
        b"2026-03-02T12:00:00",
        b"20260302T120000Z",
        b"2026-W10-1T12:00:00Z",
        b"2026-03-02T12:00:00+00:00:30",
        b"2026-03-02T25:00:00Z",
        b"2026-02-30T12:00:00Z",
        b"2026-03-02T12:00:00.1234567Z",
    ],
)
def test_a_time_outside_rfc_3339_is_refused(time: bytes) -> None:
    error = refusal(HEADERS | {"ce_time": time})
    assert (error.reason, error.violations[0].path) == (RejectionReason.HEADERS, "headers.ce_time")


@pytest.mark.parametrize(
    "time", [b"2026-03-02T12:00:00Z", b"2026-03-02t12:00:00z", b"2026-03-02T13:00:00+01:00"]
)
def test_every_form_of_rfc_3339_is_read(time: bytes) -> None:
    """RFC 3339 section 5.6: T and Z may be lower case."""
    assert read_headers(HEADERS | {"ce_time": time}).time == datetime(2026, 3, 2, 12, tzinfo=UTC)
