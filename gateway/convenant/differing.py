"""What a new version of a convenant changes: who sees whom, rule by rule, and term by term."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

from gateway.convenant.boxes import Box, boxes
from gateway.convenant.cells import Nuance, Pair, Reach, covering, nuances, pairs, reach, strongest
from gateway.convenant.model import Convenant, Rule
from gateway.convenant.terms import terms_of
from gateway.domain import PartnerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NuanceChange:
    """Askers and classes for which a pair goes from one reach to another."""

    box: Box
    before: Reach
    after: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class CellChange:
    """One pair of kinds and purpose. `before` and `after` are what an involved asker can see at most."""

    pair: Pair
    before: Reach
    after: Reach
    nuances: tuple[NuanceChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """A rule that came, went, or says something else: `parts` are the parts that differ, empty otherwise."""

    rule: str
    change: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TermChange:
    """A term outside the rules, by its path in the file; None where one of the two does not have it."""

    term: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """All that differs between two convenants, with the grounds as they hold on one day."""

    cells: tuple[CellChange, ...]
    rules: tuple[RuleChange, ...]
    terms: tuple[TermChange, ...]

    @property
    def is_empty(self) -> bool:
        """Tell whether the two say the same."""
        return not (self.cells or self.rules or self.terms)


def differences(old: Convenant, new: Convenant, *, on: date) -> Differences:
    """Return what changes from the one to the other.

    Cells compare what the rules do on that day, as if both convenants were in force: when each begins and ends is
    among the terms. Terms for emergencies are terms too, and change no cell.
    """
    return Differences(
        cells=tuple(_cells(old, new, on)),
        rules=tuple(_rules(old.rules, new.rules)),
        terms=tuple(_terms(terms_of(old), terms_of(new))),
    )


def _cells(old: Convenant, new: Convenant, on: date) -> Iterator[CellChange]:
    known: dict[tuple[PartnerKind, tuple[Rule, ...], tuple[Rule, ...]], CellChange | None] = {}
    for pair in dict.fromkeys([*pairs(old), *pairs(new)]):
        rules = covering(_rules_of(old, pair), pair), covering(_rules_of(new, pair), pair)
        # Many pairs are covered by the same rules: what these change is worked out once.
        key = (pair.asking, *rules)
        if key not in known:
            known[key] = _cell(old, new, pair, rules, on)
        change = known[key]
        if change is not None:
            yield CellChange(pair=pair, before=change.before, after=change.after, nuances=change.nuances)


def _rules_of(convenant: Convenant, pair: Pair) -> Sequence[Rule]:
    """A kind or a purpose that a convenant does not have is reached by none of its rules."""
    has_all = {pair.source, pair.asking} <= convenant.kinds.keys() and pair.purpose in convenant.purposes
    return convenant.rules if has_all else ()


def _cell(
    old: Convenant,
    new: Convenant,
    pair: Pair,
    rules: tuple[tuple[Rule, ...], tuple[Rule, ...]],
    on: date,
) -> CellChange | None:
    before, after = (
        {nuance: reach(covering_rules, nuance, on=on) for nuance in nuances(convenant, pair.asking)}
        for convenant, covering_rules in zip((old, new), rules, strict=True)
    )
    changed: defaultdict[tuple[Reach, Reach], list[Nuance]] = defaultdict(list)
    every = list(dict.fromkeys([*before, *after]))
    for nuance in every:
        one, other = before.get(nuance, Reach.NOT), after.get(nuance, Reach.NOT)
        if one is not other:
            changed[one, other].append(nuance)
    if not changed:
        return None
    return CellChange(
        pair=pair,
        before=_at_most(before),
        after=_at_most(after),
        nuances=tuple(
            NuanceChange(box=box, before=one, after=other)
            for (one, other), group in changed.items()
            for box in boxes(group, every)
        ),
    )


def _at_most(reaches: Mapping[Nuance, Reach]) -> Reach:
    return strongest(found for nuance, found in reaches.items() if nuance.is_involved)


def _rules(old: Sequence[Rule], new: Sequence[Rule]) -> Iterator[RuleChange]:
    before, after = ({rule.id: rule for rule in rules} for rules in (old, new))
    for rule_id in before:
        if rule_id not in after:
            yield RuleChange(rule=rule_id, change="removed")
    for rule_id, rule in after.items():
        if rule_id not in before:
            yield RuleChange(rule=rule_id, change="added")
        elif parts := _parts(before[rule_id], rule):
            yield RuleChange(rule=rule_id, change="changed", parts=parts)
    yield from _moved([each for each in before if each in after], [each for each in after if each in before])


def _parts(one: Rule, other: Rule) -> tuple[str, ...]:
    return tuple(part.name for part in fields(Rule) if getattr(one, part.name) != getattr(other, part.name))


def _moved(before: Sequence[str], after: Sequence[str]) -> Iterator[RuleChange]:
    """The first permission that counts is the one on record: another order of the same rules is a change."""
    if before != after:
        place = next(
            place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other
        )
        yield RuleChange(rule=after[place], change="moved")


def _terms(old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[TermChange]:
    for term in dict.fromkeys([*old, *new]):
        before, after = old.get(term), new.get(term)
        if before != after:
            yield TermChange(term=term, before=before, after=after)
