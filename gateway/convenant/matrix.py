"""The convenant as a table for people: who sees whose involvement, for which purpose, on which ground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from gateway.convenant.cells import Pair, Reach, covering, nuances, reach, strongest
from gateway.convenant.model import Basis, Convenant, Effect, Rule, StatuteBasis
from gateway.domain import PartnerKind, SecrecyClass
from gateway.domain.dutch import dutch_day

LAW, CONSENT, FORBIDDEN, NOT_NOW = "W", "T", "X", "-"
"""The marks: shown by law, shown on consent, prohibited, and a rule whose ground does not hold on the day."""
APART, PARTLY, APART_AND_PARTLY = "+", "~", "±"
"""Behind a mark: also without own involvement; not for everyone or not for everything; both."""
LEGEND = (
    (LAW, "getoond op grond van een wet"),
    (CONSENT, "getoond met toestemming"),
    (FORBIDDEN, "verboden, ook met toestemming"),
    (NOT_NOW, "een regel, maar de grondslag geldt op deze dag niet"),
    ("", "geen regel: niet getoond"),
    (APART, "ook zonder eigen betrokkenheid van wie vraagt"),
    (PARTLY, "niet voor elke rol of elk mandaat, of deels verboden; zie de regels"),
    (APART_AND_PARTLY, "allebei"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cell of the matrix that a rule fills. `secrecy` are the classes it reaches, as `N R V`."""

    source: str
    asking: str
    purpose: str
    effect: str
    basis: str
    rule: str
    holds_today: bool
    roles: str
    mandates: str
    secrecy: str
    without_own_involvement: bool
    verified: bool

    def as_json(self) -> dict[str, str | bool]:
        """Return the row as the JSON of `convenant show`."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One cell of a purpose's table: a mark with what stands behind it, and the rules that cover the pair."""

    mark: str
    behind: str
    rules: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the mark as it is shown: two characters at most."""
        return self.mark + self.behind


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule in words: kinds, purposes and roles by their names in Dutch."""

    id: str
    effect: str
    sources: str
    asking: str
    purposes: str
    ground: str
    days: str
    conditions: tuple[str, ...]
    holds: bool
    verified: bool


def matrix(convenant: Convenant, *, on: date) -> tuple[Row, ...]:
    """Return a row for every source, asking kind and purpose that a rule names, by rule and then by name."""
    rows = []
    for rule in convenant.rules:
        holds = rule.basis.holds(on)
        ground = "verbod" if rule.effect is Effect.FORBID else str(rule.basis)
        rows += [
            Row(
                source=source,
                asking=asking,
                purpose=purpose,
                effect=rule.effect.value,
                basis=ground if holds else f"{ground} (geldt niet)",
                rule=rule.id,
                holds_today=holds and convenant.in_force(on),
                roles=", ".join(sorted(rule.roles)),
                mandates=", ".join(sorted(rule.mandates)),
                secrecy=classes(rule.secrecy),
                without_own_involvement=rule.without_own_involvement,
                verified=rule.verified,
            )
            for source in sorted(rule.sources)
            for asking in sorted(rule.asking)
            for purpose in sorted(rule.purposes)
        ]
    return tuple(rows)


def marks(convenant: Convenant, purpose: str, *, on: date) -> Mapping[tuple[PartnerKind, PartnerKind], Mark]:
    """Return the mark of every pair of source and asking kind that some rule covers for the purpose."""
    found = {}
    for source in convenant.kinds:
        for asking in convenant.kinds:
            pair = Pair(source=source, asking=asking, purpose=purpose)
            rules = covering(convenant.rules, pair)
            if rules:
                found[source, asking] = _mark(convenant, asking, rules, on)
    return found


def _mark(convenant: Convenant, asking: PartnerKind, rules: Sequence[Rule], on: date) -> Mark:
    by_asker: dict[tuple[str, str, bool], list[Reach]] = {}
    for nuance in nuances(convenant, asking):
        asker = (nuance.role, nuance.mandate, nuance.is_involved)
        by_asker.setdefault(asker, []).append(reach(rules, nuance, on=on))
    # Of the classes the one that shows most: that a class is out of reach is the rule, and stands with the rules.
    involved = {strongest(found) for (*_, is_involved), found in by_asker.items() if is_involved}
    apart = strongest(
        each for (*_, is_involved), found in by_asker.items() if not is_involved for each in found
    )
    is_forbidden = any(rule.effect is Effect.FORBID and rule.basis.holds(on) for rule in rules)
    shown = strongest(involved)
    if shown is Reach.NOT:
        return Mark(mark=FORBIDDEN if is_forbidden else NOT_NOW, behind="", rules=_ids(rules))
    is_partly = len(involved) > 1 or is_forbidden
    return Mark(
        mark=LAW if shown is Reach.LAW else CONSENT,
        behind=_behind(is_apart=apart is not Reach.NOT, is_partly=is_partly),
        rules=_ids(rules),
    )


def _behind(*, is_apart: bool, is_partly: bool) -> str:
    if is_apart and is_partly:
        return APART_AND_PARTLY
    return (APART if is_apart else "") + (PARTLY if is_partly else "")


def _ids(rules: Sequence[Rule]) -> tuple[str, ...]:
    return tuple(rule.id for rule in rules)


def rule_lines(convenant: Convenant, *, on: date) -> tuple[RuleLine, ...]:
    """Return every rule in words, in the order of the file."""
    return tuple(_rule_line(convenant, rule, on) for rule in convenant.rules)


def _rule_line(convenant: Convenant, rule: Rule, on: date) -> RuleLine:
    return RuleLine(
        id=rule.id,
        effect="verbod" if rule.effect is Effect.FORBID else "mag",
        sources=kinds_in_words(convenant, rule.sources),
        asking=kinds_in_words(convenant, rule.asking),
        purposes=purposes_in_words(convenant, rule.purposes),
        ground=str(rule.basis),
        days=days_of(rule.basis),
        conditions=tuple(_conditions(rule)),
        holds=rule.basis.holds(on),
        verified=rule.verified,
    )


def _conditions(rule: Rule) -> list[str]:
    conditions = [f"geheimhoudingsklassen {classes(rule.secrecy)}"]
    if rule.roles:
        conditions.append(f"alleen rol {', '.join(sorted(rule.roles))}")
    if rule.mandates:
        conditions.append(f"alleen mandaat {', '.join(sorted(rule.mandates))}")
    if rule.without_own_involvement:
        conditions.append("ook zonder eigen betrokkenheid")
    return conditions


def days_of(basis: Basis) -> str:
    """Return in words when a ground holds."""
    if not isinstance(basis, StatuteBasis):
        return ""
    if basis.since is None:
        return "uitgeschakeld: geen begindatum"
    since = dutch_day(basis.since)
    return f"van {since} tot en met {dutch_day(basis.until)}" if basis.until else f"vanaf {since}"


def classes(secrecy: frozenset[SecrecyClass]) -> str:
    """Return secrecy classes as `N R V`."""
    return " ".join(each.value for each in SecrecyClass if each in secrecy)


def kinds_in_words(convenant: Convenant, kinds: frozenset[PartnerKind]) -> str:
    """Return the names of kinds in the order of the file; one word where it is all of them."""
    if len(kinds) > 1 and kinds.issuperset(convenant.kinds):
        return "alle soorten partners"
    return ", ".join(terms.label for kind, terms in convenant.kinds.items() if kind in kinds)


def purposes_in_words(convenant: Convenant, purposes: frozenset[str]) -> str:
    """Return the names of purposes in the order of the file; one word where it is all of them."""
    if len(purposes) > 1 and purposes.issuperset(convenant.purposes):
        return "alle doelen"
    return ", ".join(terms.label for code, terms in convenant.purposes.items() if code in purposes)
