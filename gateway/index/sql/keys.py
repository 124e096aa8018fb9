"""Which fact a row is of: the key in Python, and the join in SQL."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, String, and_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


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


class KindOfKey(FunctionElement[str]):
    """The column `fact` of `subject_keys`, where keys are looked for by the person.

    SQLite keeps no statistics and takes this column for the best way in: through every fact of a kind, at every
    question. A unary plus keeps it from that (SQLite, "The Query Optimizer", section 3). PostgreSQL knows better.
    """

    inherit_cache = True
    type = String()


@compiles(KindOfKey)
def _as_it_is(element: KindOfKey, compiler: Any, **options: Any) -> str:
    text: str = compiler.process(element.clauses, **options)
    return text


@compiles(KindOfKey, "sqlite")
def _without_its_index(element: KindOfKey, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"
