from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.custody import Custody
from tests.support.serving import Identities


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    return Identities(tmp_path_factory.mktemp("identities"))


@pytest.fixture
def custody(tmp_path: Path, identities: Identities) -> Custody:
    """A custodian's folder without a key and without a store."""
    return Custody.make(tmp_path / "custodian", identities)
