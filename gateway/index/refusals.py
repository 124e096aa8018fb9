"""What the rooms above may ask of the store about recorded refusals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.domain import Oin, RecordedRefusal, Reference


class Refusals(Protocol):
    """Recorded refusals inside one transaction."""

    async def record(self, refusal: RecordedRefusal) -> None:
        """Add a refusal, or replace the one of the same partner under the same reference."""

    async def find(self, partner: Oin, reference: Reference) -> RecordedRefusal | None:
        """Return the partner's refusal under this reference, closed ones included."""

    async def close(self, partner: Oin, reference: Reference, at: datetime) -> None:
        """Say that it no longer stands, from that moment; one that is closed stays as it is."""

    async def count_standing(self, partner: Oin) -> int:
        """Return how many refusals of the partner stand."""

    async def standing(self, *, partner: Oin | None = None) -> Sequence[RecordedRefusal]:
        """Return the refusals that stand, of one partner if it is named, by review date, partner and reference."""
