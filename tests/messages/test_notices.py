"""Notices: codes, times and the recipient's own references, read back as they were meant, and nothing beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from fhir.resources.R4B.communication import Communication
from hypothesis import given
from hypothesis import strategies as st

from gateway.bus.ports import BusRecord
from gateway.domain import Oin, Reference
from gateway.errors import MessageRejected, RejectionReason
from gateway.messages.notices import NOTICE_TYPE, Notice, NoticeEvent, notice_record, read_notice
from gateway.messages.receipts import ReceiptOutcome, read_receipt, receipt
from tests.messages.test_receipts import AT, ID
from tests.support.facts import OIN_GGZ, OIN_VT

DECLARATION = "019a0000-0000-7000-8000-000000000001"
OCCASION = "019a0000-0000-7000-8000-000000000002"
NOTICE = Notice(
    recipient=OIN_GGZ,
    event=NoticeEvent.USED,
    declaration=DECLARATION,
    asker=OIN_VT,
    purpose="crisis",
    ground="acute-danger",
    at=datetime(2026, 3, 2, 12, 0, 1, tzinfo=UTC),
    declared_at=datetime(2026, 3, 2, 11, 58, tzinfo=UTC),
    expires_at=datetime(2026, 3, 2, 15, 58, tzinfo=UTC),
    review_due=datetime(2026, 3, 7, 11, 58, tzinfo=UTC),
    occasion=OCCASION,
    references=(Reference("ref-1"), Reference("ref-2")),
)

_seconds = st.integers(1_500_000_000, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
_oins = st.from_regex(r"[0-9]{20}", fullmatch=True).map(Oin)
_codes = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)
_uuids = st.uuids().map(str)
_notices = st.builds(
    Notice,
    recipient=_oins,
    event=st.sampled_from(NoticeEvent),
    declaration=_uuids,
    asker=_oins,
    purpose=_codes,
    ground=_codes,
    at=_seconds,
    declared_at=_seconds,
    expires_at=_seconds,
    review_due=_seconds,
    occasion=_uuids,
    references=st.lists(
        st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True).map(Reference), max_size=4
    ).map(tuple),
)


def changed(change: dict[str, Any], **headers: bytes) -> BusRecord:
    """Return the record of the notice with elements and headers put over its own."""
    record = notice_record(NOTICE)
    document = orjson.loads(record.value) | change
    return replace(record, value=orjson.dumps(document), headers={**record.headers, **headers})


@given(_notices)
def test_a_notice_reads_back_as_it_was(notice: Notice) -> None:
    assert read_notice(notice_record(notice)) == notice


@given(_notices)
def test_a_notice_is_a_fhir_communication(notice: Notice) -> None:
    resource = Communication.model_validate_json(notice_record(notice).value)
    assert resource.status == "completed"


def test_a_notice_goes_to_its_recipients_egress_topic_with_cloudevents_headers() -> None:
    record = notice_record(NOTICE)
    assert record.topic == f"verwijsindex.egress.{OIN_GGZ}"
    assert record.headers == {
        "ce_specversion": b"1.0",
        "ce_id": NOTICE.id.encode(),
        "ce_source": f"urn:nld:oin:{OIN_GGZ}".encode(),
        "ce_type": b"nl.verwijsindex.break-glass-notice.v1",
        "ce_time": b"2026-03-02T12:00:01Z",
        "content-type": b"application/fhir+json",
        "occasion": OCCASION.encode(),
    }


def test_the_id_is_the_same_for_a_repetition_and_another_for_everything_else() -> None:
    others = [
        replace(NOTICE, recipient=OIN_VT),
        replace(NOTICE, event=NoticeEvent.OVERDUE),
        replace(NOTICE, declaration=OCCASION),
        replace(NOTICE, occasion=DECLARATION),
    ]
    assert len({notice.id for notice in [NOTICE, replace(NOTICE), *others]}) == 5


def test_times_are_told_to_the_second_in_utc() -> None:
    fine = replace(NOTICE, at=NOTICE.at.replace(microsecond=999_999))
    assert read_notice(notice_record(fine)).at == NOTICE.at


@pytest.mark.parametrize(
    "change",
    [
        {"note": [{"text": "PLANTED"}]},
        {"payload": [{"contentString": "PLANTED"}]},
        {"text": {"status": "generated", "div": "<div>PLANTED</div>"}},
        {"subject": {"reference": "Patient/PLANTED"}},
        {"topic": {"text": "PLANTED"}},
        {
            "topic": {
                "coding": [{"system": "https://verwijsindex.nl/fhir/CodeSystem/purpose", "code": "Two Words"}]
            }
        },
        {"category": [{"coding": [{"code": "PLANTED"}]}]},
        {"identifier": [{"value": "PLANTED"}]},
        {"about": []},
        {"about": "PLANTED"},
        {"extension": []},
        {"sent": "gisteren"},
        {"status": "preparation"},
        {"recipient": [{"display": "PLANTED"}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_anything_beside_what_a_notice_holds_makes_it_unreadable(change: dict[str, Any]) -> None:
    with pytest.raises(MessageRejected) as caught:
        read_notice(changed(change))
    assert caught.value.reason is RejectionReason.PROFILE
    assert "PLANTED" not in str(caught.value)


@pytest.mark.parametrize("value", [b"[]", b'"PLANTED"', b"null", b"{}"])
def test_what_is_no_notice_at_all_is_refused(value: bytes) -> None:
    with pytest.raises(MessageRejected) as caught:
        read_notice(replace(notice_record(NOTICE), value=value))
    assert caught.value.reason is RejectionReason.PROFILE


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(MessageRejected) as caught:
        read_notice(replace(notice_record(NOTICE), value=b"PLANTED {"))
    assert caught.value.reason is RejectionReason.NOT_JSON


@pytest.mark.parametrize(
    ("header", "value"),
    [("ce_id", DECLARATION.encode()), ("ce_type", b"nl.verwijsindex.receipt.v1"), ("occasion", b"PLANTED")],
)
def test_headers_that_do_not_fit_are_refused(header: str, value: bytes) -> None:
    with pytest.raises(MessageRejected) as caught:
        read_notice(changed({}, **{header: value}))
    assert caught.value.reason is RejectionReason.HEADERS
    assert "PLANTED" not in str(caught.value)


def test_a_notice_and_a_receipt_are_not_taken_for_each_other() -> None:
    record = receipt(ID, ReceiptOutcome.ACCEPTED, at=AT)
    with pytest.raises(MessageRejected, match=NOTICE_TYPE):
        read_notice(record)
    with pytest.raises(MessageRejected):
        read_receipt(notice_record(NOTICE))
