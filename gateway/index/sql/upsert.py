"""The one place where the two databases need their own statement: INSERT … ON CONFLICT."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Insert = postgresql.Insert | sqlite.Insert


def insert_unless_there(connection: AsyncConnection, table: Table) -> Insert:
    """Return an insert that leaves a row with the same primary key as it stands.

    While another transaction holds the same key uncommitted, PostgreSQL waits for how that one ends.
    """
    return _insert(connection, table).on_conflict_do_nothing()


def insert_or_replace(connection: AsyncConnection, table: Table) -> Insert:
    """Return an insert that gives a row with the same primary key its new values."""
    statement = _insert(connection, table)
    key = table.primary_key.columns.keys()
    return statement.on_conflict_do_update(
        index_elements=key,
        set_={column.name: statement.excluded[column.name] for column in table.c if column.name not in key},
    )


def _insert(connection: AsyncConnection, table: Table) -> Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
