"""Fixtures: empty databases of the pseudonym service, on SQLite and on a real PostgreSQL, and engines on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.database import open_engine
from gateway.evaluation.migrate import SCHEMA
from gateway.settings import StoreSettings

PARAMETERS = ["sqlite", pytest.param("postgres", marks=pytest.mark.services)]

OpenEngine = Callable[[], AsyncEngine]


@pytest.fixture(params=PARAMETERS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/pseudonyms.sqlite3"
    return str(request.getfixturevalue("postgres_database"))


@pytest.fixture
async def database(url: str) -> StoreSettings:
    """A database with the service's schema."""
    settings = StoreSettings(url=url)
    await asyncio.to_thread(SCHEMA.migrate, settings)
    return settings


@pytest.fixture
async def process(database: StoreSettings) -> AsyncIterator[OpenEngine]:
    """What opens an engine, as a process of its own would; all are closed at the end."""
    opened: list[AsyncEngine] = []

    def another() -> AsyncEngine:
        opened.append(open_engine(database))
        return opened[-1]

    yield another
    for engine in opened:
        await engine.dispose()
