"""Schema migrations (Alembic) of any database of the project, run by the project's own commands."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.database import begin, open_engine
from gateway.errors import ConfigurationError
from gateway.settings import StoreSettings

_LOCK = 0x4D49_4752
"""The key of the advisory lock of migrations ("MIGR" in ASCII)."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One database's schema: the folder with its Alembic script, and the command that brings it up to date."""

    migrations: Path
    command: str

    def newest_revision(self) -> str:
        """Return the revision this version of the code needs."""
        head = ScriptDirectory(str(self.migrations)).get_current_head()
        if head is None:
            raise RuntimeError("the package holds no migrations")
        return head

    def migrate(self, settings: StoreSettings) -> tuple[str | None, str]:
        """Bring the schema to the newest revision; return the revisions before and after. Safe to repeat.

        All of it is one transaction, and two processes that migrate at once take turns. Runs an event loop of
        its own: from a coroutine, call it in a thread.

        Raises:
            StoreUnavailable: the database cannot be reached; the schema is as it was.
            ConfigurationError: the schema is of a newer version than this code.

        """
        return asyncio.run(self._migrate(settings))

    async def check(self, engine: AsyncEngine) -> None:
        """Return if the database answers with the schema this code needs.

        Raises:
            StoreUnavailable: no connection.
            ConfigurationError: the schema is older or newer; says which command to run.

        """
        async with begin(engine) as connection:
            found = await connection.run_sync(current_revision)
        needed = self.newest_revision()
        if found != needed:
            raise ConfigurationError(
                f"the store's schema is {found or 'empty'}, this version needs {needed}: run `{self.command}`"
            )

    async def _migrate(self, settings: StoreSettings) -> tuple[str | None, str]:
        engine = open_engine(settings)
        try:
            async with begin(engine) as connection:
                if engine.dialect.name == "postgresql":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                before = await connection.run_sync(current_revision)
                await connection.run_sync(self._upgrade)
        finally:
            await engine.dispose()
        return before, self.newest_revision()

    def _upgrade(self, connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(self.migrations))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            # The database names a revision that this package does not hold.
            raise ConfigurationError(
                f"the store's schema is {current_revision(connection)}, newer than this version, which knows "
                f"{self.newest_revision()}: run the newer version"
            ) from None


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the schema a connection sees; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()
