"""Why a decision came out as it did: every rule considered, every statement weighed, in Dutch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from gateway.convenant.compiled import FURTHEST_LAST
from gateway.convenant.considering import Asked, Considered, consider, consider_emergency
from gateway.convenant.model import Convenant, Effect
from gateway.convenant.question import Builtin, Question
from gateway.convenant.weighing import Weighed, weigh
from gateway.domain import ConsentEffect, ConsentFact, HouseholdFacts, InvolvementFact, PartnerKind
from gateway.domain.dutch import dutch_day

_REASONS = {
    Builtin.OWN: "Niet in het antwoord: het is de eigen betrokkenheid van wie vraagt, en die kent hij al.",
    Builtin.NO_RULE: "Niet getoond: geen regel staat het toe.",
    Builtin.NO_CONSENT: "Niet getoond: een regel zou het toestaan met toestemming, en die is er niet.",
    Builtin.OBJECTION: "Niet getoond: er staat een bezwaar tegenover.",
    Builtin.SHIELDED: "Niet getoond: de betrokkenheid is afgeschermd, en daar gaat geen regel voor.",
    Builtin.SECRECY: "Niet getoond: de regels reiken niet tot deze geheimhoudingsklasse.",
    Builtin.UNKNOWN_PARTNER: (
        "Niet getoond: de houder is geen partner (meer) die aan het convenant is gebonden, of van een soort zonder "
        "afspraken."
    ),
    Builtin.NO_OWN_INVOLVEMENT: "Niet getoond: wie vraagt is zelf niet betrokken, en zonder dat mag het niet.",
    Builtin.NOT_IN_FORCE: "Niet getoond: het convenant geldt op deze dag niet.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedInvolvement:
    """One involvement: the rules in the order of the file, what was said about it, and the conclusion.

    `shown`, `rule`, `basis` and `consent` are those of the verdict of `gateway.convenant.engine`.
    """

    involvement: InvolvementFact
    kind: PartnerKind | None
    rules: tuple[Considered, ...]
    statements: tuple[Weighed, ...]
    of_others: int
    """How many statements of other persons in the household were left aside: each speaks for itself alone."""
    shown: bool
    rule: str
    basis: str
    consent: ConsentFact | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What was asked, in sentences, and every involvement explained, in the order of the facts."""

    convenant: str
    asker: tuple[str, ...]
    withheld_whole: Builtin | None
    involvements: tuple[ExplainedInvolvement, ...]


def explain(convenant: Convenant, question: Question, facts: HouseholdFacts, *, on: date) -> Explanation:
    """Return for every involvement what every rule does and why, and what follows from that.

    The conclusion is drawn here once more, from what was considered, and is the engine's: a test holds them together.
    No sentence names a person or an organisation; statements go by their reference.
    """
    asked = Asked(
        convenant=convenant,
        question=question,
        facts=facts,
        on=on,
        is_involved=any(
            fact.partner == question.asker and fact.is_current(on) for fact in facts.involvements
        ),
    )
    whole = _withheld_whole(asked)
    return Explanation(
        convenant=convenant.identity,
        asker=tuple(_about_the_asker(asked, whole)),
        withheld_whole=whole,
        involvements=tuple(_involvement(asked, fact, whole) for fact in facts.involvements),
    )


def _withheld_whole(asked: Asked) -> Builtin | None:
    if not asked.convenant.in_force(asked.on):
        return Builtin.NOT_IN_FORCE
    if asked.is_involved or asked.has_emergency or any(map(asked.may_use_apart, asked.convenant.rules)):
        return None
    return Builtin.NO_OWN_INVOLVEMENT


def _about_the_asker(asked: Asked, whole: Builtin | None) -> Iterator[str]:
    convenant, question = asked.convenant, asked.question
    purpose = convenant.purposes.get(question.purpose)
    yield (
        f"Gevraagd door {_label(convenant, question.asker_kind)}, in de rol {question.role}, met mandaat "
        f"{question.mandate}, voor {purpose.label if purpose else question.purpose}, op {dutch_day(asked.on)}."
    )
    if asked.is_involved:
        yield "Wie vraagt, is zelf betrokken bij dit huishouden."
    else:
        yield "Wie vraagt, is zelf niet betrokken: alleen regels die dat niet eisen kunnen iets tonen."
    if question.break_glass:
        yield "De vraag noemt een verklaring van de noodprocedure."
        if not asked.has_emergency:
            yield "De noodprocedure van het convenant dekt deze vraag niet: zij toont niets extra."
    if whole is Builtin.NOT_IN_FORCE:
        yield f"Het convenant geldt op {dutch_day(asked.on)} niet: er wordt niets getoond, wat de regels ook zeggen."
    elif whole is not None:
        yield "Geen regel geldt zonder eigen betrokkenheid: er wordt niets getoond, wat de feiten ook zijn."


def _involvement(asked: Asked, fact: InvolvementFact, whole: Builtin | None) -> ExplainedInvolvement:
    kind = asked.facts.kinds.get(fact.partner)
    statements = weigh(asked, fact, kind)
    decided = next((each.statement for each in statements if each.decides), None)
    rules = [consider(asked, rule, fact, kind, decided) for rule in asked.convenant.rules]
    if asked.question.break_glass:
        rules.append(consider_emergency(asked, fact, kind))
    shown, rule, basis, consent = _conclude(asked, fact, kind, rules, decided, whole)
    return ExplainedInvolvement(
        involvement=fact,
        kind=kind,
        rules=tuple(rules),
        statements=statements,
        of_others=sum(not each.subject.is_same_person(fact.subject) for each in asked.facts.consents),
        shown=shown,
        rule=rule,
        basis=basis,
        consent=consent,
        text=_lapsed_in_words(asked, fact, kind)
        if rule == Builtin.NO_CONSENT
        else _in_words(shown, rule, basis, consent),
    )


_Conclusion = tuple[bool, str, str, ConsentFact | None]


def _conclude(
    asked: Asked,
    fact: InvolvementFact,
    kind: PartnerKind | None,
    rules: Sequence[Considered],
    decided: ConsentFact | None,
    whole: Builtin | None,
) -> _Conclusion:
    reason = whole or closed(asked, fact, kind)
    if reason is not None:
        return False, reason.value, "", None
    counting = [each for each in rules if each.obstacle is None]
    for each in counting:
        if each.effect is Effect.FORBID:
            return False, each.rule, "", None
    for each in counting:
        return True, each.rule, each.basis, decided if each.needs_consent else None
    obstacle = max(
        (each.obstacle or Builtin.NO_RULE for each in rules), key=FURTHEST_LAST.index, default=Builtin.NO_RULE
    )
    return False, obstacle.value, "", decided if obstacle is Builtin.OBJECTION else None


def closed(asked: Asked, fact: InvolvementFact, kind: PartnerKind | None) -> Builtin | None:
    """Return why no rule can show this involvement; None where rules decide."""
    if fact.partner == asked.question.asker:
        return Builtin.OWN
    if not fact.is_current(asked.on):
        return Builtin.NO_RULE
    if fact.shielded:
        return Builtin.SHIELDED
    return None if kind in asked.convenant.kinds else Builtin.UNKNOWN_PARTNER


def _in_words(shown: bool, rule: str, basis: str, consent: ConsentFact | None) -> str:  # noqa: FBT001 - a verdict
    if shown and rule == Builtin.BREAK_GLASS:
        return f"Getoond door de noodprocedure, op grond van {basis}."
    if shown:
        said = f" ({consent.reference})" if consent else ""
        return f"Getoond volgens regel {rule}, op grond van {basis}{said}."
    if rule not in set(Builtin):
        return f"Niet getoond: regel {rule} verbiedt het."
    if consent is not None and consent.effect is ConsentEffect.OBJECT:
        return f"Niet getoond: het bezwaar {consent.reference} staat ertegenover."
    return _REASONS[Builtin(rule)]


def _lapsed_in_words(asked: Asked, fact: InvolvementFact, kind: PartnerKind | None) -> str:
    """Return that consent is missing, and which there was: the one that lapsed last of those that would have fitted."""
    lapsed = [
        (each.until, each.reference)
        for each in asked.facts.consents
        if each.effect is ConsentEffect.PERMIT
        and each.until is not None
        and each.until < asked.on
        and _fitted(asked, fact, kind, each)
    ]
    if not lapsed:
        return _REASONS[Builtin.NO_CONSENT]
    until, reference = max(lapsed)
    return (
        "Niet getoond: een regel zou het toestaan met toestemming, en die is er niet meer: toestemming "
        f"{reference} gold tot en met {dutch_day(until)}."
    )


def _fitted(asked: Asked, fact: InvolvementFact, kind: PartnerKind | None, statement: ConsentFact) -> bool:
    """Tell whether a statement that lapsed fitted the question on its last day."""
    then = replace(asked, on=statement.until or asked.on)
    return any(each.fits for each in weigh(then, fact, kind) if each.statement is statement)


def _label(convenant: Convenant, kind: PartnerKind) -> str:
    terms = convenant.kinds.get(kind)
    return terms.label if terms else kind
