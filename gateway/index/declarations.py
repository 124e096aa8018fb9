"""What the rooms above may ask of the store about break-glass declarations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain import Declaration, Oin, Review


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationUse:
    """One answered question under a declaration: its audit record, when, and the partners that it showed."""

    declaration: str
    record_id: str
    at: datetime
    shown: frozenset[Oin]


class Declarations(Protocol):
    """Declarations, their uses and their reviews, inside one transaction."""

    async def add(self, declaration: Declaration) -> None:
        """Add a declaration that was neither reviewed nor escalated; its person is sealed, its text too."""

    async def find(self, ids: Collection[str]) -> Mapping[str, Declaration]:
        """Return those of the declarations that exist, by id."""

    async def used(self, uses: Sequence[DeclarationUse]) -> None:
        """Write down questions that were answered under declarations."""

    async def uses_of(self, declarations: Collection[str]) -> Mapping[str, Sequence[DeclarationUse]]:
        """Return the uses of each of the declarations, oldest first; one without uses is left out."""

    async def since(self, since: datetime, *, partner: Oin | None = None) -> Sequence[Declaration]:
        """Return the declarations made from that time on, oldest first; of one partner if it is named."""

    async def unreviewed(self) -> Sequence[Declaration]:
        """Return every declaration without a review, by the time its review is due."""

    async def overdue(self, at: datetime) -> Sequence[Declaration]:
        """Return those without a review of which it was due by then, by the time it was."""

    async def reviewed(self, declaration: str, review: Review) -> bool:
        """Write the review down; return False and change nothing where there is no such one without a review.

        Of two transactions that review the same one, one gets True.
        """

    async def escalated(self, declaration: str, at: datetime, *, not_since: datetime) -> bool:
        """Write down that an overdue review was escalated.

        Return False and change nothing where it was reviewed, or escalated after `not_since`. Of two transactions that
        escalate the same one, one gets True.
        """
