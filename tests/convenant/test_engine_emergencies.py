"""Break-glass case by case: what a declared emergency shows, and what it never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.convenant.engine import Engine
from gateway.convenant.model import ConsentBasis, Convenant, Effect, StatuteBasis
from gateway.convenant.question import Builtin, Decision, Verdict
from gateway.domain import ConsentEffect, Phase, SecrecyClass
from tests.support.convenants import (
    GGZ,
    OIN_GONE,
    POLITIE,
    PURPOSES,
    ROLES,
    TODAY,
    break_glass,
    convenant,
    facts,
    question,
    rule,
)
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, consent, involvement

KNOWN, OWN = involvement(OIN_GGZ, "anna"), involvement(OIN_POLITIE, "bas")
TOMORROW, YEARS_AGO = TODAY + timedelta(days=1), TODAY.replace(year=2021)


def decision(agreement: Convenant, *known: Any, is_declared: bool = True) -> Decision:
    asked = question(OIN_POLITIE, break_glass=is_declared)
    return Engine(agreement).decide(asked, facts(*known), on=TODAY)


def verdict(agreement: Convenant, *known: Any, is_declared: bool = True) -> Verdict:
    """Return the verdict about the first involvement."""
    return decision(agreement, *known, is_declared=is_declared).verdicts[0]


EMERGENCIES = convenant(break_glass=break_glass())


def test_a_declared_emergency_shows_what_no_rule_does_and_names_its_ground() -> None:
    found = verdict(EMERGENCIES, KNOWN, OWN)
    assert (found.shown, found.rule, found.basis) == (True, Builtin.BREAK_GLASS, "Noodwet 1")
    assert found.consent is None


def test_an_emergency_needs_no_involvement_of_one_s_own() -> None:
    assert decision(EMERGENCIES, KNOWN).withheld_whole is None
    assert verdict(EMERGENCIES, KNOWN).shown


def test_what_a_rule_shows_anyway_is_shown_by_that_rule() -> None:
    assert verdict(replace(EMERGENCIES, rules=(rule(id="R-1"),)), KNOWN, OWN).rule == "R-1"


def test_without_a_declaration_the_terms_show_nothing() -> None:
    assert verdict(EMERGENCIES, KNOWN, OWN, is_declared=False).rule == Builtin.NO_RULE
    assert decision(EMERGENCIES, KNOWN, is_declared=False).withheld_whole is Builtin.NO_OWN_INVOLVEMENT


def test_without_terms_a_declaration_shows_nothing() -> None:
    assert verdict(convenant(), KNOWN, OWN).rule == Builtin.NO_RULE
    assert decision(convenant(), KNOWN).withheld_whole is Builtin.NO_OWN_INVOLVEMENT


@pytest.mark.parametrize(
    "changes",
    [
        {"kinds": frozenset({GGZ})},
        {"roles": frozenset({ROLES[1]})},
        {"purposes": frozenset({PURPOSES[1]})},
        {"sources": frozenset({POLITIE})},
        {"secrecy": frozenset({SecrecyClass.RESTRICTED})},
        {"basis": StatuteBasis(law="Noodwet", article="1", since=None)},
        {"basis": StatuteBasis(law="Noodwet", article="1", since=TOMORROW)},
        {"basis": StatuteBasis(law="Noodwet", article="1", since=YEARS_AGO, until=YEARS_AGO)},
    ],
    ids=["kind", "role", "purpose", "source", "class", "no ground", "ground to come", "ground that is over"],
)
def test_terms_for_another_case_show_nothing(changes: dict[str, Any]) -> None:
    assert verdict(convenant(break_glass=break_glass(**changes)), KNOWN, OWN).rule == Builtin.NO_RULE


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (replace(KNOWN, shielded=True), Builtin.SHIELDED),
        (replace(KNOWN, phase=Phase.ENDED), Builtin.NO_RULE),
        (replace(KNOWN, partner=OIN_GONE), Builtin.UNKNOWN_PARTNER),
        (OWN, Builtin.OWN),
    ],
    ids=["shielded", "ended", "gone", "own"],
)
def test_an_emergency_never_shows_what_no_rule_can(known: Any, reason: Builtin) -> None:
    assert verdict(EMERGENCIES, known).rule == reason


def test_a_prohibition_beats_an_emergency() -> None:
    forbid = rule(id="F-1", effect=Effect.FORBID, secrecy=frozenset(SecrecyClass))
    assert verdict(replace(EMERGENCIES, rules=(forbid,)), KNOWN, OWN).rule == "F-1"


def test_an_emergency_outside_the_days_of_the_convenant_shows_nothing() -> None:
    over = replace(EMERGENCIES, valid_from=TOMORROW)
    assert decision(over, KNOWN, OWN).withheld_whole is Builtin.NOT_IN_FORCE


def test_an_objection_does_not_stop_an_emergency() -> None:
    """Its ground is the vital interest of a person (AVG 6 lid 1 onder d), which needs no consent."""
    agreement = replace(EMERGENCIES, rules=(rule(id="C-1", basis=ConsentBasis()),))
    said = consent(OIN_GGZ, "anna", holder="ggz", asking="politie", effect=ConsentEffect.OBJECT)
    assert verdict(agreement, KNOWN, OWN, said, is_declared=False).rule == Builtin.OBJECTION
    found = verdict(agreement, KNOWN, OWN, said)
    assert (found.rule, found.consent) == (Builtin.BREAK_GLASS, None)
