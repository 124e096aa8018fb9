"""What every store must do while one epoch of the pseudonym key takes over from another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain import (
    Fact,
    HouseholdFact,
    HouseholdFacts,
    HouseholdMember,
    Oin,
    Phase,
    Reference,
    Subject,
)
from gateway.index.ports import IndexStore
from tests.support.facts import involvement as raw_involvement
from tests.support.sealed import NOON, OIN_GGZ, OIN_POLITIE, OIN_VT, consent, involvement, message, person

TODAY = date(2026, 3, 2)
EPOCHS = st.sampled_from([(1,), (1, 2), (2,)])
ONCE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    deadline=None,
    max_examples=40,
)


async def save(store: IndexStore, *facts: Fact) -> None:
    async with store.transaction() as tx:
        await tx.facts.save_all([message(fact) for fact in facts])


async def ask(store: IndexStore, subject: Subject) -> HouseholdFacts:
    async with store.transaction() as tx:
        return (await tx.facts.households([subject], on=TODAY))[subject]


async def forget(store: IndexStore, before: int) -> None:
    while True:
        async with store.transaction() as tx:
            if not await tx.facts.forget_epochs(before, limit=2):
                return


async def newest(store: IndexStore) -> Mapping[Oin, Mapping[int, int]]:
    async with store.transaction() as tx:
        return await tx.facts.newest_epochs(on=TODAY)


def family(*who: Subject, reference: str = "family") -> HouseholdFact:
    members = tuple(HouseholdMember(subject=subject) for subject in who)
    return HouseholdFact(partner=OIN_VT, reference=Reference(reference), members=members)


def references(found: HouseholdFacts) -> set[str]:
    return {fact.reference for fact in found.involvements}


class EpochContract:
    """Inherited by the tests of each store."""

    async def test_a_pseudonym_that_is_not_sealed_is_never_kept(self, store: IndexStore) -> None:
        with pytest.raises(TypeError, match="sealed"):
            await save(store, raw_involvement(OIN_VT, "anna"))
        async with store.transaction() as tx:
            assert (await tx.facts.counts())["versions"] == 0

    async def test_a_person_is_found_under_either_epoch(self, store: IndexStore) -> None:
        await save(store, involvement(OIN_VT, "anna", subject=person("anna", 1, 2)))
        for asked in (person("anna", 1), person("anna", 2), person("anna", 1, 2)):
            [found] = (await ask(store, asked)).involvements
            assert found.subject == person("anna", 1, 2)

    async def test_the_same_number_under_another_epoch_is_another_person(self, store: IndexStore) -> None:
        await save(store, involvement(OIN_VT, "anna", subject=person("anna", 1)))
        assert (await ask(store, person("anna", 2))).involvements == ()

    @ONCE
    @given(data=st.data())
    async def test_nobody_is_lost_in_an_overlap(self, store: IndexStore, data: st.DataObject) -> None:
        """Partners change over one by one; who asks under both epochs sees what it saw before, whoever is ahead."""
        epochs = {name: data.draw(EPOCHS.filter(lambda drawn: drawn != (2,))) for name in "abcdef"}
        await save(
            store,
            involvement(OIN_VT, "anna", subject=person("anna", *epochs["a"])),
            involvement(OIN_GGZ, "bram", subject=person("bram", *epochs["b"])),
            consent(OIN_GGZ, "bram", holder="ggz", asking="politie", subject=person("bram", *epochs["c"])),
            involvement(OIN_POLITIE, "carla", subject=person("carla", *epochs["d"])),
            family(*(person(name, *epochs["e"]) for name in ("anna", "bram"))),
            family(*(person(name, *epochs["f"]) for name in ("anna", "carla")), reference="other-family"),
        )
        found = await ask(store, person("anna", 1, 2))
        assert {fact.partner for fact in found.involvements} == {OIN_VT, OIN_GGZ, OIN_POLITIE}
        assert len(found.consents) == 1

    async def test_one_persons_household_is_not_anothers(self, store: IndexStore) -> None:
        await save(
            store,
            family(person("anna", 1, 2), person("bram", 1, 2)),
            involvement(OIN_GGZ, "carla", subject=person("carla", 1, 2)),
        )
        assert (await ask(store, person("anna", 1, 2))).involvements == ()
        assert (await ask(store, person("carla", 1, 2))).members == {person("carla", 1, 2)}

    async def test_a_wrong_pair_of_one_partner_joins_nothing_of_the_others(self, store: IndexStore) -> None:
        """A partner that names two persons as one spoils its own fact; it does not make them one."""
        wrong = Subject(*person("anna", 1).pseudonyms, *person("bram", 2).pseudonyms)
        await save(
            store,
            involvement(OIN_VT, "x", subject=wrong),
            involvement(OIN_GGZ, "bram", subject=person("bram", 1, 2)),
            involvement(OIN_POLITIE, "anna", subject=person("anna", 1, 2)),
        )
        found = await ask(store, person("anna", 1, 2))
        assert {fact.partner for fact in found.involvements} == {OIN_POLITIE}

    async def test_a_question_that_pairs_two_persons_is_about_neither(self, store: IndexStore) -> None:
        """Else an own involvement with the one would open the other."""
        await save(
            store,
            involvement(OIN_VT, "anna", subject=person("anna", 1, 2)),
            involvement(OIN_GGZ, "bram", subject=person("bram", 1, 2)),
            family(person("anna", 1, 2), person("carla", 1, 2)),
            consent(OIN_GGZ, "bram", holder="ggz", asking="politie", subject=person("bram", 1, 2)),
        )
        pair = Subject(*person("anna", 1).pseudonyms, *person("bram", 2).pseudonyms)
        found = await ask(store, pair)
        assert (found.involvements, found.consents) == ((), ())
        assert found.members == {pair}

    async def test_the_old_rows_go_and_the_new_ones_stay(self, store: IndexStore) -> None:
        both, old = person("anna", 1, 2), person("bram", 1)
        await save(
            store,
            involvement(OIN_VT, "anna", subject=both),
            involvement(OIN_VT, "bram", subject=old),
            consent(OIN_GGZ, "bram", holder="ggz", asking="politie", subject=old),
            family(both, old),
            family(old, reference="left-behind"),
        )
        await forget(store, 2)
        kept = await ask(store, person("anna", 2))
        assert [fact.subject for fact in kept.involvements] == [person("anna", 2)]
        assert kept.members == {person("anna", 2)}
        gone = await ask(store, person("bram", 1))
        assert (gone.involvements, gone.consents) == ((), ())
        assert gone.members == {person("bram", 1)}
        async with store.transaction() as tx:
            counts = await tx.facts.counts()
        assert (counts["involvements"], counts["consents"], counts["households"]) == (1, 0, 1)

    async def test_forgetting_again_finds_nothing(self, store: IndexStore) -> None:
        await save(store, *(involvement(OIN_VT, f"p{number}", subject=person("p", 1)) for number in range(5)))
        await forget(store, 2)
        async with store.transaction() as tx:
            assert await tx.facts.forget_epochs(2, limit=100) == 0
            assert (await tx.facts.counts())["versions"] == 0

    async def test_who_is_left_behind_shows_by_partner(self, store: IndexStore) -> None:
        await save(
            store,
            involvement(OIN_VT, "anna", subject=person("anna", 1, 2)),
            involvement(OIN_VT, "bram", subject=person("bram", 1)),
            involvement(OIN_VT, "carla", subject=person("carla", 1), phase=Phase.ENDED, until=TODAY),
            involvement(OIN_VT, "dirk", subject=person("dirk", 1), until=TODAY - timedelta(days=1)),
            consent(
                OIN_GGZ,
                "eva",
                holder="ggz",
                asking="politie",
                subject=person("eva", 1),
                until=TODAY - timedelta(days=1),
            ),
            consent(OIN_GGZ, "bram", holder="ggz", asking="politie", subject=person("bram", 1)),
            family(person("anna", 1, 2), person("bram", 1)),
        )
        assert await newest(store) == {OIN_VT: {1: 2, 2: 2}, OIN_GGZ: {1: 1}}

    async def test_a_fact_said_again_under_the_new_epoch_is_left_behind_no_more(
        self, store: IndexStore
    ) -> None:
        fact = involvement(OIN_VT, "anna", subject=person("anna", 1))
        await save(store, fact)
        assert await newest(store) == {OIN_VT: {1: 1}}
        again = involvement(OIN_VT, "anna", subject=person("anna", 1, 2))
        async with store.transaction() as tx:
            await tx.facts.save(message(again, recorded_at=NOON + timedelta(hours=1)))
        assert await newest(store) == {OIN_VT: {2: 1}}
