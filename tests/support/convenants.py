"""Convenants and random worlds to decide on: small alphabets, so that rules, facts and consents often meet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from hypothesis import strategies as st

from gateway.convenant.model import (
    Basis,
    ConsentBasis,
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
    ConsentEffect,
    ConsentFact,
    HouseholdFacts,
    InvolvementFact,
    Oin,
    PartnerKind,
    Phase,
    Reference,
    SecrecyClass,
)
from tests.support.facts import OIN_GGZ, OIN_POLITIE, OIN_VT, consent, involvement, person

TODAY = date(2026, 3, 2)
OIN_WIJKTEAM = Oin("00000099100000000400")
OIN_GONE = Oin("00000099100000000500")
"""Holds involvements and is no partner (any more)."""

VEILIG_THUIS, GGZ, POLITIE, WIJKTEAM = map(PartnerKind, ("veilig_thuis", "ggz", "politie", "wijkteam"))
KINDS = {OIN_VT: VEILIG_THUIS, OIN_GGZ: GGZ, OIN_POLITIE: POLITIE, OIN_WIJKTEAM: WIJKTEAM}
PURPOSES = ("coordination-of-care", "safety-assessment")
ROLES = ("behandelaar", "wijkagent")
MANDATE = "eigen-taak"
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
    """Return a convenant in force with these rules."""
    values: dict[str, Any] = {
        "name": "Synthetic",
        "version": "1",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
        "content_hash": "0" * 64,
        "kinds": {kind: KindTerms(label=kind, roles=frozenset(ROLES)) for kind in KINDS.values()},
        "purposes": {code: PurposeTerms(label=code, act_reason="TREAT") for code in PURPOSES},
        "mandates": frozenset({MANDATE}),
        "rules": rules,
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


_days = st.integers(-2, 2).map(lambda shift: TODAY + timedelta(days=shift))
_late_days = st.none() | st.integers(2, 4).map(lambda shift: TODAY + timedelta(days=shift - 3))
_statutes = st.builds(
    StatuteBasis, law=st.just("Wet"), article=st.just("1"), since=st.none() | _days, until=st.none() | _days
)
_consents_as_basis = st.just(ConsentBasis())


def _some(values: Any) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(list(values)), min_size=1)


@st.composite
def rules(draw: st.DrawFn, effect: Effect | None = None) -> Rule:
    """Draw a rule, most of the time one that reaches something."""
    chosen = effect or draw(st.sampled_from([Effect.PERMIT, Effect.PERMIT, Effect.PERMIT, Effect.FORBID]))
    basis: Basis = draw(_statutes if chosen is Effect.FORBID else _statutes | _consents_as_basis)
    return rule(
        id=f"R-{draw(st.integers(0, 10**9))}",
        effect=chosen,
        sources=draw(_some(KINDS.values())),
        asking=draw(_some(KINDS.values())),
        purposes=draw(_some(PURPOSES)),
        roles=draw(st.just(frozenset()) | _some(ROLES)),
        basis=basis,
        secrecy=draw(_some(SecrecyClass)),
        without_own_involvement=chosen is Effect.PERMIT and draw(st.booleans()),
    )


@st.composite
def convenants(draw: st.DrawFn) -> Convenant:
    """Draw a convenant, most of the time one that is in force."""
    first = TODAY + timedelta(days=draw(st.sampled_from([-9, -9, -9, 0, 1])))
    last = TODAY + timedelta(days=draw(st.sampled_from([9, 9, 9, 0, 1])))
    known = draw(st.just(frozenset(KINDS.values())) | _some(KINDS.values()))
    return convenant(
        *draw(st.lists(rules(), max_size=6)),
        valid_from=first,
        valid_until=max(first, last),
        kinds={kind: KindTerms(label=kind, roles=frozenset(ROLES)) for kind in sorted(known)},
    )


@st.composite
def involvements(draw: st.DrawFn, number: int) -> InvolvementFact:
    """Draw an involvement with its own reference, most of the time a current one."""
    since = draw(_days)
    until = draw(_late_days)
    return involvement(
        draw(st.sampled_from([*KINDS, OIN_GONE])),
        draw(st.sampled_from(PERSONS)),
        reference=Reference(f"ref-{number}"),
        phase=draw(st.sampled_from([Phase.ACTIVE, Phase.ACTIVE, Phase.PROVISIONAL, *Phase])),
        since=since,
        until=None if until is None else max(since, until),
        desk=draw(st.sampled_from(["frontoffice", "opvang", "unknown"])),
        secrecy=draw(st.sampled_from(SecrecyClass)),
        shielded=draw(st.integers(0, 4)) == 0,
    )


@st.composite
def consents(draw: st.DrawFn, number: int) -> ConsentFact:
    """Draw a statement about some kinds and purposes."""
    since = draw(_days)
    until = draw(_late_days)
    return consent(
        OIN_WIJKTEAM,
        draw(st.sampled_from(PERSONS)),
        holder=GGZ,
        asking=POLITIE,
        reference=Reference(f"consent-{number}"),
        effect=draw(st.sampled_from([ConsentEffect.PERMIT, ConsentEffect.PERMIT, *ConsentEffect])),
        holder_kinds=draw(_some(KINDS.values())),
        asking_kinds=draw(_some(KINDS.values())),
        purposes=draw(_some(PURPOSES)),
        since=since,
        until=None if until is None else max(since, until),
    )


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw an asker of a known kind."""
    asker = draw(st.sampled_from(list(KINDS)))
    return question(asker, role=draw(st.sampled_from(ROLES)), purpose=draw(st.sampled_from(PURPOSES)))


@st.composite
def households(draw: st.DrawFn) -> HouseholdFacts:
    """Draw what the index knows of the household of Anna and Bas."""
    known = [draw(involvements(number)) for number in range(draw(st.integers(0, 5)))]
    said = [draw(consents(number)) for number in range(draw(st.integers(0, 4)))]
    return facts(*known, *said)


@dataclass(frozen=True)
class World:
    """Everything one decision takes."""

    convenant: Convenant
    question: Question
    facts: HouseholdFacts


worlds = st.builds(World, convenant=convenants(), question=questions(), facts=households())
