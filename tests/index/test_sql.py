"""The SQL store keeps the contract on SQLite and on a real PostgreSQL, and fails closed."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, text

from gateway.database import begin, metadata, open_engine
from gateway.domain import MessageId, Reference
from gateway.errors import ConfigurationError, StoreUnavailable
from gateway.index.migrate import SCHEMA
from gateway.index.ports import IndexStore
from gateway.index.sql.facts import SqlFacts
from gateway.index.sql.store import open_store
from gateway.settings import StoreSettings
from tests.index.agreements_contract import AgreementContract
from tests.index.asking_contract import AskingContract
from tests.index.consents_contract import OwnConsentContract
from tests.index.contract import StoreContract, audit_record
from tests.index.declarations_contract import DeclarationContract
from tests.index.epochs_contract import EpochContract
from tests.index.merges_contract import MergeContract
from tests.index.overlap_contract import OverlapContract
from tests.index.refusals_contract import RefusalsContract
from tests.index.secrecy_contract import SecrecyContract
from tests.support.sealed import NOON, OIN_VT, involvement, merge, message, person


async def opened(url: str) -> AsyncIterator[IndexStore]:
    settings = StoreSettings(url=url)
    await asyncio.to_thread(SCHEMA.migrate, settings)
    store = open_store(settings)
    yield store
    await store.close()


class TestSqlite(
    AgreementContract,
    AskingContract,
    DeclarationContract,
    EpochContract,
    MergeContract,
    OverlapContract,
    OwnConsentContract,
    RefusalsContract,
    SecrecyContract,
    StoreContract,
):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[IndexStore]:
        async for store in opened(f"sqlite:///{tmp_path}/index.sqlite3"):
            yield store


@pytest.mark.services
class TestPostgres(
    AgreementContract,
    AskingContract,
    DeclarationContract,
    EpochContract,
    MergeContract,
    OverlapContract,
    OwnConsentContract,
    RefusalsContract,
    SecrecyContract,
    StoreContract,
):
    @pytest.fixture
    async def store(self, postgres_database: str) -> AsyncIterator[IndexStore]:
        async for store in opened(postgres_database):
            yield store


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_migrations_make_exactly_the_tables_of_the_code_on_sqlite(tmp_path: Path) -> None:
    await _migrations_match(f"sqlite:///{tmp_path}/index.sqlite3")


@pytest.mark.services
async def test_migrations_make_exactly_the_tables_of_the_code_on_postgres(postgres_database: str) -> None:
    await _migrations_match(postgres_database)


async def _migrations_match(url: str) -> None:
    settings = StoreSettings(url=url)
    assert await asyncio.to_thread(SCHEMA.migrate, settings) == (None, SCHEMA.newest_revision())
    assert await asyncio.to_thread(SCHEMA.migrate, settings) == (
        SCHEMA.newest_revision(),
        SCHEMA.newest_revision(),
    )
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


async def test_a_schema_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3")
    await asyncio.to_thread(SCHEMA.migrate, settings)
    engine = open_engine(settings)
    async with begin(engine) as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await engine.dispose()
    with pytest.raises(ConfigurationError, match="9999, newer than this version"):
        await asyncio.to_thread(SCHEMA.migrate, settings)
    store = open_store(settings)
    with pytest.raises(ConfigurationError, match="9999"):
        await store.check()
    await store.close()


async def test_the_package_brings_its_migrations_along() -> None:
    """What a wheel installs is what lies in the package's folder: the script, its template and every version."""
    folder = files("gateway.index").joinpath("migrations")
    assert folder.joinpath("env.py").is_file()
    assert folder.joinpath("script.py.mako").is_file()
    assert folder.joinpath("versions", "v0001_first_schema.py").is_file()
    assert folder.joinpath("versions", "v0002_sealed_pseudonyms.py").is_file()
    assert SCHEMA.newest_revision() >= "0002"


async def test_households_take_one_statement_however_many_persons(tmp_path: Path) -> None:
    """Several statements could each see another moment on PostgreSQL."""
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3")
    await asyncio.to_thread(SCHEMA.migrate, settings)
    engine = open_engine(settings)
    statements: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    async with begin(engine) as connection:
        statements.clear()
        await SqlFacts(connection).households([person(f"p{n}") for n in range(40)], on=NOON.date())
        assert len(statements) == 1
    await engine.dispose()


async def test_sqlite_finds_facts_by_their_person_and_never_goes_through_a_kind_of_fact(
    tmp_path: Path,
) -> None:
    """It keeps no statistics: by the wrong index a question would take longer with every fact of anybody."""
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3")
    await asyncio.to_thread(SCHEMA.migrate, settings)
    engine = open_engine(settings)
    sent: list[tuple[str, Any]] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *call: sent.append((call[2], call[3])))
    async with begin(engine) as connection:
        await SqlFacts(connection).households([person("anna")], on=NOON.date())
        statement, parameters = sent[-1]
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [step for *_, step in map(list, plan) if "_hit " in step]
    assert len(steps) == 5
    assert all("USING INDEX ix_subject_keys_subject (subject=?)" in step for step in steps)
    await engine.dispose()


async def test_sqlite_finds_own_statements_by_their_person_or_reference(tmp_path: Path) -> None:
    """A partner that recorded a hundred thousand of them does not wait for all of them."""
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3")
    await asyncio.to_thread(SCHEMA.migrate, settings)
    engine = open_engine(settings)
    sent: list[tuple[str, Any]] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *call: sent.append((call[2], call[3])))
    async with begin(engine) as connection:
        await SqlFacts(connection).own_consents(OIN_VT, person("anna", 1, 2))
        await SqlFacts(connection).own_consent(OIN_VT, Reference("c"))
        for statement, parameters in sent[-2:]:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [step for row in plan if (step := str([*row][3])).startswith(("SEARCH", "SCAN"))]
            assert len(steps) >= 2
            assert all("subject=?" in step or "partner=? AND reference=?" in step for step in steps), steps
    await engine.dispose()


async def test_saving_takes_as_many_statements_for_a_hundred_facts_as_for_one(tmp_path: Path) -> None:
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3")
    await asyncio.to_thread(SCHEMA.migrate, settings)
    engine = open_engine(settings)
    statements: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    numbers = []
    for batch in (["a"], [f"p{n}" for n in range(100)]):
        async with begin(engine) as connection:
            statements.clear()
            await SqlFacts(connection).save_all([message(involvement(OIN_VT, name)) for name in batch])
            numbers.append(len(statements))
    assert numbers[0] == numbers[1]
    await engine.dispose()


async def test_a_batch_of_merges_writes_each_fact_once(tmp_path: Path) -> None:
    """One small message may move all that a partner registered about a person: a hundred of them cost no more."""
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3")
    await asyncio.to_thread(SCHEMA.migrate, settings)
    engine = open_engine(settings)
    written: list[tuple[str, Any]] = []
    event.listen(
        engine.sync_engine, "before_cursor_execute", lambda *call: written.append((call[2], call[3]))
    )
    facts = [involvement(OIN_VT, "p", reference=Reference(f"r{number}")) for number in range(20)]
    steps = [
        merge(OIN_VT, "pq"[number % 2], "qp"[number % 2], reference=Reference(f"m{number}"))
        for number in range(101)
    ]
    async with begin(engine) as connection:
        await SqlFacts(connection).save_all([message(fact) for fact in facts])
        written.clear()
        await SqlFacts(connection).save_all(
            [message(step, id=MessageId(OIN_VT, f"{number:03}")) for number, step in enumerate(steps)]
        )
        rows = [
            row for text_, rows in written if text_.startswith("INSERT INTO subject_keys") for row in rows
        ]
        assert sum("involvements" in row for row in rows) == len(facts)
        found = await SqlFacts(connection).households([person("q")], on=NOON.date())
    assert len(found[person("q")].involvements) == len(facts)
    await engine.dispose()


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "index.sqlite3"
    file.write_bytes(b"not a database, but long enough to be taken for a header " * 40)
    store = open_store(StoreSettings(url=f"sqlite:///{file}"))
    with pytest.raises(StoreUnavailable):
        await store.check()
    await store.close()


async def test_a_folder_that_cannot_be_made_says_which(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot open the database file"):
        open_store(StoreSettings(url=f"sqlite:///{tmp_path}/file/index.sqlite3"))


async def test_a_writer_that_waits_too_long_for_its_turn_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.database.BUSY_SECONDS", 0.05)
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3")
    await asyncio.to_thread(SCHEMA.migrate, settings)
    store, other = open_store(settings), open_store(settings)
    async with store.transaction() as tx:
        await tx.audit.append([audit_record()])
        with pytest.raises(StoreUnavailable):
            await other.check()
    await other.check()
    await store.close()
    await other.close()


async def test_a_server_that_is_away_is_unavailable() -> None:
    store = open_store(StoreSettings(url="postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(StoreUnavailable):
        await store.check()
    await store.close()


async def test_an_error_of_the_database_holds_no_value(tmp_path: Path) -> None:
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3")
    await asyncio.to_thread(SCHEMA.migrate, settings)
    store = open_store(settings)
    record = audit_record(purpose="PLANTED-purpose")
    with pytest.raises(StoreUnavailable) as caught:
        async with store.transaction() as tx:
            await tx.audit.append([record, record])
    assert "PLANTED" not in str(caught.value)
    await store.close()
