"""What a jurist is told to look at, and the table people read."""

from __future__ import annotations

import json
from datetime import date, timedelta

from gateway.convenant.checking import findings
from gateway.convenant.matrix import matrix
from gateway.convenant.model import ConsentBasis, Convenant, Effect, Rule, StatuteBasis
from gateway.domain import SecrecyClass
from tests.support.convenants import (
    GGZ,
    POLITIE,
    PURPOSES,
    ROLES,
    TODAY,
    VEILIG_THUIS,
    WIJKTEAM,
    convenant,
    rule,
)


def codes(agreement: Convenant, *, on: date = TODAY) -> list[tuple[str, str]]:
    return [(found.code, found.where) for found in findings(agreement, on=on)]


def forbid(**changes: object) -> Rule:
    return rule(**{"id": "F-1", "effect": Effect.FORBID, "secrecy": frozenset(SecrecyClass)} | changes)


def law(since: date | None, until: date | None = None) -> StatuteBasis:
    return StatuteBasis(law="Wet", article="1", since=since, until=until)


def test_a_convenant_that_is_whole_gives_no_finding() -> None:
    assert codes(convenant(rule())) == []


def test_a_convenant_outside_its_days_is_found() -> None:
    assert codes(convenant(rule()), on=date(2027, 1, 1)) == [("not-in-force", "convenant")]


def test_grounds_that_do_not_count_today_are_told_apart() -> None:
    day = timedelta(days=1)
    assert codes(
        convenant(
            rule(),
            rule(id="R-2", basis=law(None)),
            rule(id="R-3", basis=law(TODAY - 2 * day, TODAY - day)),
            rule(id="R-4", basis=law(TODAY + day)),
            rule(id="R-5", basis=law(TODAY, TODAY)),
        )
    ) == [("switched-off", "R-2"), ("expired", "R-3"), ("not-yet", "R-4")]


def test_a_rule_that_no_jurist_confirmed_is_found() -> None:
    assert codes(convenant(rule(verified=False))) == [("unverified", "R-1")]


def test_kinds_that_no_permission_shows_or_serves_are_found_and_a_prohibition_does_not_count() -> None:
    known = rule(sources=frozenset({GGZ, POLITIE, VEILIG_THUIS}), asking=frozenset({GGZ, POLITIE, WIJKTEAM}))
    other = forbid(purposes=frozenset({PURPOSES[1]}))
    assert codes(convenant(known, other)) == [("never-asks", "veilig_thuis"), ("never-shown", "wijkteam")]


def test_a_permission_that_is_always_forbidden_is_found() -> None:
    narrow = rule(id="R-2", sources=frozenset({GGZ}), asking=frozenset({POLITIE}))
    assert codes(convenant(rule(), narrow, forbid(sources=frozenset({GGZ})))) == [("shadowed", "R-2")]


def test_prohibitions_together_can_overrule_a_permission() -> None:
    narrow = rule(id="R-2", sources=frozenset({GGZ}))
    halves = [
        forbid(id=f"F-{n}", sources=frozenset({GGZ}), purposes=frozenset({code}))
        for n, code in enumerate(PURPOSES)
    ]
    assert codes(convenant(rule(), narrow, *halves)) == [("shadowed", "R-2")]
    assert codes(convenant(rule(), narrow, halves[0])) == []


def test_a_prohibition_for_one_role_or_one_class_overrules_nothing_whole() -> None:
    assert codes(convenant(rule(), forbid(roles=frozenset({ROLES[0]})))) == []
    assert codes(convenant(rule(), forbid(secrecy=frozenset({SecrecyClass.NORMAL})))) == []


def test_a_prohibition_that_does_not_count_yet_overrules_nothing() -> None:
    assert codes(convenant(rule(), forbid(basis=law(None)))) == [("switched-off", "F-1")]


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
            convenant(forbid(), rule(basis=ConsentBasis()), rule(id="R-2", basis=law(None))), on=TODAY
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
    [row] = matrix(
        convenant(
            rule(sources=frozenset({GGZ}), asking=frozenset({POLITIE}), purposes=frozenset({PURPOSES[0]}))
        ),
        on=TODAY,
    )
    assert json.loads(json.dumps(row.as_json()))["source"] == "ggz"
