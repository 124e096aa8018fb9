"""Receipts: what the index did with a message, as an OperationOutcome on the partner's egress topic."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from fhir.resources.R4B.operationoutcome import OperationOutcome

from gateway.bus.ports import BusRecord, Position
from gateway.bus.topics import TopicKind, oin_of_topic, topic_of
from gateway.domain import MessageId, oin_urn
from gateway.errors import MessageRejected, Violation
from gateway.messages.cloudevents import CONTENT_TYPE, SPEC_VERSION, event_type, read_text, read_time

RECEIPT_TYPE = event_type("receipt")
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


def receipt(
    message: MessageId,
    outcome: ReceiptOutcome,
    *,
    at: datetime,
    error: MessageRejected | None = None,
    position: Position | None = None,
) -> BusRecord:
    """Return the receipt for a message, with the broken rules where it was rejected.

    `position` tells receipts of rejected messages apart whose own ids cannot be trusted. The receipt's id
    follows from what it is about, so that a repetition can be told.
    """
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
    return BusRecord(
        topic=topic_of(TopicKind.EGRESS, message.source),
        key=b"",
        value=_outcome_json(outcome, error),
        headers={name: value.encode("ascii", "replace") for name, value in headers.items()},
    )


def read_receipt(record: BusRecord) -> Receipt:
    """Return the receipt in a record of an egress topic; MessageRejected (HEADERS) if it is none."""
    document = orjson.loads(record.value)
    return Receipt(
        message=MessageId(oin_of_topic(record.topic), read_text(record.headers, "receiptfor")),
        outcome=ReceiptOutcome(read_text(record.headers, "outcome")),
        at=read_time(record.headers),
        reason=read_text(record.headers, "reason"),
        violations=tuple(
            Violation(issue["expression"][0], issue["diagnostics"])
            for issue in document["issue"]
            if "expression" in issue
        ),
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
