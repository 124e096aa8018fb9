"""Where a demo keeps its data: files by default, a fresh database and fresh topics on real services."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from gateway.errors import StoreUnavailable


@dataclass(frozen=True, slots=True)
class Backends:
    """The services to use; None means the embedded default."""

    kafka_bootstrap: str | None
    postgres_url: str | None

    @property
    def bus_url(self) -> str:
        """The bus setting of the demo's site."""
        return f"kafka://{self.kafka_bootstrap}" if self.kafka_bootstrap else "sqlite:///data/bus.sqlite3"

    @asynccontextmanager
    async def store_url(self, name: str) -> AsyncIterator[str]:
        """Yield the setting of one store of the demo's site; a database made for it is dropped at the end.

        Raises:
            StoreUnavailable: the database server cannot be reached or refuses to make a database.

        """
        if self.postgres_url is None:
            yield f"sqlite:///data/{name}.sqlite3"
            return
        database = f"verwijsindex_demo_{name}_{secrets.token_hex(6)}"
        await _execute(self.postgres_url, f'CREATE DATABASE "{database}"')
        try:
            yield urlunsplit(urlsplit(self.postgres_url)._replace(path=f"/{database}"))
        finally:
            await _execute(self.postgres_url, f'DROP DATABASE "{database}" WITH (FORCE)')


async def _execute(url: str, statement: str) -> None:
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        raise StoreUnavailable("cannot connect to the PostgreSQL server of the demo") from None
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as error:
        raise StoreUnavailable(f"PostgreSQL refuses: {error.sqlstate}") from None
    finally:
        await connection.close()


def fresh_oin_series() -> str:
    """Return eight digits for the OINs of one throw-away site, so that its topics are its own on a shared broker."""
    return f"{secrets.randbelow(10**8):08d}"
