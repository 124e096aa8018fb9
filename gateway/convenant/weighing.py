"""The statements about one involvement: which of them fit, and which decides, each in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.convenant.considering import Asked
from gateway.convenant.statements import MOST_WEIGHED, SaidBy, decisive, is_narrower
from gateway.domain import ConsentEffect, ConsentFact, InvolvementFact, PartnerKind
from gateway.domain.dutch import dutch_day

_NAMES = {
    ConsentEffect.PERMIT: "Toestemming",
    ConsentEffect.OBJECT: "Bezwaar",
    ConsentEffect.WITHDRAWN: "Intrekking",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One statement of the person whose involvement it is. `decides` is set for the one that carries the decision."""

    statement: ConsentFact
    fits: bool
    decides: bool
    text: str


def weigh(asked: Asked, fact: InvolvementFact, kind: PartnerKind | None) -> tuple[Weighed, ...]:
    """Return every statement of that person, in the order of the facts; of the others in the household none."""
    said = [
        each
        for each in asked.facts.consents
        if SaidBy.of(each.subject, each.effect, asked.facts).is_about(fact.subject)
    ]
    faults = [next(_faults(asked, fact, kind, each), None) for each in said]
    fitting = [each for each, fault in zip(said, faults, strict=True) if fault is None]
    decides = decisive(fitting, asker=asked.question.asker)
    return tuple(
        Weighed(
            statement=each,
            fits=fault is None,
            decides=each is decides,
            text=f"{_NAMES[each.effect]} {each.reference} "
            + (f"telt niet: {fault}." if fault else _place(asked, each, decides, fitting)),
        )
        for each, fault in zip(said, faults, strict=True)
    )


def _place(
    asked: Asked, statement: ConsentFact, decides: ConsentFact | None, fitting: Sequence[ConsentFact]
) -> str:
    """Return how a statement that fits stands among the others that fit."""
    if len(fitting) > MOST_WEIGHED:
        return _of_many(statement, decides)
    if statement is decides:
        return f"beslist over de toestemming{': de meest specifieke' if len(fitting) > 1 else ''}."
    narrower = next((each for each in fitting if is_narrower(each, statement)), None)
    is_own_word = decides is not None and is_narrower(statement, decides)
    if is_own_word and statement.effect is ConsentEffect.PERMIT and statement.partner == asked.question.asker:
        return "wijkt: wat de vrager zelf vastlegde gaat niet voor een bezwaar dat een ander vastlegde."
    if narrower is not None:
        return f"wijkt: {_NAMES[narrower.effect].lower()} {narrower.reference} is specifieker."
    if decides is not None and decides.effect is not statement.effect:
        return f"wijkt: bezwaar {decides.reference} is niet minder specifiek, en dan gaat bezwaar voor."
    return "zegt hetzelfde als wat beslist."


def _of_many(statement: ConsentFact, decides: ConsentFact | None) -> str:
    if statement is decides:
        return f"beslist over de toestemming: bij meer dan {MOST_WEIGHED} verklaringen gaat een bezwaar voor."
    return f"wordt niet afgewogen: er zijn meer dan {MOST_WEIGHED} verklaringen."


def _faults(
    asked: Asked, fact: InvolvementFact, kind: PartnerKind | None, statement: ConsentFact
) -> Iterator[str]:
    """Yield why a statement says nothing about this question, the first reason first."""
    question = asked.question
    if not statement.is_current(asked.on):
        yield _not_current(asked, statement)
    # An objection to an organisation by name is one whatever its kind.
    by_kind = statement.effect is ConsentEffect.PERMIT
    if kind not in statement.holder_kinds and (by_kind or not statement.holders):
        yield "gaat over betrokkenheid van een andere soort partner"
    if statement.holders and fact.partner not in statement.holders:
        yield "gaat over betrokkenheid van een andere organisatie"
    if question.asker_kind not in statement.asking_kinds and (by_kind or not statement.askers):
        yield "is voor een andere soort partner die vraagt"
    if statement.askers and question.asker not in statement.askers:
        yield "is voor een andere organisatie die vraagt"
    if question.purpose not in statement.purposes:
        yield "is voor een ander doel"
    if statement.effect is ConsentEffect.PERMIT and not _recorder_counts(asked, statement):
        yield "volgens het convenant legt deze soort partner geen toestemming vast die telt"


def _not_current(asked: Asked, statement: ConsentFact) -> str:
    if statement.effect is ConsentEffect.WITHDRAWN:
        return "trekt een eerdere in"
    if statement.since > asked.on:
        return f"geldt pas vanaf {dutch_day(statement.since)}"
    if statement.until is not None and statement.until < asked.on:
        return f"gold tot en met {dutch_day(statement.until)}"
    # What is left of `ConsentFact.is_current`: its decider is undetermined.
    return "wie het gezag heeft staat niet vast; dat moet eerst worden nagegaan"


def _recorder_counts(asked: Asked, statement: ConsentFact) -> bool:
    return asked.facts.kinds.get(statement.partner) in asked.convenant.consent_recorders
