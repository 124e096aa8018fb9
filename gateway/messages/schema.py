"""A small closed schema for JSON: what is not listed is a violation, named by its path, never by its value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import Violation

_STEPS = re.compile(r"[A-Za-z]+|\d+")


@dataclass(frozen=True, slots=True)
class Text:
    """A string that matches a pattern as a whole. Every pattern is tight: no free text fits."""

    pattern: re.Pattern[str]
    rule: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these values, of the same JSON type."""

    values: frozenset[str | bool]


@dataclass(frozen=True, slots=True)
class Many:
    """An array of `item`, at least `least` and at most `most` long."""

    item: Schema
    least: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class Closed:
    """An object that has every required element, may have the optional ones, and has no other."""

    required: Mapping[str, Schema]
    optional: Mapping[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OneKindOf:
    """An object whose schema depends on a value in it: a resource on its type, a code on its system.

    `by` is the path of that value: `system`, `meta.profile[0]`. Any other value there is a violation, or, with
    `otherwise`, makes it an object of that schema.
    """

    by: str
    kinds: Mapping[str, Closed | OneKindOf]
    otherwise: Closed | None = None


Schema = Text | OneOf | Many | Closed | OneKindOf


def text(pattern: str, rule: str) -> Text:
    """Return a string schema; `pattern` must match the whole value."""
    return Text(re.compile(pattern, re.ASCII), rule)


def one_of(*values: str | bool) -> OneOf:
    """Return a schema of fixed values."""
    return OneOf(frozenset(values))


def violations(value: Any, schema: Schema, path: str) -> Iterator[Violation]:
    """Yield every broken rule below `path`, in document order."""
    match schema:
        case Text(pattern=pattern, rule=rule):
            if not isinstance(value, str) or not pattern.fullmatch(value):
                yield Violation(path, rule)
        case OneOf(values=values):
            if not isinstance(value, str | bool) or value not in values:
                yield Violation(path, "must be one of the codes the profile lists")
        case Many():
            yield from _many(value, schema, path)
        case Closed():
            yield from _closed(value, schema, path)
        case OneKindOf(by=by, kinds=kinds, otherwise=otherwise):
            kind = _value_at(value, by)
            found = kinds.get(kind, otherwise) if isinstance(kind, str) else None
            if found is None:
                yield Violation(f"{path}.{by}", "must be one of those the profile allows here")
            else:
                yield from violations(value, found, path)


def _many(value: Any, schema: Many, path: str) -> Iterator[Violation]:
    if not isinstance(value, list):
        yield Violation(path, "must be an array")
        return
    if not schema.least <= len(value) <= schema.most:
        yield Violation(path, f"must have {schema.least} to {schema.most} items")
        return
    for index, item in enumerate(value):
        yield from violations(item, schema.item, f"{path}[{index}]")


def _closed(value: Any, schema: Closed, path: str) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield Violation(path, "must be an object")
        return
    for name in schema.required:
        if name not in value:
            yield Violation(f"{path}.{name}", "is required")
    for name, item in value.items():
        known = schema.required.get(name) or schema.optional.get(name)
        if known is None:
            yield Violation(f"{path}.{_safe(name)}", "is not allowed by the profile")
        else:
            yield from violations(item, known, f"{path}.{name}")


def _value_at(value: Any, path: str) -> Any:
    """Return what stands at a path below an object; None where nothing does."""
    for step in _STEPS.findall(path):
        if step.isdigit():
            value = value[int(step)] if isinstance(value, list) and len(value) > int(step) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _safe(name: str) -> str:
    """Return an element's name if it can be one: a name chosen to carry text is not repeated."""
    return name if re.fullmatch(r"_?[A-Za-z]{1,40}", name) else "(other)"
