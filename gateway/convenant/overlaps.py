"""Rules of a convenant that meet: the same twice, on two grounds, or so that one of them never decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import combinations, product

from gateway.convenant.finding import Finding, of_rule
from gateway.convenant.model import ConsentBasis, Convenant, Effect, Rule, StatuteBasis
from gateway.domain import PartnerKind

Numbered = tuple[int, Rule]
_Case = tuple[str, ...]
"""Source, asking kind, role, mandate, purpose and class."""


def overlaps(convenant: Convenant, *, on: date) -> Iterator[Finding]:
    """Yield the rules that repeat, meet or overrule each other, of those whose ground holds on that day.

    Only a doubled rule is found whatever its ground is.
    """
    numbered = list(enumerate(convenant.rules))
    doubled = list(_doubled(numbered))
    yield from doubled
    told = {finding.where for finding in doubled}
    holding = [(index, rule) for index, rule in numbered if rule.basis.holds(on) and rule.id not in told]
    permits = [(index, rule) for index, rule in holding if rule.effect is Effect.PERMIT]
    overruled = list(_overruled(convenant, holding))
    yield from overruled
    covered = list(_covered(convenant, permits))
    yield from covered
    told = {finding.where for finding in (*overruled, *covered)}
    permits = [(index, rule) for index, rule in permits if rule.id not in told]
    yield from _two_grounds(convenant, permits)
    yield from _consent_not_needed(convenant, permits)


def _doubled(numbered: list[Numbered]) -> Iterator[Finding]:
    first: dict[Rule, str] = {}
    for index, rule in numbered:
        content = replace(rule, id="", verified=False)
        if content in first:
            text = f"Zegt precies hetzelfde als {first[content]}."
            yield of_rule(index, rule.id, code="duplicate", text=text)
        first.setdefault(content, rule.id)


def _overruled(convenant: Convenant, holding: list[Numbered]) -> Iterator[Finding]:
    """A permission that prohibitions beat in every case it covers decides nothing."""
    forbids = [rule for _, rule in holding if rule.effect is Effect.FORBID]
    for index, rule in holding:
        if rule.effect is not Effect.PERMIT:
            continue
        against = [forbid for forbid in forbids if meet(convenant, forbid, rule)]
        forbidden = {case for forbid in against for case in _cases(convenant, forbid)}
        if forbidden.issuperset(_cases(convenant, rule)):
            ids = ", ".join(forbid.id for forbid in against)
            text = f"Een verbod ({ids}) gaat in alle gevallen voor: deze regel toont nooit iets."
            yield of_rule(index, rule.id, code="shadowed", text=text)


def _covered(convenant: Convenant, permits: list[Numbered]) -> Iterator[Finding]:
    """A permission that an earlier one is never beaten to: the earlier covers all of it and needs no more."""
    for index, rule in permits:
        for earlier_index, earlier in permits:
            if earlier_index < index and _needs_no_more(convenant, earlier, rule):
                text = (
                    f"{earlier.id} gaat in alle gevallen voor en vraagt niet meer: deze regel beslist nooit."
                )
                yield of_rule(index, rule.id, code="covered", text=text)
                break


def _two_grounds(convenant: Convenant, permits: list[Numbered]) -> Iterator[Finding]:
    for (_, earlier), (index, later) in combinations(permits, 2):
        is_one_sort = type(earlier.basis) is type(later.basis)
        if is_one_sort and str(earlier.basis) != str(later.basis) and meet(convenant, earlier, later):
            text = (
                f"Overlapt met {earlier.id} op een andere grondslag ({earlier.basis}; hier {later.basis}). "
                f"Waar beide gelden, noemt het log {earlier.id}."
            )
            yield of_rule(index, later.id, code="overlap", text=text)


def _consent_not_needed(convenant: Convenant, permits: list[Numbered]) -> Iterator[Finding]:
    """Where a law shows it anyway nobody is asked, and an objection stops nothing: people must know."""
    for index, rule in permits:
        if isinstance(rule.basis, ConsentBasis):
            by_law = [
                other.id
                for _, other in permits
                if isinstance(other.basis, StatuteBasis) and meet(convenant, other, rule)
            ]
            if by_law:
                text = (
                    f"Voor een deel hiervan tonen wettelijke regels ({', '.join(by_law)}) hetzelfde zonder "
                    "toestemming; bezwaar houdt dat niet tegen."
                )
                yield of_rule(index, rule.id, code="consent-not-needed", text=text)


def meet(convenant: Convenant, one: Rule, other: Rule) -> bool:
    """Tell whether some case is covered by both, whatever their grounds."""
    return bool(
        one.sources & other.sources
        and one.purposes & other.purposes
        and one.secrecy & other.secrecy
        and _mandates(convenant, one) & _mandates(convenant, other)
        and any(
            _roles(convenant, one, kind) & _roles(convenant, other, kind)
            for kind in one.asking & other.asking
        )
    )


def _needs_no_more(convenant: Convenant, earlier: Rule, later: Rule) -> bool:
    is_easier = isinstance(earlier.basis, StatuteBasis) or isinstance(later.basis, ConsentBasis)
    return (
        is_easier
        and (earlier.without_own_involvement or not later.without_own_involvement)
        and _last_day(convenant, earlier) >= _last_day(convenant, later)
        and later.sources <= earlier.sources
        and later.purposes <= earlier.purposes
        and later.secrecy <= earlier.secrecy
        and later.asking <= earlier.asking
        and _mandates(convenant, later) <= _mandates(convenant, earlier)
        and all(_roles(convenant, later, kind) <= _roles(convenant, earlier, kind) for kind in later.asking)
    )


def _last_day(convenant: Convenant, rule: Rule) -> date:
    until = rule.basis.until if isinstance(rule.basis, StatuteBasis) else None
    return min(until or convenant.valid_until, convenant.valid_until)


def _roles(convenant: Convenant, rule: Rule, kind: PartnerKind) -> frozenset[str]:
    terms = convenant.kinds.get(kind)
    roles = frozenset[str]() if terms is None else terms.roles
    return roles & rule.roles if rule.roles else roles


def _mandates(convenant: Convenant, rule: Rule) -> frozenset[str]:
    return convenant.mandates & rule.mandates if rule.mandates else convenant.mandates


def _cases(convenant: Convenant, rule: Rule) -> Iterator[_Case]:
    """Yield every case the rule speaks of."""
    for kind in rule.asking:
        yield from product(
            rule.sources,
            (kind,),
            _roles(convenant, rule, kind),
            _mandates(convenant, rule),
            rule.purposes,
            rule.secrecy,
        )
