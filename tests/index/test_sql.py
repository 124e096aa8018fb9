"""The SQL store keeps the contract on SQLite and on a real PostgreSQL, and fails closed."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from gateway.database import begin, metadata, open_engine
from gateway.domain import Phase
from gateway.errors import ConfigurationError, StoreUnavailable
from gateway.index.migrate import migrate
from gateway.index.ports import IndexStore
from gateway.index.sql.store import open_store
from gateway.settings import StoreSettings
from tests.index.contract import StoreContract, audit_record, household_of, save
from tests.support.facts import NOON, OIN_VT, involvement, message


async def opened(url: str) -> AsyncIterator[IndexStore]:
    settings = StoreSettings(url=url)
    await asyncio.to_thread(migrate, settings)
    store = open_store(settings)
    yield store
    await store.close()


class TestSqlite(StoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[IndexStore]:
        async for store in opened(f"sqlite:///{tmp_path}/index.sqlite3"):
            yield store


@pytest.mark.services
class TestPostgres(StoreContract):
    @pytest.fixture
    async def store(self, postgres_database: str) -> AsyncIterator[IndexStore]:
        async for store in opened(postgres_database):
            yield store

    async def test_writers_at_once_end_with_the_version_recorded_last(self, store: IndexStore) -> None:
        ended = involvement(OIN_VT, "anna", phase=Phase.ENDED, until=NOON.date())
        older = [message(involvement(OIN_VT, "anna"), recorded_at=NOON.replace(minute=m)) for m in range(20)]
        newest = message(ended, recorded_at=NOON.replace(minute=30))
        await asyncio.gather(*(save(store, item) for item in [*older[:10], newest, *older[10:]]))
        assert (await household_of(store, "anna")).involvements == ()

    async def test_appenders_at_once_leave_no_gap_behind_a_reader(self, store: IndexStore) -> None:
        async def append() -> None:
            async with store.transaction() as tx:
                await tx.audit.append([audit_record(), audit_record()])
                seen = await tx.audit.read(limit=1000)
                numbers = [stored.sequence for stored in seen]
                assert numbers == list(range(numbers[0], numbers[-1] + 1))

        await asyncio.gather(*(append() for _ in range(12)))


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_migrations_make_exactly_the_tables_of_the_code_on_sqlite(tmp_path: Path) -> None:
    await _migrations_match(f"sqlite:///{tmp_path}/index.sqlite3")


@pytest.mark.services
async def test_migrations_make_exactly_the_tables_of_the_code_on_postgres(postgres_database: str) -> None:
    await _migrations_match(postgres_database)


async def _migrations_match(url: str) -> None:
    settings = StoreSettings(url=url)
    assert await asyncio.to_thread(migrate, settings) == (None, "0001")
    assert await asyncio.to_thread(migrate, settings) == ("0001", "0001")
    engine = open_engine(settings)
    async with begin(engine) as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_an_empty_database_says_to_migrate(tmp_path: Path) -> None:
    store = open_store(StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3"))
    with pytest.raises(ConfigurationError, match="verwijsindex migrate"):
        await store.check()
    await store.close()


async def test_only_the_owner_can_read_the_database_file(tmp_path: Path) -> None:
    store = open_store(StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3"))
    assert stat.S_IMODE((tmp_path / "index.sqlite3").stat().st_mode) == 0o600
    await store.close()


async def test_a_server_that_is_away_is_unavailable() -> None:
    store = open_store(StoreSettings(url="postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(StoreUnavailable):
        await store.check()
    await store.close()


async def test_an_error_of_the_database_holds_no_value(tmp_path: Path) -> None:
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3")
    await asyncio.to_thread(migrate, settings)
    store = open_store(settings)
    record = audit_record(purpose="PLANTED-purpose")
    with pytest.raises(StoreUnavailable) as caught:
        async with store.transaction() as tx:
            await tx.audit.append([record, record])
    assert "PLANTED" not in str(caught.value)
    await store.close()
