"""The table people read: what a mark says is what the engine does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from random import Random

import pytest

from gateway.convenant.cells import Nuance, Pair, Reach, covering, nuances, pairs, reach
from gateway.convenant.engine import Engine
from gateway.convenant.matrix import Mark, marks, matrix, rule_lines
from gateway.convenant.model import ConsentBasis, Convenant, Effect, Rule, StatuteBasis
from gateway.domain import Oin, SecrecyClass
from tests.support.convenants import (
    GGZ,
    KINDS,
    MANDATES,
    OIN_WIJKTEAM,
    POLITIE,
    PURPOSES,
    ROLES,
    TODAY,
    VEILIG_THUIS,
    convenant,
    facts,
    question,
    rule,
)
from tests.support.sealed import consent, involvement
from tests.support.worlds import seeded_worlds

NOT_YET = StatuteBasis(law="Wet", article="1", since=None)
ASKER = Oin("00000099100000000600")
HOLDER = Oin("00000099100000000700")


def forbid(**changes: object) -> Rule:
    return rule(**{"id": "F-1", "effect": Effect.FORBID, "secrecy": frozenset(SecrecyClass)} | changes)


def mark(*rules: Rule) -> str:
    return marks(convenant(*rules), PURPOSES[0], on=TODAY)[GGZ, POLITIE].text


def test_the_table_has_a_row_for_every_case_a_rule_names() -> None:
    one = rule(
        sources=frozenset({GGZ, POLITIE}), asking=frozenset({VEILIG_THUIS}), purposes=frozenset(PURPOSES)
    )
    rows = matrix(convenant(one), on=TODAY)
    assert [(row.source, row.asking, row.purpose) for row in rows] == [
        (source, "veilig_thuis", purpose) for source in ("ggz", "politie") for purpose in PURPOSES
    ]
    assert {(row.effect, row.basis, row.rule, row.secrecy) for row in rows} == {
        ("permit", "Wet 1", "R-1", "N R")
    }
    assert all(row.holds_today and row.verified and not row.without_own_involvement for row in rows)


def test_the_table_says_what_is_a_prohibition_and_what_does_not_count() -> None:
    grounds = {
        row.rule: (row.effect, row.basis, row.holds_today)
        for row in matrix(
            convenant(forbid(), rule(basis=ConsentBasis()), rule(id="R-2", basis=NOT_YET)), on=TODAY
        )
    }
    assert grounds == {
        "F-1": ("forbid", "verbod", True),
        "R-1": ("permit", "toestemming", True),
        "R-2": ("permit", "Wet 1 (geldt niet)", False),
    }


def test_nothing_holds_in_a_convenant_outside_its_days() -> None:
    assert not any(row.holds_today for row in matrix(convenant(rule()), on=date(2027, 1, 1)))


def test_a_row_is_json() -> None:
    narrow = rule(sources=frozenset({GGZ}), asking=frozenset({POLITIE}), purposes=frozenset({PURPOSES[0]}))
    [row] = matrix(convenant(narrow), on=TODAY)
    assert json.loads(json.dumps(row.as_json()))["source"] == "ggz"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule()], "W"),
        ([rule(without_own_involvement=True)], "W+"),
        ([rule(basis=ConsentBasis())], "T"),
        ([rule(basis=ConsentBasis()), rule(id="R-2")], "W"),
        ([rule(basis=NOT_YET)], "-"),
        ([rule(), forbid()], "X"),
        ([rule(), forbid(basis=NOT_YET)], "W"),
        ([rule(), forbid(roles=frozenset({ROLES[0]}))], "W~"),
        ([rule(), forbid(secrecy=frozenset({SecrecyClass.NORMAL}))], "W~"),
        ([rule(mandates=frozenset({MANDATES[0]}))], "W~"),
        ([rule(mandates=frozenset({MANDATES[0]}), without_own_involvement=True)], "W±"),
        ([rule(roles=frozenset({ROLES[0]})), rule(id="R-2", basis=ConsentBasis())], "W~"),
    ],
    ids=[
        "law", "apart", "consent", "law-beats-consent", "switched-off", "forbidden", "forbid-switched-off",
        "forbidden-for-a-role", "forbidden-for-a-class", "a-mandate", "a-mandate-apart", "law-for-a-role",
    ],
)  # fmt: skip
def test_a_mark_says_what_the_rules_do_together(rules: list[Rule], expected: str) -> None:
    assert mark(*rules) == expected


def test_a_pair_that_no_rule_covers_has_no_mark() -> None:
    one = rule(sources=frozenset({GGZ}), asking=frozenset({POLITIE}))
    assert marks(convenant(one), PURPOSES[0], on=TODAY) == {
        (GGZ, POLITIE): Mark(mark="W", behind="", rules=("R-1",))
    }


def test_a_rule_is_told_in_the_names_of_the_convenant() -> None:
    [line] = rule_lines(
        convenant(
            rule(
                sources=frozenset({GGZ}),
                roles=frozenset({ROLES[0]}),
                mandates=frozenset({MANDATES[0]}),
                without_own_involvement=True,
                verified=False,
                basis=StatuteBasis(law="Wet", article="1", since=date(2020, 1, 1), until=date(2026, 3, 1)),
            )
        ),
        on=TODAY,
    )
    assert (line.sources, line.asking, line.purposes) == ("ggz", "alle soorten partners", "alle doelen")
    assert (line.ground, line.days, line.holds) == ("Wet 1", "van 01-01-2020 tot en met 01-03-2026", False)
    assert line.conditions == (
        "geheimhoudingsklassen N R",
        "alleen rol behandelaar",
        "alleen mandaat eigen-taak",
        "ook zonder eigen betrokkenheid",
    )


def shown(agreement: Convenant, pair: Pair, nuance: Nuance, *, agreed: bool) -> bool:
    """Ask the engine about one involvement, with or without a consent that fits."""
    known = [involvement(HOLDER, "anna", secrecy=nuance.secrecy)]
    if nuance.is_involved:
        known.append(involvement(ASKER, "anna"))
    said = consent(
        OIN_WIJKTEAM, "anna", holder=pair.source, asking=pair.asking, purposes=frozenset({pair.purpose})
    )
    kinds = KINDS | {HOLDER: pair.source, ASKER: pair.asking}
    household = replace(facts(*known, kinds=kinds), consents=(said,) if agreed else ())
    asked = replace(
        question(),
        asker=ASKER,
        asker_kind=pair.asking,
        role=nuance.role,
        mandate=nuance.mandate,
        purpose=pair.purpose,
    )
    return bool(Engine(agreement).decide(asked, household, on=TODAY).shown)


def test_a_cell_says_what_the_engine_shows_without_and_with_consent() -> None:
    random = Random(5)
    for world in seeded_worlds(400):
        agreement = replace(
            world.convenant,
            valid_from=date.min,
            valid_until=date.max,
            consent_recorders=frozenset(KINDS.values()),
        )
        for pair in random.sample(list(pairs(agreement)), 2):
            nuance = random.choice(list(nuances(agreement, pair.asking)))
            found = reach(covering(agreement.rules, pair), nuance, on=TODAY)
            without, with_consent = (
                shown(agreement, pair, nuance, agreed=agreed) for agreed in (False, True)
            )
            assert without == (found is Reach.LAW)
            assert with_consent == (found is not Reach.NOT)
