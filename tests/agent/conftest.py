from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.partner_desk import AgentDesk


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: the path of a Unix socket has 107 characters at most."""
    with tempfile.TemporaryDirectory(prefix="vwi-") as name:
        yield Path(name)


@pytest.fixture
async def desk(folder: Path) -> AsyncIterator[AgentDesk]:
    async with AgentDesk.open(folder) as opened:
        yield opened
