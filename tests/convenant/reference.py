"""The decision once more, slow and plain: the convenant written out as a table of cells, then looked up.

What was said is written out too: every statement as the set of all it speaks of, and sets are compared.
"""

from __future__ import annotations

from datetime import date
from itertools import product

from gateway.convenant.model import BreakGlassTerms, ConsentBasis, Convenant, Effect, Rule, StatuteBasis
from gateway.domain import ConsentEffect, ConsentFact, Decider, InvolvementFact, Oin, PartnerKind, Phase
from tests.support.convenants import MANDATES, ROLES
from tests.support.worlds import ORGANISATIONS, World

Cell = tuple[str, ...]
"""Source kind, asking kind, purpose, role, mandate, secrecy class, and whether the asker is involved itself."""

SOMEBODY = Oin("00000099999999999900")
"""An organisation that no statement names: it makes a kind more than those of it that are named."""


def shown_by_table(world: World, on: date) -> list[InvolvementFact]:
    """Return the involvements that the table shows, in the order of the facts."""
    asked, facts = world.question, world.facts
    if not world.convenant.valid_from <= on <= world.convenant.valid_until:
        return []
    own = [fact for fact in facts.involvements if fact.partner == asked.asker and _stands(fact, on)]
    forbidden, by_law, by_consent = _table(world.convenant, on)
    by_law |= _emergency_table(world.convenant, on) if asked.break_glass else set()
    shown = []
    for fact in facts.involvements:
        source = facts.kinds.get(fact.partner, "nobody")
        cell = (
            source,
            asked.asker_kind,
            asked.purpose,
            asked.role,
            asked.mandate,
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
            and (cell in by_law or (cell in by_consent and agreed(world, fact, on)))
        ):
            shown.append(fact)
    return shown


def _table(convenant: Convenant, on: date) -> tuple[set[Cell], set[Cell], set[Cell]]:
    forbidden: set[Cell] = set()
    by_law: set[Cell] = set()
    by_consent: set[Cell] = set()
    for rule in convenant.rules:
        cells = set(_written_out(rule.sources, rule.asking, rule))
        if rule.effect is Effect.PERMIT and not rule.without_own_involvement:
            cells = {cell for cell in cells if cell[-1] == "involved"}
        if isinstance(rule.basis, ConsentBasis):
            by_consent |= cells
        elif _statute_counts(rule.basis, on):
            (forbidden if rule.effect is Effect.FORBID else by_law).update(cells)
    return forbidden, by_law, by_consent


def _emergency_table(convenant: Convenant, on: date) -> set[Cell]:
    terms = convenant.break_glass
    if terms is None or not _statute_counts(terms.basis, on):
        return set()
    return set(_written_out(terms.sources, terms.kinds, terms))


def _written_out(
    sources: frozenset[PartnerKind], asking: frozenset[PartnerKind], terms: Rule | BreakGlassTerms
) -> product[Cell]:
    mandates = terms.mandates if isinstance(terms, Rule) else frozenset[str]()
    return product(
        sources,
        asking,
        terms.purposes,
        terms.roles or ROLES,
        mandates or MANDATES,
        terms.secrecy,
        ("involved", "apart"),
    )


def _statute_counts(basis: object, on: date) -> bool:
    assert isinstance(basis, StatuteBasis)
    return basis.since is not None and basis.since <= on <= (basis.until or date.max)


def _stands(fact: InvolvementFact, on: date) -> bool:
    return fact.phase in {Phase.PROVISIONAL, Phase.ACTIVE} and fact.since <= on <= (fact.until or date.max)


def agreed(world: World, fact: InvolvementFact, on: date) -> bool:
    """Tell whether what was said permits it: somebody agreed, and to every objection there is a narrower consent."""
    permits, objections = statements_about(world, fact, on)
    asker = world.question.asker
    return bool(permits) and all(
        any(narrower(one, other) and not (one.partner == asker and other.partner != asker) for one in permits)
        for other in objections
    )


def statements_about(
    world: World, fact: InvolvementFact, on: date
) -> tuple[list[ConsentFact], list[ConsentFact]]:
    """Return the consents and the objections that hold for this involvement, asker and purpose."""
    asked, kinds = world.question, world.facts.kinds
    point = (kinds[fact.partner], fact.partner, asked.asker_kind, asked.asker, asked.purpose)
    said = [
        statement
        for statement in world.facts.consents
        if statement.subject.is_same_person(fact.subject)
        and _is_in_scope(statement, point)
        and statement.since <= on <= (statement.until or date.max)
    ]
    permits = [
        statement
        for statement in said
        if statement.effect is ConsentEffect.PERMIT
        and statement.decided_by is not Decider.UNDETERMINED
        and kinds.get(statement.partner, "nobody") in world.convenant.consent_recorders
    ]
    return permits, [statement for statement in said if statement.effect is ConsentEffect.OBJECT]


def _is_in_scope(statement: ConsentFact, point: tuple[str, ...]) -> bool:
    """An objection that names organisations is about them whatever their kind."""
    if statement.effect is not ConsentEffect.OBJECT:
        return point in scope(statement)
    kind, holder, asking_kind, asker, purpose = point
    is_held = holder in statement.holders if statement.holders else kind in statement.holder_kinds
    is_asked = asker in statement.askers if statement.askers else asking_kind in statement.asking_kinds
    return is_held and is_asked and purpose in statement.purposes


def scope(statement: ConsentFact) -> set[tuple[str, ...]]:
    """Return every holder and asker of the small world, with their kinds and purpose, that it speaks of."""
    everybody = {*ORGANISATIONS, SOMEBODY}
    return set(
        product(
            statement.holder_kinds,
            statement.holders or everybody,
            statement.asking_kinds,
            statement.askers or everybody,
            statement.purposes,
        )
    )


def narrower(one: ConsentFact, other: ConsentFact) -> bool:
    """Tell whether one scope is inside the other, and leaves out somebody or something the other names."""
    return scope(one) <= scope(other) and _named(one) != _named(other)


def _named(statement: ConsentFact) -> set[tuple[str, ...]]:
    return set(
        product(
            statement.holders or {f"every {kind}" for kind in statement.holder_kinds},
            statement.askers or {f"every {kind}" for kind in statement.asking_kinds},
            statement.purposes,
        )
    )
