"""Convenants, questions and facts to decide on: one call each, with only what a test is about spelled out."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from gateway.convenant.model import (
    BreakGlassTerms,
    Convenant,
    Effect,
    KindTerms,
    PurposeTerms,
    Rule,
    StatuteBasis,
)
from gateway.convenant.question import Question
from gateway.convenant.reading import read_convenant
from gateway.domain import (
    ConsentFact,
    HouseholdFacts,
    InvolvementFact,
    Oin,
    PartnerKind,
    SecrecyClass,
)
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, person

TODAY = date(2026, 3, 2)
OIN_WIJKTEAM = Oin("00000099100000000400")
OIN_GONE = Oin("00000099100000000500")
"""Holds involvements and is no partner (any more)."""

VEILIG_THUIS, GGZ, POLITIE, WIJKTEAM = map(PartnerKind, ("veilig_thuis", "ggz", "politie", "wijkteam"))
KINDS = {OIN_VT: VEILIG_THUIS, OIN_GGZ: GGZ, OIN_POLITIE: POLITIE, OIN_WIJKTEAM: WIJKTEAM}
PURPOSES = ("coordination-of-care", "safety-assessment")
ROLES = ("behandelaar", "wijkagent")
MANDATES = ("eigen-taak", "intake")
MANDATE = MANDATES[0]
PERSONS = ("anna", "bas")


@cache
def example() -> Convenant:
    """Return the example convenant that the package ships."""
    return read_convenant(example_text())


@cache
def example_text() -> bytes:
    """Return its file."""
    return files("gateway.convenant").joinpath("examples", "region.yaml").read_bytes()


def convenant(*rules: Rule, **changes: Any) -> Convenant:
    """Return a convenant in force with these rules, in which everybody's recorded consent counts."""
    values: dict[str, Any] = {
        "name": "Synthetic",
        "version": "1",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
        "content_hash": "0" * 64,
        "kinds": {kind: KindTerms(label=kind, roles=frozenset(ROLES)) for kind in KINDS.values()},
        "purposes": {code: PurposeTerms(label=code, act_reason="TREAT") for code in PURPOSES},
        "mandates": frozenset(MANDATES),
        "rules": rules,
        "consent_recorders": frozenset(KINDS.values()),
    }
    return Convenant(**values | changes)


def rule(**changes: Any) -> Rule:
    """Return a permission by law for every kind and purpose, N and R, verified."""
    values: dict[str, Any] = {
        "id": "R-1",
        "effect": Effect.PERMIT,
        "sources": frozenset(KINDS.values()),
        "asking": frozenset(KINDS.values()),
        "purposes": frozenset(PURPOSES),
        "basis": StatuteBasis(law="Wet", article="1", since=date(2020, 1, 1)),
        "secrecy": frozenset({SecrecyClass.NORMAL, SecrecyClass.RESTRICTED}),
        "verified": True,
    }
    return Rule(**values | changes)


def break_glass(**changes: Any) -> BreakGlassTerms:
    """Return terms under which everybody may declare an emergency, and see every class of everybody."""
    values: dict[str, Any] = {
        "kinds": frozenset(KINDS.values()),
        "purposes": frozenset(PURPOSES),
        "grounds": {"acute-danger": "Acuut gevaar"},
        "sources": frozenset(KINDS.values()),
        "secrecy": frozenset(SecrecyClass),
        "basis": StatuteBasis(law="Noodwet", article="1", since=date(2020, 1, 1)),
        "minutes": 240,
        "review_days": 5,
        "verified": True,
    }
    return BreakGlassTerms(**values | changes)


def question(asker: Oin = OIN_VT, **changes: Any) -> Question:
    """Return a question about Anna for the coordination of care."""
    values: dict[str, Any] = {
        "asker": asker,
        "asker_kind": KINDS[asker],
        "role": ROLES[0],
        "mandate": MANDATE,
        "purpose": PURPOSES[0],
        "subject": person("anna"),
    }
    return Question(**values | changes)


def facts(
    *known: InvolvementFact | ConsentFact, kinds: dict[Oin, PartnerKind] | None = None
) -> HouseholdFacts:
    """Return what the index knows of the household of Anna and Bas."""
    return HouseholdFacts(
        subject=person("anna"),
        members=frozenset(map(person, PERSONS)),
        involvements=tuple(fact for fact in known if isinstance(fact, InvolvementFact)),
        consents=tuple(fact for fact in known if isinstance(fact, ConsentFact)),
        kinds=KINDS if kinds is None else kinds,
    )
