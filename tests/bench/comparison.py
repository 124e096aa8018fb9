"""Times of questions about nobody beside times of questions about somebody withheld, and what they give away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Self

from rich.table import Table

from gateway.settings import MissesSettings
from tests.bench.telling_apart import Effect, effect, samples_to_tell, size_that_takes, together

HOURS = 24
BOUND_QUESTIONS = MissesSettings().burst + HOURS * MissesSettings().per_hour
"""What finding out about one person must cost at least: all misses that a partner has, and those of a day more.

In that time no professional of the partner is answered anything, and it is named in the log every hour
(`lookup.misses-exhausted`). A question about the asker's own client costs no miss and is held to the same.
"""


@dataclass(frozen=True)
class Comparison:
    """One scene on one store: both sides in milliseconds, and how well they can be told apart."""

    store: str
    scene: str
    at_once: int
    """How many questions made one time."""
    nobody: Sequence[float] = field(repr=False)
    withheld: Sequence[float] = field(repr=False)
    effect: Effect

    @classmethod
    def of(
        cls, store: str, scene: str, nobody: Sequence[float], withheld: Sequence[float], *, at_once: int = 1
    ) -> Self:
        """Compare the two sides of a scene."""
        return cls(store, scene, at_once, nobody, withheld, effect(nobody, withheld))

    @classmethod
    def over(cls, store: str, found: Sequence[Comparison]) -> Self:
        """Return the mean of comparisons, each within its own scene."""
        return cls(
            store,
            "all of these",
            1,
            [each for one in found for each in one.nobody],
            [each for one in found for each in one.withheld],
            together([one.effect for one in found]),
        )

    @property
    def bound(self) -> float:
        """The largest effect that is allowed: the fewer times the questions of the bound make, the larger."""
        return size_that_takes(BOUND_QUESTIONS / self.at_once)

    @property
    def questions(self) -> float:
        """How many questions about one person tell, if the effect is as large as the interval allows."""
        return self.at_once * samples_to_tell(self.effect.most)

    @property
    def is_bound_kept(self) -> bool:
        """False if the effect is beyond the bound with 95 % confidence: chance does not fail a run."""
        return self.effect.least <= self.bound

    def as_json(self) -> dict[str, object]:
        """Return the figures; `questions` is null where no number of questions is enough."""
        return {
            "name": f"timing on {self.store}: {self.scene}",
            "nobody_p50_ms": median(self.nobody),
            "nobody_p95_ms": p95(self.nobody),
            "withheld_p50_ms": median(self.withheld),
            "withheld_p95_ms": p95(self.withheld),
            "pairs": len(self.nobody),
            "cliffs_delta": self.effect.delta,
            "interval": self.effect.interval,
            "bound": self.bound,
            "questions": None if math.isinf(self.questions) else math.ceil(self.questions),
            "is_bound_kept": self.is_bound_kept,
        }


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 % do not exceed."""
    return quantiles(values, n=20)[-1]


def table_of(comparisons: Sequence[Comparison]) -> Table:
    """Return the comparisons for people."""
    columns = ("store", "what is withheld", "pairs", "nobody p50, p95", "withheld p50, p95", "difference")
    further = ("Cliff's delta (95 %)", "bound", "questions to tell", "")
    table = Table(*columns, *further, box=None, title="Does the time of an answer tell? (milliseconds)")
    for one in comparisons:
        low, high = one.effect.interval
        table.add_row(
            one.store,
            one.scene,
            f"{len(one.nobody):,}",
            f"{median(one.nobody):.2f}, {p95(one.nobody):.1f}",
            f"{median(one.withheld):.2f}, {p95(one.withheld):.1f}",
            f"{median(one.withheld) - median(one.nobody):+.2f}",
            f"{one.effect.delta:+.3f} ({low:+.3f} to {high:+.3f})",
            f"{one.bound:.3f}",
            f"{one.questions:,.0f} or more",
            "" if one.is_bound_kept else "BEYOND THE BOUND",
        )
    return table
