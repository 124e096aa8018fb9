"""Notices of break-glass for the privacy officers of a partner: what was declared, shown, judged or left unjudged.

A notice is a FHIR R4 Communication of codes, identifiers and times on the partner's egress topic, in the same
CloudEvents envelope as a receipt. It is closed: what it holds is made again from what was read, and anything else
makes it unreadable. There is no place in it for the stated text, for a pseudonym or for a professional.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson
from fhir.resources.R4B.communication import Communication

from gateway.bus.ports import BusRecord
from gateway.bus.topics import TopicKind, oin_of_topic, topic_of
from gateway.domain import Oin, Reference, is_uuid, oin_urn, parse_code, parse_oin, parse_reference
from gateway.errors import InvalidInput, MessageRejected, RejectionReason, Violation
from gateway.messages.cloudevents import CONTENT_TYPE, SPEC_VERSION, event_type, read_text, wrong_header
from gateway.messages.codes import BASE, OIN_SYSTEM, PURPOSE_SYSTEM, reference_system

NOTICE_TYPE = event_type("break-glass-notice")
NOTICE_SYSTEM = f"{BASE}/CodeSystem/break-glass-notice"
GROUND_SYSTEM = f"{BASE}/CodeSystem/break-glass-ground"
DECLARATION_SYSTEM = f"{BASE}/NamingSystem/break-glass-declaration"
DECLARED_EXTENSION = f"{BASE}/StructureDefinition/break-glass-declared"
EXPIRES_EXTENSION = f"{BASE}/StructureDefinition/break-glass-expires"
REVIEW_DUE_EXTENSION = f"{BASE}/StructureDefinition/break-glass-review-due"

_NAMESPACE = uuid.UUID("6d5a7f5e-3d0f-5c6e-9a55-51a5f0c0b9a4")


class NoticeEvent(StrEnum):
    """What happened to a declaration."""

    DECLARED = "declared"
    USED = "used"
    """A question under it was answered."""
    JUSTIFIED = "justified"
    """Its review found that it was."""
    UNJUSTIFIED = "unjustified"
    OVERDUE = "overdue"
    """Its review should have been done by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice to the officers of `recipient`.

    `asker` is the organisation that declared. `references` are the recipient's own, of the involvements that the
    declaration showed; empty for the asker. Times are time zone aware, and told to the second; `at` is when it
    happened. `occasion` is the id of the audit record of what happened: officers of the recipient can ask for it.
    """

    recipient: Oin
    event: NoticeEvent
    declaration: str
    asker: Oin
    purpose: str
    ground: str
    at: datetime
    declared_at: datetime
    expires_at: datetime
    review_due: datetime
    occasion: str
    references: tuple[Reference, ...] = ()

    @property
    def id(self) -> str:
        """The notice's id: the same for a repetition, another for every other recipient and occasion."""
        about = f"{self.declaration}/{self.event.value}/{self.recipient}/{self.occasion}"
        return str(uuid.uuid5(_NAMESPACE, about))


def notice_record(notice: Notice) -> BusRecord:
    """Return the notice as a record for its recipient's egress topic."""
    headers = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": notice.id,
        "ce_source": oin_urn(notice.recipient),
        "ce_type": NOTICE_TYPE,
        "ce_time": _instant(notice.at),
        "content-type": CONTENT_TYPE,
        "occasion": notice.occasion,
    }
    return BusRecord(
        topic=topic_of(TopicKind.EGRESS, notice.recipient),
        key=b"",
        value=_json(notice),
        headers={name: value.encode("ascii") for name, value in headers.items()},
    )


def read_notice(record: BusRecord) -> Notice:
    """Return the notice in a record of an egress topic.

    Raises:
        MessageRejected: HEADERS where it is something else or a header breaks a rule, NOT_JSON where the value is
            not JSON, PROFILE where it is not a notice of this project, and nothing but that.

    """
    if read_text(record.headers, "ce_type") != NOTICE_TYPE:
        raise wrong_header("ce_type", f"must be {NOTICE_TYPE}")
    occasion = _uuid(read_text(record.headers, "occasion"), "headers.occasion")
    try:
        document = orjson.loads(record.value)
    except orjson.JSONDecodeError:
        raise MessageRejected(RejectionReason.NOT_JSON, Violation("value", "must be JSON")) from None
    try:
        notice = _notice(document, oin_of_topic(record.topic), occasion)
    except (KeyError, IndexError, TypeError, ValueError, InvalidInput):
        raise _not_closed() from None
    # Closed: an element that is not written here is not in what was read either.
    if orjson.loads(_json(notice)) != document:
        raise _not_closed()
    if read_text(record.headers, "ce_id") != notice.id:
        raise wrong_header("ce_id", "must be the id that follows from what the notice is about")
    return notice


def _json(notice: Notice) -> bytes:
    about = [_organisation(notice.asker)]
    about += [
        {
            "type": "EpisodeOfCare",
            "identifier": {"system": reference_system(notice.recipient), "value": reference},
        }
        for reference in notice.references
    ]
    document = {
        "resourceType": "Communication",
        "extension": [
            {"url": DECLARED_EXTENSION, "valueDateTime": _instant(notice.declared_at)},
            {"url": EXPIRES_EXTENSION, "valueDateTime": _instant(notice.expires_at)},
            {"url": REVIEW_DUE_EXTENSION, "valueDateTime": _instant(notice.review_due)},
        ],
        "identifier": [{"system": DECLARATION_SYSTEM, "value": notice.declaration}],
        "status": "completed",
        "category": [_coded(NOTICE_SYSTEM, notice.event.value)],
        "topic": _coded(PURPOSE_SYSTEM, notice.purpose),
        "reasonCode": [_coded(GROUND_SYSTEM, notice.ground)],
        "about": about,
        "sent": _instant(notice.at),
        "recipient": [_organisation(notice.recipient)],
    }
    return orjson.dumps(Communication.model_validate(document).model_dump(mode="json", exclude_none=True))


def _notice(document: Mapping[str, Any], recipient: Oin, occasion: str) -> Notice:
    times = {each["url"]: each["valueDateTime"] for each in document["extension"]}
    asker, *involvements = document["about"]
    return Notice(
        recipient=recipient,
        event=NoticeEvent(_code(document["category"][0])),
        declaration=_uuid(document["identifier"][0]["value"], "identifier"),
        asker=parse_oin(asker["identifier"]["value"]),
        purpose=parse_code(_code(document["topic"]), path="topic"),
        ground=parse_code(_code(document["reasonCode"][0]), path="reasonCode"),
        at=_moment(document["sent"]),
        declared_at=_moment(times[DECLARED_EXTENSION]),
        expires_at=_moment(times[EXPIRES_EXTENSION]),
        review_due=_moment(times[REVIEW_DUE_EXTENSION]),
        occasion=occasion,
        references=tuple(parse_reference(each["identifier"]["value"], path="about") for each in involvements),
    )


def _organisation(oin: Oin) -> dict[str, Any]:
    return {"type": "Organization", "identifier": {"system": OIN_SYSTEM, "value": oin}}


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _code(concept: Mapping[str, Any]) -> str:
    return str(concept["coding"][0]["code"])


def _instant(moment: datetime) -> str:
    """Return the time in UTC to the second: FHIR's dateTime, and the same text whichever zone it came in."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _uuid(text: str, path: str) -> str:
    if not is_uuid(text):
        raise MessageRejected(RejectionReason.HEADERS, Violation(path, "must be a UUID"))
    return text


def _not_closed() -> MessageRejected:
    return MessageRejected(
        RejectionReason.PROFILE, Violation("value", "must be a break-glass notice and hold nothing else")
    )
