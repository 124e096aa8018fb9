"""The statistics of the timing bench: known values, the definition itself, and what the interval is worth."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.comparison import BOUND_QUESTIONS, Comparison
from tests.bench.telling_apart import Effect, effect, samples_to_tell, size_that_takes, together

_samples = st.lists(st.integers(0, 6).map(float), min_size=2, max_size=12)


def test_samples_without_a_common_range_are_told_apart_by_one_value() -> None:
    assert effect([1.0, 2.0, 3.0], [7.0, 8.0]).delta == 1
    assert effect([7.0, 8.0], [1.0, 2.0, 3.0]).delta == -1


def test_equal_samples_have_no_effect() -> None:
    assert effect([1.0, 2.0, 2.0, 3.0], [1.0, 2.0, 2.0, 3.0]).delta == 0


@given(_samples, _samples)
def test_delta_and_variance_are_those_of_the_definition_over_all_pairs(
    one: list[float], other: list[float]
) -> None:
    n, m = len(one), len(other)
    sign = [[(y > x) - (y < x) for y in other] for x in one]
    delta = sum(map(sum, sign)) / (n * m)
    rows = sum((sum(row) / m - delta) ** 2 for row in sign) * m**2
    columns = sum((sum(row[j] for row in sign) / n - delta) ** 2 for j in range(m)) * n**2
    pairs = sum((each - delta) ** 2 for row in sign for each in row)
    variance = (rows + columns - pairs) / (n * m * (n - 1) * (m - 1))
    found = effect(one, other)
    assert found.delta == pytest.approx(delta)
    assert found.error**2 == pytest.approx(max(variance, (1 - delta**2) / (n * m - 1)), abs=1e-12)


@given(_samples, _samples)
def test_exchanging_the_samples_turns_the_sign_and_nothing_else(one: list[float], other: list[float]) -> None:
    forth, back = effect(one, other), effect(other, one)
    assert forth.delta == pytest.approx(-back.delta)
    assert forth.error == pytest.approx(back.error)


def test_the_interval_holds_the_true_value_in_about_nineteen_of_twenty_runs() -> None:
    source = Random(7)
    runs = [
        effect([source.random() for _ in range(80)], [source.random() for _ in range(80)]) for _ in range(400)
    ]
    held = sum(each.interval[0] <= 0 <= each.interval[1] for each in runs)
    assert 0.92 <= held / len(runs) <= 0.98


def test_the_least_size_is_nothing_as_long_as_the_interval_holds_nothing() -> None:
    assert Effect(0.01, 0.02).least == 0
    assert Effect(-0.3, 0.01).least == pytest.approx(0.2804, abs=1e-4)
    assert Effect(-0.3, 0.01).most == pytest.approx(0.3196, abs=1e-4)


def test_several_comparisons_together_are_surer_than_each() -> None:
    both = together([Effect(0.1, 0.03), Effect(0.3, 0.04)])
    assert both.delta == pytest.approx(0.2)
    assert both.error == pytest.approx(0.025)


@pytest.mark.parametrize("size", [1.0, 0.3, 0.05])
def test_size_and_number_of_samples_are_each_others_inverse(size: float) -> None:
    assert size_that_takes(samples_to_tell(size)) == pytest.approx(size)


def test_without_an_effect_no_number_of_questions_is_enough() -> None:
    assert samples_to_tell(0.0) == math.inf


def test_so_many_samples_do_tell_in_nineteen_of_twenty_tries() -> None:
    """The formula, tried: a shift of normal times, the mean rank against what nobody's times would give."""
    source, shift = Random(11), 0.5
    known = sorted(source.gauss(0, 1) for _ in range(4000))
    size = effect(known, [source.gauss(shift, 1) for _ in range(4000)]).delta
    number = math.ceil(samples_to_tell(size))
    told = 0
    for _ in range(300):
        sample = [source.gauss(shift, 1) for _ in range(number)]
        # Wrong once in twenty about nobody: as high a mean rank as only one in twenty samples of nobody has.
        told += effect(known, sample).delta > 1.645 / math.sqrt(3 * number)
    assert 0.9 <= told / 300 <= 0.99


def times(shift: float, *, number: int = 2000) -> list[float]:
    """Return milliseconds of a busy server, so much longer than another's."""
    source = Random(3)
    return [shift + 12 + source.expovariate(0.3) for _ in range(number)]


def test_equal_times_keep_the_bound_and_a_shift_of_the_median_breaks_it() -> None:
    assert Comparison.of("SQLite", "shielded", times(0), times(0)[::-1]).is_bound_kept
    assert not Comparison.of("SQLite", "shielded", times(0), times(0.5)).is_bound_kept


def test_chance_does_not_break_the_bound() -> None:
    few = Comparison.of("SQLite", "shielded", times(0, number=20), times(0.5, number=20))
    assert few.effect.delta > few.bound
    assert few.is_bound_kept


def test_an_effect_at_the_bound_takes_the_questions_of_the_bound() -> None:
    alone = Comparison.of("SQLite", "shielded", times(0), times(0))
    assert samples_to_tell(alone.bound) == pytest.approx(BOUND_QUESTIONS)
    together_16 = Comparison.of("SQLite", "shielded", times(0), times(0), at_once=16)
    assert 16 * samples_to_tell(together_16.bound) == pytest.approx(BOUND_QUESTIONS)


def test_the_mean_is_taken_within_scenes_and_not_between_them() -> None:
    """A scene that takes long on both sides is no effect, however many questions it has."""
    slow = Comparison.of("SQLite", "own", times(100), times(100))
    fast = Comparison.of("SQLite", "stranger", times(0), times(0))
    assert Comparison.over("SQLite", [slow, fast]).effect.delta == pytest.approx(0)
