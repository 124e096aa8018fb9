"""What a jurist is told to look at, each with its line in the file."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given

from gateway.convenant.checking import SOON, findings, in_file_order
from gateway.convenant.engine import Engine
from gateway.convenant.finding import FindingCode
from gateway.convenant.model import ConsentBasis, Convenant, Effect, Rule, StatuteBasis
from gateway.convenant.reading import read_convenant
from gateway.convenant.yaml_text import read_yaml
from gateway.domain import SecrecyClass
from gateway.errors import InvalidInput
from tests.support.convenants import (
    GGZ,
    MANDATES,
    OIN_WIJKTEAM,
    POLITIE,
    PURPOSES,
    ROLES,
    TODAY,
    VEILIG_THUIS,
    WIJKTEAM,
    break_glass,
    convenant,
    example,
    example_text,
)
from tests.support.convenants import rule as one_rule
from tests.support.worlds import World, worlds

DAY = timedelta(days=1)
VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "convenants"


def whole(*rules: Rule, **changes: Any) -> Convenant:
    """Return a convenant that gives no finding but those of its rules."""
    terms: dict[str, Any] = {"signatories": frozenset({OIN_WIJKTEAM}), "break_glass": break_glass()}
    return convenant(*rules, **terms | changes)


def codes(agreement: Convenant, *, on: date = TODAY) -> list[tuple[str, str]]:
    return [(found.code, found.where) for found in findings(agreement, on=on)]


def rule(**changes: object) -> Rule:
    return one_rule(**changes)


def forbid(**changes: object) -> Rule:
    return rule(**{"id": "F-1", "effect": Effect.FORBID, "secrecy": frozenset(SecrecyClass)} | changes)


def law(since: date | None, until: date | None = None, *, article: str = "1") -> StatuteBasis:
    return StatuteBasis(law="Wet", article=article, since=since, until=until)


def consent_rule(**changes: object) -> Rule:
    return rule(**{"id": "C-1", "basis": ConsentBasis()} | changes)


def test_a_convenant_that_is_whole_gives_no_finding() -> None:
    assert codes(whole(rule())) == []


def test_a_convenant_outside_its_days_is_found_and_one_that_ends_soon_too() -> None:
    agreement = whole(rule(), valid_until=TODAY + SOON)
    assert codes(agreement, on=TODAY + SOON + DAY) == [("not-in-force", "convenant")]
    assert codes(agreement) == [("ends-soon", "convenant")]
    assert codes(agreement, on=TODAY - DAY) == []


def test_a_convenant_that_nobody_signs_or_that_has_nothing_for_emergencies_is_found() -> None:
    assert codes(whole(rule(), signatories=frozenset())) == [("no-signatories", "signatories")]
    assert codes(whole(rule(secrecy=frozenset(SecrecyClass)), break_glass=None)) == [
        ("no-break-glass", "convenant")
    ]


def test_grounds_that_do_not_count_today_or_not_for_long_are_told_apart() -> None:
    bases = [
        law(None),
        law(TODAY - 2 * DAY, TODAY - DAY),
        law(TODAY + DAY),
        law(TODAY, TODAY + SOON),
        law(TODAY, TODAY + SOON + DAY),
    ]
    # Each for a class of its own role and mandate, so that none has to do with another.
    narrow = [
        rule(id=f"R-{number}", basis=basis, sources=frozenset({GGZ}), secrecy=frozenset({SecrecyClass.VERY_RESTRICTED}),
             roles=frozenset({ROLES[number % 2]}), mandates=frozenset({MANDATES[number // 2 % 2]}),
             asking=frozenset({POLITIE if number < 4 else WIJKTEAM}))
        for number, basis in enumerate(bases)
    ]  # fmt: skip
    assert codes(whole(rule(), *narrow)) == [
        ("switched-off", "R-0"),
        ("expired", "R-1"),
        ("not-yet", "R-2"),
        ("expires-soon", "R-3"),
    ]


def test_the_ground_of_the_terms_for_emergencies_is_looked_at_too() -> None:
    terms = break_glass(basis=law(TODAY - 2 * DAY, TODAY - DAY), verified=False)
    assert codes(whole(rule(), break_glass=terms)) == [
        ("expired", "break_glass"),
        ("unverified", "break_glass"),
    ]


def test_a_rule_that_no_jurist_confirmed_is_found() -> None:
    assert codes(whole(rule(verified=False))) == [("unverified", "R-1")]


def test_kinds_that_no_permission_shows_or_serves_are_found_and_a_prohibition_does_not_count() -> None:
    known = rule(sources=frozenset({GGZ, POLITIE, VEILIG_THUIS}), asking=frozenset({GGZ, POLITIE, WIJKTEAM}))
    other = forbid(purposes=frozenset({PURPOSES[1]}))
    assert codes(whole(known, other)) == [("never-asks", "veilig_thuis"), ("never-shown", "wijkteam")]


def test_pairs_of_kinds_without_any_permission_are_found_once_for_a_kind() -> None:
    agreement = whole(
        rule(sources=frozenset({GGZ}), asking=frozenset({GGZ, VEILIG_THUIS})),
        rule(id="R-2", sources=frozenset({POLITIE, VEILIG_THUIS, WIJKTEAM})),
    )
    [found] = findings(agreement, on=TODAY)
    assert (found.code, found.where) == ("pair-without-rule", "ggz")
    assert "politie, wijkteam" in found.text


def test_a_purpose_a_role_a_mandate_and_a_class_for_which_nothing_is_shown_are_found() -> None:
    agreement = whole(
        rule(
            purposes=frozenset({PURPOSES[0]}),
            roles=frozenset({ROLES[0]}),
            mandates=frozenset({MANDATES[0]}),
        ),
        break_glass=break_glass(secrecy=frozenset({SecrecyClass.NORMAL})),
    )
    assert codes(agreement) == [
        *(("role-without-rule", f"{kind}/{ROLES[1]}") for kind in agreement.kinds),
        ("purpose-without-rule", PURPOSES[1]),
        ("mandate-without-rule", MANDATES[1]),
        ("secrecy-without-rule", "V"),
    ]


def test_a_permission_that_is_always_forbidden_is_found() -> None:
    narrow = rule(
        id="R-2", sources=frozenset({GGZ}), asking=frozenset({POLITIE}), basis=law(TODAY, article="2")
    )
    assert codes(whole(narrow, rule(), forbid(sources=frozenset({GGZ})))) == [("shadowed", "R-2")]


def test_prohibitions_together_can_overrule_a_permission() -> None:
    narrow = rule(id="R-2", sources=frozenset({GGZ}))
    halves = [
        forbid(id=f"F-{n}", sources=frozenset({GGZ}), purposes=frozenset({code}))
        for n, code in enumerate(PURPOSES)
    ]
    assert ("shadowed", "R-2") in codes(whole(narrow, rule(), *halves))
    assert ("shadowed", "R-2") not in codes(whole(narrow, rule(), halves[0]))


@pytest.mark.parametrize(
    "narrowed",
    [
        {"roles": frozenset({ROLES[0]})},
        {"mandates": frozenset({MANDATES[0]})},
        {"secrecy": frozenset({SecrecyClass.NORMAL})},
        {"purposes": frozenset({PURPOSES[0]})},
    ],
    ids=["role", "mandate", "secrecy", "purpose"],
)
def test_a_prohibition_for_a_part_overrules_nothing_whole(narrowed: dict[str, object]) -> None:
    assert codes(whole(rule(), forbid(**narrowed))) == []


def test_a_prohibition_that_does_not_count_yet_overrules_nothing() -> None:
    assert codes(whole(rule(), forbid(basis=law(None)))) == [("switched-off", "F-1")]


def test_the_same_rule_twice_is_found_whether_a_jurist_confirmed_it_or_not() -> None:
    assert codes(whole(rule(), rule(id="R-2"))) == [("duplicate", "R-2")]
    assert codes(whole(rule(), rule(id="R-2", verified=False))) == [
        ("unverified", "R-2"),
        ("duplicate", "R-2"),
    ]


def test_a_permission_that_an_earlier_one_is_never_beaten_to_is_found() -> None:
    narrow = rule(id="R-2", sources=frozenset({GGZ}), roles=frozenset({ROLES[0]}))
    assert codes(whole(rule(), narrow)) == [("covered", "R-2")]
    assert codes(whole(narrow, rule())) == []


def test_a_consent_that_a_law_before_it_makes_needless_is_covered_and_a_law_behind_a_consent_is_not() -> None:
    assert codes(whole(rule(), consent_rule())) == [("covered", "C-1")]
    assert codes(whole(consent_rule(), rule())) == [("consent-not-needed", "C-1")]


@pytest.mark.parametrize(
    "wider",
    [
        {"without_own_involvement": True},
        {"secrecy": frozenset(SecrecyClass)},
        {"basis": law(date(2020, 1, 1), article="1")},
    ],
    ids=["own-involvement", "secrecy", "longer"],
)
def test_a_permission_that_does_more_than_the_earlier_one_is_not_covered(wider: dict[str, object]) -> None:
    basis = law(date(2020, 1, 1), TODAY + SOON + DAY)
    later = rule(**{"id": "R-2", "basis": replace(basis, article="2")} | wider)
    assert "covered" not in {code for code, _ in codes(whole(rule(basis=basis), later))}


def test_another_law_for_the_same_cells_and_days_is_covered_and_not_called_an_overlap() -> None:
    later = rule(id="R-2", basis=law(date(2020, 1, 1), article="2"))
    assert codes(whole(rule(), later)) == [("covered", "R-2")]


def test_two_laws_over_the_same_cells_are_found_at_the_later_one() -> None:
    one = rule(sources=frozenset({GGZ, POLITIE}))
    other = rule(
        id="R-2", sources=frozenset({GGZ, VEILIG_THUIS, WIJKTEAM}), basis=law(date(2021, 1, 1), article="2")
    )
    assert codes(whole(one, other)) == [("overlap", "R-2")]
    assert codes(whole(one, replace(other, sources=frozenset({VEILIG_THUIS, WIJKTEAM})))) == []


def test_where_a_law_shows_a_part_anyway_the_consent_rule_is_found() -> None:
    by_law = rule(sources=frozenset({GGZ}))
    assert codes(whole(by_law, consent_rule())) == [("consent-not-needed", "C-1")]


def test_consent_rules_without_anybody_whose_recorded_consent_counts_are_found() -> None:
    assert codes(whole(consent_rule(), consent_recorders=frozenset())) == [("no-consent-recorders", "C-1")]


@given(worlds())
def test_a_covered_shadowed_or_doubled_rule_never_decides(world: World) -> None:
    """What the check says of a rule is so: without it the engine shows the same, on the same ground."""
    found = findings(world.convenant, on=TODAY)
    idle = {each.where for each in found if each.code in {"covered", "shadowed"}}
    lean = replace(
        world.convenant, rules=tuple(each for each in world.convenant.rules if each.id not in idle)
    )
    full, without = (
        Engine(each).decide(world.question, world.facts, on=TODAY) for each in (world.convenant, lean)
    )
    assert [(each.shown, each.basis) for each in full.verdicts] == [
        (each.shown, each.basis) for each in without.verdicts
    ]
    assert not idle & {each.rule for each in full.verdicts}


def found_in(name: str) -> list[tuple[int, str, str]]:
    text = (VECTORS / f"{name}.yaml").read_bytes()
    found = findings(read_convenant(text), on=TODAY)
    return [(line, each.code, each.where) for line, each in in_file_order(found, read_yaml(text))]


REFUSED = {
    "schema": [
        ("rules[0].asking", "line 29: is of the wrong type"),
        ("rules[0].toelichting", "line 31: is not a name the convenant knows here"),
        ("rules[0].basis.law", "line 32: is missing"),
    ],
    "unknown-kind": [
        ("rules[1].source[1]", "line 36: is not one of the kinds above"),
        ("rules[1].roles[0]", "line 38: is not one of the roles of the asking kinds"),
    ],
    "doubled-rule": [("rules[1].id", "line 33: stands twice, or is a reason the index uses itself")],
    "dates": [
        ("convenant.valid_until", "line 6: must not be before the first day"),
        ("rules[0].basis.from", "line 31: is not a day of the calendar"),
    ],
}
LOOKED_AT = {
    "shadowed-and-expired": [
        (33, "shadowed", "R-2"),
        (40, "expired", "R-3"),
        (46, "covered", "R-4"),
        (52, "unverified", "R-5"),
        (52, "duplicate", "R-5"),
    ],
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_file_that_cannot_be_used_says_each_fault_with_its_line(name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_convenant((VECTORS / f"{name}.yaml").read_bytes())
    assert [(each.path, each.rule) for each in refusal.value.violations] == REFUSED[name]


@pytest.mark.parametrize("name", sorted(LOOKED_AT))
def test_a_file_that_can_be_used_says_each_finding_with_its_line(name: str) -> None:
    assert found_in(name) == LOOKED_AT[name]


def test_every_faulty_file_is_tried() -> None:
    assert {path.stem for path in VECTORS.glob("*.yaml")} == {*REFUSED, *LOOKED_AT}


def test_every_finding_about_the_example_stands_on_the_line_of_what_it_is_about() -> None:
    lines = example_text().decode().splitlines()
    document = read_yaml(example_text())
    found = findings(example(), on=TODAY)
    assert {each.code for each in found} >= {"unverified", "switched-off"}
    for line, each in in_file_order(found, document):
        assert each.where.partition("/")[0] in lines[line - 1], each


def test_the_officers_page_explains_every_finding() -> None:
    page = (VECTORS.parents[2] / "docs" / "officers" / "convenant.md").read_text("utf-8")
    explained = {
        code
        for line in page.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`([a-z-]{5,})`", line.split("|")[1])
    }
    assert explained == set(get_args(FindingCode))
