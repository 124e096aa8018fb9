"""What explains evaluations, and from where on a partner stands out."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import Oin
from gateway.settings import WatchSettings
from gateway.watching.judging import judge
from gateway.watching.model import Evaluated, Finding, WatchTerms
from tests.support.facts import OIN_GGZ, OIN_POLITIE, OIN_VT

numbers = st.integers(0, 10**6)
TERMS = WatchTerms(**WatchSettings().model_dump(include={"factor", "floor"}))


def finding(
    *counts: int | tuple[int, int], registered: int = 0, asked: int = 0, terms: WatchTerms = TERMS
) -> Finding:
    """Judge one partner; a count is of the first epoch, or a pair of epoch and count."""
    rows = [
        Evaluated(partner=OIN_VT, epoch=each[0], count=each[1])
        if isinstance(each, tuple)
        else Evaluated(partner=OIN_VT, epoch=1, count=each)
        for each in counts
    ]
    [found] = judge(rows, {OIN_VT: registered}, {OIN_VT: asked}, terms)
    return found


def test_an_honest_load_of_100000_persons_twice_a_night_does_not_ring() -> None:
    nightly = [1000] * 200
    assert not finding(*nightly, registered=100_000).rings


def test_nor_does_it_in_an_overlap_where_everybody_is_evaluated_under_two_epochs() -> None:
    nightly = [(epoch, 1000) for epoch in (1, 2) for _ in range(200)]
    found = finding(*nightly, registered=100_000)
    assert found.evaluated == 200_000
    assert not found.rings


@pytest.mark.parametrize(("registered", "asked"), [(0, 0), (40, 0), (0, 25), (300, 300)])
def test_a_partner_that_evaluates_5000_numbers_and_registers_and_asks_hardly_any_rings(
    registered: int, asked: int
) -> None:
    assert finding(5000, registered=registered, asked=asked).rings


def test_a_partner_that_only_asks_does_not_ring() -> None:
    assert not finding(20_000, asked=20_000).rings


def test_the_edge_belongs_to_what_is_explained() -> None:
    terms = WatchTerms(factor=2.5, floor=10)
    assert finding(35, registered=7, asked=3, terms=terms).explained == 35
    assert not finding(35, registered=7, asked=3, terms=terms).rings
    assert finding(36, registered=7, asked=3, terms=terms).rings


def test_every_partner_that_occurs_anywhere_is_told_of_in_the_order_of_oins() -> None:
    found = judge([Evaluated(partner=OIN_POLITIE, epoch=1, count=2000)], {OIN_GGZ: 5}, {OIN_VT: 3}, TERMS)
    assert [(each.partner, each.evaluated, each.registered, each.asked) for each in found] == [
        (OIN_VT, 0, 0, 3),
        (OIN_GGZ, 0, 5, 0),
        (OIN_POLITIE, 2000, 0, 0),
    ]
    assert [each.rings for each in found] == [False, False, True]


@given(numbers, numbers, numbers, numbers)
def test_more_registrations_or_questions_never_make_an_alarm(
    evaluated: int, registered: int, asked: int, more: int
) -> None:
    if not finding(evaluated, registered=registered, asked=asked).rings:
        assert not finding(evaluated, registered=registered + more, asked=asked).rings
        assert not finding(evaluated, registered=registered, asked=asked + more).rings


@given(st.dictionaries(st.sampled_from([OIN_VT, OIN_GGZ]), numbers), numbers)
def test_one_partner_does_not_explain_another(registered: Mapping[Oin, int], evaluated: int) -> None:
    rows = [Evaluated(partner=OIN_POLITIE, epoch=1, count=evaluated)]
    alone, beside = judge(rows, {}, {}, TERMS), judge(rows, registered, {}, TERMS)
    assert [each for each in beside if each.partner == OIN_POLITIE] == list(alone)


@pytest.mark.parametrize("terms", [{"factor": 0.5, "floor": 10}, {"factor": 2, "floor": -1}])
def test_terms_under_which_what_is_explained_rings_cannot_be_made(terms: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="explained"):
        WatchTerms(**terms)  # type: ignore[arg-type]
