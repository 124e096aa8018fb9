"""The convenant compiled for one asker on one day: for every holder's kind and secrecy class, what may decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from gateway.convenant.model import ConsentBasis, Convenant, Effect, Rule
from gateway.convenant.question import Builtin
from gateway.domain import PartnerKind, SecrecyClass

FURTHEST_LAST = (
    Builtin.NO_RULE,
    Builtin.NO_OWN_INVOLVEMENT,
    Builtin.SECRECY,
    Builtin.NO_CONSENT,
    Builtin.OBJECTION,
)
"""Why permissions did not count. Where several failed, the one that came furthest explains the verdict."""


class AskerOnDay(NamedTuple):
    """All of a question that the rules look at, apart from whom it is about."""

    on: date
    kind: PartnerKind
    role: str
    mandate: str
    purpose: str
    is_involved: bool
    """The asker has a current involvement of its own with the household."""
    break_glass: bool


class Permission(NamedTuple):
    """A permission with nothing in its way but consent, where it needs that."""

    rule: str
    basis: str
    needs_consent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What may decide about involvements of one kind of holder and one secrecy class, for one asker.

    `permissions` are in the order of the file. `obstacle` explains that none of them, or none other, counts.
    `emergency` is the ground on which a declared emergency shows; None where it shows nothing.
    """

    prohibition: str | None
    permissions: tuple[Permission, ...]
    obstacle: Builtin
    emergency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Everything one asker may see on one day. `whole` is set where it is nothing, whatever the facts say."""

    whole: Builtin | None
    cells: Mapping[tuple[PartnerKind, SecrecyClass], Cell]


def compile_table(convenant: Convenant, asker: AskerOnDay) -> Table:
    """Return what the rules and the terms for emergencies say to this asker on that day."""
    rules = tuple(_rules_for(convenant, asker))
    emergency = _emergency(convenant, asker)
    cells = {
        (source, secrecy): _cell(
            [rule for rule in rules if source in rule.sources],
            secrecy,
            is_involved=asker.is_involved,
            emergency=emergency.get((source, secrecy)),
        )
        for source in convenant.kinds
        for secrecy in SecrecyClass
    }
    return Table(whole=_whole(convenant, asker, rules, is_emergency=bool(emergency)), cells=cells)


def _rules_for(convenant: Convenant, asker: AskerOnDay) -> Iterator[Rule]:
    """Yield the rules that speak of this asker and whose ground holds that day."""
    for rule in convenant.rules:
        is_for_asker = rule.serves(
            asking=asker.kind, purpose=asker.purpose, role=asker.role, mandate=asker.mandate
        )
        if is_for_asker and rule.basis.holds(asker.on):
            yield rule


def _emergency(convenant: Convenant, asker: AskerOnDay) -> dict[tuple[PartnerKind, SecrecyClass], str]:
    """Return what a declared emergency reaches, with its ground; nothing where none is declared or allowed."""
    terms = convenant.break_glass
    if not asker.break_glass or terms is None:
        return {}
    is_for_asker = (
        asker.kind in terms.kinds
        and asker.purpose in terms.purposes
        and (not terms.roles or asker.role in terms.roles)
    )
    if not is_for_asker or not terms.basis.holds(asker.on):
        return {}
    return {(source, secrecy): str(terms.basis) for source in terms.sources for secrecy in terms.secrecy}


def _whole(
    convenant: Convenant, asker: AskerOnDay, rules: tuple[Rule, ...], *, is_emergency: bool
) -> Builtin | None:
    if not convenant.in_force(asker.on):
        return Builtin.NOT_IN_FORCE
    may_ask_apart = is_emergency or any(
        rule.effect is Effect.PERMIT and rule.without_own_involvement for rule in rules
    )
    return None if asker.is_involved or may_ask_apart else Builtin.NO_OWN_INVOLVEMENT


def _cell(covering: list[Rule], secrecy: SecrecyClass, *, is_involved: bool, emergency: str | None) -> Cell:
    prohibition: str | None = None
    permissions = []
    obstacles = {Builtin.NO_RULE}
    for rule in covering:
        is_reached = secrecy in rule.secrecy
        if rule.effect is Effect.FORBID:
            if is_reached and prohibition is None:
                prohibition = rule.id
        elif not (is_involved or rule.without_own_involvement):
            obstacles.add(Builtin.NO_OWN_INVOLVEMENT)
        elif not is_reached:
            obstacles.add(Builtin.SECRECY)
        else:
            needs_consent = isinstance(rule.basis, ConsentBasis)
            permissions.append(Permission(rule.id, str(rule.basis), needs_consent))
    return Cell(
        prohibition=prohibition,
        permissions=tuple(permissions),
        obstacle=max(obstacles, key=FURTHEST_LAST.index),
        emergency=emergency,
    )
