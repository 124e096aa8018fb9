"""How a process has its store: opened, checked, and closed at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar


class Store(Protocol):
    """What every store can be asked to do."""

    async def check(self) -> None:
        """Return if the store can be used."""

    async def close(self) -> None:
        """Release every connection."""


AnyStore = TypeVar("AnyStore", bound=Store)


@asynccontextmanager
async def checked(store: AnyStore) -> AsyncIterator[AnyStore]:
    """Check that the store can be used, and close it at the end.

    Raises:
        ConfigurationError: its schema cannot be used.
        Unavailable: it cannot be reached.

    """
    try:
        await store.check()
        yield store
    finally:
        await store.close()
