"""What the watch compares, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain import Oin


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """How many evaluations a partner had under one epoch in one hour, as the pseudonym service counts them."""

    partner: Oin
    epoch: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchTerms:
    """An alarm is due above `factor` times what explains evaluations, and `floor`."""

    factor: float
    floor: int

    def __post_init__(self) -> None:
        if self.factor < 1 or self.floor < 0:
            raise ValueError("what is explained rings no alarm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One partner in one window of 24 hours. `explained` is how many evaluations are taken as explained at most."""

    partner: Oin
    evaluated: int
    registered: int
    asked: int
    explained: int

    @property
    def rings(self) -> bool:
        """Tell whether the partner evaluated more than its registrations and questions explain."""
        return self.evaluated > self.explained
