"""A store of before there were merges is carried over: what was stated is what counts, from its first version on."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from gateway.database import begin, open_engine
from gateway.index.migrate import SCHEMA
from gateway.index.sql.store import open_store
from gateway.settings import StoreSettings
from tests.support.sealed import NOON, OIN_VT, involvement, merge, message, person

BEFORE = "0002"
MINUTE = 60_000_000


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCHEMA.migrations))
    config.attributes["connection"] = connection
    command.upgrade(config, BEFORE)


async def _fill(url: str) -> None:
    """Write one involvement with two versions, as the schema of before keeps them."""
    noon = int(NOON.timestamp()) * 1_000_000
    row = {"partner": OIN_VT, "reference": "r", "recorded_at": noon, "message_id": "m2"}
    engine = open_engine(StoreSettings(url=url))
    async with begin(engine) as connection:
        await connection.run_sync(_upgrade)
        await connection.execute(
            text(
                "INSERT INTO involvements (partner, reference, phase, since, desk, secrecy, shielded, recorded_at,"
                " message_id) VALUES (:partner, :reference, 'active', :since, 'frontoffice', 'N', :shielded,"
                " :recorded_at, :message_id)"
            ),
            row | {"since": _day(url), "shielded": False},
        )
        await connection.execute(
            text(
                "INSERT INTO subject_keys (fact, partner, reference, place, epoch, subject)"
                " VALUES ('involvements', :partner, :reference, 0, 1, :subject)"
            ),
            {
                "partner": OIN_VT,
                "reference": "r",
                "subject": person("old").pseudonyms[0].reveal(),
            },
        )
        for name, moment in (("m1", noon - 60 * MINUTE), ("m2", noon)):
            await connection.execute(
                text(
                    "INSERT INTO versions (kind, partner, reference, event, epoch, recorded_at, message_id, body)"
                    " VALUES ('involvements', :partner, :reference, 'involvement-started', 1, :recorded_at,"
                    " :message_id, :body)"
                ),
                row | {"recorded_at": moment, "message_id": name, "body": b"{}"},
            )
    await engine.dispose()


def _day(url: str) -> date | str:
    """SQLite keeps a day as text, and a statement that is written out does not turn it into one."""
    day = date(2026, 1, 15)
    return day.isoformat() if url.startswith("sqlite") else day


async def _carried_over(url: str) -> None:
    await _fill(url)
    settings = StoreSettings(url=url)
    assert (await asyncio.to_thread(SCHEMA.migrate, settings))[0] == BEFORE
    store = open_store(settings)
    async with store.transaction() as tx:
        [kept] = (await tx.facts.households([person("old")], on=NOON.date()))[person("old")].involvements
        assert kept == involvement(OIN_VT, "old", reference="r")
        # Recorded between the two versions: the involvement was there by then.
        await tx.facts.save(message(merge(OIN_VT, "old", "new"), recorded_at=NOON - timedelta(minutes=30)))
        moved = await tx.facts.households([person("old"), person("new")], on=NOON.date())
        assert [len(moved[person(name)].involvements) for name in ("old", "new")] == [0, 1]
    await store.close()


async def test_a_sqlite_store_is_carried_over(tmp_path: Path) -> None:
    await _carried_over(f"sqlite:///{tmp_path}/index.sqlite3")


@pytest.mark.services
async def test_a_postgres_store_is_carried_over(postgres_database: str) -> None:
    await _carried_over(postgres_database)
