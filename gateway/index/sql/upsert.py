"""INSERT … ON CONFLICT in the two forms the index needs."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.database import Insert, insert_into


def insert_unless_there(connection: AsyncConnection, table: Table) -> Insert:
    """Return an insert that leaves a row with the same primary key as it stands.

    While another transaction holds the same key uncommitted, PostgreSQL waits for how that one ends.
    """
    return insert_into(connection, table).on_conflict_do_nothing()


def insert_or_replace(connection: AsyncConnection, table: Table) -> Insert:
    """Return an insert that gives a row with the same primary key its new values."""
    statement = insert_into(connection, table)
    key = table.primary_key.columns.keys()
    return statement.on_conflict_do_update(
        index_elements=key,
        set_={column.name: statement.excluded[column.name] for column in table.c if column.name not in key},
    )
