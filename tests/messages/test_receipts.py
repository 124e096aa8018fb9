"""Receipts: an OperationOutcome for the partner, read back as it was meant, and never more than rules and paths."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.bus.ports import Position
from gateway.domain import MessageId
from gateway.errors import MessageRejected, RejectionReason, Violation
from gateway.messages.receipts import CONSISTENCY_HEADER, ReceiptOutcome, read_receipt, receipt
from tests.support.facts import OIN_VT

AT = datetime(2026, 3, 2, 12, 0, 1, 500_000, UTC)
ID = MessageId(OIN_VT, "019a0000-0000-7000-8000-000000000001")
ERROR = MessageRejected(
    RejectionReason.PROFILE,
    [
        Violation("Bundle.entry[1].resource.diagnosis", "is not allowed by the profile"),
        Violation("Bundle.entry[2].resource.name", "is not allowed by the profile"),
    ],
)
PLACE = Position(topic=f"verwijsindex.ingress.{OIN_VT}", partition=0, offset=7)
TAKEN_IN = [outcome for outcome in ReceiptOutcome if outcome is not ReceiptOutcome.REJECTED]


@given(outcome=st.sampled_from(TAKEN_IN), token=st.none() | st.binary(min_size=1, max_size=64))
def test_a_receipt_reads_back_with_its_consistency_token(
    outcome: ReceiptOutcome, token: bytes | None
) -> None:
    found = read_receipt(receipt(ID, outcome, at=AT, consistency_token=token))
    assert (found.message, found.outcome, found.at) == (ID, outcome, AT)
    assert found.consistency_token == token
    assert (found.reason, found.violations) == ("", ())


def test_a_rejection_names_reason_paths_and_rules() -> None:
    found = read_receipt(receipt(ID, ReceiptOutcome.REJECTED, at=AT, error=ERROR, position=PLACE))
    assert (found.outcome, found.reason, found.violations) == (
        ReceiptOutcome.REJECTED,
        "profile",
        ERROR.violations,
    )


def test_a_rejection_carries_no_token() -> None:
    with pytest.raises(ValueError, match="not written"):
        receipt(ID, ReceiptOutcome.REJECTED, at=AT, error=ERROR, consistency_token=b"x")


def test_the_value_is_an_operation_outcome_with_an_issue_a_rule() -> None:
    """FHIR R4 OperationOutcome: `expression` holds the FHIRPath of the element, `diagnostics` the text."""
    record = receipt(ID, ReceiptOutcome.REJECTED, at=AT, error=ERROR, position=PLACE)
    assert orjson.loads(record.value) == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "invalid",
                "diagnostics": "is not allowed by the profile",
                "expression": [path],
            }
            for path in ("Bundle.entry[1].resource.diagnosis", "Bundle.entry[2].resource.name")
        ],
    }
    assert record.topic == f"verwijsindex.egress.{OIN_VT}"
    assert "ce_subject" not in record.headers


def test_a_repetition_has_the_same_id_and_another_rejection_has_another() -> None:
    def id_of(place: Position) -> bytes:
        return receipt(ID, ReceiptOutcome.REJECTED, at=AT, error=ERROR, position=place).headers["ce_id"]

    assert id_of(PLACE) == id_of(PLACE)
    assert id_of(PLACE) != id_of(replace(PLACE, offset=8))


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce_type", b"nl.verwijsindex.notice.v1"),
        ("outcome", b"PLANTED"),
        ("outcome", None),
        ("receiptfor", None),
        ("ce_time", b"yesterday"),
        (CONSISTENCY_HEADER, b"PLANTED"),
    ],
)
def test_a_record_that_is_no_receipt_is_refused_at_its_header(header: str, value: bytes | None) -> None:
    accepted = receipt(ID, ReceiptOutcome.ACCEPTED, at=AT)
    headers = {name: known for name, known in accepted.headers.items() if name != header}
    if value is not None:
        headers[header] = value
    with pytest.raises(MessageRejected) as caught:
        read_receipt(replace(accepted, headers=headers))
    assert (caught.value.reason, caught.value.violations[0].path) == (
        RejectionReason.HEADERS,
        f"headers.{header}",
    )
    assert "PLANTED" not in str(caught.value)


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b'{"resourceType":"Patient"}', b'{"issue":"PLANTED"}'])
def test_a_value_that_is_no_operation_outcome_is_refused(value: bytes) -> None:
    record = replace(receipt(ID, ReceiptOutcome.ACCEPTED, at=AT), value=value)
    with pytest.raises(MessageRejected) as caught:
        read_receipt(record)
    assert caught.value.reason is RejectionReason.NOT_JSON
    assert "PLANTED" not in str(caught.value)
