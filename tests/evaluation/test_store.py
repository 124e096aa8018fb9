"""The service's own database: its schema is exactly the code's, and holds nothing of the index."""

from __future__ import annotations

import asyncio
from importlib.resources import files

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from gateway.database import begin, open_engine
from gateway.errors import ConfigurationError, StoreUnavailable
from gateway.evaluation.migrate import SCHEMA
from gateway.evaluation.store import open_evaluation_store
from gateway.evaluation.tables import service_metadata
from gateway.settings import StoreSettings
from tests.support.service_databases import OpenEngine


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), service_metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def test_migrations_make_exactly_the_tables_of_the_code(process: OpenEngine) -> None:
    async with begin(process()) as connection:
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(tables) == {
            "alembic_version",
            "audit_records",
            "evaluation_usage",
            "meters",
        }


async def test_migrating_is_safe_to_repeat(database: StoreSettings) -> None:
    newest = SCHEMA.newest_revision()
    assert await asyncio.to_thread(SCHEMA.migrate, database) == (newest, newest)


async def test_an_empty_database_says_which_command_to_run(url: str) -> None:
    store = open_evaluation_store(StoreSettings(url=url))
    with pytest.raises(ConfigurationError, match="verwijsindex pseudonyms migrate"):
        await store.check()
    await store.close()


async def test_a_migrated_database_can_be_used(database: StoreSettings) -> None:
    store = open_evaluation_store(database)
    await store.check()
    await store.close()


async def test_a_server_that_is_away_is_unavailable() -> None:
    store = open_evaluation_store(StoreSettings(url="postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(StoreUnavailable):
        await store.check()
    await store.close()


async def test_a_database_of_another_schema_is_refused(database: StoreSettings) -> None:
    engine = open_engine(database)
    async with begin(engine) as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await engine.dispose()
    with pytest.raises(ConfigurationError, match="newer than this version"):
        await asyncio.to_thread(SCHEMA.migrate, database)


def test_the_package_brings_its_migrations_along() -> None:
    folder = files("gateway.evaluation").joinpath("migrations")
    assert folder.joinpath("env.py").is_file()
    assert folder.joinpath("script.py.mako").is_file()
    assert folder.joinpath("versions", "v0001_first_schema.py").is_file()
