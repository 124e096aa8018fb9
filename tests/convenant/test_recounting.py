"""How many answers two versions give differently: as the engine has it, by kinds, and without naming anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given, settings

from gateway.convenant.cells import Pair, pairs
from gateway.convenant.engine import Engine
from gateway.convenant.model import (
    ConsentBasis,
    Convenant,
    Effect,
)
from gateway.convenant.recounting import (
    Asked,
    InvolvementsAgain,
    LookupsAgain,
    Shift,
    regardless_of_validity,
)
from gateway.domain import InvolvementFact, Oin, SecrecyClass
from tests.support.convenants import (
    GGZ,
    OIN_GONE,
    OIN_WIJKTEAM,
    POLITIE,
    PURPOSES,
    ROLES,
    TODAY,
    VEILIG_THUIS,
    WIJKTEAM,
    convenant,
    facts,
    question,
    rule,
)
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, consent, involvement
from tests.support.worlds import World, worlds

RANDOM = worlds().map(lambda world: world.convenant)
OIN_STRANGER = Oin("00000099100000009900")


def narrow(**changes: Any) -> Any:
    """Return a permission for one cell."""
    one = {"sources": frozenset({GGZ}), "asking": frozenset({POLITIE}), "purposes": frozenset({PURPOSES[0]})}
    return rule(**one | changes)


def lookups(old: Convenant, new: Convenant) -> LookupsAgain:
    return LookupsAgain(old, new, on=TODAY)


def test_a_question_that_shows_more_is_counted_by_asking_kind_and_by_pair() -> None:
    again = lookups(convenant(), convenant(rule(sources=frozenset({GGZ, WIJKTEAM}))))
    household = facts(
        involvement(OIN_VT, "anna"),
        involvement(OIN_GGZ, "anna"),
        involvement(OIN_GGZ, "bas", reference="other"),
        involvement(OIN_POLITIE, "bas"),
    )
    again.ask(question(), household)
    again.ask(question(OIN_POLITIE), facts())
    again.leave_out()
    assert (again.counts.questions, again.counts.different, again.counts.not_asked) == (2, 1, 1)
    assert again.counts.by_asking == {
        VEILIG_THUIS: Asked(questions=1, different=1, more=1),
        POLITIE: Asked(questions=1),
    }
    assert again.counts.by_pair == {(GGZ, VEILIG_THUIS): Shift(more=2)}


def test_a_question_that_shows_less_or_is_not_known_any_more_is_counted_so() -> None:
    old = convenant(rule())
    new = replace(old, purposes={code: terms for code, terms in old.purposes.items() if code != PURPOSES[0]})
    again = lookups(old, new)
    again.ask(question(), facts(involvement(OIN_VT, "anna"), involvement(OIN_GGZ, "anna")))
    assert (again.counts.refused_before, again.counts.refused_after) == (0, 1)
    assert again.counts.by_pair == {(GGZ, VEILIG_THUIS): Shift(less=1)}


def test_two_versions_are_compared_as_if_both_were_valid() -> None:
    later = convenant(rule(), valid_from=date(2030, 1, 1), valid_until=date(2031, 1, 1))
    again = lookups(convenant(rule()), later)
    again.ask(question(), facts(involvement(OIN_VT, "anna"), involvement(OIN_GGZ, "anna")))
    assert (again.counts.questions, again.counts.different) == (1, 0)


@given(worlds(), RANDOM)
def test_asking_again_counts_what_the_engine_shows_under_each(world: World, new: Convenant) -> None:
    again = lookups(world.convenant, new)
    again.ask(world.question, world.facts)
    before, after = (
        set(Engine(regardless_of_validity(each)).decide(world.question, world.facts, on=TODAY).shown)
        if world.question.asker_kind in each.kinds
        else set[InvolvementFact]()
        for each in (world.convenant, new)
    )
    counts = again.counts
    assert sum(each.more for each in counts.by_pair.values()) == len(after - before)
    assert sum(each.less for each in counts.by_pair.values()) == len(before - after)
    assert counts.different == (before != after)


def shifts(old: Convenant, new: Convenant, *known: Any) -> dict[Pair, Shift]:
    again = InvolvementsAgain(old, new, on=TODAY)
    household = facts(*known)
    for fact in household.involvements:
        again.look_at(fact, household)
    return again.counts.by_pair


CELL = Pair(source=GGZ, asking=POLITIE, purpose=PURPOSES[0])


def agreed(**changes: Any) -> Any:
    return consent(OIN_WIJKTEAM, "anna", holder=GGZ, asking=POLITIE, **changes)


def test_involvements_that_a_law_makes_visible_are_counted_and_the_rest_is_not() -> None:
    known = [
        involvement(OIN_GGZ, "anna"),
        involvement(OIN_GGZ, "bas"),
        involvement(OIN_GGZ, "anna", reference="v", secrecy=SecrecyClass.VERY_RESTRICTED),
        involvement(OIN_GGZ, "anna", reference="s", shielded=True),
        involvement(OIN_VT, "anna"),
        involvement(OIN_GONE, "anna"),
    ]
    assert shifts(convenant(), convenant(narrow()), *known) == {CELL: Shift(more=2)}
    assert shifts(convenant(narrow()), convenant(), *known) == {CELL: Shift(less=2)}
    again = InvolvementsAgain(convenant(), convenant(narrow()), on=TODAY)
    for fact in known:
        again.look_at(fact, facts(*known))
    assert (again.counts.involvements, again.counts.left_out) == (6, 2)


def test_on_consent_only_whose_person_agreed_becomes_visible() -> None:
    known = [involvement(OIN_GGZ, "anna"), involvement(OIN_GGZ, "bas")]
    by_consent = convenant(narrow(basis=ConsentBasis()))
    assert shifts(convenant(), by_consent, *known) == {}
    assert shifts(convenant(), by_consent, *known, agreed()) == {CELL: Shift(more=1)}
    assert shifts(by_consent, convenant(narrow()), *known, agreed()) == {CELL: Shift(more=1)}


def test_whose_recorded_consent_counts_makes_a_difference_too() -> None:
    by_consent = convenant(narrow(basis=ConsentBasis()))
    strict = replace(by_consent, consent_recorders=frozenset({GGZ}))
    assert shifts(by_consent, strict, involvement(OIN_GGZ, "anna"), agreed()) == {CELL: Shift(less=1)}


def test_a_prohibition_hides_and_one_for_a_role_hides_nothing_as_another_role_still_sees_it() -> None:
    known = involvement(OIN_GGZ, "anna")
    forbid = narrow(id="F-1", effect=Effect.FORBID)
    assert shifts(convenant(narrow()), convenant(narrow(), forbid), known) == {CELL: Shift(less=1)}
    for_a_role = replace(forbid, roles=frozenset({ROLES[0]}))
    assert shifts(convenant(narrow()), convenant(narrow(), for_a_role), known) == {}


@given(worlds(), RANDOM)
@settings(max_examples=60)
def test_what_becomes_visible_is_what_somebody_of_the_kind_would_see_under_each(
    world: World, new: Convenant
) -> None:
    again = InvolvementsAgain(world.convenant, new, on=TODAY)
    current = [fact for fact in world.facts.involvements if fact.is_current(TODAY)]
    for fact in current:
        again.look_at(fact, world.facts)
    expected: dict[Pair, Shift] = {}
    for fact in current:
        for pair in {*pairs(world.convenant), *pairs(new)}:
            if world.facts.kinds.get(fact.partner) != pair.source:
                continue
            before, after = (_somebody_sees(each, pair, fact, world) for each in (world.convenant, new))
            if before != after:
                shift = expected.setdefault(pair, Shift())
                shift.more += after
                shift.less += before
    assert again.counts.by_pair == expected


def _somebody_sees(agreement: Convenant, pair: Pair, fact: InvolvementFact, world: World) -> bool:
    """Ask the engine in every role and mandate, for an organisation of the kind that nobody named."""
    if not {pair.source, pair.asking} <= agreement.kinds.keys():
        return False
    engine, asker = Engine(regardless_of_validity(agreement)), OIN_STRANGER
    own = involvement(asker, "anna", since=TODAY)
    household = replace(world.facts, involvements=(fact, own))
    return any(
        engine.decide(
            replace(
                world.question,
                asker=asker,
                asker_kind=pair.asking,
                role=role,
                mandate=mandate,
                purpose=pair.purpose,
                break_glass=False,
            ),
            household,
            on=TODAY,
        ).shown
        for role in agreement.kinds[pair.asking].roles
        for mandate in agreement.mandates
    )
