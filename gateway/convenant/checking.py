"""What a jurist should look at in a convenant that can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product

from gateway.convenant.model import Convenant, Effect, Rule, StatuteBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to look at: a stable code, where it stands, and an explanation in Dutch."""

    code: str
    where: str
    text: str


def findings(convenant: Convenant, *, on: date) -> tuple[Finding, ...]:
    """Return everything that deserves a look on that day, in the order of the file."""
    return (
        *_validity(convenant, on),
        *(finding for rule in convenant.rules for finding in _rule_findings(rule, on)),
        *_kinds_without_rule(convenant),
        *_shadowed(convenant, on),
    )


def _validity(convenant: Convenant, on: date) -> Iterator[Finding]:
    if not convenant.in_force(on):
        yield Finding(
            code="not-in-force",
            where="convenant",
            text="Het convenant is vandaag niet van kracht: er wordt niets getoond.",
        )


def _rule_findings(rule: Rule, on: date) -> Iterator[Finding]:
    if isinstance(rule.basis, StatuteBasis):
        if rule.basis.since is None:
            yield Finding(
                code="switched-off", where=rule.id, text="De grondslag heeft geen begindatum en geldt niet."
            )
        elif rule.basis.until is not None and rule.basis.until < on:
            yield Finding(code="expired", where=rule.id, text="De grondslag is verlopen.")
        elif rule.basis.since > on:
            yield Finding(code="not-yet", where=rule.id, text="De grondslag geldt nog niet.")
    if not rule.verified:
        yield Finding(code="unverified", where=rule.id, text="Nog niet bevestigd door een jurist.")


def _kinds_without_rule(convenant: Convenant) -> Iterator[Finding]:
    permits = [rule for rule in convenant.rules if rule.effect is Effect.PERMIT]
    for kind in convenant.kinds:
        if not any(kind in rule.sources for rule in permits):
            yield Finding(
                code="never-shown", where=kind, text="Geen regel toont betrokkenheid van deze soort partner."
            )
        if not any(kind in rule.asking for rule in permits):
            yield Finding(code="never-asks", where=kind, text="Geen regel laat deze soort partner iets zien.")


def _shadowed(convenant: Convenant, on: date) -> Iterator[Finding]:
    """A permission that prohibitions beat in every case it covers decides nothing."""
    forbids = [rule for rule in convenant.rules if rule.effect is Effect.FORBID and rule.basis.holds(on)]
    forbidden = {case for rule in forbids for case in _cases(convenant, rule)}
    for rule in convenant.rules:
        if rule.effect is Effect.PERMIT and forbidden.issuperset(_cases(convenant, rule)):
            yield Finding(code="shadowed", where=rule.id, text="Een verbod gaat altijd voor deze regel.")


def _cases(convenant: Convenant, rule: Rule) -> Iterator[tuple[str, ...]]:
    """Yield every case the rule speaks of: source, asking kind, role of that kind, purpose and class."""
    for kind in rule.asking:
        roles = convenant.kinds[kind].roles
        roles = roles & rule.roles if rule.roles else roles
        yield from product(rule.sources, (kind,), roles, rule.purposes, rule.secrecy)
