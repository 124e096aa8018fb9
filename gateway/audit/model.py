"""One audit record: the fields NEN 7513 asks for, plus the decision and the convenant it was made under."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from uuid_utils.compat import uuid7

from gateway.domain import MessageId, Oin, PartnerKind, Professional, Subject


class AuditEvent(StrEnum):
    """What happened (NEN 7513: event)."""

    LOOKUP = "lookup"
    CREATE = "create"
    UPDATE = "update"
    END = "end"
    RETRACT = "retract"
    HOUSEHOLD = "household"
    CONSENT = "consent"
    CONSENT_LIST = "consent-list"
    """A partner read which statements it recorded itself about a person."""
    MERGE = "merge"
    """A partner said that what it recorded under one person was about another; a record for each of the two."""
    UNMERGE = "unmerge"
    """It took that back; again a record for each of the two."""
    REJECT = "reject"
    """A message was turned away and kept as a dead letter."""
    LOG_ACCESS = "log-access"
    """Somebody read this log."""
    ADMINISTRATION = "administration"
    """A partner was added, changed or switched off; a dead letter was replayed."""
    BREAK_GLASS = "break-glass"
    """A professional declared an emergency."""
    REVIEW = "break-glass-review"
    """A privacy officer judged a declaration, or one became overdue."""
    REFUSAL = "refusal"
    """A partner recorded that it does not share an involvement, or that this no longer stands."""
    EVALUATION = "evaluation"
    """The pseudonym service evaluated a batch for a partner, or refused to for its quota."""


class AuditOutcome(StrEnum):
    """How it ended."""

    DONE = "done"
    EMPTY = "empty"
    """Answered with nothing shown: nobody involved, or everything withheld."""
    REFUSED = "refused"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    """Stored as an older version; a later one already stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedVerdict:
    """What was decided about one involvement that the lookup touched."""

    partner: Oin
    kind: PartnerKind | None
    reference: str
    shown: bool
    rule: str
    """The rule's id in the convenant, or a built-in reason such as `no-rule` (see the decision's docstring)."""
    basis: str
    """The ground in words of the convenant (law and article, or consent); empty where nothing was shown."""
    consent: str = ""
    """The consent or objection that decided: recording partner, reference and version, with slashes; or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One line of the log. `record_id` (UUIDv7) is what a receipt names; a record never changes.

    `at` is time zone aware. `reason` is a stable code (`no-own-involvement`, a RejectionReason, a Refusal
    reason), never free text. `message` is the bus message that caused a write. `count` and `epoch` are of an
    evaluation: how many blinded elements, under the key of which epoch. `emergency` is the id of the break-glass
    declaration the record belongs to (NEN 7513: emergency procedure).
    """

    record_id: str = field(default_factory=lambda: str(uuid7()))
    at: datetime
    event: AuditEvent
    outcome: AuditOutcome
    organisation: Oin | None = None
    kind: PartnerKind | None = None
    professional: Professional | None = None
    subject: Subject | None = None
    purpose: str = ""
    convenant: str = ""
    reason: str = ""
    message: MessageId | None = None
    verdicts: tuple[AuditedVerdict, ...] = ()
    count: int | None = None
    epoch: int | None = None
    emergency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAuditRecord:
    """A record with its place in the log: `sequence` counts from 1 without reuse."""

    sequence: int
    record: AuditRecord
