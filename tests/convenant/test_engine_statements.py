"""Consent case by case: which of several statements decides, whose record counts, and when what was said lapses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from gateway.convenant.engine import Engine
from gateway.convenant.model import ConsentBasis
from gateway.convenant.question import Builtin, Verdict
from gateway.convenant.statements import MOST_WEIGHED, decisive, is_narrower
from gateway.domain import ConsentEffect, ConsentFact, Decider, Oin, PartnerKind, Reference
from tests.support.convenants import (
    GGZ,
    KINDS,
    OIN_GONE,
    OIN_WIJKTEAM,
    POLITIE,
    PURPOSES,
    TODAY,
    VEILIG_THUIS,
    convenant,
    facts,
    question,
    rule,
)
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, consent, involvement, person

EVERY_KIND = frozenset(KINDS.values())
KNOWN, OWN = involvement(OIN_GGZ, "anna"), involvement(OIN_POLITIE, "bas")
ON_CONSENT = convenant(rule(id="C-1", basis=ConsentBasis()))
CONSENTED = replace(ON_CONSENT, consent_recorders=EVERY_KIND)


def statement(effect: ConsentEffect, partner: Oin = OIN_WIJKTEAM, **changes: Any) -> ConsentFact:
    """Say something about all kinds and purposes, narrowed by `changes`; each under a reference of its own."""
    values: dict[str, Any] = {
        "holder_kinds": EVERY_KIND,
        "asking_kinds": EVERY_KIND,
        "purposes": frozenset(PURPOSES),
        "reference": Reference(f"{effect}-{len(changes)}"),
    }
    return consent(partner, "anna", holder=GGZ, asking=POLITIE, effect=effect, **values | changes)


def permit(**changes: Any) -> ConsentFact:
    return statement(ConsentEffect.PERMIT, **changes)


def objection(**changes: Any) -> ConsentFact:
    return statement(ConsentEffect.OBJECT, **changes)


def verdict(*said: ConsentFact, on: date = TODAY, recorders: frozenset[PartnerKind] = EVERY_KIND) -> Verdict:
    """Decide about the mental health care of Anna, for the police."""
    agreement = replace(ON_CONSENT, consent_recorders=recorders)
    return Engine(agreement).decide(question(OIN_POLITIE), facts(KNOWN, OWN, *said), on=on).verdicts[0]


ONE_KIND = {"holder_kinds": frozenset({GGZ})}
TWO_KINDS = {"holder_kinds": frozenset({GGZ, VEILIG_THUIS})}
ONE_HOLDER = {"holders": frozenset({OIN_GGZ})}
TWO_HOLDERS = {"holders": frozenset({OIN_GGZ, OIN_VT})}
ONE_ASKING_KIND = {"asking_kinds": frozenset({POLITIE})}
ONE_ASKER = {"askers": frozenset({OIN_POLITIE})}
ONE_PURPOSE = {"purposes": frozenset({PURPOSES[0]})}

NARROWER = [
    ("one kind against all", ONE_KIND, {}),
    ("one kind against two", ONE_KIND, TWO_KINDS),
    ("one organisation against all", ONE_HOLDER, {}),
    ("an individual against its category", ONE_KIND | ONE_HOLDER, ONE_KIND),
    ("one organisation against two", ONE_HOLDER, TWO_HOLDERS),
    ("one asking kind against all", ONE_ASKING_KIND, {}),
    ("an asking individual against its category", ONE_ASKING_KIND | ONE_ASKER, ONE_ASKING_KIND),
    ("one purpose against all", ONE_PURPOSE, {}),
    ("one kind and purpose against one kind", ONE_KIND | ONE_PURPOSE, ONE_KIND),
    ("everything narrowed", ONE_HOLDER | ONE_ASKER | ONE_PURPOSE, ONE_HOLDER | ONE_ASKER),
]
INCOMPARABLE = [
    ("one kind, and one purpose", ONE_KIND, ONE_PURPOSE),
    ("one holder, and one asker", ONE_HOLDER, ONE_ASKER),
    ("an individual for everything, and its category for one purpose", ONE_HOLDER, ONE_KIND | ONE_PURPOSE),
    ("two holders, and another two", TWO_HOLDERS, {"holders": frozenset({OIN_GGZ, OIN_GONE})}),
    ("an organisation, and a kind that is not all it lists", TWO_KINDS | ONE_HOLDER, ONE_KIND),
]
EQUAL = [
    ("all", {}, {}),
    ("one kind", ONE_KIND, ONE_KIND),
    ("one organisation", ONE_HOLDER, ONE_HOLDER),
    ("one organisation, beside one or two kinds", ONE_KIND | ONE_HOLDER, TWO_KINDS | ONE_HOLDER),
    ("one asker, beside one or all kinds", ONE_ASKING_KIND | ONE_ASKER, ONE_ASKER),
]


@pytest.mark.parametrize(
    ("narrow", "wide"), [case[1:] for case in NARROWER], ids=[case[0] for case in NARROWER]
)
def test_the_specific_statement_beats_the_general_one(narrow: dict[str, Any], wide: dict[str, Any]) -> None:
    found = verdict(permit(**narrow), objection(**wide))
    assert (found.shown, found.rule, found.consent) == (True, "C-1", permit(**narrow))
    found = verdict(objection(**narrow), permit(**wide))
    assert (found.shown, found.rule, found.consent) == (False, Builtin.OBJECTION, objection(**narrow))


@pytest.mark.parametrize(
    ("one", "other"),
    [case[1:] for case in INCOMPARABLE + EQUAL],
    ids=[f"incomparable: {case[0]}" for case in INCOMPARABLE] + [f"equal: {case[0]}" for case in EQUAL],
)
def test_the_objection_wins_where_neither_statement_is_more_specific(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    for consented, objected in ((one, other), (other, one)):
        found = verdict(permit(**consented), objection(**objected))
        assert (found.rule, found.consent) == (Builtin.OBJECTION, objection(**objected))
    assert not is_narrower(permit(**one), permit(**other))
    assert not is_narrower(permit(**other), permit(**one))


def test_a_consent_that_makes_an_exception_to_an_objection_has_an_exception_in_turn() -> None:
    """No to all, yes to mental health care, no to this one organisation: three levels, the last one decides."""
    said = [objection(), permit(**ONE_KIND), objection(**ONE_HOLDER, **ONE_KIND)]
    assert verdict(*said[:1]).rule == Builtin.OBJECTION
    assert verdict(*said[:2]).shown
    assert verdict(*said).consent == said[2]
    assert verdict(*said, permit(**ONE_HOLDER, **ONE_KIND, **ONE_PURPOSE)).shown


def test_an_exception_to_one_objection_leaves_the_other_standing() -> None:
    found = verdict(permit(**ONE_KIND), objection(), objection(**ONE_PURPOSE))
    assert (found.rule, found.consent) == (Builtin.OBJECTION, objection(**ONE_PURPOSE))


def test_of_statements_that_say_the_same_the_first_by_partner_and_reference_is_named() -> None:
    first = permit(partner=OIN_VT, reference=Reference("a"))
    others = [permit(partner=OIN_VT, reference=Reference("b")), permit(partner=OIN_GGZ)]
    assert verdict(*others, first).consent == first
    assert decisive([], asker=OIN_VT) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"holders": frozenset({OIN_VT})},
        {"askers": frozenset({OIN_WIJKTEAM})},
        {"holders": frozenset({OIN_GGZ}), "askers": frozenset({OIN_VT})},
    ],
    ids=["another holder", "another asker", "this holder for another asker"],
)
def test_a_statement_about_another_organisation_neither_permits_nor_objects(changes: dict[str, Any]) -> None:
    assert verdict(permit(**changes)).rule == Builtin.NO_CONSENT
    assert verdict(permit(), objection(**changes)).shown


def test_an_organisation_that_changed_its_kind_is_objected_to_still_and_consented_to_no_more() -> None:
    as_another_kind = {"holders": frozenset({OIN_GGZ}), "holder_kinds": frozenset({VEILIG_THUIS})}
    assert verdict(permit(**as_another_kind)).rule == Builtin.NO_CONSENT
    assert verdict(permit(), objection(**as_another_kind)).rule == Builtin.OBJECTION


def test_what_the_asker_wrote_down_itself_opens_nothing_that_a_person_closed_elsewhere() -> None:
    own_word = permit(partner=OIN_POLITIE, **ONE_HOLDER)
    recorders = frozenset({POLITIE, GGZ})
    assert verdict(own_word, recorders=recorders).shown
    assert verdict(own_word, objection(partner=OIN_GGZ), recorders=recorders).rule == Builtin.OBJECTION
    assert verdict(own_word, objection(partner=OIN_POLITIE), recorders=recorders).shown
    assert verdict(own_word, objection(partner=OIN_GGZ), permit(partner=OIN_GGZ, **ONE_HOLDER)).shown


def test_a_flood_of_statements_withholds_where_it_holds_an_objection_and_is_weighed_no_further() -> None:
    flood = [permit(partner=OIN_GGZ, reference=Reference(f"p-{number}")) for number in range(MOST_WEIGHED)]
    assert verdict(*flood, permit(**ONE_HOLDER)).shown
    assert verdict(*flood[2:], objection(), permit(**ONE_HOLDER)).shown
    assert verdict(*flood, objection(), permit(**ONE_HOLDER)).rule == Builtin.OBJECTION


def test_in_an_overlap_an_objection_counts_where_a_member_has_a_pseudonym_of_each() -> None:
    """The involvement and the consent name the first epoch, the objection the second, the question both."""
    held = involvement(OIN_GGZ, "anna", subject=person("anna", 1))
    agreed = permit(subject=person("anna", 1))
    later = objection(subject=person("anna", 2))
    for members, shows in (({person("anna", 1)}, True), ({person("anna", 1, 2)}, False)):
        known = replace(facts(held, OWN, agreed, later), members=frozenset(members))
        [found, _] = Engine(CONSENTED).decide(question(OIN_POLITIE), known, on=TODAY).verdicts
        assert found.shown is shows


def test_only_the_record_of_a_kind_that_may_record_consent_counts() -> None:
    """The recorder's kind, and not the holder's; a partner that is gone has none."""
    assert verdict(permit(partner=OIN_VT), recorders=frozenset({VEILIG_THUIS})).shown
    assert verdict(permit(partner=OIN_GGZ), recorders=frozenset({VEILIG_THUIS})).rule == Builtin.NO_CONSENT
    assert verdict(permit(partner=OIN_GONE), recorders=frozenset({VEILIG_THUIS})).rule == Builtin.NO_CONSENT
    assert verdict(permit(partner=OIN_VT), recorders=frozenset()).rule == Builtin.NO_CONSENT


@pytest.mark.parametrize("partner", [OIN_POLITIE, OIN_GONE], ids=["may not record consent", "is gone"])
def test_an_objection_counts_whoever_recorded_it(partner: Oin) -> None:
    assert (
        verdict(permit(partner=OIN_VT), objection(partner=partner), recorders=frozenset({VEILIG_THUIS})).rule
        == Builtin.OBJECTION
    )


def test_a_record_that_does_not_count_is_no_exception_to_an_objection() -> None:
    found = verdict(
        permit(partner=OIN_POLITIE, **ONE_HOLDER),
        objection(),
        permit(partner=OIN_VT),
        recorders=frozenset({VEILIG_THUIS}),
    )
    assert found.rule == Builtin.OBJECTION


@pytest.mark.parametrize(
    ("decider", "age"),
    [
        (Decider.AUTHORITY_HOLDERS, 12),
        (Decider.SUBJECT_AND_AUTHORITY_HOLDERS, 16),
        (Decider.SUBJECT, 18),
    ],
)
def test_consent_lapses_at_the_birthday_at_which_another_decides(decider: Decider, age: int) -> None:
    """The adapter sends the last day before the birthday; that day still counts, the birthday does not."""
    birthday = date(2026, 7, 1)
    said = permit(decided_by=decider, until=birthday - timedelta(days=1), reference=Reference(f"age-{age}"))
    assert verdict(said, on=birthday - timedelta(days=1)).shown
    assert verdict(said, on=birthday).rule == Builtin.NO_CONSENT


def test_from_the_birthday_on_the_new_decider_s_word_is_the_only_one() -> None:
    birthday = date(2026, 7, 1)
    parents = permit(decided_by=Decider.AUTHORITY_HOLDERS, until=birthday - timedelta(days=1))
    youth = objection(decided_by=Decider.SUBJECT_AND_AUTHORITY_HOLDERS, since=birthday)
    assert verdict(parents, youth, on=birthday - timedelta(days=1)).consent == parents
    assert verdict(parents, youth, on=birthday).consent == youth


def test_an_objection_lapses_at_the_birthday_too() -> None:
    last = date(2026, 6, 30)
    said = objection(decided_by=Decider.AUTHORITY_HOLDERS, until=last, **ONE_KIND), permit()
    assert verdict(*said, on=last).rule == Builtin.OBJECTION
    assert verdict(*said, on=last + timedelta(days=1)).shown


def test_where_authority_is_undetermined_consent_waits_and_an_objection_counts() -> None:
    waits = {"decided_by": Decider.UNDETERMINED}
    assert verdict(permit(**waits)).rule == Builtin.NO_CONSENT
    assert verdict(permit(), objection(**waits)).rule == Builtin.OBJECTION
    assert verdict(objection(), permit(**waits, **ONE_KIND)).rule == Builtin.OBJECTION


def test_one_person_s_consent_shows_nothing_of_another_in_the_household() -> None:
    other = replace(permit(), subject=OWN.subject)
    assert verdict(other).rule == Builtin.NO_CONSENT
    assert verdict(permit(), replace(objection(), subject=OWN.subject)).shown


def test_the_statement_that_decided_is_named_only_where_it_did() -> None:
    by_law = convenant(ON_CONSENT.rules[0], rule(id="R-1"))
    engine, asked = Engine(by_law), question(OIN_POLITIE)
    for said, decided in ((permit(), "C-1"), (objection(), "R-1")):
        [found, own] = engine.decide(asked, facts(KNOWN, OWN, said), on=TODAY).verdicts
        assert (found.rule, found.consent) == (decided, said if decided == "C-1" else None)
        assert own.consent is None
