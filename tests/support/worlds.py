"""Random worlds to decide on: small alphabets, so that rules, facts, consents and emergencies often meet.

Each is picked from lists, by Hypothesis (which shrinks, and likes odd cases) or by a seeded `Random` (which spreads).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, combinations
from random import Random
from typing import Protocol, TypeVar

from hypothesis import strategies as st

from gateway.convenant.model import (
    BreakGlassTerms,
    ConsentBasis,
    Convenant,
    Effect,
    KindTerms,
    Rule,
    StatuteBasis,
)
from gateway.convenant.question import Question
from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Decider,
    HouseholdFacts,
    InvolvementFact,
    Oin,
    Phase,
    Reference,
    SecrecyClass,
)
from tests.support.convenants import (
    GGZ,
    KINDS,
    MANDATES,
    OIN_GONE,
    PERSONS,
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
from tests.support.sealed import consent, involvement

ORGANISATIONS = (*KINDS, OIN_GONE)
T = TypeVar("T")
S = TypeVar("S", bound=str)


class Pick(Protocol):
    """Takes one of a list."""

    def __call__(self, values: Sequence[T], /) -> T: ...


def _subsets(values: Iterable[S]) -> list[frozenset[S]]:
    every = sorted(values)
    sizes = range(len(every), 0, -1)
    return [frozenset(some) for some in chain.from_iterable(combinations(every, size) for size in sizes)]


def _mostly_all(values: Iterable[S]) -> list[frozenset[S]]:
    """Everything most of the time, so that rules, facts and consents meet."""
    subsets = _subsets(values)
    return subsets[:1] * 3 * len(subsets) + subsets


def _mostly_none(values: Iterable[S]) -> list[frozenset[S]]:
    """No narrowing most of the time."""
    subsets = _subsets(values)
    return [frozenset()] * 4 * len(subsets) + subsets


def _day(shift: int) -> date:
    return TODAY + timedelta(days=shift)


_PERIODS = [
    (_day(since), None if until is None else _day(until))
    for since in (-2, -1, 0, -2, -1, -2, 1)
    for until in (None, None, None, None, 0, 1, -1)
    if until is None or until >= since
]
_STATUTES = [StatuteBasis(law="Wet", article="1", since=since, until=until) for since, until in _PERIODS]
_STATUTES.append(StatuteBasis(law="Wet", article="1", since=None))
_BASES = [*_STATUTES, *[ConsentBasis()] * len(_STATUTES)]
_EFFECTS = [Effect.PERMIT, Effect.PERMIT, Effect.PERMIT, Effect.FORBID]
_SOME_KINDS, _SOME_PURPOSES = _mostly_all(KINDS.values()), _mostly_all(PURPOSES)
_KNOWN_KINDS = _subsets(KINDS.values())[:1] * 8 + _subsets(KINDS.values())[:5]
_FEW_KINDS = [some for some in _subsets(KINDS.values()) if len(some) <= 2]
_CLASSES = _mostly_all(SecrecyClass)
_ROLES, _MANDATES = _mostly_none(ROLES), _mostly_none(MANDATES)
_NAMED = _mostly_none(ORGANISATIONS)
_SAID = [ConsentEffect.PERMIT] * 5 + [ConsentEffect.OBJECT] * 4 + [ConsentEffect.WITHDRAWN]
_DECIDERS = [Decider.SUBJECT] * 6 + [Decider.UNDETERMINED]
_PHASES = [Phase.ACTIVE] * 12 + [Phase.PROVISIONAL, Phase.ENDED, Phase.RETRACTED]
_VALIDITIES = [(_day(-9), _day(9))] * 20 + [
    (_day(-9), TODAY),
    (TODAY, _day(9)),
    (_day(-9), _day(-1)),
    (_day(1), _day(9)),
]


def some_rule(pick: Pick, effect: Effect | None = None, *, number: int = 99) -> Rule:
    """Pick a rule with an id of its own number, most of the time one that reaches something."""
    chosen = effect or pick(_EFFECTS)
    is_forbid = chosen is Effect.FORBID
    return rule(
        id=f"R-{number}",
        effect=chosen,
        sources=pick(_FEW_KINDS if is_forbid else _SOME_KINDS),
        asking=pick(_SOME_KINDS),
        purposes=pick(_SOME_PURPOSES),
        roles=pick(_ROLES),
        mandates=pick(_MANDATES),
        basis=pick(_STATUTES) if is_forbid else pick(_BASES),
        secrecy=pick(_CLASSES),
        without_own_involvement=not is_forbid and pick([False, True]),
    )


def some_emergency_terms(pick: Pick) -> BreakGlassTerms:
    """Pick terms for emergencies, most of the time such that reach something."""
    return break_glass(
        kinds=pick(_SOME_KINDS),
        roles=pick(_ROLES),
        purposes=pick(_SOME_PURPOSES),
        sources=pick(_SOME_KINDS),
        secrecy=pick(_CLASSES),
        basis=pick(_STATUTES),
    )


def some_convenant(pick: Pick) -> Convenant:
    """Pick a convenant, most of the time one that is in force."""
    first, last = pick(_VALIDITIES)
    return convenant(
        *(some_rule(pick, number=number) for number in range(pick([3, 2, 4, 5, 6, 0]))),
        valid_from=first,
        valid_until=last,
        kinds={kind: KindTerms(label=kind, roles=frozenset(ROLES)) for kind in sorted(pick(_KNOWN_KINDS))},
        consent_recorders=pick(_SOME_KINDS),
        break_glass=some_emergency_terms(pick) if pick([False, True]) else None,
    )


def some_involvement(pick: Pick, number: int, holder: Oin) -> InvolvementFact:
    """Pick an involvement with its own reference, most of the time a current one."""
    since, until = pick(_PERIODS)
    return involvement(
        holder,
        pick(PERSONS),
        reference=Reference(f"ref-{number}"),
        phase=pick(_PHASES),
        since=since,
        until=until,
        desk=pick(["frontoffice", "opvang", "unknown"]),
        secrecy=pick(list(SecrecyClass)),
        shielded=pick([False] * 9 + [True]),
    )


def some_consent(pick: Pick, number: int) -> ConsentFact:
    """Pick a statement about some kinds, organisations and purposes, most of the time a current one."""
    since, until = pick(_PERIODS)
    return consent(
        pick(ORGANISATIONS),
        pick(PERSONS),
        holder=GGZ,
        asking=POLITIE,
        reference=Reference(f"consent-{number}"),
        effect=pick(_SAID),
        decided_by=pick(_DECIDERS),
        holder_kinds=pick(_SOME_KINDS),
        holders=pick(_NAMED),
        asking_kinds=pick(_SOME_KINDS),
        askers=pick(_NAMED),
        purposes=pick(_SOME_PURPOSES),
        since=since,
        until=until,
    )


@dataclass(frozen=True)
class World:
    """Everything one decision takes."""

    convenant: Convenant
    question: Question
    facts: HouseholdFacts


def some_world(pick: Pick) -> World:
    """Pick a convenant, a household and an asker that is involved with it most of the time."""
    asker = pick(list(KINDS))
    others = [other for other in KINDS if other != asker]
    holders = [asker] if pick([True, True, True, True, False]) else []
    holders += [pick([*others * 6, asker, OIN_GONE]) for _ in range(pick([3, 2, 4, 1]))]
    asked = question(
        asker,
        role=pick(ROLES),
        mandate=pick(MANDATES),
        purpose=pick(PURPOSES),
        break_glass=pick([False, False, True]),
    )
    known = [some_involvement(pick, number, holder) for number, holder in enumerate(holders)]
    said = [some_consent(pick, number) for number in range(pick([3, 2, 4, 5, 1, 0]))]
    return World(convenant=some_convenant(pick), question=asked, facts=facts(*known, *said))


def seeded_worlds(number: int, *, seed: int = 0) -> list[World]:
    """Return so many worlds, the same ones for the same seed."""
    random = Random(seed)
    return [some_world(random.choice) for _ in range(number)]


def _picked(draw: st.DrawFn) -> Pick:
    def pick(values: Sequence[T], /) -> T:
        return draw(st.sampled_from(values))

    return pick


@st.composite
def rules(draw: st.DrawFn, effect: Effect | None = None) -> Rule:
    """Draw a rule that is in no world."""
    return some_rule(_picked(draw), effect)


@st.composite
def consents(draw: st.DrawFn) -> ConsentFact:
    """Draw a statement that is in no world."""
    return some_consent(_picked(draw), 99)


@st.composite
def emergency_terms(draw: st.DrawFn) -> BreakGlassTerms:
    """Draw terms for emergencies."""
    return some_emergency_terms(_picked(draw))


@st.composite
def convenants(draw: st.DrawFn) -> Convenant:
    """Draw a convenant, most of the time one that is in force."""
    return some_convenant(_picked(draw))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a world."""
    return some_world(_picked(draw))
