"""What comes into the room, what goes out of it, and what it tells about a partner's use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain import Oin
from gateway.pseudonyms.ports import EvaluationPurpose

METER = "evaluations"
"""The name of the meter that a batch is taken from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """One batch of a caller: 32-byte blinded elements, as they came."""

    caller: Oin
    epoch: int
    blinded: Sequence[bytes] = field(repr=False)
    purpose: EvaluationPurpose


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedBatch:
    """One evaluated element for each blinded one, in order, the proof of the batch, and its audit record's id."""

    elements: Sequence[bytes] = field(repr=False)
    proof: bytes = field(repr=False)
    record_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How many evaluations a partner had in the hour that starts at `hour` (UTC, whole)."""

    partner: Oin
    hour: datetime
    epoch: int
    purpose: EvaluationPurpose
    evaluations: int
