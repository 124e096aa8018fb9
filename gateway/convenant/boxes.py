"""Many nuances in few words: sets of roles, mandates, classes and own involvement that are a whole product."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import prod

from gateway.convenant.cells import Nuance

Value = str | bool

_DIMENSIONS = ("is_involved", "secrecy", "role", "mandate")
"""In the order in which a set that is no product is split: what people ask about first comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Every combination of these values. A dimension that is not narrowed stands empty."""

    is_involved: tuple[bool, ...]
    secrecy: tuple[str, ...]
    role: tuple[str, ...]
    mandate: tuple[str, ...]

    def words(self) -> str:
        """Return in Dutch to whom and to what it is narrowed; empty where it is everything."""
        told = []
        if self.is_involved:
            told.append("met eigen betrokkenheid" if self.is_involved[0] else "zonder eigen betrokkenheid")
        for name, values in (("klasse", self.secrecy), ("rol", self.role), ("mandaat", self.mandate)):
            if values:
                told.append(f"{name} {', '.join(values)}")
        return "; ".join(told)


def boxes(group: Collection[Nuance], every: Collection[Nuance]) -> Iterator[Box]:
    """Yield boxes that together hold exactly the group, each nuance in one of them; `every` is all there are."""
    whole = {name: _values(every, name) for name in _DIMENSIONS}
    yield from _split(list(group), whole)


def _split(group: list[Nuance], whole: Mapping[str, tuple[Value, ...]]) -> Iterator[Box]:
    values = {name: _values(group, name) for name in _DIMENSIONS}
    if prod(map(len, values.values())) == len(group):
        yield Box(
            **{name: () if found == whole[name] else found for name, found in values.items()}  # type: ignore[arg-type]
        )
        return
    name = next(name for name in _DIMENSIONS if len(values[name]) > 1)
    for value in values[name]:
        yield from _split([each for each in group if getattr(each, name) == value], whole)


def _values(group: Collection[Nuance], name: str) -> tuple[Value, ...]:
    return tuple(sorted({getattr(nuance, name) for nuance in group}, reverse=name == "is_involved"))
