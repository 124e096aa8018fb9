"""An audit record as canonical JSON and back: the same record always gives the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from gateway.audit.model import AuditedVerdict, AuditEvent, AuditOutcome, AuditRecord
from gateway.domain import MessageId, Oin, PartnerKind, Professional, SealedPseudonym, Subject


def to_bytes(record: AuditRecord) -> bytes:
    """Return the record as JSON: UTF-8, names sorted, no white space, times in UTC.

    Equal records give equal bytes: the log's proofs are made over them.
    """
    document = {
        "record_id": record.record_id,
        "at": record.at.astimezone(UTC).isoformat(),
        "event": record.event.value,
        "outcome": record.outcome.value,
        "organisation": record.organisation,
        "kind": record.kind,
        "professional": None
        if record.professional is None
        else {
            "id": record.professional.id,
            "role": record.professional.role,
            "mandate": record.professional.mandate,
        },
        "subject": None
        if record.subject is None
        else [pseudonym.text() for pseudonym in record.subject.pseudonyms],
        "purpose": record.purpose,
        "convenant": record.convenant,
        "reason": record.reason,
        "message": None if record.message is None else [record.message.source, record.message.id],
        "verdicts": [
            {
                "partner": verdict.partner,
                "kind": verdict.kind,
                "reference": verdict.reference,
                "shown": verdict.shown,
                "rule": verdict.rule,
                "basis": verdict.basis,
                "consent": verdict.consent,
            }
            for verdict in record.verdicts
        ],
        "count": record.count,
        "epoch": record.epoch,
        "emergency": record.emergency,
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def from_bytes(body: bytes) -> AuditRecord:
    """Return the record that `to_bytes` wrote."""
    document: dict[str, Any] = orjson.loads(body)
    professional, subject, message = document["professional"], document["subject"], document["message"]
    return AuditRecord(
        record_id=document["record_id"],
        at=datetime.fromisoformat(document["at"]),
        event=AuditEvent(document["event"]),
        outcome=AuditOutcome(document["outcome"]),
        organisation=document["organisation"] and Oin(document["organisation"]),
        kind=document["kind"] and PartnerKind(document["kind"]),
        professional=None if professional is None else Professional(**professional),
        subject=None if subject is None else Subject(*map(SealedPseudonym.parse, subject)),
        purpose=document["purpose"],
        convenant=document["convenant"],
        reason=document["reason"],
        message=None if message is None else MessageId(Oin(message[0]), message[1]),
        verdicts=tuple(AuditedVerdict(**verdict) for verdict in document["verdicts"]),
        # Records of before there were evaluations have neither.
        count=document.get("count"),
        epoch=document.get("epoch"),
        # Nor have those of before the convenant knew emergencies this; their verdicts name no consent.
        emergency=document.get("emergency", ""),
    )
