"""Who is involved with a person by its own facts alone: what another partner said is never looked at.

The household of an answer is made of what every partner asserts. Whether a question counts as a miss must not
depend on that: what is left of the misses can be tried out, and would then tell that somebody else asserts a
household link.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain import Oin, Subject
from gateway.index.sql import tables as t
from gateway.index.sql.households import CURRENT_PHASES, is_within
from gateway.index.sql.keys import is_of

Tie = tuple[Oin, Subject]
_Key = tuple[Oin, bytes]


async def read_ties(connection: AsyncConnection, asked: Collection[Tie], on: date) -> frozenset[Tie]:
    """Return those of the pairs that are tied on that day; three statements at most, however many there are.

    Each of them goes by a key. In one statement the database must choose the order of six tables, and before it has
    statistics of a fresh store it chooses one that takes seconds.
    """
    keys = {(partner, each.reveal()) for partner, person in asked for each in person.pseudonyms}
    found = await _involved(connection, keys, on)
    if strangers := keys - found:
        rows = await connection.execute(_own_household(strangers, on))
        members = [(partner, asked_for, member) for partner, asked_for, member in rows]
        known = await _involved(connection, {(partner, member) for partner, _, member in members}, on)
        found |= {
            (partner, asked_for) for partner, asked_for, member in members if (partner, member) in known
        }
    return frozenset(
        (partner, person)
        for partner, person in asked
        if any((partner, each.reveal()) in found for each in person.pseudonyms)
    )


async def _involved(connection: AsyncConnection, keys: Collection[_Key], on: date) -> set[_Key]:
    if not keys:
        return set()
    return {(Oin(partner), subject) for partner, subject in await connection.execute(_direct(keys, on))}


def _direct(keys: Collection[_Key], on: date) -> Select[Any]:
    """The partner has a current involvement with the person."""
    hit = t.subject_keys.alias("direct_hit")
    return (
        select(hit.c.partner, hit.c.subject)
        .join(t.involvements, is_of(hit, t.involvements))
        .where(hit.c.fact == t.involvements.name, _is_asked(hit, keys), _is_current(on))
    )


def _own_household(keys: Collection[_Key], on: date) -> Select[Any]:
    """The members of every unsuppressed household that the partner itself asserts of the person."""
    hit, key = t.subject_keys.alias("tie_hit"), t.subject_keys.alias("tie_key")
    own, other = t.household_members.alias("tie_own"), t.household_members.alias("tie_other")
    return (
        select(hit.c.partner, hit.c.subject, key.c.subject)
        .join(t.households, is_of(hit, t.households))
        .join(own, and_(is_of(hit, own), hit.c.place == own.c.place))
        .join(key, and_(is_of(hit, key), key.c.fact == hit.c.fact))
        .join(other, and_(is_of(key, other), key.c.place == other.c.place))
        .where(
            hit.c.fact == t.household_members.name,
            _is_asked(hit, keys),
            key.c.subject.is_not(None),
            t.households.c.suppressed.is_(False),
            is_within(own.c, on),
            is_within(other.c, on),
        )
    )


def _is_asked(hit: FromClause, keys: Collection[_Key]) -> ColumnElement[bool]:
    return tuple_(hit.c.partner, hit.c.subject).in_(sorted(keys))


def _is_current(on: date) -> ColumnElement[bool]:
    return and_(t.involvements.c.phase.in_(CURRENT_PHASES), is_within(t.involvements.c, on))
