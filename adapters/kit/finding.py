"""Adapters are found by their entry points: the project's own and those a third party ships, alike."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import cast

from adapters.kit.adapter import Adapter
from gateway.errors import ConfigurationError

ENTRY_POINTS = "verwijsindex.adapters"


def all_adapters() -> list[Adapter]:
    """Return every adapter that is installed, by kind."""
    found = [cast("Adapter", entry.load()) for entry in entry_points(group=ENTRY_POINTS)]
    return sorted(found, key=lambda adapter: adapter.manifest.kind)


def find_adapter(kind: str) -> Adapter:
    """Return the adapter of a kind; ConfigurationError names the kinds there are."""
    for entry in entry_points(group=ENTRY_POINTS):
        if entry.name == kind:
            return cast("Adapter", entry.load())
    known = ", ".join(sorted(entry.name for entry in entry_points(group=ENTRY_POINTS)))
    raise ConfigurationError(f"there is no adapter for {kind}; installed are: {known}")
