"""An explanation on a terminal and as JSON: partners by name and reference, persons not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.cli.output import print_line
from gateway.convenant.explaining import ExplainedInvolvement, Explanation
from gateway.convenant.model import Convenant
from gateway.domain import Oin, Subject

Names = Mapping[Oin, str]


def print_explanation(
    explanation: Explanation,
    convenant: Convenant,
    *,
    show_all: bool,
    names: Names | None = None,
    subject: Subject | None = None,
) -> None:
    """Print every involvement with what each rule does; rules about other kinds as a number unless all are wanted.

    `names` are of the partners; without them organisations stay unnamed. `subject` is the person asked about: others
    in the household are told apart from it, and from nobody else.
    """
    print_line(f"Convenant {explanation.convenant}")
    for sentence in explanation.asker:
        print_line(sentence)
    if not explanation.involvements:
        print_line("\nDe index kent geen betrokkenheid bij dit huishouden: er valt niets te beslissen.")
    for number, each in enumerate(explanation.involvements, start=1):
        print_line(f"\n{number}. Betrokkenheid van {_title(each, convenant, names, subject)}")
        for text in _told(each, names, show_all=show_all):
            print_line(f"   {text}")
        print_line(f"   => {each.text}")


def _title(
    each: ExplainedInvolvement, convenant: Convenant, names: Names | None, subject: Subject | None
) -> str:
    terms = convenant.kinds.get(each.kind) if each.kind else None
    told = [terms.label if terms else each.kind or "een onbekende soort partner"]
    if names is not None:
        told.append(f"{named(each.involvement.partner, names)}, kenmerk {each.involvement.reference}")
    if subject is not None:
        is_asked_about = each.involvement.subject.is_same_person(subject)
        told.append("bij de gevraagde persoon" if is_asked_about else "bij een ander in het huishouden")
    return ": ".join(told[:2]) + "".join(f" ({part})" for part in told[2:])


def _told(each: ExplainedInvolvement, names: Names | None, *, show_all: bool) -> Iterator[str]:
    yield from (rule.text for rule in each.rules if show_all or rule.is_about)
    others = sum(not rule.is_about for rule in each.rules)
    if others and not show_all:
        are = "1 andere regel gaat" if others == 1 else f"{others} andere regels gaan"
        yield f"{are} niet over deze soorten partners (--all noemt ze)."
    for weighed in each.statements:
        recorder = f" Vastgelegd door {named(weighed.statement.partner, names)}." if names is not None else ""
        yield weighed.text + recorder
    if each.of_others:
        are = (
            "1 verklaring van een ander in het huishouden zegt"
            if each.of_others == 1
            else f"{each.of_others} verklaringen van anderen in het huishouden zeggen"
        )
        yield f"{are} hier niets over."


def named(partner: Oin, names: Names) -> str:
    """Return the name of a partner; its OIN where it is none (any more)."""
    return names.get(partner, f"organisatie {partner}")


def explanation_as_json(explanation: Explanation, names: Names | None = None) -> dict[str, Any]:
    """Return an explanation as the JSON of `convenant explain`; every rule is in it."""
    whole = explanation.withheld_whole
    return {
        "convenant": explanation.convenant,
        "asker": list(explanation.asker),
        "withheld_whole": whole.value if whole else None,
        "involvements": [_as_json(each, names) for each in explanation.involvements],
    }


def _as_json(each: ExplainedInvolvement, names: Names | None) -> dict[str, Any]:
    holder = {} if names is None else _identity(each.involvement.partner, each.involvement.reference, names)
    return holder | {
        "kind": each.kind,
        "shown": each.shown,
        "rule": each.rule,
        "basis": each.basis,
        "conclusion": each.text,
        "rules": [
            {
                "rule": rule.rule,
                "effect": rule.effect.value,
                "counts": rule.obstacle is None,
                "obstacle": rule.obstacle.value if rule.obstacle else None,
                "about_these_kinds": rule.is_about,
                "text": rule.text,
            }
            for rule in each.rules
        ],
        "statements": [
            ({} if names is None else {"recorded_by": named(weighed.statement.partner, names)})
            | {
                "reference": weighed.statement.reference,
                "fits": weighed.fits,
                "decides": weighed.decides,
                "text": weighed.text,
            }
            for weighed in each.statements
        ],
        "statements_of_others": each.of_others,
    }


def _identity(partner: Oin, reference: str, names: Names) -> dict[str, Any]:
    return {"partner": partner, "name": names.get(partner), "reference": reference}
