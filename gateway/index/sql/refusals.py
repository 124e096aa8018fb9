"""Recorded refusals in the database: one row a partner and reference, the person as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain import Oin, RecordedRefusal, Reference, SealedPseudonym, Subject
from gateway.index.refusals import Refusals
from gateway.index.sql.tables import refusals
from gateway.index.sql.upsert import insert_or_replace


class SqlRefusals(Refusals):
    """Refusals inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def record(self, refusal: RecordedRefusal) -> None:
        """Add a refusal, or replace the one under the same reference; TypeError for a person who is not sealed."""
        await self._connection.execute(
            insert_or_replace(self._connection, refusals).values(
                partner=refusal.partner,
                reference=refusal.reference,
                person=_person(refusal.subject),
                ground=refusal.ground,
                review_on=refusal.review_on,
                recorded_at=refusal.recorded_at,
                closed_at=refusal.closed_at,
            )
        )

    async def find(self, partner: Oin, reference: Reference) -> RecordedRefusal | None:
        """Return the partner's refusal under this reference, closed ones included."""
        columns = refusals.c
        found = select(refusals).where(columns.partner == partner, columns.reference == reference)
        row = (await self._connection.execute(found)).first()
        return None if row is None else _refusal(row)

    async def close(self, partner: Oin, reference: Reference, at: datetime) -> None:
        """Say that it no longer stands; one that is closed stays as it is."""
        columns = refusals.c
        await self._connection.execute(
            update(refusals)
            .where(columns.partner == partner, columns.reference == reference, columns.closed_at.is_(None))
            .values(closed_at=at)
        )

    async def count_standing(self, partner: Oin) -> int:
        """Return how many refusals of the partner stand."""
        columns = refusals.c
        counted = (
            select(func.count())
            .select_from(refusals)
            .where(columns.partner == partner, columns.closed_at.is_(None))
        )
        return int((await self._connection.execute(counted)).scalar_one())

    async def standing(self, *, partner: Oin | None = None) -> Sequence[RecordedRefusal]:
        """Return the refusals that stand, by review date, partner and reference."""
        statement = select(refusals).where(refusals.c.closed_at.is_(None))
        if partner is not None:
            statement = statement.where(refusals.c.partner == partner)
        rows = await self._connection.execute(statement)
        # Sorted here: databases order text by their own collations.
        return sorted(map(_refusal, rows), key=lambda each: (each.review_on, each.partner, each.reference))


def _person(subject: Subject) -> bytes:
    if not all(isinstance(each, SealedPseudonym) for each in subject.pseudonyms):
        raise TypeError("the index keeps sealed pseudonyms only")
    return orjson.dumps([each.text() for each in subject.pseudonyms])


def _refusal(row: Any) -> RecordedRefusal:
    return RecordedRefusal(
        partner=Oin(row.partner),
        reference=Reference(row.reference),
        subject=Subject(*map(SealedPseudonym.parse, orjson.loads(row.person))),
        ground=row.ground,
        review_on=row.review_on,
        recorded_at=row.recorded_at,
        closed_at=row.closed_at,
    )
