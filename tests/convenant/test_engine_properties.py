"""The decision against a slow reference, and what no convenant, fact or question may ever cause."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.convenant.engine import Engine
from gateway.convenant.model import BreakGlassTerms, ConsentBasis, Convenant, Effect, Rule
from gateway.convenant.question import Builtin, Decision
from gateway.domain import ConsentEffect, ConsentFact, Decider, HouseholdFacts
from tests.convenant.reference import agreed, narrower, shown_by_table, statements_about
from tests.support.convenants import TODAY
from tests.support.worlds import World, consents, emergency_terms, rules, seeded_worlds, worlds


def decided(world: World) -> Decision:
    return Engine(world.convenant).decide(world.question, world.facts, on=TODAY)


def shown(world: World) -> set[str]:
    return {fact.reference for fact in decided(world).shown}


def with_rules(world: World, *known: Rule) -> World:
    return replace(world, convenant=replace(world.convenant, rules=known))


def with_facts(world: World, facts: HouseholdFacts) -> World:
    return replace(world, facts=facts)


def with_consents(world: World, *said: ConsentFact) -> World:
    return with_facts(world, replace(world.facts, consents=said))


def with_emergency(world: World, terms: BreakGlassTerms | None, *, is_declared: bool) -> World:
    """Change the terms and whether the question names a declaration."""
    return replace(
        world,
        convenant=replace(world.convenant, break_glass=terms),
        question=replace(world.question, break_glass=is_declared),
    )


@settings(max_examples=400)
@given(worlds())
def test_what_is_shown_is_what_the_table_of_cells_shows(world: World) -> None:
    assert list(decided(world).shown) == shown_by_table(world, TODAY)


def test_what_is_shown_is_what_the_table_shows_in_worlds_that_spread_evenly() -> None:
    """Hypothesis likes simple cases; in these all reasons occur, and the test says so."""
    reasons: Counter[str] = Counter()
    for world in seeded_worlds(400, seed=1):
        decision = decided(world)
        assert list(decision.shown) == shown_by_table(world, TODAY)
        by_consent = [verdict for verdict in decision.verdicts if verdict.shown and verdict.consent]
        reasons.update({"consent": len(by_consent), "shown": len(decision.shown)})
        reasons.update(verdict.rule for verdict in decision.verdicts if not verdict.rule.startswith("R-"))
    assert min(reasons[reason] for reason in (*Builtin, "consent", "shown")) >= 5, reasons


@given(worlds())
def test_every_involvement_has_one_verdict_in_the_order_of_the_facts(world: World) -> None:
    assert tuple(verdict.involvement for verdict in decided(world).verdicts) == world.facts.involvements


@given(worlds())
def test_a_verdict_names_a_rule_of_the_convenant_or_a_reason_of_the_index(world: World) -> None:
    known = {rule.id: rule for rule in world.convenant.rules}
    for verdict in decided(world).verdicts:
        if verdict.rule == Builtin.BREAK_GLASS:
            assert verdict.shown
            assert world.question.break_glass
            assert world.convenant.break_glass is not None
            assert verdict.basis == str(world.convenant.break_glass.basis)
        elif verdict.shown:
            assert known[verdict.rule].effect is Effect.PERMIT
            assert verdict.basis == str(known[verdict.rule].basis)
        else:
            assert verdict.basis == ""
            assert verdict.rule in set(Builtin) or known[verdict.rule].effect is Effect.FORBID


@given(worlds())
def test_a_verdict_names_the_statement_that_decided_where_one_did_and_no_consent_is_narrower(
    world: World,
) -> None:
    by_consent = {rule.id for rule in world.convenant.rules if isinstance(rule.basis, ConsentBasis)}
    for verdict in decided(world).verdicts:
        assert (verdict.consent is not None) is (
            verdict.rule in by_consent or verdict.rule == Builtin.OBJECTION
        )
        if verdict.consent is not None:
            permits, objections = statements_about(world, verdict.involvement, TODAY)
            assert verdict.consent in (permits if verdict.shown else objections)
            asker = world.question.asker
            others = [one for one in permits if one.partner != asker or verdict.consent.partner == asker]
            assert not any(narrower(one, verdict.consent) for one in (permits if verdict.shown else others))
            assert verdict.shown is agreed(world, verdict.involvement, TODAY)


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
    for place, given_up in enumerate(world.facts.consents):
        if given_up.effect is ConsentEffect.PERMIT:
            rest = world.facts.consents[:place] + world.facts.consents[place + 1 :]
            assert shown(with_consents(world, *rest)) <= shown(world)


@given(worlds())
def test_turning_a_consent_into_an_objection_never_shows_more(world: World) -> None:
    for place, statement in enumerate(world.facts.consents):
        objected = list(world.facts.consents)
        objected[place] = replace(statement, effect=ConsentEffect.OBJECT)
        assert shown(with_consents(world, *objected)) <= shown(world)


@given(worlds(), consents())
def test_adding_an_objection_never_shows_more(world: World, statement: ConsentFact) -> None:
    objection = replace(statement, effect=ConsentEffect.OBJECT)
    assert shown(with_consents(world, *world.facts.consents, objection)) <= shown(world)


@given(worlds(), consents())
def test_consent_of_undetermined_authority_is_no_consent(world: World, statement: ConsentFact) -> None:
    waits = replace(statement, effect=ConsentEffect.PERMIT, decided_by=Decider.UNDETERMINED)
    assert decided(with_consents(world, *world.facts.consents, waits)) == decided(world)


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_statements_changes_nothing(world: World, random: Random) -> None:
    said = list(world.facts.consents)
    random.shuffle(said)
    assert decided(with_consents(world, *said)) == decided(world)


@given(worlds())
def test_nothing_said_by_another_person_counts(world: World) -> None:
    for fact in world.facts.involvements:
        own = [one for one in world.facts.consents if one.subject.is_same_person(fact.subject)]
        found = decided(with_consents(world, *own)).verdicts[world.facts.involvements.index(fact)]
        assert found in decided(world).verdicts


@given(worlds(), emergency_terms())
def test_an_emergency_shows_nothing_that_is_shielded_forbidden_or_over(
    world: World, terms: BreakGlassTerms
) -> None:
    plain = decided(with_emergency(world, terms, is_declared=False))
    declared = decided(with_emergency(world, terms, is_declared=True))
    forbids = {rule.id for rule in world.convenant.rules if rule.effect is Effect.FORBID}
    for before, after in zip(plain.verdicts, declared.verdicts, strict=True):
        if before.rule in forbids:
            assert after == before
        if after.shown:
            assert not after.involvement.shielded
            assert after.involvement.is_current(TODAY)


@given(worlds(), emergency_terms())
def test_an_emergency_never_shows_less_and_only_what_its_terms_reach(
    world: World, terms: BreakGlassTerms
) -> None:
    declared = decided(with_emergency(world, terms, is_declared=True))
    before = shown(with_emergency(world, terms, is_declared=False))
    assert {fact.reference for fact in declared.shown} >= before
    for verdict in declared.verdicts:
        if verdict.rule == Builtin.BREAK_GLASS:
            assert world.facts.kinds[verdict.involvement.partner] in terms.sources
            assert verdict.involvement.secrecy in terms.secrecy
            assert world.question.asker_kind in terms.kinds
            assert world.question.purpose in terms.purposes


@given(worlds(), emergency_terms())
def test_without_a_declaration_the_terms_change_nothing_and_without_terms_a_declaration_changes_nothing(
    world: World, terms: BreakGlassTerms
) -> None:
    plain = decided(with_emergency(world, None, is_declared=False))
    assert decided(with_emergency(world, terms, is_declared=False)) == plain
    assert decided(with_emergency(world, None, is_declared=True)) == plain


@given(worlds())
def test_an_empty_convenant_shows_nothing(world: World) -> None:
    assert shown(with_emergency(with_rules(world), None, is_declared=True)) == set()


@given(worlds())
def test_a_convenant_that_is_not_in_force_shows_nothing_and_says_so(world: World) -> None:
    over: Convenant = replace(
        world.convenant, valid_from=TODAY.replace(year=2020), valid_until=TODAY.replace(year=2021)
    )
    decision = Engine(over).decide(world.question, world.facts, on=TODAY)
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
    apart = with_emergency(apart, None, is_declared=False)
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
