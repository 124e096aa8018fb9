"""Break-glass declarations in the database: what never changes as one JSON body, the rest in columns beside it."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, CursorResult, Update, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain import (
    Declaration,
    Oin,
    PartnerKind,
    Professional,
    Review,
    ReviewOutcome,
    SealedPseudonym,
    Subject,
)
from gateway.index.declarations import Declarations, DeclarationUse
from gateway.index.sql.tables import declaration_uses, declarations

_IDS_AT_ONCE = 500
"""SQLite takes 32,766 parameters; pages keep statements short on both databases."""


class SqlDeclarations(Declarations):
    """Declarations inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, declaration: Declaration) -> None:
        """Add a declaration; TypeError for a person who is not sealed."""
        await self._connection.execute(
            insert(declarations).values(
                id=declaration.id,
                partner=declaration.partner,
                declared_at=declaration.declared_at,
                review_due=declaration.review_due,
                body=_body(declaration),
            )
        )

    async def find(self, ids: Collection[str]) -> Mapping[str, Declaration]:
        """Return those of the declarations that exist, by id."""
        found: dict[str, Declaration] = {}
        for page in _pages(ids):
            rows = await self._connection.execute(select(declarations).where(declarations.c.id.in_(page)))
            found |= {row.id: _declaration(row) for row in rows}
        return found

    async def used(self, uses: Sequence[DeclarationUse]) -> None:
        """Write down questions that were answered under declarations."""
        if uses:
            await self._connection.execute(insert(declaration_uses), [_use_row(use) for use in uses])

    async def uses_of(self, declarations: Collection[str]) -> Mapping[str, Sequence[DeclarationUse]]:
        """Return the uses of each of the declarations, oldest first."""
        columns = declaration_uses.c
        found: defaultdict[str, list[DeclarationUse]] = defaultdict(list)
        for page in _pages(declarations):
            rows = await self._connection.execute(
                select(declaration_uses)
                .where(columns.declaration.in_(page))
                .order_by(columns.at, columns.record_id)
            )
            for row in rows:
                found[row.declaration].append(_use(row))
        return dict(found)

    async def since(self, since: datetime, *, partner: Oin | None = None) -> Sequence[Declaration]:
        """Return the declarations made from that time on, oldest first."""
        statement = select(declarations).where(declarations.c.declared_at >= since)
        if partner is not None:
            statement = statement.where(declarations.c.partner == partner)
        rows = await self._connection.execute(
            statement.order_by(declarations.c.declared_at, declarations.c.id)
        )
        return [_declaration(row) for row in rows]

    async def unreviewed(self) -> Sequence[Declaration]:
        """Return every declaration without a review, by the time its review is due."""
        return await self._without_review()

    async def overdue(self, at: datetime) -> Sequence[Declaration]:
        """Return those without a review of which it was due by then, by the time it was."""
        return await self._without_review(declarations.c.review_due <= at)

    async def _without_review(self, *also: ColumnElement[bool]) -> Sequence[Declaration]:
        rows = await self._connection.execute(
            select(declarations)
            .where(declarations.c.reviewed_at.is_(None), *also)
            .order_by(declarations.c.review_due, declarations.c.id)
        )
        return [_declaration(row) for row in rows]

    async def reviewed(self, declaration: str, review: Review) -> bool:
        """Write the review down where there is none."""
        return await self._changes(
            update(declarations)
            .where(declarations.c.id == declaration, declarations.c.reviewed_at.is_(None))
            .values(reviewed_at=review.at, outcome=review.outcome.value, reviewer=review.reviewer)
        )

    async def escalated(self, declaration: str, at: datetime, *, not_since: datetime) -> bool:
        """Write down that an overdue review was escalated, where it was not so long ago."""
        columns = declarations.c
        return await self._changes(
            update(declarations)
            .where(
                columns.id == declaration,
                columns.reviewed_at.is_(None),
                or_(columns.escalated_at.is_(None), columns.escalated_at <= not_since),
            )
            .values(escalated_at=at)
        )

    async def _changes(self, statement: Update) -> bool:
        """Tell whether the statement changed its one row. PostgreSQL waits for whoever has the row, and looks again."""
        result: CursorResult[Any] = await self._connection.execute(statement)
        return result.rowcount == 1


def _pages(ids: Collection[str]) -> list[list[str]]:
    ordered = sorted(set(ids))
    return [ordered[start : start + _IDS_AT_ONCE] for start in range(0, len(ordered), _IDS_AT_ONCE)]


def _body(declaration: Declaration) -> bytes:
    if not all(isinstance(each, SealedPseudonym) for each in declaration.subject.pseudonyms):
        raise TypeError("the index keeps sealed pseudonyms only")
    return orjson.dumps(
        {
            "kind": declaration.kind,
            "professional": {
                "id": declaration.professional.id,
                "role": declaration.professional.role,
                "mandate": declaration.professional.mandate,
            },
            "subject": [each.text() for each in declaration.subject.pseudonyms],
            "purpose": declaration.purpose,
            "ground": declaration.ground,
            "explanation": base64.b64encode(declaration.explanation).decode("ascii"),
            "convenant": declaration.convenant,
            "expires_at": declaration.expires_at.astimezone(UTC).isoformat(),
        }
    )


def _declaration(row: Any) -> Declaration:
    body = orjson.loads(row.body)
    return Declaration(
        id=row.id,
        partner=Oin(row.partner),
        kind=PartnerKind(body["kind"]),
        professional=Professional(**body["professional"]),
        subject=Subject(*map(SealedPseudonym.parse, body["subject"])),
        purpose=body["purpose"],
        ground=body["ground"],
        explanation=base64.b64decode(body["explanation"]),
        convenant=body["convenant"],
        declared_at=row.declared_at,
        expires_at=datetime.fromisoformat(body["expires_at"]),
        review_due=row.review_due,
        review=None
        if row.reviewed_at is None
        else Review(outcome=ReviewOutcome(row.outcome), reviewer=row.reviewer, at=row.reviewed_at),
        escalated_at=row.escalated_at,
    )


def _use_row(use: DeclarationUse) -> dict[str, Any]:
    return {
        "record_id": use.record_id,
        "declaration": use.declaration,
        "at": use.at,
        "shown": orjson.dumps(sorted(use.shown)),
    }


def _use(row: Any) -> DeclarationUse:
    return DeclarationUse(
        declaration=row.declaration,
        record_id=row.record_id,
        at=row.at,
        shown=frozenset(map(Oin, orjson.loads(row.shown))),
    )
