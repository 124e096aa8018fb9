"""Walk through all current involvements, a page at a time, by the key of their table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain import InvolvementFact, Oin, Reference, SealedPseudonym, Subject
from gateway.index.sql import tables as t
from gateway.index.sql.households import CURRENT_PHASES, is_within
from gateway.index.sql.keys import is_of
from gateway.index.sql.rows import read_involvement

Identity = tuple[Oin, Reference]


async def read_current(
    connection: AsyncConnection, on: date, after: Identity | None, limit: int
) -> Sequence[InvolvementFact]:
    """Return a page of the involvements that are current on that day, by partner and reference.

    In the database's own order of text: it says where the next page begins, too. One that counts for nobody any
    more, for the epoch is over, is left out.
    """
    rows: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in await connection.execute(_page(on, after, limit)):
        rows[row.partner, row.reference].append(row)
    return [
        read_involvement(keys[0], Subject(*(SealedPseudonym(row.subject, epoch=row.epoch) for row in keys)))
        for keys in rows.values()
    ]


def _page(on: date, after: Identity | None, limit: int) -> Select[Any]:
    involvement, key = t.involvements, t.subject_keys
    is_named = and_(key.c.fact == involvement.name, is_of(key, involvement), key.c.subject.is_not(None))
    page = (
        select(involvement)
        .where(
            involvement.c.phase.in_(CURRENT_PHASES),
            is_within(involvement.c, on),
            select(1).select_from(key).where(is_named).exists(),
        )
        .order_by(involvement.c.partner, involvement.c.reference)
        .limit(limit)
    )
    if after is not None:
        page = page.where(tuple_(involvement.c.partner, involvement.c.reference) > after)
    found = page.subquery()
    return (
        select(found, key.c.epoch, key.c.subject)
        .join(key, and_(key.c.fact == involvement.name, is_of(key, found), key.c.subject.is_not(None)))
        .order_by(found.c.partner, found.c.reference)
    )
