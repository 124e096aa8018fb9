"""Dead letters: the rejected record whole, beside the reason, on its partner's own topic."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.bus.ports import BusRecord, Delivery, Position
from gateway.errors import MessageRejected, RejectionReason, Violation
from gateway.messages.dead_letters import LARGEST_KEPT_BYTES, dead_letter, read_dead_letter
from tests.support.facts import OIN_VT

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOPIC = f"verwijsindex.ingress.{OIN_VT}"


def delivered(record: BusRecord, *, offset: int = 7) -> Delivery:
    return Delivery(position=Position(topic=record.topic, partition=0, offset=offset), record=record)


def rejected(*paths: str, reason: RejectionReason = RejectionReason.PROFILE) -> MessageRejected:
    return MessageRejected(reason, [Violation(path, "is not allowed by the profile") for path in paths])


RECORD = BusRecord(
    topic=TOPIC, key=b"\x00\xff", value=b"{not json \xff", headers={"ce_id": b"\xfe", "jws": b""}
)
LETTER = dead_letter(delivered(RECORD), rejected("Bundle.id"), at=AT, oin=OIN_VT)


@given(
    value=st.binary(max_size=200),
    key=st.binary(max_size=40),
    headers=st.dictionaries(st.text(min_size=1, max_size=20), st.binary(max_size=40), max_size=8),
    reason=st.sampled_from(RejectionReason),
)
def test_the_record_comes_back_as_it_came_whatever_was_in_it(
    value: bytes, key: bytes, headers: dict[str, bytes], reason: RejectionReason
) -> None:
    record = BusRecord(topic=TOPIC, key=key, value=value, headers=headers)
    error = rejected("Bundle.entry[1].resource.note", "Bundle.id", reason=reason)
    found = read_dead_letter(dead_letter(delivered(record), error, at=AT, oin=OIN_VT))
    assert found.original == record
    assert (found.reason, found.violations, found.at, found.oin) == (reason, error.violations, AT, OIN_VT)
    assert found.place == f"{TOPIC}/0/7"


@pytest.mark.parametrize(
    "record",
    [
        BusRecord(topic=TOPIC, key=b"k", value=bytes(LARGEST_KEPT_BYTES + 1), headers={}),
        BusRecord(topic=TOPIC, key=bytes(LARGEST_KEPT_BYTES + 1), value=b"", headers={}),
        BusRecord(topic=TOPIC, key=b"k", value=b"", headers={str(n): b"" for n in range(30_000)}),
        BusRecord(topic=TOPIC, key=b"k", value=b"", headers={"h": bytes(LARGEST_KEPT_BYTES)}),
    ],
    ids=["value", "key", "many headers", "large header"],
)
def test_of_what_is_too_large_to_keep_the_place_stays(record: BusRecord) -> None:
    """With the reason beside it, it could be more than the bus takes, and hold up all that wait behind it."""
    letter = dead_letter(
        delivered(record), rejected("value", reason=RejectionReason.TOO_LARGE), at=AT, oin=OIN_VT
    )
    assert len(letter.value) + len(letter.key) + sum(map(len, letter.headers.values())) < 2000
    found = read_dead_letter(letter)
    assert found.original is None
    assert found.size > LARGEST_KEPT_BYTES
    assert found.place == f"{TOPIC}/0/7"


def test_it_goes_to_the_partners_own_topic() -> None:
    assert LETTER.topic == f"verwijsindex.dead-letter.{OIN_VT}"
    assert LETTER.value == RECORD.value


def test_its_id_follows_from_the_place_of_the_record() -> None:
    """So that a delivery that comes again gives the same dead letter, which a reader can tell."""
    again = dead_letter(delivered(RECORD), rejected("Bundle.id"), at=AT, oin=OIN_VT)
    later = dead_letter(delivered(RECORD, offset=8), rejected("Bundle.id"), at=AT, oin=OIN_VT)
    assert read_dead_letter(again).id == read_dead_letter(LETTER).id
    assert read_dead_letter(later).id != read_dead_letter(LETTER).id


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce_type", b"nl.verwijsindex.receipt.v1"),
        ("ce_id", None),
        ("reason", b"PLANTED"),
        ("violations", None),
        ("violations", b"PLANTED"),
        ("violations", b"[1]"),
        ("violations", b'[{"path":"x"}]'),
        ("originaltopic", None),
        ("originalsize", b"PLANTED"),
        ("kept", None),
    ],
)
def test_a_record_that_is_no_dead_letter_is_refused_at_its_header(header: str, value: bytes | None) -> None:
    headers = {name: known for name, known in LETTER.headers.items() if name != header}
    if value is not None:
        headers[header] = value
    with pytest.raises(MessageRejected) as caught:
        read_dead_letter(replace(LETTER, headers=headers))
    assert (caught.value.reason, caught.value.violations[0].path) == (
        RejectionReason.HEADERS,
        f"headers.{header}",
    )
    assert "PLANTED" not in str(caught.value)
