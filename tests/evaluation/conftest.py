from __future__ import annotations

from pathlib import Path

import pytest

from gateway.evaluation.store import SqlEvaluationStore
from tests.evaluation.support import Room, make_room
from tests.support.service_databases import OpenEngine, database, process, url

__all__ = ["database", "process", "url"]


@pytest.fixture
def room(process: OpenEngine, tmp_path: Path) -> Room:
    """A room on an empty database."""
    return make_room(SqlEvaluationStore(process()), tmp_path / "keys")
