"""The decision once more, slow and plain: the convenant written out as a table of cells, then looked up."""

from __future__ import annotations

from datetime import date
from itertools import product

from gateway.convenant.model import ConsentBasis, Convenant, Effect, StatuteBasis
from gateway.domain import ConsentEffect, InvolvementFact, Phase, SecrecyClass
from tests.support.convenants import KINDS, PURPOSES, ROLES, World

Cell = tuple[str, ...]
"""Source kind, asking kind, purpose, role, secrecy class, and whether the asker is involved itself."""


def shown_by_table(world: World, on: date) -> list[InvolvementFact]:
    """Return the involvements that the table shows, in the order of the facts."""
    asked, facts = world.question, world.facts
    if not world.convenant.valid_from <= on <= world.convenant.valid_until:
        return []
    own = [fact for fact in facts.involvements if fact.partner == asked.asker and _stands(fact, on)]
    forbidden, by_law, by_consent = _table(world.convenant, on)
    shown = []
    for fact in facts.involvements:
        source = facts.kinds.get(fact.partner, "nobody")
        cell = (
            source,
            asked.asker_kind,
            asked.purpose,
            asked.role,
            fact.secrecy,
            "involved" if own else "apart",
        )
        is_open = (
            fact.partner != asked.asker
            and _stands(fact, on)
            and not fact.shielded
            and source in world.convenant.kinds
        )
        if (
            is_open
            and cell not in forbidden
            and (cell in by_law or (cell in by_consent and _agreed(world, fact, on)))
        ):
            shown.append(fact)
    return shown


def _table(convenant: Convenant, on: date) -> tuple[set[Cell], set[Cell], set[Cell]]:
    forbidden: set[Cell] = set()
    by_law: set[Cell] = set()
    by_consent: set[Cell] = set()
    for rule, source, asking, purpose, role, secrecy, own in product(
        convenant.rules, KINDS.values(), KINDS.values(), PURPOSES, ROLES, SecrecyClass, ("involved", "apart")
    ):
        if source not in rule.sources or asking not in rule.asking or purpose not in rule.purposes:
            continue
        if secrecy not in rule.secrecy or (rule.roles and role not in rule.roles):
            continue
        cell = (source, asking, purpose, role, secrecy, own)
        if rule.effect is Effect.FORBID:
            if _statute_counts(rule.basis, on):
                forbidden.add(cell)
        elif own == "involved" or rule.without_own_involvement:
            if isinstance(rule.basis, ConsentBasis):
                by_consent.add(cell)
            elif _statute_counts(rule.basis, on):
                by_law.add(cell)
    return forbidden, by_law, by_consent


def _statute_counts(basis: object, on: date) -> bool:
    assert isinstance(basis, StatuteBasis)
    return basis.since is not None and basis.since <= on <= (basis.until or date.max)


def _stands(fact: InvolvementFact, on: date) -> bool:
    return fact.phase in {Phase.PROVISIONAL, Phase.ACTIVE} and fact.since <= on <= (fact.until or date.max)


def _agreed(world: World, fact: InvolvementFact, on: date) -> bool:
    said = {
        statement.effect
        for statement in world.facts.consents
        if statement.subject.is_same_person(fact.subject)
        and world.facts.kinds[fact.partner] in statement.holder_kinds
        and world.question.asker_kind in statement.asking_kinds
        and world.question.purpose in statement.purposes
        and statement.since <= on <= (statement.until or date.max)
    }
    return ConsentEffect.PERMIT in said and ConsentEffect.OBJECT not in said
