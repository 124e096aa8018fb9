"""The decision against a slow reference, and what no convenant, fact or question may ever cause."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.convenant.deciding import decide
from gateway.convenant.model import Convenant, Effect, Rule
from gateway.convenant.question import Builtin, Decision
from gateway.domain import ConsentEffect, HouseholdFacts
from tests.convenant.reference import shown_by_table
from tests.support.convenants import TODAY, World, rules, worlds


def decided(world: World) -> Decision:
    return decide(world.convenant, world.question, world.facts, on=TODAY)


def shown(world: World) -> set[str]:
    return {fact.reference for fact in decided(world).shown}


def with_rules(world: World, *known: Rule) -> World:
    return replace(world, convenant=replace(world.convenant, rules=known))


def with_facts(world: World, facts: HouseholdFacts) -> World:
    return replace(world, facts=facts)


@settings(max_examples=200)
@given(worlds())
def test_what_is_shown_is_what_the_table_of_cells_shows(world: World) -> None:
    assert list(decided(world).shown) == shown_by_table(world, TODAY)


@given(worlds())
def test_every_involvement_has_one_verdict_in_the_order_of_the_facts(world: World) -> None:
    assert tuple(verdict.involvement for verdict in decided(world).verdicts) == world.facts.involvements


@given(worlds())
def test_a_verdict_names_a_rule_of_the_convenant_or_a_reason_of_the_index(world: World) -> None:
    known = {rule.id: rule for rule in world.convenant.rules}
    for verdict in decided(world).verdicts:
        if verdict.shown:
            assert known[verdict.rule].effect is Effect.PERMIT
            assert verdict.basis == str(known[verdict.rule].basis)
        else:
            assert verdict.basis == ""
            assert verdict.rule in set(Builtin) or known[verdict.rule].effect is Effect.FORBID


@given(worlds(), rules(Effect.FORBID), st.data())
def test_adding_a_prohibition_never_shows_more(world: World, forbid: Rule, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(world.convenant.rules)))
    known = world.convenant.rules
    assert shown(with_rules(world, *known[:place], forbid, *known[place:])) <= shown(world)


@given(worlds(), rules(Effect.PERMIT))
def test_adding_a_permission_never_shows_less(world: World, permit: Rule) -> None:
    assert shown(with_rules(world, *world.convenant.rules, permit)) >= shown(world)


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_rules_shows_no_more_and_no_less(world: World, random: Random) -> None:
    known = list(world.convenant.rules)
    random.shuffle(known)
    assert shown(with_rules(world, *known)) == shown(world)


@given(worlds())
def test_removing_a_consent_never_shows_more(world: World) -> None:
    for given_up in world.facts.consents:
        if given_up.effect is ConsentEffect.PERMIT:
            rest = tuple(statement for statement in world.facts.consents if statement is not given_up)
            assert shown(with_facts(world, replace(world.facts, consents=rest))) <= shown(world)


@given(worlds())
def test_turning_a_consent_into_an_objection_never_shows_more(world: World) -> None:
    for place, statement in enumerate(world.facts.consents):
        objected = list(world.facts.consents)
        objected[place] = replace(statement, effect=ConsentEffect.OBJECT)
        assert shown(with_facts(world, replace(world.facts, consents=tuple(objected)))) <= shown(world)


@given(worlds())
def test_an_empty_convenant_shows_nothing(world: World) -> None:
    assert shown(with_rules(world)) == set()


@given(worlds())
def test_a_convenant_that_is_not_in_force_shows_nothing_and_says_so(world: World) -> None:
    over: Convenant = replace(
        world.convenant, valid_from=TODAY.replace(year=2020), valid_until=TODAY.replace(year=2021)
    )
    decision = decide(over, world.question, world.facts, on=TODAY)
    assert decision.withheld_whole is Builtin.NOT_IN_FORCE
    assert decision.shown == ()


@given(worlds())
def test_an_asker_who_drops_its_own_involvement_never_sees_more(world: World) -> None:
    others = tuple(fact for fact in world.facts.involvements if fact.partner != world.question.asker)
    assert shown(with_facts(world, replace(world.facts, involvements=others))) <= shown(world)


@given(worlds())
def test_an_asker_without_involvement_sees_what_the_rules_for_such_askers_show_and_no_more(
    world: World,
) -> None:
    others = tuple(fact for fact in world.facts.involvements if fact.partner != world.question.asker)
    apart = with_facts(world, replace(world.facts, involvements=others))
    such = [rule for rule in world.convenant.rules if rule.without_own_involvement]
    forbids = [rule for rule in world.convenant.rules if rule.effect is Effect.FORBID]
    assert shown(apart) == shown(with_rules(apart, *such, *forbids))


@given(worlds())
def test_no_verdict_depends_on_an_involvement_that_is_withheld(world: World) -> None:
    first = decided(world)
    kept = tuple(
        verdict.involvement for verdict in first.verdicts if verdict.shown or verdict.rule == Builtin.OWN
    )
    if first.withheld_whole is not None:
        kept = ()
    again = decided(with_facts(world, replace(world.facts, involvements=kept)))
    assert again.shown == first.shown
    assert again.withheld_whole == first.withheld_whole
