"""Who may see which involvement: a pure decision that denies whatever no rule permits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from gateway.convenant.model import ConsentBasis, Convenant, Effect, Rule
from gateway.convenant.question import Builtin, Decision, Question, Verdict
from gateway.domain import ConsentEffect, ConsentFact, HouseholdFacts, InvolvementFact, PartnerKind
from gateway.errors import NotPermitted


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

    Forbid beats permit, empty denies, unknown denies. The verdicts stand in the order of the facts.
    """
    whole = _withheld_whole(convenant, question, facts, on)
    verdicts = tuple(
        _verdict(convenant, question, facts, fact, on) if whole is None else _withheld(fact, whole)
        for fact in facts.involvements
    )
    return Decision(verdicts=verdicts, withheld_whole=whole, convenant=convenant.identity)


def _withheld_whole(
    convenant: Convenant, question: Question, facts: HouseholdFacts, on: date
) -> Builtin | None:
    if not convenant.in_force(on):
        return Builtin.NOT_IN_FORCE
    involved = any(fact.partner == question.asker and fact.is_current(on) for fact in facts.involvements)
    if involved or _may_ask_without(convenant, question, on):
        return None
    return Builtin.NO_OWN_INVOLVEMENT


def _may_ask_without(convenant: Convenant, question: Question, on: date) -> bool:
    return any(
        rule.without_own_involvement
        and rule.effect is Effect.PERMIT
        and question.asker_kind in rule.asking
        and question.purpose in rule.purposes
        and _ground_holds(rule, on)
        for rule in convenant.rules
    )


def _verdict(
    convenant: Convenant, question: Question, facts: HouseholdFacts, fact: InvolvementFact, on: date
) -> Verdict:
    # 1. What the asker knows already.
    if fact.partner == question.asker:
        return _withheld(fact, Builtin.OWN)
    # 2. What is no longer so, and what is shielded, shows to nobody.
    if not fact.is_current(on):
        return _withheld(fact, Builtin.NO_RULE)
    if fact.shielded:
        return _withheld(fact, Builtin.SHIELDED)
    # 3. A holder that is not a partner (any more) has no terms.
    source = facts.kinds.get(fact.partner)
    if source is None or source not in convenant.kinds:
        return _withheld(fact, Builtin.UNKNOWN_PARTNER)
    covering = [
        rule
        for rule in convenant.rules
        if rule.covers(source=source, asking=question.asker_kind, purpose=question.purpose)
    ]
    # 4. A prohibition wins.
    for rule in covering:
        if rule.effect is Effect.FORBID and _ground_holds(rule, on):
            return Verdict(involvement=fact, shown=False, rule=rule.id)
    # 5. The first permission whose ground holds.
    return _permitted(covering, question, facts, fact, source, on=on)


def _permitted(
    covering: Iterable[Rule],
    question: Question,
    facts: HouseholdFacts,
    fact: InvolvementFact,
    source: PartnerKind,
    *,
    on: date,
) -> Verdict:
    reason = Builtin.NO_RULE
    for rule in covering:
        if rule.effect is not Effect.PERMIT or not _ground_holds(rule, on):
            continue
        if fact.secrecy not in rule.secrecy:
            reason = Builtin.SECRECY
            continue
        if isinstance(rule.basis, ConsentBasis):
            missing = _consent_missing(question, facts, fact, source, on)
            if missing is not None:
                reason = missing
                continue
        return Verdict(involvement=fact, shown=True, rule=rule.id, basis=str(rule.basis))
    return _withheld(fact, reason)


def _ground_holds(rule: Rule, on: date) -> bool:
    return isinstance(rule.basis, ConsentBasis) or rule.basis.is_valid(on)


def _consent_missing(
    question: Question, facts: HouseholdFacts, fact: InvolvementFact, source: PartnerKind, on: date
) -> Builtin | None:
    """Return why consent does not carry it; None where it does. An objection that fits beats any consent."""
    effects = {
        consent.effect
        for consent in facts.consents
        if _fits(consent, question, fact, source) and consent.is_current(on)
    }
    if ConsentEffect.OBJECT in effects:
        return Builtin.OBJECTION
    return None if ConsentEffect.PERMIT in effects else Builtin.NO_CONSENT


def _fits(consent: ConsentFact, question: Question, fact: InvolvementFact, source: PartnerKind) -> bool:
    """The consent of the person whose involvement it is, and of nobody else in the household."""
    return (
        consent.subject == fact.subject
        and source in consent.holder_kinds
        and question.asker_kind in consent.asking_kinds
        and question.purpose in consent.purposes
    )


def _withheld(fact: InvolvementFact, reason: Builtin) -> Verdict:
    return Verdict(involvement=fact, shown=False, rule=reason.value)
