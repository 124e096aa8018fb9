"""What a new version changes: cell by cell, rule by rule and term by term."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.convenant.boxes import Box, boxes
from gateway.convenant.cells import Nuance, Pair, Reach, covering, nuances, pairs, reach
from gateway.convenant.differing import Differences, differences
from gateway.convenant.model import (
    ConsentBasis,
    Convenant,
    FollowUpTerms,
    KindTerms,
    RetentionTerms,
    StatuteBasis,
)
from gateway.domain import SecrecyClass
from tests.support.convenants import (
    GGZ,
    MANDATES,
    POLITIE,
    PURPOSES,
    ROLES,
    TODAY,
    VEILIG_THUIS,
    WIJKTEAM,
    break_glass,
    convenant,
    example,
    rule,
)
from tests.support.sealed import OIN_VT
from tests.support.worlds import worlds

DAY = timedelta(days=1)
RANDOM = worlds().map(lambda world: world.convenant)
EVERYBODY = "ggz, politie, veilig_thuis, wijkteam"
EVERY = list(nuances(convenant(), GGZ))


def compare(old: Convenant, new: Convenant) -> Differences:
    return differences(old, new, on=TODAY)


def narrow(**changes: Any) -> Any:
    """Return a permission for one cell."""
    one = {"sources": frozenset({GGZ}), "asking": frozenset({POLITIE}), "purposes": frozenset({PURPOSES[0]})}
    return rule(**one | changes)


def test_a_convenant_does_not_differ_from_itself() -> None:
    assert compare(example(), example()).is_empty


def test_a_new_permission_is_one_cell_and_one_rule() -> None:
    found = compare(convenant(), convenant(narrow()))
    [cell] = found.cells
    assert cell.pair == Pair(source=GGZ, asking=POLITIE, purpose=PURPOSES[0])
    assert (cell.before, cell.after) == (Reach.NOT, Reach.LAW)
    [nuance] = cell.nuances
    assert nuance.box.words() == "met eigen betrokkenheid; klasse N, R"
    assert [(each.rule, each.change) for each in found.rules] == [("R-1", "added")]
    assert found.terms == ()


def test_from_consent_to_law_and_back_to_nothing_are_changes_of_cells() -> None:
    by_consent = convenant(narrow(basis=ConsentBasis()))
    [cell] = compare(by_consent, convenant(narrow())).cells
    assert (cell.before, cell.after) == (Reach.CONSENT, Reach.LAW)
    [cell] = compare(by_consent, convenant()).cells
    assert (cell.before, cell.after) == (Reach.CONSENT, Reach.NOT)


def test_the_end_of_a_ground_is_a_change_on_the_day_after_it_only() -> None:
    ending = convenant(
        narrow(basis=StatuteBasis(law="Wet", article="1", since=date(2020, 1, 1), until=TODAY))
    )
    assert compare(convenant(narrow()), ending).cells == ()
    assert len(differences(convenant(narrow()), ending, on=TODAY + DAY).cells) == 1


def test_a_role_a_mandate_and_own_involvement_are_told_as_nuances() -> None:
    wider = convenant(narrow(without_own_involvement=True))
    [cell] = compare(convenant(narrow()), wider).cells
    assert (cell.before, cell.after) == (Reach.LAW, Reach.LAW)
    assert [each.box.words() for each in cell.nuances] == ["zonder eigen betrokkenheid; klasse N, R"]
    for changes, words in (
        ({"roles": frozenset({ROLES[0]})}, "met eigen betrokkenheid; klasse N, R; rol wijkagent"),
        ({"mandates": frozenset({MANDATES[0]})}, "met eigen betrokkenheid; klasse N, R; mandaat intake"),
    ):
        [cell] = compare(convenant(narrow()), convenant(narrow(**changes))).cells
        assert [each.box.words() for each in cell.nuances] == [words]


def test_kinds_with_roles_of_their_own_differ_each_in_its_own_way() -> None:
    kinds = {
        VEILIG_THUIS: KindTerms(label="vt", roles=frozenset({ROLES[0]})),
        POLITIE: KindTerms(label="p", roles=frozenset(ROLES)),
        GGZ: KindTerms(label="g", roles=frozenset({ROLES[1]})),
    }
    one = rule(sources=frozenset({GGZ}), purposes=frozenset({PURPOSES[0]}))
    narrowed = replace(one, roles=frozenset({ROLES[0]}))
    found = compare(convenant(one, kinds=kinds), convenant(narrowed, kinds=kinds))
    words = {
        cell.pair.asking: (cell.after, [each.box.words() for each in cell.nuances]) for cell in found.cells
    }
    part = "met eigen betrokkenheid; klasse N, R"
    assert words == {POLITIE: (Reach.LAW, [f"{part}; rol {ROLES[1]}"]), GGZ: (Reach.NOT, [part])}


def test_a_kind_that_is_gone_takes_its_cells_with_it() -> None:
    old = convenant(rule())
    new = replace(old, kinds={kind: terms for kind, terms in old.kinds.items() if kind != WIJKTEAM})
    found = compare(old, new)
    assert {WIJKTEAM in {cell.pair.source, cell.pair.asking} for cell in found.cells} == {True}
    assert {cell.after for cell in found.cells} == {Reach.NOT}
    assert {(each.term, each.after) for each in found.terms} == {
        ("kinds.wijkteam.label", None),
        ("kinds.wijkteam.roles", None),
    }


def test_rules_that_came_went_changed_or_moved_are_told_apart() -> None:
    one, two, three = (narrow(id=f"R-{number}") for number in (1, 2, 3))
    found = compare(
        convenant(one, two, three), convenant(three, replace(two, verified=False), narrow(id="R-4"))
    )
    assert [(each.rule, each.change, each.parts) for each in found.rules] == [
        ("R-1", "removed", ()),
        ("R-2", "changed", ("verified",)),
        ("R-4", "added", ()),
        ("R-3", "moved", ()),
    ]
    assert found.cells == ()


@pytest.mark.parametrize(
    ("changes", "terms"),
    [
        ({"version": "2"}, {"convenant.version": ("1", "2")}),
        ({"valid_until": date(2027, 1, 1)}, {"convenant.valid_until": ("2026-12-31", "2027-01-01")}),
        ({"notice_days": 14}, {"convenant.notice_days": ("0", "14")}),
        ({"signatories": frozenset({OIN_VT})}, {"signatories": (None, OIN_VT)}),
        ({"mandates": frozenset({"intake"})}, {"mandates": ("eigen-taak, intake", "intake")}),
        ({"consent_recorders": frozenset({GGZ})}, {"consent.recorded_by": (EVERYBODY, "ggz")}),
        ({"refusal_grounds": {"task": "Buiten de taak"}}, {"refusal_grounds.task": (None, "Buiten de taak")}),
        ({"secrecy": {SecrecyClass.NORMAL: "Gewoon"}}, {"secrecy.N": (None, "Gewoon")}),
        (
            {"retention": {GGZ: RetentionTerms(active_months=1, history_months=2)}},
            {"retention.ggz.active_months": (None, "1"), "retention.ggz.history_months": (None, "2")},
        ),
        (
            {"default_retention": RetentionTerms(active_months=1, history_months=2)},
            {"retention.default.active_months": (None, "1"), "retention.default.history_months": (None, "2")},
        ),
        (
            {"follow_up": FollowUpTerms(first_contact_days=2, coordinator_days=5)},
            {"follow_up.first_contact_days": (None, "2"), "follow_up.coordinator_days": (None, "5")},
        ),
    ],
    ids=[
        "version", "validity", "notice", "signatories", "mandates", "recorders", "grounds", "classes", "retention",
        "default-retention", "follow-up",
    ],
)  # fmt: skip
def test_a_changed_term_is_told_by_its_path(changes: dict[str, Any], terms: dict[str, Any]) -> None:
    found = compare(convenant(), convenant(**changes))
    assert {each.term: (each.before, each.after) for each in found.terms} == terms


@pytest.mark.parametrize(
    "changes",
    [
        {"minutes": 30},
        {"review_days": 1},
        {"kinds": frozenset({GGZ})},
        {"roles": frozenset({ROLES[0]})},
        {"purposes": frozenset({PURPOSES[0]})},
        {"sources": frozenset({GGZ})},
        {"secrecy": frozenset({SecrecyClass.NORMAL})},
        {"grounds": {"acute-danger": "Gevaar"}},
        {"basis": StatuteBasis(law="Noodwet", article="1", since=date(2020, 1, 1), until=TODAY)},
        {"verified": False},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_every_term_for_emergencies_is_compared(changes: dict[str, Any]) -> None:
    old, new = (convenant(break_glass=terms) for terms in (break_glass(), break_glass(**changes)))
    [found] = compare(old, new).terms
    assert found.term.startswith("break_glass.")


@given(RANDOM, RANDOM)
@settings(max_examples=60)
def test_the_nuances_that_are_told_are_exactly_those_that_differ(old: Convenant, new: Convenant) -> None:
    told = {
        (cell.pair, nuance): (each.before, each.after)
        for cell in compare(old, new).cells
        for each in cell.nuances
        for nuance in EVERY
        if _is_in(nuance, each.box)
    }
    for pair in {*pairs(old), *pairs(new)}:
        for nuance in EVERY:
            before, after = (_reach_of(each, pair, nuance) for each in (old, new))
            assert told.get((pair, nuance), (before, before)) == (before, after)


def _reach_of(agreement: Convenant, pair: Pair, nuance: Nuance) -> Reach:
    if not {pair.source, pair.asking} <= agreement.kinds.keys():
        return Reach.NOT
    return reach(covering(agreement.rules, pair), nuance, on=TODAY)


def _is_in(nuance: Nuance, box: Box) -> bool:
    return all(
        not getattr(box, name) or getattr(nuance, name) in getattr(box, name)
        for name in ("is_involved", "secrecy", "role", "mandate")
    )


@given(st.sets(st.sampled_from(EVERY)))
def test_boxes_hold_exactly_their_nuances_each_once(group: set[Nuance]) -> None:
    found = list(boxes(group, EVERY)) if group else []
    for nuance in EVERY:
        assert sum(_is_in(nuance, box) for box in found) == (nuance in group)


def test_everything_is_one_box_that_is_narrowed_to_nothing() -> None:
    [box] = boxes(EVERY, EVERY)
    assert box.words() == ""
