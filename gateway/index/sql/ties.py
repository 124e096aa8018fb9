"""Who is involved with a person by its own facts alone: what another partner said is never looked at.

The household of an answer is made of what every partner asserts. Whether a question counts as a miss must not
depend on that: what is left of the misses can be tried out, and would then tell that somebody else asserts a
household link.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, select, tuple_, union
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain import Oin, Subject
from gateway.index.sql import tables as t
from gateway.index.sql.households import CURRENT_PHASES, is_within
from gateway.index.sql.keys import is_of

Tie = tuple[Oin, Subject]


async def read_ties(connection: AsyncConnection, asked: Collection[Tie], on: date) -> frozenset[Tie]:
    """Return those of the pairs that are tied on that day; one statement, however many there are."""
    if not asked:
        return frozenset()
    keys = {(partner, each.reveal()) for partner, person in asked for each in person.pseudonyms}
    rows = await connection.execute(union(_direct(keys, on), _by_household(keys, on)))
    found = {(partner, subject) for partner, subject in rows}
    return frozenset(
        (partner, person)
        for partner, person in asked
        if any((partner, each.reveal()) in found for each in person.pseudonyms)
    )


def _direct(keys: Collection[tuple[str, bytes]], on: date) -> Select[Any]:
    """The partner has a current involvement with the person."""
    hit = t.subject_keys.alias("direct_hit")
    return (
        select(hit.c.partner, hit.c.subject)
        .join(t.involvements, is_of(hit, t.involvements))
        .where(hit.c.fact == t.involvements.name, _is_asked(hit, keys), _is_current(on))
    )


def _by_household(keys: Collection[tuple[str, bytes]], on: date) -> Select[Any]:
    """The partner has one with another member of an unsuppressed household that it asserts itself."""
    hit, key, known = (t.subject_keys.alias(name) for name in ("tie_hit", "tie_key", "tie_known"))
    own, other = t.household_members.alias("tie_own"), t.household_members.alias("tie_other")
    return (
        select(hit.c.partner, hit.c.subject)
        .join(t.households, is_of(hit, t.households))
        .join(own, and_(is_of(hit, own), hit.c.place == own.c.place))
        .join(key, and_(is_of(hit, key), key.c.fact == hit.c.fact))
        .join(other, and_(is_of(key, other), key.c.place == other.c.place))
        .join(known, and_(known.c.partner == key.c.partner, known.c.subject == key.c.subject))
        .join(t.involvements, is_of(known, t.involvements))
        .where(
            hit.c.fact == t.household_members.name,
            _is_asked(hit, keys),
            t.households.c.suppressed.is_(False),
            is_within(own.c, on),
            is_within(other.c, on),
            known.c.fact == t.involvements.name,
            _is_current(on),
        )
    )


def _is_asked(hit: FromClause, keys: Collection[tuple[str, bytes]]) -> ColumnElement[bool]:
    return tuple_(hit.c.partner, hit.c.subject).in_(sorted(keys))


def _is_current(on: date) -> ColumnElement[bool]:
    return and_(t.involvements.c.phase.in_(CURRENT_PHASES), is_within(t.involvements.c, on))
