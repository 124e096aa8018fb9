from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.serving import Identities, Serving, serving


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    return Identities(tmp_path_factory.mktemp("identities"))


@pytest.fixture
async def index(identities: Identities) -> AsyncIterator[Serving]:
    async with serving(identities) as running:
        yield running
