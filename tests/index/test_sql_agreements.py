"""The agreement in SQL: a stored version that is not what was laid down stops everything, and nobody acts on half."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from gateway.agreement.administration import Accepted, Administration
from gateway.agreement.model import ActKind
from gateway.agreement.reading import AgreementReader
from gateway.convenant.reading import read_convenant
from gateway.database import begin, open_engine
from gateway.errors import ConfigurationError, InvalidInput
from gateway.index.migrate import SCHEMA
from gateway.index.ports import IndexStore
from gateway.index.sql.store import open_store
from gateway.settings import StoreSettings
from tests.index.agreements_contract import act, version
from tests.index.test_postgres_writers import until_waiting
from tests.support.agreements import Signer, convenant_file
from tests.support.sealed import NOON, OIN_VT

VT = Signer(OIN_VT)
FILE = convenant_file(signatories=[OIN_VT])
CONVENANT = read_convenant(FILE)


async def accept(store: IndexStore, document: bytes) -> Sequence[Accepted]:
    async with store.transaction() as tx:
        partners = {partner.oin: partner for partner in await tx.partners.all()}
        return await Administration(tx.agreements, tx.audit, at=NOON).accept([document], partners)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE convenants SET content = CAST('convenant: {}' AS BLOB)",
        "UPDATE convenants SET content = CAST(replace(CAST(content AS TEXT), 'Proefregio', 'Elders') AS BLOB)",
        "UPDATE convenants SET content_hash = 'of something else'",
    ],
    ids=["unreadable", "other-content", "other-hash"],
)
async def test_a_stored_version_that_is_not_what_was_laid_down_is_not_left_out_but_stops(
    tmp_path: Path, change: str
) -> None:
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3")
    await asyncio.to_thread(SCHEMA.migrate, settings)
    store, engine = open_store(settings), open_engine(settings)
    async with store.transaction() as tx:
        await tx.agreements.lay_down(version("1.0"))
    async with begin(engine) as connection:
        await connection.execute(text(change))
    async with store.transaction() as tx:
        with pytest.raises(ConfigurationError, match="a convenant in the store"):
            await AgreementReader().in_force(tx.agreements, NOON)
    await engine.dispose()
    await store.close()


@pytest.fixture
async def stores(postgres_database: str) -> AsyncIterator[tuple[IndexStore, IndexStore]]:
    """Two processes on one database, with a version laid down and a partner that can sign it."""
    settings = StoreSettings(url=postgres_database)
    await asyncio.to_thread(SCHEMA.migrate, settings)
    one, two = open_store(settings), open_store(settings)
    async with one.transaction() as tx:
        await tx.partners.save(VT.partner(NOON - timedelta(days=1)))
        await Administration(tx.agreements, tx.audit, at=NOON).lay_down(FILE)
    yield one, two
    await one.close()
    await two.close()


@pytest.fixture
async def watcher(postgres_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres_database)
    yield connection
    await connection.close()


@pytest.mark.services
async def test_an_older_act_that_is_accepted_at_the_same_time_as_a_newer_one_is_refused(
    stores: tuple[IndexStore, IndexStore], watcher: asyncpg.Connection
) -> None:
    one, two = stores
    older = VT.document(CONVENANT, NOON - timedelta(seconds=1))
    newer = VT.document(CONVENANT, NOON, kind=ActKind.REVOKE)
    async with one.transaction() as tx:
        partners = {partner.oin: partner for partner in await tx.partners.all()}
        await Administration(tx.agreements, tx.audit, at=NOON).accept([newer], partners)
        late = asyncio.create_task(accept(two, older))
        await until_waiting(watcher)
    with pytest.raises(InvalidInput, match="must be later"):
        await late


@pytest.mark.services
async def test_a_reader_never_waits_for_whoever_changes_the_agreement_and_sees_it_once_committed(
    stores: tuple[IndexStore, IndexStore],
) -> None:
    one, two = stores
    reader = AgreementReader()

    async def is_in_force() -> bool:
        async with two.transaction() as tx:
            return await reader.in_force(tx.agreements, NOON) is not None

    async with one.transaction() as tx:
        await tx.agreements.add(act(version(), content_hash=CONVENANT.content_hash))
        assert not await is_in_force()
    assert await is_in_force()
