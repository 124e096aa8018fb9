"""One rule and one involvement: whether the rule counts, and in a sentence why, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from gateway.convenant.model import (
    Basis,
    BreakGlassTerms,
    ConsentBasis,
    Convenant,
    Effect,
    Rule,
    StatuteBasis,
)
from gateway.convenant.question import Builtin, Question
from gateway.domain import ConsentEffect, ConsentFact, HouseholdFacts, InvolvementFact, PartnerKind
from gateway.domain.dutch import dutch_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """One rule, or the terms for emergencies. `obstacle` is why it does not count; None where it does.

    `is_about` says that it speaks of these two kinds of partners: the others are mostly of no interest.
    """

    rule: str
    effect: Effect
    is_about: bool
    obstacle: Builtin | None
    needs_consent: bool
    basis: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question with everything that its explanation looks at."""

    convenant: Convenant
    question: Question
    facts: HouseholdFacts
    on: date
    is_involved: bool

    @property
    def has_emergency(self) -> bool:
        """Tell whether the terms for emergencies cover this asker: declared, allowed, and on a ground that holds."""
        terms = self.convenant.break_glass
        return (
            self.question.break_glass
            and terms is not None
            and not any(_asker_faults(self, terms))
            and terms.basis.holds(self.on)
        )

    def may_use_apart(self, rule: Rule) -> bool:
        """Tell whether a permission serves this asker although it is not involved itself."""
        question = self.question
        return (
            rule.effect is Effect.PERMIT
            and rule.without_own_involvement
            and rule.basis.holds(self.on)
            and rule.serves(
                asking=question.asker_kind,
                purpose=question.purpose,
                role=question.role,
                mandate=question.mandate,
            )
        )


def consider(
    asked: Asked, rule: Rule, fact: InvolvementFact, kind: PartnerKind | None, decided: ConsentFact | None
) -> Considered:
    """Return what the rule does for the involvement. `decided` is the statement of consent or objection that counts."""
    obstacle, why = _obstacle(asked, rule, fact, kind, decided)
    if obstacle is not None:
        text = f"Regel {rule.id} geldt niet: {why}."
    elif rule.effect is Effect.FORBID:
        text = f"Regel {rule.id} verbiedt het, op grond van {rule.basis}. Een verbod gaat voor elke andere regel."
    else:
        text = f"Regel {rule.id} staat het toe, op grond van {rule.basis}."
    return Considered(
        rule=rule.id,
        effect=rule.effect,
        is_about=kind in rule.sources and asked.question.asker_kind in rule.asking,
        obstacle=obstacle,
        needs_consent=isinstance(rule.basis, ConsentBasis),
        basis=str(rule.basis),
        text=text,
    )


def consider_emergency(asked: Asked, fact: InvolvementFact, kind: PartnerKind | None) -> Considered:
    """Return what the terms for emergencies do for the involvement, under a declared emergency."""
    terms = asked.convenant.break_glass
    faults = ["het convenant heeft er geen"] if terms is None else list(_faults(asked, terms, fact, kind))
    if faults:
        text = f"De noodprocedure geldt hier niet: {faults[0]}."
    else:
        text = f"De noodprocedure staat het toe, op grond van {terms.basis if terms else ''}."
    return Considered(
        rule=Builtin.BREAK_GLASS.value,
        effect=Effect.PERMIT,
        is_about=True,
        obstacle=Builtin.NO_RULE if faults else None,
        needs_consent=False,
        basis=str(terms.basis) if terms else "",
        text=text,
    )


def _faults(
    asked: Asked, terms: BreakGlassTerms, fact: InvolvementFact, kind: PartnerKind | None
) -> Iterator[str]:
    yield from _asker_faults(asked, terms)
    if kind not in terms.sources:
        yield "zij toont deze soort partner niet"
    if fact.secrecy not in terms.secrecy:
        yield f"zij reikt niet tot geheimhoudingsklasse {fact.secrecy.value}"
    if not terms.basis.holds(asked.on):
        yield ground_in_words(terms.basis, asked.on)


def _asker_faults(asked: Asked, terms: BreakGlassTerms) -> Iterator[str]:
    question = asked.question
    if question.asker_kind not in terms.kinds:
        yield "deze soort partner mag haar niet inroepen"
    if terms.roles and question.role not in terms.roles:
        yield "in deze rol mag zij niet worden ingeroepen"
    if question.purpose not in terms.purposes:
        yield "zij is er niet voor dit doel"


def _obstacle(
    asked: Asked, rule: Rule, fact: InvolvementFact, kind: PartnerKind | None, decided: ConsentFact | None
) -> tuple[Builtin | None, str]:
    elsewhere = next(_elsewhere(asked, rule, kind), None)
    if elsewhere is not None:
        return Builtin.NO_RULE, elsewhere
    is_permit = rule.effect is Effect.PERMIT
    if is_permit and not (asked.is_involved or rule.without_own_involvement):
        return Builtin.NO_OWN_INVOLVEMENT, "wie vraagt moet zelf betrokken zijn, en is dat niet"
    if fact.secrecy not in rule.secrecy:
        # A prohibition that does not reach it is no reason why permissions fail.
        reason = Builtin.SECRECY if is_permit else Builtin.NO_RULE
        return reason, f"reikt niet tot geheimhoudingsklasse {fact.secrecy.value}"
    if isinstance(rule.basis, ConsentBasis):
        return _consent_missing(decided)
    return None, ""


def _consent_missing(decided: ConsentFact | None) -> tuple[Builtin | None, str]:
    if decided is None:
        return Builtin.NO_CONSENT, "de toestemming ontbreekt"
    if decided.effect is ConsentEffect.OBJECT:
        return Builtin.OBJECTION, f"het bezwaar {decided.reference} staat ertegenover"
    return None, ""


def _elsewhere(asked: Asked, rule: Rule, kind: PartnerKind | None) -> Iterator[str]:
    """Yield why the rule does not speak of this question at all, the first reason first."""
    question = asked.question
    if kind not in rule.sources:
        yield "gaat niet over betrokkenheid van deze soort partner"
    if question.asker_kind not in rule.asking:
        yield "is voor een andere soort partner die vraagt"
    if question.purpose not in rule.purposes:
        yield "het doel is een ander"
    if rule.roles and question.role not in rule.roles:
        yield f"is voor een andere rol ({', '.join(sorted(rule.roles))})"
    if rule.mandates and question.mandate not in rule.mandates:
        yield f"is voor een ander mandaat ({', '.join(sorted(rule.mandates))})"
    if not rule.basis.holds(asked.on):
        yield ground_in_words(rule.basis, asked.on)


def ground_in_words(basis: Basis, on: date) -> str:
    """Return why a ground does not hold on that day."""
    if not isinstance(basis, StatuteBasis) or basis.since is None:
        return f"de grondslag ({basis}) heeft geen begindatum en is uitgeschakeld"
    if basis.since > on:
        return f"de grondslag ({basis}) geldt pas vanaf {dutch_day(basis.since)}"
    # What is left of `holds`: it has a last day, and that is over.
    return f"de grondslag ({basis}) gold tot en met {dutch_day(basis.until or on)}"
