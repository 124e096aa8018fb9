"""For whom a fact counts after merges, as a pure function of what was said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import Pseudonym, Subject
from gateway.index import merging
from gateway.index.merging import Merges, StandingMerge
from tests.support.sealed import NOON, person

PERSONS = {name: person(name) for name in "abcd"}
TIMES = st.integers(0, 4).map(lambda minutes: NOON + timedelta(minutes=minutes))


EPOCHS = st.sampled_from([(1,), (2,), (3,), (1, 2), (2, 3), (1, 3)])
FIRST = st.just((1,))


@st.composite
def merges(draw: st.DrawFn, epochs: st.SearchStrategy[tuple[int, ...]] = FIRST) -> list[StandingMerge]:
    found = []
    for number in range(draw(st.integers(0, 8))):
        old, new = draw(st.permutations("abcd"))[:2]
        order = (draw(TIMES), str(number))
        sides = {"old": person(old, *draw(epochs)), "new": person(new, *draw(epochs))}
        found.append(StandingMerge(**sides, order=order))
    return found


@st.composite
def pairs(draw: st.DrawFn) -> Subject:
    """Anybody under one epoch or two, a wrong pair of two persons among them."""
    return Subject(*(person(draw(st.sampled_from("abcd")), epoch).pseudonyms[0] for epoch in draw(EPOCHS)))


def told_one_by_one(stated: Subject, moment: datetime, said: Sequence[StandingMerge]) -> Subject:
    """What is meant, told the plain way: every merge in its turn."""
    person = stated
    for merge in sorted(said, key=lambda merge: merge.order):
        if merge.order[0] >= moment and merge.old.is_same_person(person):
            person = merge.new
    return person


@given(merges(EPOCHS), pairs(), TIMES)
def test_it_is_what_going_through_the_merges_one_by_one_finds(
    said: list[StandingMerge], stated: Subject, moment: datetime
) -> None:
    found = Merges(said).counts_as(stated, recorded_at=moment)
    assert found == told_one_by_one(stated, moment, said)


@pytest.mark.parametrize("other", ["same", "another"])
def test_thousands_of_merges_of_one_person_are_looked_at_once(
    other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand persons of a batch after a thousand merges take no comparison for each pair of them."""
    second = "a" if other == "same" else "z"
    old = Subject(*person("a", 1).pseudonyms, *person(second, 2).pseudonyms)
    said = Merges(
        StandingMerge(old=old, new=person(f"n{number}"), order=(NOON, str(number))) for number in range(1000)
    )
    looked_at = 0
    plain = merging._under

    def counting(person: Subject, epochs: frozenset[int]) -> frozenset[Pseudonym]:
        nonlocal looked_at
        looked_at += 1
        return plain(person, epochs)

    monkeypatch.setattr(merging, "_under", counting)
    for _ in range(1000):
        said.counts_as(person("a", 1, 2), recorded_at=NOON)
    assert looked_at <= 3000


ANYBODY = st.sampled_from(sorted(PERSONS.values()))


@given(merges(), ANYBODY, TIMES, st.randoms())
def test_it_does_not_matter_in_which_order_the_merges_are_known(
    said: list[StandingMerge], stated: Subject, moment: datetime, shuffler: object
) -> None:
    found = Merges(said).counts_as(stated, recorded_at=moment)
    assert Merges(said[::-1]).counts_as(stated, recorded_at=moment) == found
    shuffled = said.copy()
    shuffler.shuffle(shuffled)  # type: ignore[attr-defined]
    assert Merges(shuffled).counts_as(stated, recorded_at=moment) == found


@given(merges(), ANYBODY, TIMES)
def test_a_fact_counts_for_whom_its_partner_named_or_for_whom_it_merged_into(
    said: list[StandingMerge], stated: Subject, moment: datetime
) -> None:
    found = Merges(said).counts_as(stated, recorded_at=moment)
    assert found == stated or found in {merge.new for merge in said if merge.order[0] >= moment}


@given(merges(), ANYBODY, TIMES)
def test_the_last_merge_leaves_nothing_with_its_old_person(
    said: list[StandingMerge], stated: Subject, moment: datetime
) -> None:
    """Of whatever was there by then."""
    if said:
        last = max(said, key=lambda merge: merge.order)
        if last.order[0] >= moment:
            assert Merges(said).counts_as(stated, recorded_at=moment) != last.old


@given(merges(), ANYBODY)
def test_what_is_recorded_after_every_merge_stays_where_it_was_said(
    said: list[StandingMerge], stated: Subject
) -> None:
    assert Merges(said).counts_as(stated, recorded_at=NOON + timedelta(days=1)) == stated


def test_persons_who_share_an_epoch_are_the_same_and_move_whole() -> None:
    merge = StandingMerge(old=person("a", 1), new=person("b", 1, 2), order=(NOON, "m"))
    assert Merges([merge]).counts_as(person("a", 1, 2), recorded_at=NOON) == person("b", 1, 2)
    assert Merges([merge]).counts_as(person("a", 2), recorded_at=NOON) == person("a", 2)
