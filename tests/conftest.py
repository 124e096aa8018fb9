"""Fixtures that every test may use: real services, started once a session, and the public test material."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.hold import service, session
from tests.support.postgres import drop_database, fresh_database

SERVICES_FOLDER = "VERWIJSINDEX_TEST_SERVICES"
ROOT = Path(__file__).resolve().parents[1]

# Timing never decides a test: two busy cores are slow now and then.
settings.register_profile(
    "project",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("project")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder in which the workers of this session agree on services."""
    if hasattr(config, "workerinput"):
        return  # A worker of pytest-xdist: the controller has made it.
    folder = Path(tempfile.mkdtemp(prefix="vwi-services-"))
    os.environ[SERVICES_FOLDER] = str(folder)
    services = session(folder)
    services.__enter__()

    def end() -> None:
        services.__exit__(None, None, None)
        shutil.rmtree(folder, ignore_errors=True)

    config.add_cleanup(end)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which real services took part."""
    for state in sorted(Path(os.environ[SERVICES_FOLDER]).glob("*.json")):
        found = json.loads(state.read_text())
        text = found.get("missing") or f"version {found['version']}"
        terminalreporter.write_line(f"real {state.stem}: {text}")


def _where(name: str) -> str:
    found = service(name, Path(os.environ[SERVICES_FOLDER]))
    if "missing" in found:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(f"{name} is required and missing: {found['missing']}")
        pytest.skip(f"no real {name}: {found['missing']}")
    return found["where"]


@pytest.fixture(scope="session")
def kafka_bootstrap() -> str:
    """A real Kafka broker as host:port."""
    return _where("kafka")


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """A real PostgreSQL as the url of a user who may create databases."""
    return _where("postgres")


@pytest.fixture
async def postgres_database(postgres_url: str) -> AsyncIterator[str]:
    """An empty database on the real PostgreSQL, dropped at the end."""
    url = await fresh_database(postgres_url)
    yield url
    await drop_database(url)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The public test material beside the checkout; it is read there and never copied."""
    folder = Path(os.environ.get("VERWIJSINDEX_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the shared test material is required in CI: set VERWIJSINDEX_SHARED_DATA")
        pytest.skip(
            "no shared test material beside the checkout (VERWIJSINDEX_SHARED_DATA names another place)"
        )
    return folder
