"""How well two samples can be told apart: Cliff's delta, its interval, and how many questions it takes to be sure.

Cliff's delta is the chance that a value of the second sample is above one of the first, less the chance that it is
below: 0 where they cannot be told apart, 1 or -1 where one value is enough. It asks nothing of how times are
distributed, and no monotonic change of scale changes it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

CONFIDENCE = 0.95
_Z_TWO_SIDED = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
_Z_ONE_SIDED = NormalDist().inv_cdf(CONFIDENCE)


@dataclass(frozen=True, slots=True)
class Effect:
    """Cliff's delta and its standard error."""

    delta: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true value is, with 95 % confidence."""
        half = _Z_TWO_SIDED * self.error
        return max(-1.0, self.delta - half), min(1.0, self.delta + half)

    @property
    def least(self) -> float:
        """The smallest size that the interval holds: 0 where it holds 0."""
        low, high = self.interval
        return max(0.0, low, -high)

    @property
    def most(self) -> float:
        """The largest size that the interval holds."""
        return max(abs(end) for end in self.interval)


def effect(one: Sequence[float], other: Sequence[float]) -> Effect:
    """Return Cliff's delta of `other` over `one`, with the consistent estimate of its variance.

    Cliff, "Dominance statistics" (Psychological Bulletin 114, 1993), with every sum over pairs taken by ranks.
    Both need two values at least.
    """
    below, above = _standing(one, other), _standing(other, one)
    n, m = len(one), len(other)
    delta = fmean(above)
    # The sum of (dominance - delta)² over all pairs; of a tie the dominance is 0.
    squares = n * m - _ties(one, other) - n * m * delta**2
    # What stands in `below` are the same pairs, seen from the other side.
    spread = m**2 * sum((-each - delta) ** 2 for each in below)
    spread += n**2 * sum((each - delta) ** 2 for each in above)
    variance = (spread - squares) / (n * m * (n - 1) * (m - 1))
    # The estimate can fall below what the sampling of so many pairs leaves in any case.
    floor = (1 - delta**2) / (n * m - 1)
    return Effect(delta, math.sqrt(max(variance, floor)))


def together(effects: Sequence[Effect]) -> Effect:
    """Return the mean effect of independent comparisons."""
    error = math.sqrt(sum(each.error**2 for each in effects)) / len(effects)
    return Effect(fmean(each.delta for each in effects), error)


def samples_to_tell(size: float) -> float:
    """Return how many samples of somebody tell them apart from a known distribution, wrong once in twenty either way.

    The rank-sum test with all it compares with known beforehand (Noether, "Sample size determination for some common
    nonparametric tests", JASA 82, 1987): (z + z)² / (12 (p - 1/2)²), where p = (1 + delta) / 2.
    """
    return math.inf if size == 0 else (2 * _Z_ONE_SIDED) ** 2 / (3 * size**2)


def size_that_takes(samples: float) -> float:
    """Return the size of an effect with which so many samples tell; the inverse of `samples_to_tell`."""
    return 2 * _Z_ONE_SIDED / math.sqrt(3 * samples)


def _standing(values: Sequence[float], among: Sequence[float]) -> list[float]:
    """Return for each value how far it stands above the others: -1 below all of them, 1 above all."""
    ordered = sorted(among)
    size = len(ordered)
    return [(bisect_left(ordered, each) - (size - bisect_right(ordered, each))) / size for each in values]


def _ties(one: Sequence[float], other: Sequence[float]) -> int:
    ordered = sorted(other)
    return sum(bisect_right(ordered, each) - bisect_left(ordered, each) for each in one)
