"""For whom a fact counts after merges, as a pure function of what was said."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import Subject
from gateway.index.merging import StandingMerge, counts_as
from tests.support.sealed import NOON, person

PERSONS = {name: person(name) for name in "abcd"}
TIMES = st.integers(0, 4).map(lambda minutes: NOON + timedelta(minutes=minutes))


@st.composite
def merges(draw: st.DrawFn) -> list[StandingMerge]:
    found = []
    for number in range(draw(st.integers(0, 8))):
        old, new = draw(st.permutations(sorted(PERSONS)))[:2]
        order = (draw(TIMES), str(number))
        found.append(StandingMerge(old=PERSONS[old], new=PERSONS[new], order=order))
    return found


ANYBODY = st.sampled_from(sorted(PERSONS.values()))


@given(merges(), ANYBODY, TIMES, st.randoms())
def test_it_does_not_matter_in_which_order_the_merges_are_known(
    said: list[StandingMerge], stated: Subject, moment: datetime, shuffler: object
) -> None:
    found = counts_as(stated, recorded_at=moment, merges=said)
    assert counts_as(stated, recorded_at=moment, merges=said[::-1]) == found
    shuffled = said.copy()
    shuffler.shuffle(shuffled)  # type: ignore[attr-defined]
    assert counts_as(stated, recorded_at=moment, merges=shuffled) == found


@given(merges(), ANYBODY, TIMES)
def test_a_fact_counts_for_whom_its_partner_named_or_for_whom_it_merged_into(
    said: list[StandingMerge], stated: Subject, moment: datetime
) -> None:
    found = counts_as(stated, recorded_at=moment, merges=said)
    assert found == stated or found in {merge.new for merge in said if merge.order[0] >= moment}


@given(merges(), ANYBODY, TIMES)
def test_the_last_merge_leaves_nothing_with_its_old_person(
    said: list[StandingMerge], stated: Subject, moment: datetime
) -> None:
    """Of whatever was there by then."""
    if said:
        last = max(said, key=lambda merge: merge.order)
        if last.order[0] >= moment:
            assert counts_as(stated, recorded_at=moment, merges=said) != last.old


@given(merges(), ANYBODY)
def test_what_is_recorded_after_every_merge_stays_where_it_was_said(
    said: list[StandingMerge], stated: Subject
) -> None:
    assert counts_as(stated, recorded_at=NOON + timedelta(days=1), merges=said) == stated


def test_persons_who_share_an_epoch_are_the_same_and_move_whole() -> None:
    merge = StandingMerge(old=person("a", 1), new=person("b", 1, 2), order=(NOON, "m"))
    assert counts_as(person("a", 1, 2), recorded_at=NOON, merges=[merge]) == person("b", 1, 2)
    assert counts_as(person("a", 2), recorded_at=NOON, merges=[merge]) == person("a", 2)
