"""Receipts: what the index did with a message, as an OperationOutcome on the partner's egress topic."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from fhir.resources.R4B.operationoutcome import OperationOutcome
from pydantic import ValidationError

from gateway.bus.ports import BusRecord, Position
from gateway.bus.topics import TopicKind, oin_of_topic, topic_of
from gateway.domain import MessageId, oin_urn
from gateway.errors import MessageRejected, RejectionReason, Violation
from gateway.messages.cloudevents import (
    CONTENT_TYPE,
    SPEC_VERSION,
    event_type,
    read_text,
    read_time,
    wrong_header,
)

RECEIPT_TYPE = event_type("receipt")
CONSISTENCY_HEADER = "consistencytoken"
_NAMESPACE = uuid.UUID("0f0c8a52-5a39-5d0a-8f6d-5b2fbd7a9d10")


class ReceiptOutcome(StrEnum):
    """What became of the message."""

    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    """Taken in; a version recorded later already stands."""
    DUPLICATE = "duplicate"
    """Taken in before; nothing changed."""
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt as the partner reads it."""

    message: MessageId
    outcome: ReceiptOutcome
    at: datetime
    reason: str
    violations: tuple[Violation, ...]
    consistency_token: bytes | None = None
    """Makes a later lookup at least as fresh as the write of this message; None where the index gave none."""


def receipt(
    message: MessageId,
    outcome: ReceiptOutcome,
    *,
    at: datetime,
    error: MessageRejected | None = None,
    position: Position | None = None,
    consistency_token: bytes | None = None,
) -> BusRecord:
    """Return the receipt for a message, with the broken rules where it was rejected.

    `position` tells receipts of rejected messages apart whose own ids cannot be trusted. The receipt's id
    follows from what it is about, so that a repetition can be told. `consistency_token` is for a message that
    was taken in: what the partner hands to a lookup that must see it.
    """
    if consistency_token is not None and outcome is ReceiptOutcome.REJECTED:
        raise ValueError("a rejected message was not written: there is nothing to be consistent with")
    about = f"{message.source}/{message.id}/{outcome.value}/{position or ''}"
    headers = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": str(uuid.uuid5(_NAMESPACE, about)),
        "ce_source": oin_urn(message.source),
        "ce_type": RECEIPT_TYPE,
        "ce_time": at.isoformat(),
        "content-type": CONTENT_TYPE,
        "receiptfor": message.id,
        "outcome": outcome.value,
        "reason": "" if error is None else error.reason.value,
    }
    if consistency_token is not None:
        headers[CONSISTENCY_HEADER] = consistency_token.hex()
    return BusRecord(
        topic=topic_of(TopicKind.EGRESS, message.source),
        key=b"",
        value=_outcome_json(outcome, error),
        headers={name: value.encode("ascii", "replace") for name, value in headers.items()},
    )


def read_receipt(record: BusRecord) -> Receipt:
    """Return the receipt in a record of an egress topic.

    Raises:
        MessageRejected: HEADERS where it is something else (a notice shares the topic) or a header breaks a
            rule, NOT_JSON where the value is no OperationOutcome of a receipt.

    """
    headers = record.headers
    if read_text(headers, "ce_type") != RECEIPT_TYPE:
        raise wrong_header("ce_type", f"must be {RECEIPT_TYPE}")
    return Receipt(
        message=MessageId(oin_of_topic(record.topic), read_text(headers, "receiptfor")),
        outcome=_outcome(read_text(headers, "outcome")),
        at=read_time(headers),
        reason=read_text(headers, "reason"),
        violations=_violations(record.value),
        consistency_token=_token(headers),
    )


def _outcome(text: str) -> ReceiptOutcome:
    if text not in set(ReceiptOutcome):
        raise wrong_header("outcome", f"must be one of {', '.join(ReceiptOutcome)}")
    return ReceiptOutcome(text)


def _token(headers: Mapping[str, bytes]) -> bytes | None:
    if CONSISTENCY_HEADER not in headers:
        return None
    try:
        return bytes.fromhex(read_text(headers, CONSISTENCY_HEADER))
    except ValueError:
        raise wrong_header(CONSISTENCY_HEADER, "must be hexadecimal digits") from None


def _violations(value: bytes) -> tuple[Violation, ...]:
    try:
        outcome = OperationOutcome.model_validate_json(value)
    except ValidationError:
        raise MessageRejected(
            RejectionReason.NOT_JSON, Violation("value", "must be a FHIR R4 OperationOutcome")
        ) from None
    return tuple(
        Violation(str(issue.expression[0]), str(issue.diagnostics or issue.code))
        for issue in outcome.issue
        if issue.expression
    )


def _outcome_json(outcome: ReceiptOutcome, error: MessageRejected | None) -> bytes:
    if error is None:
        issues = [_issue("information", "informational", outcome.value)]
    else:
        issues = [
            _issue("error", "invalid", violation.rule) | {"expression": [violation.path]}
            for violation in error.violations
        ]
    document = {"resourceType": "OperationOutcome", "issue": issues}
    return orjson.dumps(OperationOutcome.model_validate(document).model_dump(mode="json", exclude_none=True))


def _issue(severity: str, code: str, diagnostics: str) -> dict[str, Any]:
    return {"severity": severity, "code": code, "diagnostics": diagnostics}
