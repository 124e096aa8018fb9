"""Case by case: the deciding reason of every verdict, and what an asker is told of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from gateway.convenant.engine import MOST_TABLES, Engine
from gateway.convenant.model import ConsentBasis, Convenant, Effect, StatuteBasis
from gateway.convenant.question import Builtin, Question, Verdict
from gateway.domain import ConsentEffect, ConsentFact, HouseholdFacts, PartnerKind, Phase, SecrecyClass
from gateway.errors import NotPermitted
from tests.support.convenants import (
    GGZ,
    KINDS,
    MANDATE,
    MANDATES,
    OIN_GONE,
    POLITIE,
    PURPOSES,
    ROLES,
    TODAY,
    convenant,
    facts,
    question,
    rule,
)
from tests.support.facts import OIN_GGZ, OIN_POLITIE, OIN_VT, consent, involvement

OWN = involvement(OIN_POLITIE, "bas")
KNOWN = involvement(OIN_GGZ, "anna")
ASKS = question(OIN_POLITIE)
ON_CONSENT = rule(id="C-1", basis=ConsentBasis(words="toestemming"))


def agreed(effect: ConsentEffect = ConsentEffect.PERMIT, who: str = "anna", **changes: object) -> ConsentFact:
    return consent(OIN_GGZ, who, holder="ggz", asking="politie", effect=effect, **changes)


def verdict(
    agreement: Convenant, known: HouseholdFacts, asked: Question = ASKS, *, on: date = TODAY
) -> Verdict:
    """Return the verdict about the first involvement."""
    return Engine(agreement).decide(asked, known, on=on).verdicts[0]


def test_a_permission_by_law_shows_with_its_rule_and_article() -> None:
    found = verdict(convenant(rule(id="R-1")), facts(KNOWN, OWN))
    assert (found.shown, found.rule, found.basis) == (True, "R-1", "Wet 1")


def test_the_first_permission_that_counts_decides() -> None:
    off = rule(id="R-0", basis=StatuteBasis(law="Wet", article="0", since=None))
    assert verdict(convenant(off, rule(id="R-1"), rule(id="R-2")), facts(KNOWN, OWN)).rule == "R-1"


def test_without_any_rule_it_is_withheld() -> None:
    assert verdict(convenant(), facts(KNOWN, OWN)).rule == Builtin.NO_RULE


@pytest.mark.parametrize(
    "narrowed",
    [
        {"sources": frozenset({POLITIE})},
        {"asking": frozenset({GGZ})},
        {"purposes": frozenset({PURPOSES[1]})},
        {"roles": frozenset({ROLES[1]})},
        {"mandates": frozenset({MANDATES[1]})},
    ],
    ids=["source", "asking", "purpose", "role", "mandate"],
)
def test_a_rule_for_another_case_permits_nothing(narrowed: dict[str, frozenset[str]]) -> None:
    assert verdict(convenant(rule(**narrowed)), facts(KNOWN, OWN)).rule == Builtin.NO_RULE


def test_a_prohibition_beats_a_permission_wherever_it_stands() -> None:
    forbid = rule(id="F-1", effect=Effect.FORBID, secrecy=frozenset(SecrecyClass))
    for rules in ((rule(id="R-1"), forbid), (forbid, rule(id="R-1"))):
        found = verdict(convenant(*rules), facts(KNOWN, OWN))
        assert (found.shown, found.rule, found.basis) == (False, "F-1", "")


def test_a_prohibition_whose_law_does_not_count_yet_forbids_nothing() -> None:
    tomorrow = TODAY + timedelta(days=1)
    forbid = rule(id="F-1", effect=Effect.FORBID, basis=StatuteBasis(law="Wet", article="2", since=tomorrow))
    agreement = convenant(rule(), forbid)
    assert verdict(agreement, facts(KNOWN, OWN)).shown
    assert not verdict(agreement, facts(KNOWN, OWN), on=tomorrow).shown


def test_a_prohibition_reaches_the_classes_it_names() -> None:
    every = frozenset(SecrecyClass)
    forbid = rule(id="F-1", effect=Effect.FORBID, secrecy=frozenset({SecrecyClass.VERY_RESTRICTED}))
    agreement = convenant(rule(secrecy=every), forbid)
    assert verdict(agreement, facts(KNOWN, OWN)).shown
    assert verdict(agreement, facts(replace(KNOWN, secrecy=SecrecyClass.VERY_RESTRICTED), OWN)).rule == "F-1"


@pytest.mark.parametrize(("shift", "is_shown"), [(-1, False), (0, True), (1, True), (2, False)])
def test_a_law_counts_from_its_first_to_its_last_day(shift: int, is_shown: bool) -> None:
    law = StatuteBasis(law="Wet", article="1", since=TODAY, until=TODAY + timedelta(days=1))
    known = facts(KNOWN, OWN)
    assert verdict(convenant(rule(basis=law)), known, on=TODAY + timedelta(days=shift)).shown is is_shown


def test_the_very_restricted_class_needs_a_rule_that_names_it() -> None:
    secret = facts(replace(KNOWN, secrecy=SecrecyClass.VERY_RESTRICTED), OWN)
    assert verdict(convenant(rule()), secret).rule == Builtin.SECRECY
    assert verdict(convenant(rule(secrecy=frozenset(SecrecyClass))), secret).shown


def test_shielded_is_withheld_whatever_permits_it() -> None:
    agreement = convenant(rule(secrecy=frozenset(SecrecyClass)))
    assert verdict(agreement, facts(replace(KNOWN, shielded=True), OWN)).rule == Builtin.SHIELDED


@pytest.mark.parametrize("phase", [Phase.ENDED, Phase.RETRACTED])
def test_what_has_ended_or_never_was_is_withheld(phase: Phase) -> None:
    assert not verdict(convenant(rule()), facts(replace(KNOWN, phase=phase), OWN)).shown


def test_a_provisional_involvement_counts() -> None:
    assert verdict(convenant(rule()), facts(replace(KNOWN, phase=Phase.PROVISIONAL), OWN)).shown


def test_a_holder_that_is_no_partner_or_of_an_unknown_kind_is_withheld() -> None:
    gone = replace(KNOWN, partner=OIN_GONE)
    assert verdict(convenant(rule()), facts(gone, OWN)).rule == Builtin.UNKNOWN_PARTNER
    strange = {**KINDS, OIN_GGZ: PartnerKind("waarzegger")}
    assert verdict(convenant(rule()), facts(KNOWN, OWN, kinds=strange)).rule == Builtin.UNKNOWN_PARTNER


def test_the_asker_s_own_involvement_is_left_out() -> None:
    assert verdict(convenant(rule()), facts(OWN)).rule == Builtin.OWN


def test_consent_of_the_person_shows_and_is_named_as_the_ground() -> None:
    found = verdict(convenant(ON_CONSENT), facts(KNOWN, OWN, agreed()))
    assert (found.shown, found.rule, found.basis) == (True, "C-1", "toestemming")


@pytest.mark.parametrize(
    "missed",
    [
        agreed(who="bas"),
        agreed(holder_kinds=frozenset({POLITIE})),
        agreed(asking_kinds=frozenset({GGZ})),
        agreed(purposes=frozenset({PURPOSES[1]})),
        agreed(since=TODAY + timedelta(days=1)),
        agreed(until=TODAY - timedelta(days=1)),
        agreed(ConsentEffect.WITHDRAWN),
    ],
    ids=["other person", "other holder", "other asker", "other purpose", "not yet", "over", "withdrawn"],
)
def test_consent_that_does_not_cover_the_case_shows_nothing(missed: ConsentFact) -> None:
    assert verdict(convenant(ON_CONSENT), facts(KNOWN, OWN, missed)).rule == Builtin.NO_CONSENT


def test_an_objection_beats_consent_however_many_there_are() -> None:
    said = facts(KNOWN, OWN, agreed(), agreed(), agreed(ConsentEffect.OBJECT))
    assert verdict(convenant(ON_CONSENT), said).rule == Builtin.OBJECTION


def test_an_objection_to_something_else_leaves_consent_alone() -> None:
    other = agreed(ConsentEffect.OBJECT, purposes=frozenset({PURPOSES[1]}))
    assert verdict(convenant(ON_CONSENT), facts(KNOWN, OWN, agreed(), other)).shown


def test_a_ground_in_law_stands_beside_an_objection() -> None:
    """An objection takes consent away; where the law is the ground, consent was never asked."""
    said = facts(KNOWN, OWN, agreed(ConsentEffect.OBJECT))
    found = verdict(convenant(ON_CONSENT, rule(id="R-1")), said)
    assert (found.shown, found.rule) == (True, "R-1")


def test_the_obstacle_that_came_furthest_explains_the_verdict() -> None:
    secret = replace(KNOWN, secrecy=SecrecyClass.VERY_RESTRICTED)
    consented = replace(ON_CONSENT, secrecy=frozenset(SecrecyClass))
    for rules in ((rule(), consented), (consented, rule())):
        assert verdict(convenant(*rules), facts(secret, OWN)).rule == Builtin.NO_CONSENT


def test_without_an_involvement_of_its_own_an_asker_sees_nothing() -> None:
    decision = Engine(convenant(rule())).decide(ASKS, facts(KNOWN), on=TODAY)
    assert decision.withheld_whole is Builtin.NO_OWN_INVOLVEMENT
    assert [found.rule for found in decision.verdicts] == [Builtin.NO_OWN_INVOLVEMENT]


def test_an_involvement_that_ended_gives_no_right_to_ask() -> None:
    decision = Engine(convenant(rule())).decide(ASKS, facts(KNOWN, replace(OWN, phase=Phase.ENDED)), on=TODAY)
    assert decision.withheld_whole is Builtin.NO_OWN_INVOLVEMENT


def test_a_rule_lets_an_asker_without_involvement_see_what_that_rule_covers_and_no_more() -> None:
    """The exception belongs to one rule: it opens no other rule."""
    intake = rule(id="I-1", sources=frozenset({GGZ}), without_own_involvement=True)
    engine = Engine(convenant(intake, rule(id="R-1")))
    decision = engine.decide(ASKS, facts(KNOWN, involvement(OIN_VT, "anna")), on=TODAY)
    assert decision.withheld_whole is None
    assert [(found.shown, found.rule) for found in decision.verdicts] == [
        (True, "I-1"),
        (False, Builtin.NO_OWN_INVOLVEMENT),
    ]


def test_a_convenant_names_itself_in_its_decision() -> None:
    decision = Engine(convenant()).decide(ASKS, facts(), on=TODAY)
    assert decision.convenant == f"Synthetic 1 sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": PartnerKind("waarzegger")}, "UNKNOWN_KIND"),
        ({"purpose": "curiosity"}, "UNKNOWN_PURPOSE"),
        ({"role": "buurman"}, "UNKNOWN_ROLE"),
        ({"mandate": "geen"}, "UNKNOWN_MANDATE"),
    ],
)
def test_an_asker_the_convenant_does_not_know_is_told_what_is_unknown(
    changes: dict[str, Any], reason: str
) -> None:
    asker: dict[str, Any] = {"kind": GGZ, "role": ROLES[0], "mandate": MANDATE, "purpose": PURPOSES[0]}
    engine = Engine(convenant())
    engine.check_asker(**asker)
    with pytest.raises(NotPermitted) as caught:
        engine.check_asker(**asker | changes)
    assert caught.value.reason == reason
    assert not any(value in str(caught.value) for value in changes.values())


def test_the_convenant_of_an_engine_is_the_one_it_was_made_of() -> None:
    agreement = convenant(rule())
    assert Engine(agreement).convenant is agreement


def test_one_engine_decides_every_question_and_day_as_an_engine_made_for_it() -> None:
    """What it keeps between decisions changes none: also where more askers come than it keeps tables for."""
    law = StatuteBasis(law="Wet", article="1", since=TODAY, until=TODAY + timedelta(days=300))
    agreement = convenant(rule(basis=law, purposes=frozenset({PURPOSES[0]}), mandates=frozenset({MANDATE})))
    engine = Engine(agreement)
    days = [TODAY + timedelta(days=shift) for shift in range(-10, MOST_TABLES // 4)]
    known = facts(KNOWN, replace(OWN, until=None))
    for on in (*days, *reversed(days)):
        for changes in ({}, {"purpose": PURPOSES[1]}, {"mandate": MANDATES[1]}):
            asked = question(OIN_POLITIE, **changes)
            is_shown = not changes and TODAY <= on <= TODAY + timedelta(days=300) and agreement.in_force(on)
            assert bool(engine.decide(asked, known, on=on).shown) is is_shown
