"""From involvements to lines: equal lines once, a fixed order, and never a desk that stands for another."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import Desk, InvolvementFact, Oin, Partner, Reference
from gateway.lookup.answer import Concern, ShownInvolvement
from gateway.lookup.lines import NO_DESK, desk_to_show, lines_of
from tests.lookup.support import FRONTOFFICE, PARTNERS, SHELTER
from tests.support.convenants import GGZ
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, involvement, person

BY_OIN = {partner.oin: partner for partner in PARTNERS}


def lines(*facts: InvolvementFact) -> tuple[ShownInvolvement, ...]:
    return lines_of(facts, BY_OIN, subject=person("anna"))


def partner(*desks: Desk) -> Partner:
    return Partner(oin=OIN_GGZ, kind=GGZ, name="Ggz (synthetic)", desks=desks)


def test_involvements_that_give_the_same_line_give_it_once() -> None:
    known = involvement(OIN_GGZ, "anna")
    again = replace(known, reference=Reference("another"), since=date(2026, 1, 31))
    assert len(lines(known, again)) == 1


def test_another_month_desk_concern_or_partner_is_another_line() -> None:
    known = involvement(OIN_GGZ, "anna")
    assert len(lines(known, replace(known, since=date(2026, 2, 1)))) == 2
    assert len(lines(known, involvement(OIN_GGZ, "bas"))) == 2
    assert len(lines(known, involvement(OIN_VT, "anna"))) == 2


def test_how_many_members_of_the_household_are_involved_is_not_told() -> None:
    [line] = lines(involvement(OIN_GGZ, "bas"), involvement(OIN_GGZ, "carla"))
    assert line.concern is Concern.HOUSEHOLD


@given(st.permutations([(oin, who) for oin in (OIN_VT, OIN_GGZ, OIN_POLITIE) for who in ("anna", "bas")]))
def test_the_order_of_the_facts_does_not_show_in_the_answer(order: list[tuple[Oin, str]]) -> None:
    found = lines(*(involvement(oin, who) for oin, who in order))
    assert [(line.kind, line.concern) for line in found] == [
        (kind, concern)
        for kind in ("ggz", "politie", "veilig_thuis")
        for concern in (Concern.HOUSEHOLD, Concern.PERSON)
    ]


def test_two_partners_of_one_name_are_two_lines_in_a_fixed_order() -> None:
    twins = {oin: replace(BY_OIN[OIN_GGZ], oin=oin) for oin in (OIN_GGZ, Oin("00000099100000000201"))}
    facts = [involvement(oin, "anna") for oin in twins]
    found = lines_of(facts, twins, subject=person("anna"))
    assert [line.partner for line in found] == sorted(twins)
    assert found == lines_of(reversed(facts), twins, subject=person("anna"))


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 1, 31)])
def test_the_day_of_the_start_is_not_told(day: date) -> None:
    assert lines(involvement(OIN_GGZ, "anna", since=day))[0].since_month == "2026-01"


def test_a_month_long_ago_has_four_digits_of_year() -> None:
    assert lines(involvement(OIN_GGZ, "anna", since=date(987, 6, 5)))[0].since_month == "0987-06"


def test_a_shelter_shows_as_its_neutral_desk() -> None:
    assert desk_to_show(partner(SHELTER, FRONTOFFICE), "opvang") == FRONTOFFICE


def test_an_unknown_desk_shows_as_the_first_neutral_desk_and_never_as_a_shelter() -> None:
    assert desk_to_show(partner(SHELTER, FRONTOFFICE), "weg") == FRONTOFFICE


def test_a_desk_that_stands_for_another_is_not_shown_at_the_end_of_a_chain_either() -> None:
    chain = Desk(code="tussen", name="Tussen", contact_via="opvang")
    assert desk_to_show(partner(chain, SHELTER, FRONTOFFICE), "tussen") == FRONTOFFICE


def test_a_shelter_whose_neutral_desk_is_missing_shows_no_desk_of_a_shelter() -> None:
    assert desk_to_show(partner(SHELTER), "opvang") == NO_DESK


def test_a_partner_without_desks_is_shown_all_the_same() -> None:
    [line] = lines_of([involvement(OIN_GGZ, "anna")], {OIN_GGZ: partner()}, subject=person("anna"))
    assert (line.partner, line.desk) == (OIN_GGZ, NO_DESK)


_desks = st.lists(
    st.builds(
        Desk,
        code=st.sampled_from("abc"),
        name=st.just("desk"),
        contact_via=st.none() | st.sampled_from("abcd"),
    ),
    max_size=4,
)


@given(_desks, st.sampled_from("abcd"))
def test_whatever_the_directory_holds_no_desk_that_stands_for_another_is_shown(
    desks: list[Desk], code: str
) -> None:
    assert desk_to_show(partner(*desks), code).contact_via is None
