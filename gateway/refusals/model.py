"""What a partner asks of this room, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gateway.domain import Oin, Professional, RecordedRefusal, Reference, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Who acts. `caller` comes from the client certificate."""

    caller: Oin
    professional: Professional


@dataclass(frozen=True, slots=True, kw_only=True)
class ToRecord:
    """A refusal to record; the person is sealed."""

    reference: Reference
    subject: Subject
    ground: str
    review_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRecord:
    """Where a call stands in the access log, and how far the index had come."""

    record_id: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRefusals:
    """The caller's own refusals that stand, by review date and reference."""

    refusals: tuple[RecordedRefusal, ...]
    on_record: OnRecord
