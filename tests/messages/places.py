"""Every place of the golden messages where something could be put: the texts, the objects, the elements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import orjson

from gateway.messages.build import build_bundle
from tests.messages.vectors import VALID

GOLDEN = (
    "involvement-started-shielded",
    "household-asserted",
    "consent-given-to-organisations",
    "subject-merged",
)
"""One golden message of each shape, with every element that the shape can have."""


@dataclass(frozen=True, slots=True)
class Place:
    """One spot in one golden message: the keys and indexes that lead to it."""

    golden: str
    keys: tuple[str | int, ...]

    @property
    def path(self) -> str:
        """The spot as the violations write it."""
        steps = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.keys)
        return f"{self.golden}:Bundle{''.join(steps)}"

    @property
    def element(self) -> str:
        """The path without the name of the golden message."""
        return self.path.split(":", 1)[1]

    def with_value(self, value: Any) -> dict[str, Any]:
        """Return the golden message with another value here."""
        body, parent = self._opened()
        parent[self.keys[-1]] = value
        return body

    def without(self) -> dict[str, Any]:
        """Return the golden message without what is here."""
        body, parent = self._opened()
        del parent[self.keys[-1]]
        return body

    def _opened(self) -> tuple[dict[str, Any], Any]:
        body = orjson.loads(build_bundle(VALID[self.golden]))
        parent = body
        for key in self.keys[:-1]:
            parent = parent[key]
        return body, parent


def _walk(golden: str, value: Any, keys: tuple[str | int, ...] = ()) -> Iterator[tuple[Place, Any]]:
    yield Place(golden, keys), value
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(golden, item, (*keys, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(golden, item, (*keys, index))


def _unlisted(place: Place, value: dict[str, Any]) -> Iterator[Place]:
    """Yield the elements that R4 gives to this resource and the golden message does not use."""
    module = import_module(f"fhir.resources.R4B.{value['resourceType'].lower()}")
    model = getattr(module, value["resourceType"])
    for name in model.elements_sequence():
        if name not in value:
            yield Place(place.golden, (*place.keys, name))


_ALL = [found for name in GOLDEN for found in _walk(name, orjson.loads(build_bundle(VALID[name])))]

VALUES = [(place, value) for place, value in _ALL if place.keys]
"""Every place with what stands there."""

TEXTS = [place for place, value in _ALL if isinstance(value, str)]
"""Every string."""

OBJECTS = [place for place, value in _ALL if isinstance(value, dict) and place.keys]
"""Every object below the Bundle."""

ELEMENTS = [place for place, _ in _ALL if place.keys and isinstance(place.keys[-1], str)]
"""Every element that stands in a golden message."""

UNLISTED = [
    found
    for place, value in _ALL
    if isinstance(value, dict) and "resourceType" in value
    for found in _unlisted(place, value)
]
"""Every element of FHIR R4 that a resource of the messages could have and the profile does not list."""
