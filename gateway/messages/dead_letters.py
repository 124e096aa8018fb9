"""Dead letters: a rejected message, on its own partner's topic, with the reason beside it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from gateway.bus.ports import BusRecord, Delivery
from gateway.bus.topics import TopicKind, oin_of_topic, topic_of
from gateway.domain import Oin, oin_urn
from gateway.errors import MessageRejected, RejectionReason, Violation
from gateway.messages.cloudevents import SPEC_VERSION, event_type, read_text, read_time, wrong_header

DEAD_LETTER_TYPE = event_type("dead-letter")
ORIGINAL_PREFIX = "original-"
LARGEST_KEPT_BYTES = 256 * 1024
"""Value and headers of a message up to this are kept whole: four times what a message may have.

A larger one could be too large for the bus with the reason beside it, and then it would stop all that wait behind it.
"""
_NAMESPACE = uuid.UUID("c0a5c1a4-3d0c-5a5e-9a59-2f1f9e0d6b77")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A dead letter as an operator sees it. `original` is the record to publish again on a replay.

    One that was too large to keep has no original: it stands at `place` as long as the bus keeps it. `size` is in
    bytes, headers included.
    """

    id: str
    oin: Oin
    at: datetime
    reason: RejectionReason
    violations: tuple[Violation, ...]
    place: str
    size: int
    original: BusRecord | None


def dead_letter(delivery: Delivery, error: MessageRejected, *, at: datetime, oin: Oin) -> BusRecord:
    """Return the dead letter of a rejected delivery.

    Value and headers are kept as they came, up to LARGEST_KEPT_BYTES; of a larger message size and digest.
    """
    size = _size_of(delivery.record)
    is_kept = size <= LARGEST_KEPT_BYTES
    digest = hashlib.sha256(delivery.record.value).hexdigest()
    headers = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": str(uuid.uuid5(_NAMESPACE, f"{delivery.position}/{digest}")),
        "ce_source": oin_urn(oin),
        "ce_type": DEAD_LETTER_TYPE,
        "ce_time": at.isoformat(),
        "reason": error.reason.value,
        "place": str(delivery.position),
        "originaltopic": delivery.record.topic,
        "originalsize": str(size),
        "originaldigest": digest,
        "kept": "whole" if is_kept else "not",
    }
    broken = [{"path": violation.path, "rule": violation.rule} for violation in error.violations]
    return BusRecord(
        topic=topic_of(TopicKind.DEAD_LETTER, oin),
        key=delivery.record.key if is_kept else b"",
        value=delivery.record.value if is_kept else b"",
        headers={
            **{name: value.encode("ascii") for name, value in headers.items()},
            "violations": orjson.dumps(broken),
            **(
                {ORIGINAL_PREFIX + name: value for name, value in delivery.record.headers.items()}
                if is_kept
                else {}
            ),
        },
    )


def read_dead_letter(record: BusRecord) -> DeadLetter:
    """Return the dead letter in a record of a dead-letter topic; MessageRejected (HEADERS) if it is none."""
    headers = record.headers
    if read_text(headers, "ce_type") != DEAD_LETTER_TYPE:
        raise wrong_header("ce_type", f"must be {DEAD_LETTER_TYPE}")
    return DeadLetter(
        id=read_text(headers, "ce_id"),
        oin=oin_of_topic(record.topic),
        at=read_time(headers),
        reason=_reason(read_text(headers, "reason")),
        violations=_violations(headers),
        place=read_text(headers, "place"),
        size=_size(read_text(headers, "originalsize")),
        original=_original(record) if read_text(headers, "kept") == "whole" else None,
    )


def _original(record: BusRecord) -> BusRecord:
    return BusRecord(
        topic=read_text(record.headers, "originaltopic"),
        key=record.key,
        value=record.value,
        headers={
            name.removeprefix(ORIGINAL_PREFIX): value
            for name, value in record.headers.items()
            if name.startswith(ORIGINAL_PREFIX)
        },
    )


def _size_of(record: BusRecord) -> int:
    """Return about how much of the bus a record takes: a header has a name of ours before its own."""
    headers = sum(
        len(ORIGINAL_PREFIX) + len(name.encode()) + len(value) for name, value in record.headers.items()
    )
    return len(record.value) + len(record.key) + headers


def _size(text: str) -> int:
    if not text.isdecimal():
        raise wrong_header("originalsize", "must be a number of bytes")
    return int(text)


def _reason(text: str) -> RejectionReason:
    if text not in set(RejectionReason):
        raise wrong_header("reason", "must be a reason for which the index rejects a message")
    return RejectionReason(text)


def _violations(headers: Mapping[str, bytes]) -> tuple[Violation, ...]:
    try:
        return tuple(Violation(item["path"], item["rule"]) for item in orjson.loads(headers["violations"]))
    except (KeyError, TypeError, orjson.JSONDecodeError):
        raise wrong_header("violations", "must be a JSON array of path and rule") from None
