"""Who may see which involvement: a pure decision that denies whatever no rule permits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gateway.convenant.model import ConsentBasis, Convenant, Effect, Rule
from gateway.convenant.question import Builtin, Decision, Question, Verdict
from gateway.domain import ConsentEffect, ConsentFact, HouseholdFacts, InvolvementFact, PartnerKind
from gateway.errors import NotPermitted

_FURTHEST_LAST = (
    Builtin.NO_RULE,
    Builtin.NO_OWN_INVOLVEMENT,
    Builtin.SECRECY,
    Builtin.NO_CONSENT,
    Builtin.OBJECTION,
)
"""Why permissions did not count. Where several failed, the one that came furthest explains the verdict."""


def check_asker(convenant: Convenant, *, kind: PartnerKind, role: str, mandate: str, purpose: str) -> None:
    """Return if the convenant knows this asker. Speaks only of what the asker knows of itself.

    Raises:
        NotPermitted: UNKNOWN_KIND, UNKNOWN_PURPOSE, UNKNOWN_ROLE or UNKNOWN_MANDATE.

    """
    terms = convenant.kinds.get(kind)
    if terms is None:
        raise NotPermitted("UNKNOWN_KIND", "the convenant has no terms for this kind of partner")
    if purpose not in convenant.purposes:
        raise NotPermitted("UNKNOWN_PURPOSE", "purpose: the convenant does not have this purpose")
    if role not in terms.roles:
        raise NotPermitted(
            "UNKNOWN_ROLE", "professional.role: the convenant does not give this kind this role"
        )
    if mandate not in convenant.mandates:
        raise NotPermitted(
            "UNKNOWN_MANDATE", "professional.mandate: the convenant does not have this mandate"
        )


def decide(convenant: Convenant, question: Question, facts: HouseholdFacts, *, on: date) -> Decision:
    """Return for every involvement whether it may be shown, by which rule and on which ground.

    Forbid beats permit, empty denies, unknown denies. The verdicts stand in the order of the facts; none
    depends on another involvement, except that the asker's own make it an involved asker.
    """
    case = _Case(
        convenant=convenant,
        question=question,
        facts=facts,
        on=on,
        rules=_rules_for(convenant, question, on),
        is_involved=any(
            fact.partner == question.asker and fact.is_current(on) for fact in facts.involvements
        ),
    )
    whole = _withheld_whole(case)
    verdicts = tuple(
        _verdict(case, fact) if whole is None else _withheld(fact, whole) for fact in facts.involvements
    )
    return Decision(verdicts=verdicts, withheld_whole=whole, convenant=convenant.identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One question with everything its verdicts need. `rules` speak of this asker and their ground holds."""

    convenant: Convenant
    question: Question
    facts: HouseholdFacts
    on: date
    rules: tuple[Rule, ...]
    is_involved: bool

    def counts(self, rule: Rule) -> bool:
        """Tell whether the asker may use a permission: it is involved itself, or need not be."""
        return self.is_involved or rule.without_own_involvement


def _rules_for(convenant: Convenant, question: Question, on: date) -> tuple[Rule, ...]:
    return tuple(
        rule
        for rule in convenant.rules
        if rule.serves(asking=question.asker_kind, purpose=question.purpose, role=question.role)
        and rule.basis.holds(on)
    )


def _withheld_whole(case: _Case) -> Builtin | None:
    """Return why this asker may see nothing at all, whatever there is; None if it may see something."""
    if not case.convenant.in_force(case.on):
        return Builtin.NOT_IN_FORCE
    if case.is_involved or any(rule.effect is Effect.PERMIT and case.counts(rule) for rule in case.rules):
        return None
    return Builtin.NO_OWN_INVOLVEMENT


def _verdict(case: _Case, fact: InvolvementFact) -> Verdict:
    closed = _closed(case, fact)
    if closed is not None:
        return _withheld(fact, closed)
    covering = [rule for rule in case.rules if case.facts.kinds[fact.partner] in rule.sources]
    # 4. A prohibition wins.
    for rule in covering:
        if rule.effect is Effect.FORBID and fact.secrecy in rule.secrecy:
            return Verdict(involvement=fact, shown=False, rule=rule.id)
    # 5. The first permission with nothing in its way shows it; otherwise it stays withheld.
    obstacles = {Builtin.NO_RULE}
    for rule in covering:
        if rule.effect is Effect.PERMIT:
            obstacle = _obstacle(case, rule, fact)
            if obstacle is None:
                return Verdict(involvement=fact, shown=True, rule=rule.id, basis=str(rule.basis))
            obstacles.add(obstacle)
    return _withheld(fact, max(obstacles, key=_FURTHEST_LAST.index))


def _closed(case: _Case, fact: InvolvementFact) -> Builtin | None:
    """Return why no rule can show this involvement; None where rules decide."""
    # 1. What the asker knows already.
    if fact.partner == case.question.asker:
        return Builtin.OWN
    # 2. What is no longer so, and what is shielded, shows to nobody.
    if not fact.is_current(case.on):
        return Builtin.NO_RULE
    if fact.shielded:
        return Builtin.SHIELDED
    # 3. A holder that is not a partner (any more) has no terms.
    if case.facts.kinds.get(fact.partner) not in case.convenant.kinds:
        return Builtin.UNKNOWN_PARTNER
    return None


def _obstacle(case: _Case, rule: Rule, fact: InvolvementFact) -> Builtin | None:
    """Return why a permission does not count for this involvement; None where it does."""
    if not case.counts(rule):
        return Builtin.NO_OWN_INVOLVEMENT
    if fact.secrecy not in rule.secrecy:
        return Builtin.SECRECY
    if isinstance(rule.basis, ConsentBasis):
        return _consent_missing(case, fact)
    return None


def _consent_missing(case: _Case, fact: InvolvementFact) -> Builtin | None:
    """Return why consent does not carry it; None where it does. An objection that fits beats any consent."""
    effects = {
        consent.effect
        for consent in case.facts.consents
        if consent.is_current(case.on) and _fits(consent, case, fact)
    }
    if ConsentEffect.OBJECT in effects:
        return Builtin.OBJECTION
    return None if ConsentEffect.PERMIT in effects else Builtin.NO_CONSENT


def _fits(consent: ConsentFact, case: _Case, fact: InvolvementFact) -> bool:
    """The consent of the person whose involvement it is, and of nobody else in the household."""
    return (
        consent.subject.is_same_person(fact.subject)
        and case.facts.kinds[fact.partner] in consent.holder_kinds
        and case.question.asker_kind in consent.asking_kinds
        and case.question.purpose in consent.purposes
    )


def _withheld(fact: InvolvementFact, reason: Builtin) -> Verdict:
    return Verdict(involvement=fact, shown=False, rule=reason.value)
