"""What every store must do with a partner's merges, in whatever order they and the facts arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain import (
    Fact,
    FactMessage,
    HouseholdFacts,
    MergeFact,
    MessageId,
    Oin,
    Phase,
    Reference,
    Subject,
)
from gateway.index.ports import IndexStore, Saved
from tests.index.epochs_contract import family, forget
from tests.index.histories import histories, persons_in, renamed
from tests.support.facts import merge as raw_merge
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import (
    NOON,
    OIN_GGZ,
    OIN_VT,
    consent,
    household,
    involvement,
    merge,
    message,
    person,
)

TODAY = date(2026, 3, 2)
EARLIER, LATER, LAST = (NOON + timedelta(hours=hours) for hours in (-1, 1, 2))


async def save(store: IndexStore, *messages: FactMessage) -> list[Saved]:
    async with store.transaction() as tx:
        return [await tx.facts.save(item) for item in messages]


async def ask(store: IndexStore, subject: Subject) -> HouseholdFacts:
    async with store.transaction() as tx:
        return (await tx.facts.households([subject], on=TODAY))[subject]


async def involved(store: IndexStore, who: str, *epochs: int) -> set[Oin]:
    return {fact.partner for fact in (await ask(store, person(who, *epochs))).involvements}


async def whose(store: IndexStore, *names: str) -> dict[str, int]:
    """Return how many involvements count for each of these persons, those without one left out."""
    found = {name: len((await ask(store, person(name))).involvements) for name in names}
    return {name: number for name, number in found.items() if number}


def at(moment: datetime, fact: Fact, *, name: str | None = None) -> FactMessage:
    """Return the message of a fact that was recorded then; `name` orders those of one moment."""
    changes = {} if name is None else {"id": MessageId(fact.partner, name)}
    return message(fact, recorded_at=moment, **changes)


def undone(fact: MergeFact) -> MergeFact:
    return MergeFact(partner=fact.partner, reference=fact.reference, old=fact.old, new=fact.new, undone=True)


MERGE = merge(OIN_VT, "old", "new")


def _after(item: FactMessage) -> FactMessage:
    """Return the message a day later; a merge under a reference of its own."""
    fact = item.fact
    if isinstance(fact, MergeFact):
        fact = replace(fact, reference=Reference(f"later-{fact.reference}"))
    later = MessageId(fact.partner, f"later-{item.id.id}")
    return replace(item, id=later, fact=fact, recorded_at=item.recorded_at + timedelta(days=1))


class MergeContract:
    """Inherited by the tests of each store."""

    async def test_a_merge_moves_what_the_partner_said(self, store: IndexStore) -> None:
        """Involvements, consents and memberships; nothing of it is left under the old number."""
        agreed = consent(OIN_VT, "old", holder="ggz", asking="politie")
        await save(
            store,
            message(involvement(OIN_VT, "old")),
            message(agreed),
            message(household(OIN_VT, "old", "child")),
            at(LATER, MERGE),
        )
        now, before = await ask(store, person("new")), await ask(store, person("old"))
        assert [fact.subject for fact in now.involvements] == [person("new")]
        assert [fact.subject for fact in now.consents] == [person("new")]
        assert now.members == {person("new"), person("child")}
        assert (before.involvements, before.consents) == ((), ())
        assert before.members == {person("old")}
        assert (await ask(store, person("child"))).members == {person("new"), person("child")}

    async def test_a_merge_moves_nothing_of_another_partner(self, store: IndexStore) -> None:
        await save(
            store,
            message(involvement(OIN_VT, "old")),
            message(involvement(OIN_GGZ, "old")),
            message(household(OIN_GGZ, "old", "child")),
            at(LATER, MERGE),
        )
        assert await involved(store, "old") == {OIN_GGZ}
        assert await involved(store, "new") == {OIN_VT}
        assert (await ask(store, person("old"))).members == {person("old"), person("child")}

    async def test_what_was_recorded_before_goes_along_however_late_it_comes(self, store: IndexStore) -> None:
        """Nothing of the old person was known, as when its message was turned away and is replayed."""
        assert await save(store, at(NOON, MERGE)) == [Saved.CREATED]
        await save(store, at(EARLIER, involvement(OIN_VT, "old")))
        assert await whose(store, "old", "new") == {"new": 1}

    async def test_a_later_version_of_what_was_there_goes_along(self, store: IndexStore) -> None:
        """A system that updates the visit under the number it had."""
        visit = involvement(OIN_VT, "old")
        await save(store, at(EARLIER, visit), at(NOON, MERGE), at(LATER, visit))
        assert await whose(store, "old", "new") == {"new": 1}

    async def test_what_is_recorded_first_after_the_merge_is_taken_at_its_word(
        self, store: IndexStore
    ) -> None:
        """The number was somebody else's, who comes to the partner only now."""
        await save(store, at(NOON, MERGE), at(LATER, involvement(OIN_VT, "old")))
        assert await whose(store, "old", "new") == {"old": 1}

    async def test_an_older_version_shows_that_the_fact_was_there(self, store: IndexStore) -> None:
        visit = involvement(OIN_VT, "old")
        await save(store, at(NOON, MERGE), at(LATER, visit))
        assert await save(store, at(EARLIER, visit)) == [Saved.SUPERSEDED]
        assert await whose(store, "old", "new") == {"new": 1}

    async def test_an_undone_merge_puts_back_what_was_said_also_what_came_late(
        self, store: IndexStore
    ) -> None:
        await save(
            store,
            at(EARLIER, involvement(OIN_VT, "old")),
            at(EARLIER, involvement(OIN_VT, "new")),
            at(NOON, MERGE),
            at(EARLIER, involvement(OIN_VT, "old", reference=Reference("late"))),
            at(EARLIER, household(OIN_VT, "old", "child")),
        )
        assert await whose(store, "old", "new") == {"new": 3}
        assert await save(store, at(LATER, undone(MERGE))) == [Saved.UPDATED]
        assert await whose(store, "old", "new") == {"old": 2, "new": 1}
        assert (await ask(store, person("old"))).members == {person("old"), person("child")}
        assert (await ask(store, person("new"))).members == {person("new")}

    async def test_an_undone_merge_stays_undone_under_its_reference(self, store: IndexStore) -> None:
        await save(store, at(EARLIER, involvement(OIN_VT, "old")), at(NOON, MERGE), at(NOON, undone(MERGE)))
        assert await save(store, at(LATER, MERGE)) == [Saved.SUPERSEDED]
        assert await whose(store, "old", "new") == {"old": 1}
        another = merge(OIN_VT, "old", "new", reference=Reference("another"))
        assert await save(store, at(LATER, another)) == [Saved.CREATED]
        assert await whose(store, "old", "new") == {"new": 1}

    async def test_an_undo_that_comes_before_its_merge_holds(self, store: IndexStore) -> None:
        await save(store, at(EARLIER, involvement(OIN_VT, "old")), at(EARLIER, undone(MERGE)))
        assert await save(store, at(NOON, MERGE)) == [Saved.SUPERSEDED]
        assert await whose(store, "old", "new") == {"old": 1}

    async def test_a_later_version_of_a_merge_leaves_nothing_at_the_first_one(
        self, store: IndexStore
    ) -> None:
        wrong = merge(OIN_VT, "other", "new", reference=MERGE.reference)
        await save(
            store,
            at(EARLIER, involvement(OIN_VT, "old")),
            at(EARLIER, involvement(OIN_VT, "other")),
            at(NOON, wrong),
        )
        assert await whose(store, "old", "other", "new") == {"old": 1, "new": 1}
        await save(store, at(LATER, MERGE))
        assert await whose(store, "old", "other", "new") == {"other": 1, "new": 1}

    @pytest.mark.parametrize("order", list(permutations(range(4))))
    async def test_chains_are_followed_in_any_order_of_arrival(
        self, store: IndexStore, order: Sequence[int]
    ) -> None:
        told = [
            at(EARLIER, involvement(OIN_VT, "a")),
            at(EARLIER, involvement(OIN_VT, "b")),
            at(NOON, merge(OIN_VT, "a", "b")),
            at(LATER, merge(OIN_VT, "b", "c")),
        ]
        await save(store, *(told[number] for number in order))
        assert await whose(store, "a", "b", "c") == {"c": 2}
        await save(store, at(LAST, undone(merge(OIN_VT, "a", "b"))))
        assert await whose(store, "a", "b", "c") == {"a": 1, "c": 1}

    @pytest.mark.parametrize("order", list(permutations(range(4))))
    async def test_of_a_reversed_pair_the_last_one_said_decides(
        self, store: IndexStore, order: Sequence[int]
    ) -> None:
        told = [
            at(EARLIER, involvement(OIN_VT, "a")),
            at(EARLIER, involvement(OIN_VT, "b")),
            at(NOON, merge(OIN_VT, "a", "b"), name="1"),
            at(NOON, merge(OIN_VT, "b", "a"), name="2"),
        ]
        await save(store, *(told[number] for number in order))
        assert await whose(store, "a", "b") == {"a": 2}

    @pytest.mark.parametrize("first", range(3))
    async def test_a_circle_ends_with_the_last_one_said(self, store: IndexStore, first: int) -> None:
        steps = ["ab", "bc", "ca", "ab", "bc"][first : first + 3]
        told = [at(NOON, merge(OIN_VT, *step), name=f"{place}-{step}") for place, step in enumerate(steps)]
        await save(store, *(at(EARLIER, involvement(OIN_VT, name)) for name in "abc"))
        await save(store, *reversed(told))
        assert await whose(store, "a", "b", "c") == {steps[-1][1]: 3}

    async def test_a_merge_into_a_number_that_was_merged_away_before_is_taken_at_its_word(
        self, store: IndexStore
    ) -> None:
        """As with any fact: who is named after the merge is whoever has the number by then."""
        await save(store, *(at(EARLIER, involvement(OIN_VT, name)) for name in "ab"))
        await save(store, at(NOON, merge(OIN_VT, "b", "c")), at(LATER, merge(OIN_VT, "a", "b")))
        assert await whose(store, "a", "b", "c") == {"b": 1, "c": 1}

    async def test_a_corrected_number_is_not_moved_on_by_a_merge_of_the_wrong_one(
        self, store: IndexStore
    ) -> None:
        fact = involvement(OIN_VT, "wrong")
        corrected = involvement(OIN_VT, "right", reference=fact.reference)
        await save(store, at(EARLIER, fact), at(NOON, corrected), at(LATER, merge(OIN_VT, "wrong", "other")))
        assert await whose(store, "wrong", "right", "other") == {"right": 1}

    async def test_a_household_with_both_has_the_new_one_once(self, store: IndexStore) -> None:
        await save(store, at(EARLIER, household(OIN_VT, "old", "new", "child")), at(NOON, MERGE))
        assert (await ask(store, person("child"))).members == {person("new"), person("child")}

    async def test_an_ended_involvement_moves_and_stays_ended(self, store: IndexStore) -> None:
        ended = involvement(OIN_VT, "old", phase=Phase.ENDED, until=TODAY)
        await save(store, at(EARLIER, ended), at(NOON, MERGE))
        assert await whose(store, "old", "new") == {}

    async def test_a_merge_is_a_version_and_moves_the_position(self, store: IndexStore) -> None:
        async with store.transaction() as tx:
            before = await tx.facts.position()
        await save(store, at(NOON, MERGE))
        async with store.transaction() as tx:
            assert await tx.facts.position() == before + 1
            assert (await tx.facts.counts())["versions"] == 1

    async def test_a_person_moves_whole_where_the_two_have_other_epochs(self, store: IndexStore) -> None:
        """Merged under the first epoch, said again under the second: never the one's key beside the other's."""
        both, only_first = person("old", 1, 2), person("old", 1)
        first_only = merge(OIN_VT, "", "", old=only_first, new=person("new", 1, 2))
        await save(store, at(EARLIER, involvement(OIN_VT, "old", subject=both)), at(NOON, first_only))
        for epochs in ((1,), (2,), (1, 2)):
            [found] = (await ask(store, person("new", *epochs))).involvements
            assert found.subject == person("new", 1, 2)
            assert (await ask(store, person("old", *epochs))).involvements == ()

    async def test_a_person_merged_into_one_of_an_old_epoch_is_found_by_that_alone(
        self, store: IndexStore
    ) -> None:
        into_old = merge(OIN_VT, "", "", old=person("old", 1, 2), new=person("new", 1))
        fact = involvement(OIN_VT, "old", subject=person("old", 1, 2))
        await save(store, at(EARLIER, fact), at(NOON, into_old))
        assert await involved(store, "new", 1) == {OIN_VT}
        assert await involved(store, "old", 1, 2) == set()
        async with store.transaction() as tx:
            assert await tx.facts.newest_epochs(on=TODAY) == {OIN_VT: {1: 1}}

    async def test_a_forgotten_epoch_leaves_moved_what_was_moved(self, store: IndexStore) -> None:
        sides = {"old": person("old", 1, 2), "new": person("new", 1, 2)}
        visit = involvement(OIN_VT, "old", subject=person("old", 1, 2))
        await save(store, at(EARLIER, visit), at(NOON, merge(OIN_VT, "", "", **sides)))
        async with store.transaction() as tx:
            assert await tx.facts.forget_epochs(2, limit=100) > 0
        await save(store, at(LATER, involvement(OIN_VT, "old", subject=person("old", 2))))
        assert await involved(store, "new", 2) == {OIN_VT}
        assert await involved(store, "old", 2) == set()

    async def test_a_later_merge_leaves_what_one_of_a_forgotten_epoch_moved(self, store: IndexStore) -> None:
        """Of one member of a household only for whom it counts is known by then; the other one is merged."""
        told = family(person("old", 1), person("child", 1, 2))
        into_new = merge(OIN_VT, "", "", old=person("old", 1), new=person("new", 1, 2))
        await save(store, at(EARLIER, told), at(NOON, into_new))
        await forget(store, 2)
        corrected = {"old": person("child", 2), "new": person("boy", 2), "reference": Reference("second")}
        await save(store, at(LATER, merge(OIN_VT, "", "", **corrected)))
        for asked in (person("new", 2), person("boy", 2)):
            assert (await ask(store, asked)).members == {person("new", 2), person("boy", 2)}

    async def test_what_states_more_than_its_forgotten_merge_stays_moved_too(self, store: IndexStore) -> None:
        """The fact was said again under both epochs, its merge was not."""
        told = family(person("old", 1, 2), person("child", 1, 2))
        into_new = merge(OIN_VT, "", "", old=person("old", 1), new=person("new", 1, 2))
        await save(store, at(EARLIER, told), at(NOON, into_new))
        await forget(store, 2)
        corrected = {"old": person("child", 2), "new": person("boy", 2), "reference": Reference("second")}
        await save(store, at(LATER, merge(OIN_VT, "", "", **corrected)))
        assert (await ask(store, person("boy", 2))).members == {person("new", 2), person("boy", 2)}
        assert (await ask(store, person("old", 2))).members == {person("old", 2)}

    async def test_what_a_chain_moved_stays_when_a_link_of_it_is_forgotten(self, store: IndexStore) -> None:
        """Nothing of the fact itself is of the epoch that is over."""
        told = family(person("old", 2), person("child", 2))
        first = {"old": person("old", 1, 2), "new": person("middle", 1), "reference": Reference("first")}
        second = {"old": person("middle", 1), "new": person("new", 2), "reference": Reference("second")}
        await save(store, at(EARLIER, told))
        await save(
            store, at(NOON, merge(OIN_VT, "", "", **first)), at(LATER, merge(OIN_VT, "", "", **second))
        )
        await forget(store, 2)
        corrected = {"old": person("child", 2), "new": person("boy", 2), "reference": Reference("third")}
        await save(store, at(LAST, merge(OIN_VT, "", "", **corrected)))
        assert (await ask(store, person("boy", 2))).members == {person("new", 2), person("boy", 2)}

    @pytest.mark.parametrize("limit", [1, 2, 3])
    async def test_what_is_said_while_an_epoch_goes_changes_nothing_of_what_was_moved(
        self, store: IndexStore, limit: int
    ) -> None:
        told = family(person("old", 1), person("child", 1, 2))
        into_new = merge(OIN_VT, "", "", old=person("old", 1), new=person("new", 1, 2))
        await save(store, at(EARLIER, told), at(NOON, into_new))
        async with store.transaction() as tx:
            await tx.facts.forget_epochs(2, limit=limit)
        corrected = {"old": person("child", 2), "new": person("boy", 2), "reference": Reference("second")}
        await save(store, at(LATER, merge(OIN_VT, "", "", **corrected)))
        await forget(store, 2)
        assert (await ask(store, person("boy", 2))).members == {person("new", 2), person("boy", 2)}

    async def test_a_fact_whose_new_person_is_forgotten_counts_as_stated(self, store: IndexStore) -> None:
        """The merge was said under the first epoch alone, the fact again under both."""
        first_only = merge(OIN_VT, "", "", old=person("old", 1), new=person("new", 1))
        visit = involvement(OIN_VT, "old", subject=person("old", 1))
        again = involvement(OIN_VT, "old", subject=person("old", 1, 2))
        await save(store, at(EARLIER, visit), at(NOON, first_only), at(LATER, again))
        assert await involved(store, "new", 1) == {OIN_VT}
        await forget(store, 2)
        assert await involved(store, "old", 2) == {OIN_VT}

    async def test_a_merge_that_is_said_again_under_both_epochs_moves_the_person_whole(
        self, store: IndexStore
    ) -> None:
        """With what its partner knows: of the old number no more than the first epoch."""
        sides = {"old": person("old", 1), "new": person("new", 1)}
        visit = involvement(OIN_VT, "old", subject=person("old", 1))
        again = involvement(OIN_VT, "old", subject=person("old", 1, 2))
        said_again = merge(OIN_VT, "", "", **sides | {"new": person("new", 1, 2)})
        await save(store, at(EARLIER, visit), at(NOON, merge(OIN_VT, "", "", **sides), name="1"))
        await save(store, at(LATER, again), at(NOON, said_again, name="2"))
        for epochs in ((1,), (2,), (1, 2)):
            assert await involved(store, "new", *epochs) == {OIN_VT}
            assert await involved(store, "old", *epochs) == set()
        await forget(store, 2)
        assert await involved(store, "new", 2) == {OIN_VT}
        assert await involved(store, "old", 2) == set()

    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
            HealthCheck.too_slow,
        ],
    )
    @given(data=st.data())
    async def test_a_forgotten_epoch_between_two_histories_leaves_what_the_model_says(
        self, store: IndexStore, data: st.DataObject
    ) -> None:
        """Whatever the partners said before the end of an epoch and after it."""
        tag = uuid4().hex
        first = renamed(data.draw(histories()), tag=tag)
        second = renamed(data.draw(histories(epochs=st.just((2,)))), tag=tag)
        later = [_after(item) for item in second]
        model = FakeIndexStore()
        await save(model, *first)
        await save(store, *first)
        await forget(model, 2)
        await forget(store, 2)
        for now in ([], later):
            await save(model, *now)
            await save(store, *now)
            for named in sorted({each for item in (*first, *later) for each in persons_in(item.fact)}):
                assert await ask(store, named) == await ask(model, named)

    async def test_a_pseudonym_of_a_merge_that_is_not_sealed_is_never_kept(self, store: IndexStore) -> None:
        with pytest.raises(TypeError, match="sealed"):
            await save(store, message(raw_merge(OIN_VT, "old", "new")))
