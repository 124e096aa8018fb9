"""The access log as a table, on its own: numbers, order, and no way back."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.audit.model import AuditRecord
from gateway.audit.ports import AuditLog
from gateway.audit.sql import SqlAuditLog
from gateway.database import begin, open_engine
from gateway.errors import StoreUnavailable
from gateway.index.migrate import SCHEMA
from gateway.settings import StoreSettings
from tests.audit.records import RECORDS
from tests.audit.test_canonical import RECORD

PARAMETERS = ["sqlite", pytest.param("postgres", marks=pytest.mark.services)]


@pytest.fixture(params=PARAMETERS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/index.sqlite3"
    return str(request.getfixturevalue("postgres_database"))


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    await asyncio.to_thread(SCHEMA.migrate, StoreSettings(url=url))
    opened = open_engine(StoreSettings(url=url))
    yield opened
    await opened.dispose()


@settings(
    max_examples=15,
    # One log serves all examples of one database: each reads from where the last one ended.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches=st.lists(st.lists(RECORDS, max_size=4), max_size=4))
async def test_records_come_back_whole_in_the_order_of_the_appends(
    engine: AsyncEngine, batches: list[list[AuditRecord]]
) -> None:
    # Examples come again, records do not: every one gets an id of its own.
    batches = [[replace(record, record_id=str(uuid4())) for record in batch] for batch in batches]
    async with begin(engine) as connection:
        known = await SqlAuditLog(connection).read(limit=100_000)
    last = known[-1].sequence if known else 0
    for batch in batches:
        async with begin(engine) as connection:
            await SqlAuditLog(connection).append(batch)
    async with begin(engine) as connection:
        found = await SqlAuditLog(connection).read(after=last)
        assert await SqlAuditLog(connection).count() == len(known) + len(found)
    assert [stored.record for stored in found] == [record for batch in batches for record in batch]
    assert [stored.sequence for stored in found] == list(range(last + 1, last + 1 + len(found)))


async def test_the_first_record_has_sequence_one(engine: AsyncEngine) -> None:
    async with begin(engine) as connection:
        await SqlAuditLog(connection).append([RECORD])
        assert [stored.sequence for stored in await SqlAuditLog(connection).read()] == [1]


async def test_a_number_is_not_used_again_after_its_row_was_cut_off(engine: AsyncEngine) -> None:
    """Whoever cuts the end off the table by hand leaves a gap that shows."""
    async with begin(engine) as connection:
        await SqlAuditLog(connection).append([RECORD])
    async with begin(engine) as connection:
        await connection.execute(text("DELETE FROM audit_records"))
    async with begin(engine) as connection:
        await SqlAuditLog(connection).append([RECORD])
        assert [stored.sequence for stored in await SqlAuditLog(connection).read()] == [2]


async def test_a_record_is_logged_once(engine: AsyncEngine) -> None:
    async def append_again() -> None:
        async with begin(engine) as connection:
            await SqlAuditLog(connection).append([RECORD])

    await append_again()
    with pytest.raises(StoreUnavailable) as caught:
        await append_again()
    assert RECORD.record_id not in str(caught.value)
    async with begin(engine) as connection:
        assert await SqlAuditLog(connection).count() == 1


def test_the_log_can_be_added_to_and_read_and_nothing_else() -> None:
    public = {name for name, _ in inspect.getmembers(SqlAuditLog, inspect.isfunction) if name[0] != "_"}
    assert public == {name for name, _ in inspect.getmembers(AuditLog, inspect.isfunction) if name[0] != "_"}
    assert public == {"answered", "answers", "append", "asked_about", "count", "find", "read"}
