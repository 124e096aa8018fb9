"""What every store must do for somebody with the *indicatie geheim* (BRP 70.10): nobody is found through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain import (
    Fact,
    HouseholdFact,
    HouseholdFacts,
    HouseholdMember,
    Oin,
    Reference,
    Subject,
)
from gateway.index.ports import IndexStore, Transaction
from tests.index.asking_contract import roll_back
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import (
    NOON,
    OIN_GGZ,
    OIN_POLITIE,
    OIN_VT,
    household,
    involvement,
    merge,
    message,
    person,
)

TODAY = date(2026, 3, 2)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
LATER = NOON + timedelta(hours=1)
PARTNERS = (OIN_VT, OIN_GGZ, OIN_POLITIE)
NAMES = ("anna", "bram", "child", "dirk")


async def save(store: IndexStore, *facts: Fact) -> None:
    async with store.transaction() as tx:
        await tx.facts.save_all([message(fact) for fact in facts])


async def save_later(store: IndexStore, fact: Fact) -> None:
    async with store.transaction() as tx:
        await tx.facts.save(message(fact, recorded_at=LATER))


async def ask(store: IndexStore, *subjects: Subject) -> Sequence[HouseholdFacts]:
    async with store.transaction() as tx:
        found = await tx.facts.households(subjects, on=TODAY)
    return [found[subject] for subject in subjects]


async def members(store: IndexStore, name: str) -> set[str]:
    """Return the names of those around a person, without the person."""
    [found] = await ask(store, person(name))
    others = {person(each): each for each in NAMES if each != name}
    return {others[each] for each in found.members - {person(name)}}


def family(partner: Oin, *who: Subject, suppressed: bool = False) -> HouseholdFact:
    """Return an assertion of persons under epochs of their own."""
    return household(partner, "family", members=tuple(map(_member, who)), suppressed=suppressed)


def _member(subject: Subject) -> HouseholdMember:
    return HouseholdMember(subject=subject)


@st.composite
def homes(draw: st.DrawFn, *, suppressed: st.SearchStrategy[bool]) -> list[HouseholdFact]:
    return [
        household(
            draw(st.sampled_from(PARTNERS)),
            *draw(st.sets(st.sampled_from(NAMES))),
            reference=Reference(f"home-{number}"),
            suppressed=draw(suppressed),
        )
        for number in range(draw(st.integers(0, 5)))
    ]


class SecrecyContract:
    """Inherited by the tests of each store."""

    async def test_another_partners_assertion_links_no_more_what_one_suppressed(
        self, store: IndexStore
    ) -> None:
        await save(
            store,
            household(OIN_VT, "anna", "bram", suppressed=True),
            household(OIN_GGZ, "anna", "bram"),
            household(OIN_GGZ, "anna", "child"),
        )
        assert [await members(store, name) for name in ("anna", "bram", "child")] == [set(), set(), set()]

    async def test_who_is_secret_is_found_by_own_facts_and_shows_nobody_elses(
        self, store: IndexStore
    ) -> None:
        own, others = involvement(OIN_GGZ, "anna"), involvement(OIN_VT, "bram")
        await save(
            store, own, others, household(OIN_GGZ, "anna", "bram"), household(OIN_VT, "anna", suppressed=True)
        )
        anna, bram = await ask(store, person("anna"), person("bram"))
        assert anna.involvements == (own,)
        assert bram.involvements == (others,)

    async def test_the_other_members_stay_linked_without_who_is_secret(self, store: IndexStore) -> None:
        await save(
            store,
            household(OIN_GGZ, "anna", "bram", "child"),
            household(OIN_VT, "anna", suppressed=True),
            involvement(OIN_POLITIE, "anna"),
        )
        assert await members(store, "bram") == {"child"}
        assert (await ask(store, person("bram")))[0].involvements == ()

    async def test_a_child_of_two_households_leaves_the_secret_one_alone(self, store: IndexStore) -> None:
        """The mother is at a secret address: who asks about the father does not come to her through the child."""
        await save(
            store,
            household(OIN_VT, "anna", suppressed=True),
            household(OIN_GGZ, "child", "anna"),
            household(OIN_GGZ, "child", "bram"),
        )
        assert await members(store, "child") == {"bram"}
        assert await members(store, "bram") == {"child"}
        assert await members(store, "anna") == set()

    async def test_a_secret_child_leads_from_neither_household_to_the_other(self, store: IndexStore) -> None:
        await save(
            store,
            household(OIN_VT, "child", "anna", suppressed=True),
            household(OIN_GGZ, "child", "anna"),
            household(OIN_POLITIE, "child", "bram", "dirk"),
        )
        assert await members(store, "child") == set()
        assert await members(store, "bram") == {"dirk"}

    async def test_a_review_links_again(self, store: IndexStore) -> None:
        """A later version without the suppression is the word of its partner that it was looked at."""
        await save(
            store, household(OIN_VT, "anna", "bram", suppressed=True), household(OIN_GGZ, "anna", "child")
        )
        await save_later(store, household(OIN_VT, "anna", "bram"))
        assert await members(store, "anna") == {"bram", "child"}

    async def test_a_suppressed_assertion_that_ended_links_again(self, store: IndexStore) -> None:
        first = household(OIN_VT, "anna", "bram", suppressed=True)
        await save(store, first, household(OIN_GGZ, "anna", "child"))
        await save_later(store, household(OIN_VT, members=(), reference=first.reference, suppressed=True))
        assert await members(store, "anna") == {"child"}

    async def test_as_long_as_one_suppressed_assertion_stands_nothing_links(self, store: IndexStore) -> None:
        await save(
            store,
            household(OIN_VT, "anna", suppressed=True),
            household(OIN_POLITIE, "anna", suppressed=True),
            household(OIN_GGZ, "anna", "child"),
        )
        await save_later(store, household(OIN_VT, "anna"))
        assert await members(store, "anna") == set()

    @pytest.mark.parametrize(
        ("period", "is_linked"),
        [
            ({"until": YESTERDAY}, True),
            ({"since": TOMORROW}, True),
            ({"since": TODAY, "until": TODAY}, False),
            ({}, False),
        ],
        ids=["over", "not begun", "today", "always"],
    )
    async def test_a_member_is_secret_within_its_own_period(
        self, store: IndexStore, period: dict[str, Any], is_linked: bool
    ) -> None:
        secret = (HouseholdMember(subject=person("anna"), **period),)
        await save(
            store,
            household(OIN_VT, "anna", members=secret, suppressed=True),
            household(OIN_GGZ, "anna", "child"),
        )
        assert await members(store, "anna") == ({"child"} if is_linked else set())
        assert await members(store, "child") == ({"anna"} if is_linked else set())

    @pytest.mark.parametrize("secret", [(1,), (2,), (1, 2)], ids=str)
    @pytest.mark.parametrize("asked", [(1,), (2,), (1, 2)], ids=str)
    async def test_secrecy_holds_under_either_epoch_of_an_overlap(
        self, store: IndexStore, secret: tuple[int, ...], asked: tuple[int, ...]
    ) -> None:
        await save(
            store,
            family(OIN_VT, person("anna", *secret), suppressed=True),
            family(OIN_GGZ, person("anna", 1, 2), person("child", 1, 2)),
        )
        anna, child = await ask(store, person("anna", *asked), person("child", *asked))
        assert anna.members == {person("anna", *asked)}
        assert not [each for each in child.members if each.overlaps(person("anna", 1, 2))]

    async def test_who_is_secret_stays_so_after_a_merge_of_the_partner_that_said_so(
        self, store: IndexStore
    ) -> None:
        await save(
            store,
            household(OIN_VT, "dirk", suppressed=True),
            merge(OIN_VT, "dirk", "anna"),
            household(OIN_GGZ, "anna", "child"),
            household(OIN_GGZ, "dirk", "bram"),
        )
        assert await members(store, "child") == set()
        assert await members(store, "bram") == {"dirk"}

    async def test_own_ties_do_not_move_with_what_somebody_else_suppresses(self, store: IndexStore) -> None:
        """What is left of the misses can be tried out: it must not tell that another partner calls somebody secret."""
        await save(store, involvement(OIN_GGZ, "bram"), household(OIN_GGZ, "anna", "bram"))
        asked = [(OIN_GGZ, person(name)) for name in NAMES]
        async with store.transaction() as tx:
            before = await tx.facts.ties(asked, on=TODAY)
        await save(store, household(OIN_VT, "anna", "bram", suppressed=True))
        async with store.transaction() as tx:
            assert await tx.facts.ties(asked, on=TODAY) == before
        assert (OIN_GGZ, person("anna")) in before

    @settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
        deadline=None,
        max_examples=25,
    )
    @given(some=homes(suppressed=st.booleans()), more=homes(suppressed=st.just(True)))
    async def test_one_more_suppressed_assertion_never_links_more(
        self, store: IndexStore, some: list[HouseholdFact], more: list[HouseholdFact]
    ) -> None:
        """And every store agrees with the plain one. Each example is a transaction of which nothing stays."""
        more = [replace(fact, reference=Reference(f"more-{fact.reference}")) for fact in more]

        async def tell(tx: Transaction) -> Sequence[Mapping[Subject, HouseholdFacts]]:
            asked, told = [person(name) for name in NAMES], []
            for batch in (some, more):
                await tx.facts.save_all([message(fact) for fact in batch])
                told.append(await tx.facts.households(asked, on=TODAY))
            return told

        async def compare(tx: Transaction) -> None:
            async with FakeIndexStore().transaction() as plain:
                before, after = await tell(tx)
                assert [before, after] == await tell(plain)
            assert all(after[each].members <= before[each].members for each in before)

        await roll_back(store, compare)
