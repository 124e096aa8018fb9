"""Recorded refusals in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.domain import Oin, RecordedRefusal, Reference, SealedPseudonym
from gateway.index.refusals import Refusals
from tests.support.fake_facts import State


class FakeRefusals(Refusals):
    """Refusals by partner and reference."""

    def __init__(self, state: State) -> None:
        self._refusals = state.refusals

    async def record(self, refusal: RecordedRefusal) -> None:
        if not all(isinstance(each, SealedPseudonym) for each in refusal.subject.pseudonyms):
            raise TypeError("the index keeps sealed pseudonyms only")
        self._refusals[refusal.partner, refusal.reference] = refusal

    async def find(self, partner: Oin, reference: Reference) -> RecordedRefusal | None:
        return self._refusals.get((partner, reference))

    async def close(self, partner: Oin, reference: Reference, at: datetime) -> None:
        found = self._refusals.get((partner, reference))
        if found is not None and found.closed_at is None:
            self._refusals[partner, reference] = replace(found, closed_at=at)

    async def count_standing(self, partner: Oin) -> int:
        return len(await self.standing(partner=partner))

    async def standing(self, *, partner: Oin | None = None) -> Sequence[RecordedRefusal]:
        return sorted(
            (
                refusal
                for refusal in self._refusals.values()
                if refusal.closed_at is None and partner in {None, refusal.partner}
            ),
            key=lambda refusal: (refusal.review_on, refusal.partner, refusal.reference),
        )
