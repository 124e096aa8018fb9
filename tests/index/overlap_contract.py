"""What every store must do with what withholds, while a person has two pseudonyms and a fact may lack one of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Fact,
    HouseholdFact,
    HouseholdFacts,
    HouseholdMember,
    InvolvementFact,
    Oin,
    Phase,
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
    consent,
    household,
    involvement,
    message,
    person,
)

TODAY = NOON.date()
NAMES = ("anna", "bram", "carla")
SOME_EPOCHS = ((1,), (2,), (1, 2))
ALL_EPOCHS = (1, 2)
PARTNERS = (OIN_VT, OIN_GGZ, OIN_POLITIE)
EACH = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    deadline=None,
    max_examples=60,
)
Answers = Mapping[tuple[str, tuple[int, ...]], HouseholdFacts]


async def save(store: IndexStore, *facts: Fact) -> None:
    async with store.transaction() as tx:
        await tx.facts.save_all([message(fact) for fact in facts])


async def ask(store: IndexStore, subject: Subject) -> HouseholdFacts:
    async with store.transaction() as tx:
        return (await tx.facts.households([subject], on=TODAY))[subject]


def family(*who: Subject, partner: Oin = OIN_VT, reference: str = "family", **changes: Any) -> HouseholdFact:
    members = tuple(HouseholdMember(subject=each) for each in who)
    return household(partner, members=members, reference=Reference(reference), **changes)


def secret(*who: Subject) -> HouseholdFact:
    return family(*who, partner=OIN_POLITIE, reference="secret", suppressed=True)


def known(
    who: Subject, *, partner: Oin = OIN_GGZ, reference: str = "known", **changes: Any
) -> InvolvementFact:
    return involvement(partner, "", subject=who, reference=Reference(reference), **changes)


def said(who: Subject, effect: ConsentEffect, *, reference: str = "said") -> ConsentFact:
    return consent(
        OIN_GGZ,
        "",
        holder="ggz",
        asking="politie",
        subject=who,
        effect=effect,
        reference=Reference(reference),
    )


def wrong_pair(one: str, other: str) -> Subject:
    """Two persons, named as if they were one."""
    return Subject(*person(one, 1).pseudonyms, *person(other, 2).pseudonyms)


def objections_to(fact: InvolvementFact, answer: HouseholdFacts) -> set[Reference]:
    """Return the objections that may be of the person whose involvement it is, by a chain of shared pseudonyms."""
    chain = answer.members | answer.pairs
    return {
        each.reference
        for each in answer.consents
        if each.effect is ConsentEffect.OBJECT
        and (
            each.subject.overlaps(fact.subject)
            or any(one.overlaps(fact.subject) and one.overlaps(each.subject) for one in chain)
        )
    }


def names_of(subjects: Collection[Subject]) -> set[str]:
    return {name for name in NAMES if any(each.overlaps(person(name, *ALL_EPOCHS)) for each in subjects)}


@st.composite
def some_person(draw: st.DrawFn) -> Subject:
    # One more often than the others, so that facts about one person meet.
    return person(draw(st.sampled_from(("anna", *NAMES, "anna"))), *draw(st.sampled_from(SOME_EPOCHS)))


@st.composite
def some_fact(draw: st.DrawFn, reference: str) -> Fact:
    partner, kind = draw(st.sampled_from((OIN_GGZ, *PARTNERS))), draw(st.integers(0, 3))
    if kind == 0:
        return known(draw(some_person()), partner=partner, reference=reference)
    if kind == 1:
        effect = draw(st.sampled_from([ConsentEffect.OBJECT, ConsentEffect.PERMIT]))
        return said(draw(some_person()), effect, reference=reference)
    named = draw(st.lists(some_person(), min_size=1, max_size=3))
    return family(*named, partner=partner, reference=reference, suppressed=kind == 3 and draw(st.booleans()))


@st.composite
def worlds(draw: st.DrawFn) -> list[Fact]:
    return [draw(some_fact(f"r{number}")) for number in range(draw(st.integers(1, 8)))]


def pairing(*who: Subject) -> list[Fact]:
    """Facts that are over, and say no more than which pseudonyms are of one person."""
    return [
        known(each, partner=OIN_POLITIE, reference=f"over-{number}", phase=Phase.ENDED)
        for number, each in enumerate(who)
    ]


async def told(tx: Transaction, facts: Sequence[Fact]) -> Answers:
    """Save the facts and ask about everybody under all sets of epochs."""
    await tx.facts.save_all([message(fact) for fact in facts])
    asked = {(name, epochs): person(name, *epochs) for name in NAMES for epochs in SOME_EPOCHS}
    found = await tx.facts.households(list(asked.values()), on=TODAY)
    return {key: found[subject] for key, subject in asked.items()}


class OverlapContract:
    """Inherited by the tests of each store."""

    @pytest.mark.parametrize("asked", SOME_EPOCHS, ids=str)
    @pytest.mark.parametrize("said_under", SOME_EPOCHS, ids=str)
    async def test_who_is_secret_under_one_epoch_is_so_under_each(
        self, store: IndexStore, said_under: tuple[int, ...], asked: tuple[int, ...]
    ) -> None:
        await save(
            store,
            secret(person("anna", *said_under)),
            family(person("anna", *ALL_EPOCHS), person("bram", *ALL_EPOCHS)),
            known(person("bram", *ALL_EPOCHS)),
        )
        anna, bram = await ask(store, person("anna", *asked)), await ask(store, person("bram", *asked))
        assert anna.members == {person("anna", *asked)}
        assert anna.involvements == ()
        assert names_of(bram.members) == {"bram"}

    async def test_a_member_is_secret_by_what_another_fact_names_beside_it(self, store: IndexStore) -> None:
        """Neither the household nor the question knows the pseudonym under which the person is secret."""
        await save(
            store,
            family(person("anna", 2), person("bram", 2), person("carla", 2)),
            secret(person("bram", 1)),
            known(person("bram", *ALL_EPOCHS)),
        )
        answer = await ask(store, person("anna", 2))
        assert answer.members == {person("anna", 2), person("carla", 2)}
        assert answer.involvements == ()

    @pytest.mark.parametrize("phase", [Phase.ACTIVE, Phase.ENDED, Phase.RETRACTED])
    async def test_a_fact_that_is_over_still_tells_which_pseudonyms_are_of_one_person(
        self, store: IndexStore, phase: Phase
    ) -> None:
        await save(
            store,
            secret(person("anna", 1)),
            family(person("anna", 2), person("bram", 2)),
            known(person("anna", *ALL_EPOCHS), phase=phase),
        )
        assert (await ask(store, person("anna", 2))).members == {person("anna", 2)}

    async def test_what_no_fact_names_together_stays_apart(self, store: IndexStore) -> None:
        """Nobody can turn one pseudonym into the other: only a fact, or the question, can say that they are one."""
        await save(
            store,
            secret(person("anna", 1)),
            family(person("anna", 2), person("bram", 2)),
        )
        assert names_of((await ask(store, person("anna", 2))).members) == {"anna", "bram"}
        assert names_of((await ask(store, person("anna", *ALL_EPOCHS))).members) == {"anna"}

    @pytest.mark.parametrize("asked", SOME_EPOCHS, ids=str)
    @pytest.mark.parametrize("said_under", SOME_EPOCHS, ids=str)
    async def test_an_objection_is_read_whatever_epoch_is_left_out(
        self, store: IndexStore, said_under: tuple[int, ...], asked: tuple[int, ...]
    ) -> None:
        seen, objection = known(person("anna", *ALL_EPOCHS)), person("anna", *said_under)
        await save(store, seen, said(objection, ConsentEffect.OBJECT))
        answer = await ask(store, person("anna", *asked))
        assert objections_to(seen, answer) == {"said"}

    @pytest.mark.parametrize("asked", SOME_EPOCHS, ids=str)
    async def test_an_objection_and_an_involvement_under_other_epochs_meet_over_a_third_fact(
        self, store: IndexStore, asked: tuple[int, ...]
    ) -> None:
        seen = known(person("anna", 1))
        await save(
            store,
            seen,
            said(person("anna", 2), ConsentEffect.OBJECT),
            *pairing(person("anna", *ALL_EPOCHS)),
        )
        answer = await ask(store, person("anna", *asked))
        assert answer.pairs == {person("anna", *ALL_EPOCHS)}
        assert objections_to(seen, answer) == {"said"}
        assert (seen in answer.involvements) == (1 in asked)

    async def test_consent_under_another_epoch_alone_is_not_read(self, store: IndexStore) -> None:
        """It shows something: for that the pseudonyms must agree, as they are in the question."""
        await save(
            store,
            known(person("anna", *ALL_EPOCHS)),
            said(person("anna", 1), ConsentEffect.PERMIT),
        )
        assert (await ask(store, person("anna", 2))).consents == ()
        assert len((await ask(store, person("anna", 1))).consents) == 1

    async def test_who_is_in_no_overlap_has_no_pairs(self, store: IndexStore) -> None:
        await save(store, known(person("anna", 1)), family(person("anna", 1), person("bram", 1)))
        assert (await ask(store, person("anna", 1))).pairs == frozenset()

    async def test_a_wrong_pair_brings_the_secrecy_and_the_objection_of_another_and_shows_nothing(
        self, store: IndexStore
    ) -> None:
        await save(
            store,
            family(person("anna", *ALL_EPOCHS), person("carla", *ALL_EPOCHS)),
            known(person("bram", *ALL_EPOCHS), reference="of-bram"),
            said(person("bram", *ALL_EPOCHS), ConsentEffect.OBJECT),
            secret(person("bram", 2)),
        )
        before = await ask(store, person("anna", *ALL_EPOCHS))
        await save(store, *pairing(wrong_pair("anna", "bram")))
        after = await ask(store, person("anna", *ALL_EPOCHS))
        assert (names_of(before.members), before.consents) == ({"anna", "carla"}, ())
        assert (names_of(after.members), after.involvements) == ({"anna"}, ())
        assert [each.reference for each in after.consents] == ["said"]

    @EACH
    @given(facts=worlds())
    async def test_a_question_that_leaves_an_epoch_out_opens_nothing(
        self, store: IndexStore, facts: list[Fact]
    ) -> None:
        """Every person is named under both epochs by some fact; and every store agrees with the plain one."""
        facts = [*facts, *pairing(*(person(name, *ALL_EPOCHS) for name in NAMES))]

        async def compare(tx: Transaction) -> None:
            answers = await told(tx, facts)
            for name in NAMES:
                for epochs in SOME_EPOCHS:
                    _opens_nothing(answers[name, epochs], answers[name, ALL_EPOCHS])
            async with FakeIndexStore().transaction() as plain:
                assert answers == await told(plain, facts)

        await roll_back(store, compare)

    @EACH
    @given(facts=worlds(), pairs=st.lists(st.permutations(NAMES).map(lambda two: wrong_pair(two[0], two[1]))))
    async def test_whoever_pairs_two_persons_withholds_and_never_shows(
        self, store: IndexStore, facts: list[Fact], pairs: list[Subject]
    ) -> None:
        async def compare(tx: Transaction) -> None:
            before, after = await told(tx, facts), await told(tx, pairing(*pairs))
            for key, answer in after.items():
                _opens_nothing(answer, before[key])
            async with FakeIndexStore().transaction() as plain:
                assert after == await told(plain, [*facts, *pairing(*pairs)])

        await roll_back(store, compare)


def _opens_nothing(less: HouseholdFacts, more: HouseholdFacts) -> None:
    """Check that one answer shows nothing that the other does not, and withholds all that the other withholds."""
    assert names_of(less.members) <= names_of(more.members)
    assert set(less.involvements) <= set(more.involvements)
    permits, all_permits = (
        {each for each in answer.consents if each.effect is ConsentEffect.PERMIT} for answer in (less, more)
    )
    assert permits <= all_permits
    for fact in less.involvements:
        assert objections_to(fact, less) >= objections_to(fact, more)
