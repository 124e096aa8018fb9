"""Every cell of the example's matrix: a test a pair of kinds, with what to expect read from the file by hand.

The reader below knows nothing of the model, the matrix or the engine: it goes down the rules of the YAML.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from itertools import product, starmap
from typing import Any, NamedTuple

import pytest
import yaml

from gateway.convenant.engine import Engine
from gateway.convenant.question import Question
from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    HouseholdFacts,
    Oin,
    PartnerKind,
    Reference,
    SecrecyClass,
)
from tests.support.convenants import example, example_text
from tests.support.facts import consent, involvement, person

TODAY = "2026-06-01"
HOLDER, ASKER, DOCTOR, OFFICER = (Oin(f"00000099100000000{number}00") for number in (7, 8, 6, 5))
MANDATE = "eigen-taak"
ENGINE = Engine(example())
SAID = ("nothing", "consent", "consent that the police recorded", "consent and an objection to the holder")


@cache
def document() -> dict[str, Any]:
    """Return the file as text in lists and mappings; days sort as text."""
    content: dict[str, Any] = yaml.load(example_text(), Loader=yaml.BaseLoader)  # noqa: S506 - text only
    return content


class Pair(NamedTuple):
    """Whose involvements, and who asks."""

    source: str
    asking: str


class Known(NamedTuple):
    """What the index knows: the class of the holder's involvement, whether the asker has one, what was said."""

    secrecy: str
    is_involved: bool
    said: str


class Asked(NamedTuple):
    """What the asker says of itself."""

    purpose: str
    role: str
    is_emergency: bool


def expected(pair: Pair, known: Known, asked: Asked) -> bool:
    """Go down the rules of the file: does this cell show?"""
    rules = [
        rule
        for rule in document()["rules"]
        if covers(rule, pair, asked) and MANDATE in rule.get("mandates", [MANDATE])
    ]
    forbids = [rule for rule in rules if rule.get("effect") == "forbid"]
    if any(known.secrecy in rule.get("secrecy", ["N", "R", "V"]) for rule in forbids):
        return False
    permits = [
        rule
        for rule in rules
        if rule not in forbids
        and known.secrecy in rule.get("secrecy", ["N", "R"])
        and (known.is_involved or rule.get("without_own_involvement") == "true")
    ]
    if any(known.said == "consent" or "consent" not in rule["basis"] for rule in permits):
        return True
    terms = document()["break_glass"]
    return asked.is_emergency and covers(terms, pair, asked) and known.secrecy in terms["secrecy"]


def covers(terms: dict[str, Any], pair: Pair, asked: Asked) -> bool:
    """Tell whether a rule, or the terms for emergencies, speak of this and count today.

    A first day of null is the text `null` here, which is no day and after all of them.
    """
    basis = terms["basis"]
    return (
        pair.source in terms["source"]
        and pair.asking in terms["asking"]
        and asked.purpose in terms["purposes"]
        and asked.role in terms.get("roles", [asked.role])
        and ("consent" in basis or basis["from"] <= TODAY <= basis.get("until", "9999-12-31"))
    )


def facts(pair: Pair, known: Known) -> HouseholdFacts:
    """Return a household in which Anna is known to the holder, and everything else as the case says."""
    involvements = [involvement(HOLDER, "anna", secrecy=SecrecyClass(known.secrecy))]
    involvements += [involvement(ASKER, "anna")] if known.is_involved else []
    return HouseholdFacts(
        subject=person("anna"),
        members=frozenset({person("anna")}),
        involvements=tuple(involvements),
        consents=tuple(statements(pair, known.said)),
        kinds={
            HOLDER: PartnerKind(pair.source),
            ASKER: PartnerKind(pair.asking),
            DOCTOR: PartnerKind("huisarts"),
            OFFICER: PartnerKind("politie"),
        },
    )


def statements(pair: Pair, said: str) -> list[ConsentFact]:
    """Return what was said about this pair, for every purpose."""
    purposes = frozenset(document()["purposes"])
    recorder = OFFICER if said == "consent that the police recorded" else DOCTOR
    agreed = consent(recorder, "anna", holder=pair.source, asking=pair.asking, purposes=purposes)
    objected = replace(
        agreed,
        reference=Reference("objection"),
        effect=ConsentEffect.OBJECT,
        holders=frozenset({HOLDER}),
    )
    return {"nothing": [], SAID[3]: [agreed, objected]}.get(said, [agreed])


def is_shown(pair: Pair, household: HouseholdFacts, asked: Asked) -> bool:
    """Ask the engine."""
    question = Question(
        asker=ASKER,
        asker_kind=PartnerKind(pair.asking),
        role=asked.role,
        mandate=MANDATE,
        purpose=asked.purpose,
        subject=household.subject,
        break_glass=asked.is_emergency,
    )
    return bool(ENGINE.decide(question, household, on=date.fromisoformat(TODAY)).shown)


def test_there_are_twenty_four_kinds_and_seven_purposes() -> None:
    assert (len(document()["kinds"]), len(document()["purposes"])) == (24, 7)


@pytest.mark.parametrize("source", sorted(example().kinds))
@pytest.mark.parametrize("asking", sorted(example().kinds))
def test_every_cell_of_the_pair_shows_what_the_file_says_and_nothing_else(source: str, asking: str) -> None:
    """For each purpose and role, with and without emergency, involvement and statements, for a low and a high class."""
    pair = Pair(source, asking)
    roles = document()["kinds"][asking]["roles"]
    questions = [Asked(*each) for each in product(document()["purposes"], roles, (True, False))]
    for known in starmap(Known, product("NV", (True, False), SAID)):
        household = facts(pair, known)
        for asked in questions:
            assert is_shown(pair, household, asked) is expected(pair, known, asked), (known, asked)
