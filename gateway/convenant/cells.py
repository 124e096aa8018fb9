"""The convenant written out: which rules cover a pair of kinds for a purpose, and what of it reaches whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import product

from gateway.convenant.model import Convenant, Effect, Rule, StatuteBasis
from gateway.domain import PartnerKind, SecrecyClass


class Reach(StrEnum):
    """What a convenant does for one case, whatever the facts are."""

    NOT = "not"
    CONSENT = "consent"
    """Shown where the person agreed and no objection is in the way."""
    LAW = "law"
    """Shown whether the person agreed or not."""


STRENGTH = (Reach.NOT, Reach.CONSENT, Reach.LAW)
"""The reaches, the one that shows least first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Involvements of one kind, asked for by another kind, for one purpose."""

    source: PartnerKind
    asking: PartnerKind
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nuance:
    """What else a rule can look at: who asks in which role and mandate, how sensitive it is, own involvement."""

    role: str
    mandate: str
    secrecy: SecrecyClass
    is_involved: bool


def pairs(convenant: Convenant) -> Iterator[Pair]:
    """Yield every pair of kinds with every purpose, in the order of the file."""
    for source, asking, purpose in product(convenant.kinds, convenant.kinds, convenant.purposes):
        yield Pair(source=source, asking=asking, purpose=purpose)


def nuances(convenant: Convenant, asking: PartnerKind) -> Iterator[Nuance]:
    """Yield every way in which a kind can ask about an involvement; none for a kind without terms."""
    terms = convenant.kinds.get(asking)
    roles = sorted(terms.roles) if terms else ()
    for role, mandate, secrecy, is_involved in product(
        roles, sorted(convenant.mandates), SecrecyClass, (True, False)
    ):
        yield Nuance(role=role, mandate=mandate, secrecy=secrecy, is_involved=is_involved)


def covering(rules: Iterable[Rule], pair: Pair) -> tuple[Rule, ...]:
    """Return the rules that speak of the pair, whatever the nuance and whether their ground holds or not."""
    return tuple(
        rule
        for rule in rules
        if pair.source in rule.sources and pair.asking in rule.asking and pair.purpose in rule.purposes
    )


def reach(rules: Sequence[Rule], nuance: Nuance, *, on: date) -> Reach:
    """Return what the rules, all of which cover the pair, do for the nuance on that day.

    The validity of the convenant as a whole is not looked at, nor is shielding: neither is a matter of rules.
    """
    counting = [rule for rule in rules if _reaches(rule, nuance) and rule.basis.holds(on)]
    if any(rule.effect is Effect.FORBID for rule in counting):
        return Reach.NOT
    permits = [rule for rule in counting if nuance.is_involved or rule.without_own_involvement]
    if any(isinstance(rule.basis, StatuteBasis) for rule in permits):
        return Reach.LAW
    return Reach.CONSENT if permits else Reach.NOT


def strongest(reaches: Iterable[Reach]) -> Reach:
    """Return the reach that shows most; NOT where there is none."""
    return max(reaches, key=STRENGTH.index, default=Reach.NOT)


def _reaches(rule: Rule, nuance: Nuance) -> bool:
    return (
        nuance.secrecy in rule.secrecy
        and (not rule.roles or nuance.role in rule.roles)
        and (not rule.mandates or nuance.mandate in rule.mandates)
    )
