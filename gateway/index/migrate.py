"""Schema migrations (Alembic), run by the project's own command on either database."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from gateway.database import begin, open_engine
from gateway.errors import ConfigurationError
from gateway.settings import StoreSettings

MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 0x4D49_4752
"""The key of the advisory lock of migrations ("MIGR" in ASCII)."""


def migrate(settings: StoreSettings) -> tuple[str | None, str]:
    """Bring the schema to the newest revision; return the revisions before and after. Safe to repeat.

    All of it is one transaction, and two processes that migrate at once take turns. Runs an event loop of its
    own: from a coroutine, call it in a thread.

    Raises:
        StoreUnavailable: the database cannot be reached; the schema is as it was.
        ConfigurationError: the schema is of a newer version than this code.

    """
    return asyncio.run(_migrate(settings))


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the schema a connection sees; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """Return the revision this version of the code needs."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    if head is None:
        raise RuntimeError("the package holds no migrations")
    return head


async def _migrate(settings: StoreSettings) -> tuple[str | None, str]:
    engine = open_engine(settings)
    try:
        async with begin(engine) as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            before = await connection.run_sync(current_revision)
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()
    return before, newest_revision()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        # The database names a revision that this package does not hold.
        raise ConfigurationError(
            f"the store's schema is {current_revision(connection)}, newer than this version, which knows "
            f"{newest_revision()}: run the newer version"
        ) from None
