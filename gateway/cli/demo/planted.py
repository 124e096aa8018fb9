"""Search everything past the adapter for texts that were planted in the source records."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import asyncpg

from gateway.bus.ports import Bus
from gateway.bus.topics import topics_of
from gateway.domain import Oin

PARTNER_SIDE = ("quarantine", "inbox", "done")
"""Folders at the partner that may hold its own source files: they are not past the adapter."""


class Search:
    """Collects which of the planted texts appear in what it is shown."""

    def __init__(self, planted: Sequence[str]) -> None:
        self._needles = {text: text.encode("utf-8") for text in planted}
        self.found: dict[str, set[str]] = {}

    def look(self, place: str, content: bytes) -> None:
        """Look through one piece of content."""
        for text, needle in self._needles.items():
            if needle in content and _stands_alone(needle, content):
                self.found.setdefault(text, set()).add(place)

    def look_all(self, place: str, contents: Iterable[bytes]) -> None:
        """Look through several pieces of one place."""
        for content in contents:
            self.look(place, content)

    async def folder(self, folder: Path) -> None:
        """Look through every file below a site's folder, databases by value as well as by byte."""
        await asyncio.to_thread(self._folder, folder)

    def _folder(self, folder: Path) -> None:
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or set(PARTNER_SIDE) & set(path.relative_to(folder).parts):
                continue
            place = str(path.relative_to(folder))
            self.look(place, path.read_bytes())
            if path.suffix == ".sqlite3":
                self.look_all(place, _sqlite_values(path))

    async def topics(self, bus: Bus, oins: Iterable[Oin]) -> None:
        """Look through every record of every topic of these partners: key, headers and value."""
        for topic in [topic for oin in oins for topic in topics_of(oin)]:
            async for delivery in bus.browse(topic):
                record = delivery.record
                self.look_all(topic, [record.key, record.value, *record.headers.values()])

    async def postgres(self, url: str) -> None:
        """Look through every value of every table of a PostgreSQL database."""
        async for table, value in _postgres_values(url):
            self.look(f"table {table}", value)


def _stands_alone(needle: bytes, content: bytes) -> bool:
    """Tell a number from the same digits within a longer run of hexadecimal ones: pseudonyms are full of those."""
    if not needle.isdigit():
        return True
    return re.search(rb"(?<![0-9A-Fa-f])" + needle + rb"(?![0-9A-Fa-f])", content) is not None


def _sqlite_values(path: Path) -> Iterator[bytes]:
    # Long values are cut over pages of the file: reading them by value finds what bytes in a row do not.
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - the name is the schema's own
                yield from map(_as_bytes, row)


async def _postgres_values(url: str) -> AsyncIterator[tuple[str, bytes]]:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in tables:
            for row in await connection.fetch(f'SELECT * FROM "{table}"'):  # noqa: S608 - as above
                for value in row.values():
                    yield table, _as_bytes(value)
    finally:
        await connection.close()


def _as_bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode("utf-8")
