"""Read the messages that stand on an embedded bus."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.bus.topics import TopicKind


def messages_on(bus: Path, kind: TopicKind) -> list[bytes]:
    """Return the values of every topic of a kind, in the order of the file."""
    with closing(sqlite3.connect(f"file:{bus}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT value FROM record WHERE topic LIKE ? ORDER BY topic, number",
            (f"verwijsindex.{kind.value}.%",),
        )
        return [value for (value,) in rows]
