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
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, consent, involvement, person

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


_shifts = st.sampled_from([-2, -1, 0, -2, -1, 1])
_days = _shifts.map(lambda shift: TODAY + timedelta(days=shift))
_last_days = st.sampled_from([None, None, 0, 1, -1]).map(
    lambda shift: None if shift is None else TODAY + timedelta(days=shift)
)


def _some(values: Any) -> st.SearchStrategy[frozenset[Any]]:
    """Everything half of the time, so that rules, facts and consents meet."""
    every = sorted(values)
    return st.just(frozenset(every)) | st.frozensets(st.sampled_from(every), min_size=1)


@st.composite
def _statutes(draw: st.DrawFn) -> StatuteBasis:
    since = draw(st.sampled_from([-2, -1, 0, 1, None]))
    return StatuteBasis(
        law="Wet",
        article="1",
        since=None if since is None else TODAY + timedelta(days=since),
        until=draw(_last_days),
    )


@st.composite
def rules(draw: st.DrawFn, effect: Effect | None = None) -> Rule:
    """Draw a rule, most of the time one that reaches something."""
    chosen = effect or draw(st.sampled_from([Effect.PERMIT, Effect.PERMIT, Effect.PERMIT, Effect.FORBID]))
    is_forbid = chosen is Effect.FORBID
    basis: Basis = draw(_statutes() if is_forbid else st.just(ConsentBasis()) | _statutes())
    few = st.frozensets(st.sampled_from(sorted(KINDS.values())), min_size=1, max_size=2)
    return rule(
        id=f"R-{draw(st.integers(0, 10**9))}",
        effect=chosen,
        sources=draw(few if is_forbid else _some(KINDS.values())),
        asking=draw(_some(KINDS.values())),
        purposes=draw(_some(PURPOSES)),
        roles=draw(st.just(frozenset()) | _some(ROLES)),
        basis=basis,
        secrecy=draw(_some(SecrecyClass)),
        without_own_involvement=not is_forbid and draw(st.booleans()),
    )


@st.composite
def convenants(draw: st.DrawFn) -> Convenant:
    """Draw a convenant, most of the time one that is in force."""
    first = TODAY + timedelta(days=draw(st.sampled_from([-9] * 20 + [0, 1])))
    last = TODAY + timedelta(days=draw(st.sampled_from([9] * 20 + [0, -1])))
    return convenant(
        *draw(
            st.lists(
                rules(),
                min_size=draw(st.sampled_from([3, 2, 4, 0])),
                max_size=6,
                # Reading refuses a convenant with one id twice: no decision ever meets one.
                unique_by=lambda one: one.id,
            )
        ),
        valid_from=first,
        valid_until=max(first, last),
        kinds={
            kind: KindTerms(label=kind, roles=frozenset(ROLES))
            for kind in sorted(draw(_some(KINDS.values())))
        },
    )


@st.composite
def involvements(draw: st.DrawFn, number: int, holder: Oin | None = None) -> InvolvementFact:
    """Draw an involvement with its own reference, most of the time a current one."""
    since, until = draw(_days), draw(_last_days)
    if holder is not None and draw(st.integers(0, 5)):
        since, until = TODAY, None
    return involvement(
        holder or draw(st.sampled_from([*KINDS, *KINDS, OIN_GONE])),
        draw(st.sampled_from(PERSONS)),
        reference=Reference(f"ref-{number}"),
        phase=draw(st.sampled_from([Phase.ACTIVE] * 6 + [Phase.PROVISIONAL, Phase.ENDED, Phase.RETRACTED])),
        since=since,
        until=None if until is None else max(since, until),
        desk=draw(st.sampled_from(["frontoffice", "opvang", "unknown"])),
        secrecy=draw(st.sampled_from(SecrecyClass)),
        shielded=draw(st.sampled_from([False] * 6 + [True])),
    )


@st.composite
def consents(draw: st.DrawFn, number: int) -> ConsentFact:
    """Draw a statement about some kinds and purposes, most of the time a current consent."""
    since, until = draw(_days), draw(_last_days)
    return consent(
        OIN_WIJKTEAM,
        draw(st.sampled_from(PERSONS)),
        holder=GGZ,
        asking=POLITIE,
        reference=Reference(f"consent-{number}"),
        effect=draw(
            st.sampled_from([ConsentEffect.PERMIT] * 4 + [ConsentEffect.OBJECT, ConsentEffect.WITHDRAWN])
        ),
        holder_kinds=draw(_some(KINDS.values())),
        asking_kinds=draw(_some(KINDS.values())),
        purposes=draw(_some(PURPOSES)),
        since=since,
        until=None if until is None else max(since, until),
    )


@dataclass(frozen=True)
class World:
    """Everything one decision takes."""

    convenant: Convenant
    question: Question
    facts: HouseholdFacts


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a convenant, a household and an asker that is involved with it most of the time."""
    asker = draw(st.sampled_from(list(KINDS)))
    own = [asker] if draw(st.sampled_from([True, True, True, False])) else []
    holders = [*own, *[None] * draw(st.integers(1, 4))]
    known = [draw(involvements(number, holder)) for number, holder in enumerate(holders)]
    said = [draw(consents(number)) for number in range(draw(st.integers(0, 4)))]
    asked = question(asker, role=draw(st.sampled_from(ROLES)), purpose=draw(st.sampled_from(PURPOSES)))
    return World(convenant=draw(convenants()), question=asked, facts=facts(*known, *said))
