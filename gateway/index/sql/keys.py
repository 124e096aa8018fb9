"""Which fact a row is of: the key in Python, and the join in SQL."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, FromClause, and_


class FactKey(NamedTuple):
    """Which fact: a table, the partner and the reference.

    The table is the one in which the fact stands; for a row of `subject_keys`, the one in which its persons do.
    """

    fact: str
    partner: str
    reference: str


def is_of(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Partner and reference are the same: rows of one fact, where both tables are of one kind of fact."""
    return and_(one.c.partner == other.c.partner, one.c.reference == other.c.reference)
