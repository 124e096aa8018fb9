"""An explanation draws the engine's conclusion, and says in words what led to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from gateway.convenant.engine import Engine
from gateway.convenant.explaining import ExplainedInvolvement, Explanation, explain
from gateway.convenant.model import ConsentBasis, Convenant, Effect, StatuteBasis
from gateway.convenant.question import Question
from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Decider,
    HouseholdFacts,
    InvolvementFact,
    Reference,
    SecrecyClass,
)
from gateway.domain.dutch import dutch_day
from tests.support.convenants import (
    GGZ,
    KINDS,
    MANDATES,
    OIN_GONE,
    OIN_WIJKTEAM,
    POLITIE,
    PURPOSES,
    ROLES,
    TODAY,
    VEILIG_THUIS,
    break_glass,
    convenant,
    facts,
    question,
    rule,
)
from tests.support.sealed import OIN_GGZ, OIN_VT, consent, involvement
from tests.support.worlds import World, seeded_worlds, worlds

DAY = timedelta(days=1)
OWN = involvement(OIN_VT, "anna")


def explained(
    agreement: Convenant, *said: ConsentFact, asked: Question | None = None, **changes: Any
) -> ExplainedInvolvement:
    """Explain the involvement of a GGZ to Veilig Thuis, which is involved itself."""
    [_, found] = explain(
        agreement,
        asked or question(),
        facts(OWN, involvement(OIN_GGZ, "anna", **changes), *said),
        on=TODAY,
    ).involvements
    return found


def said(reference: str, effect: ConsentEffect = ConsentEffect.PERMIT, **changes: Any) -> ConsentFact:
    return consent(
        OIN_WIJKTEAM,
        "anna",
        holder=GGZ,
        asking=VEILIG_THUIS,
        reference=Reference(reference),
        effect=effect,
        **changes,
    )


def _texts(each: ExplainedInvolvement) -> Iterator[str]:
    yield from (told.text for told in each.rules)
    yield from (told.text for told in each.statements)


def by_consent(**changes: Any) -> Convenant:
    return convenant(rule(basis=ConsentBasis()), **changes)


@given(worlds())
def test_the_conclusion_is_the_verdict_of_the_engine(world: World) -> None:
    assert_concludes_alike(world)


def test_the_conclusion_is_the_verdict_of_the_engine_in_thousands_of_worlds() -> None:
    for world in seeded_worlds(3000):
        assert_concludes_alike(world)


def assert_concludes_alike(world: World) -> None:
    decision = Engine(world.convenant).decide(world.question, world.facts, on=TODAY)
    found = explain(world.convenant, world.question, world.facts, on=TODAY)
    assert found.withheld_whole == decision.withheld_whole
    assert found.convenant == decision.convenant
    assert [
        (each.involvement, each.shown, each.rule, each.basis, each.consent) for each in found.involvements
    ] == [(each.involvement, each.shown, each.rule, each.basis, each.consent) for each in decision.verdicts]


@given(worlds())
def test_every_rule_and_every_statement_of_the_person_is_told_with_a_sentence(world: World) -> None:
    for each in explain(world.convenant, world.question, world.facts, on=TODAY).involvements:
        ids = [told.rule for told in each.rules if told.rule != "break-glass"]
        assert ids == [known.id for known in world.convenant.rules]
        assert ("break-glass" in {told.rule for told in each.rules}) == world.question.break_glass
        assert len(each.statements) + each.of_others == len(world.facts.consents)
        texts = [each.text, *_texts(each)]
        assert all(text.endswith(".") and len(text) > 10 for text in texts)


@given(worlds())
def test_what_decided_is_told_to_count_and_only_one_statement_decides(world: World) -> None:
    for each in explain(world.convenant, world.question, world.facts, on=TODAY).involvements:
        told = {one.rule: one for one in each.rules}
        if each.rule in told:
            assert told[each.rule].obstacle is None
        assert sum(one.decides for one in each.statements) <= 1
        assert all(one.fits for one in each.statements if one.decides)
        if each.consent is not None:
            [decided] = [one.statement for one in each.statements if one.decides]
            assert decided == each.consent


@given(worlds())
def test_no_sentence_names_an_organisation_or_a_person(world: World) -> None:
    found = explain(world.convenant, world.question, world.facts, on=TODAY)
    texts = [*found.asker]
    for each in found.involvements:
        texts += [each.text, *_texts(each)]
    secrets = {*KINDS, OIN_GONE} | {
        pseudonym.reveal().hex() for person in world.facts.members for pseudonym in person.pseudonyms
    }
    assert not [text for text in texts if any(secret in text for secret in secrets)]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sources": frozenset({POLITIE})}, "gaat niet over betrokkenheid van deze soort partner"),
        ({"asking": frozenset({POLITIE})}, "is voor een andere soort partner die vraagt"),
        ({"purposes": frozenset({PURPOSES[1]})}, "het doel is een ander"),
        ({"roles": frozenset({ROLES[1]})}, f"is voor een andere rol ({ROLES[1]})"),
        ({"mandates": frozenset({MANDATES[1]})}, f"is voor een ander mandaat ({MANDATES[1]})"),
        (
            {"basis": StatuteBasis(law="Wet", article="7.1", since=TODAY - 2 * DAY, until=TODAY - DAY)},
            f"de grondslag (Wet 7.1) gold tot en met {dutch_day(TODAY - DAY)}",
        ),
        (
            {"basis": StatuteBasis(law="Wet", article="7.1", since=TODAY + DAY)},
            f"de grondslag (Wet 7.1) geldt pas vanaf {dutch_day(TODAY + DAY)}",
        ),
        (
            {"basis": StatuteBasis(law="Wams", article="2.1", since=None)},
            "de grondslag (Wams 2.1) heeft geen begindatum en is uitgeschakeld",
        ),
        ({"secrecy": frozenset({SecrecyClass.RESTRICTED})}, "reikt niet tot geheimhoudingsklasse N"),
        ({"basis": ConsentBasis()}, "de toestemming ontbreekt"),
    ],
    ids=["source", "asking", "purpose", "role", "mandate", "expired", "not-yet", "off", "secrecy", "consent"],
)
def test_a_rule_that_does_not_count_says_why(changes: dict[str, Any], why: str) -> None:
    found = explained(convenant(rule(**changes)))
    assert [told.text for told in found.rules] == [f"Regel R-1 geldt niet: {why}."]
    assert not found.shown


def test_a_rule_that_counts_names_its_ground_and_so_does_the_conclusion() -> None:
    found = explained(convenant(rule()))
    assert [told.text for told in found.rules] == ["Regel R-1 staat het toe, op grond van Wet 1."]
    assert found.text == "Getoond volgens regel R-1, op grond van Wet 1."


def test_a_prohibition_is_told_to_go_before_everything() -> None:
    found = explained(convenant(rule(), rule(id="F-1", effect=Effect.FORBID)))
    assert found.rules[1].text.startswith("Regel F-1 verbiedt het")
    assert found.text == "Niet getoond: regel F-1 verbiedt het."


def test_without_own_involvement_the_rules_that_ask_it_say_so() -> None:
    agreement = convenant(rule(), rule(id="R-2", without_own_involvement=True, basis=ConsentBasis()))
    found = explain(agreement, question(), facts(involvement(OIN_GGZ, "anna")), on=TODAY)
    assert "zelf niet betrokken" in found.asker[1]
    [each] = found.involvements
    assert each.rules[0].text == "Regel R-1 geldt niet: wie vraagt moet zelf betrokken zijn, en is dat niet."
    assert each.rules[1].text == "Regel R-2 geldt niet: de toestemming ontbreekt."


def test_where_nothing_can_be_shown_at_all_the_asker_is_told_once() -> None:
    found = explain(convenant(rule()), question(), facts(involvement(OIN_GGZ, "anna")), on=TODAY)
    assert found.asker[-1].startswith("Geen regel geldt zonder eigen betrokkenheid")
    late = explain(convenant(rule(), valid_until=TODAY - DAY), question(), facts(OWN), on=TODAY)
    assert late.asker[-1].startswith(f"Het convenant geldt op {dutch_day(TODAY)} niet")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"shielded": True}, "afgeschermd"),
        ({"secrecy": SecrecyClass.VERY_RESTRICTED}, "geheimhoudingsklasse"),
    ],
    ids=["shielded", "secrecy"],
)
def test_what_keeps_an_involvement_closed_is_told(changes: dict[str, Any], text: str) -> None:
    assert text in explained(convenant(rule()), **changes).text


def test_the_askers_own_involvement_and_a_holder_that_is_gone_are_told() -> None:
    gone = involvement(OIN_GONE, "anna")
    own, lost = explain(convenant(rule()), question(), facts(OWN, gone), on=TODAY).involvements
    assert own.text.startswith("Niet in het antwoord: het is de eigen betrokkenheid")
    assert "geen partner (meer)" in lost.text


def test_a_consent_that_decides_is_named() -> None:
    found = explained(by_consent(), said("c-1"))
    assert [told.text for told in found.statements] == ["Toestemming c-1 beslist over de toestemming."]
    assert found.text == "Getoond volgens regel R-1, op grond van toestemming (c-1)."


def test_a_more_specific_objection_is_told_to_go_before_a_general_consent() -> None:
    general = said("c-1", asking_kinds=frozenset({VEILIG_THUIS, POLITIE}))
    found = explained(by_consent(), general, said("b-1", ConsentEffect.OBJECT))
    assert [told.text for told in found.statements] == [
        "Toestemming c-1 wijkt: bezwaar b-1 is specifieker.",
        "Bezwaar b-1 beslist over de toestemming: de meest specifieke.",
    ]
    assert found.text == "Niet getoond: het bezwaar b-1 staat ertegenover."
    assert found.rules[0].text == "Regel R-1 geldt niet: het bezwaar b-1 staat ertegenover."


def test_a_more_specific_consent_is_told_to_go_before_a_general_objection() -> None:
    general = said("b-1", ConsentEffect.OBJECT, asking_kinds=frozenset({VEILIG_THUIS, POLITIE}))
    found = explained(by_consent(), general, said("c-1", askers=frozenset({OIN_VT})))
    assert found.statements[0].text == "Bezwaar b-1 wijkt: toestemming c-1 is specifieker."
    assert found.shown


def test_of_two_that_are_as_specific_the_objection_is_told_to_win() -> None:
    found = explained(by_consent(), said("c-1"), said("b-1", ConsentEffect.OBJECT), said("c-2"))
    assert found.statements[0].text == (
        "Toestemming c-1 wijkt: bezwaar b-1 is niet minder specifiek, en dan gaat bezwaar voor."
    )


def test_two_that_say_the_same_are_told_so() -> None:
    found = explained(by_consent(), said("c-1"), said("c-2"))
    assert [told.text for told in found.statements] == [
        "Toestemming c-1 beslist over de toestemming: de meest specifieke.",
        "Toestemming c-2 zegt hetzelfde als wat beslist.",
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"holder_kinds": frozenset({POLITIE})}, "gaat over betrokkenheid van een andere soort partner"),
        ({"holders": frozenset({OIN_GONE})}, "gaat over betrokkenheid van een andere organisatie"),
        ({"asking_kinds": frozenset({POLITIE})}, "is voor een andere soort partner die vraagt"),
        ({"askers": frozenset({OIN_GONE})}, "is voor een andere organisatie die vraagt"),
        ({"purposes": frozenset({PURPOSES[1]})}, "is voor een ander doel"),
        ({"since": TODAY + DAY}, f"geldt pas vanaf {dutch_day(TODAY + DAY)}"),
        ({"until": TODAY - DAY}, f"gold tot en met {dutch_day(TODAY - DAY)}"),
        ({"effect": ConsentEffect.WITHDRAWN}, "trekt een eerdere in"),
        ({"decided_by": Decider.UNDETERMINED}, "wie het gezag heeft staat niet vast"),
    ],
    ids=["holder", "holders", "asking", "askers", "purpose", "not-yet", "over", "withdrawn", "undetermined"],
)
def test_a_statement_that_does_not_count_says_why(changes: dict[str, Any], why: str) -> None:
    found = explained(by_consent(), replace(said("c-1"), **changes))
    assert why in found.statements[0].text
    assert "telt niet" in found.statements[0].text
    assert not found.shown


def test_a_consent_recorded_by_who_may_not_is_told_and_an_objection_of_the_same_counts() -> None:
    agreement = by_consent(consent_recorders=frozenset({GGZ}))
    assert (
        "legt deze soort partner geen toestemming vast"
        in explained(agreement, said("c-1")).statements[0].text
    )
    assert explained(agreement, said("b-1", ConsentEffect.OBJECT)).rule == "objection"


def test_consent_that_lapsed_is_told_with_its_last_day_and_of_more_the_one_that_lapsed_last() -> None:
    lapsed = [
        said("c-1", since=TODAY - 9 * DAY, until=TODAY - 2 * DAY),
        said("c-2", since=TODAY - 9 * DAY, until=TODAY - DAY),
    ]
    found = explained(by_consent(), *lapsed)
    assert found.text == (
        "Niet getoond: een regel zou het toestaan met toestemming, en die is er niet meer: toestemming c-2 gold "
        f"tot en met {dutch_day(TODAY - DAY)}."
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"askers": frozenset({OIN_GONE})},
        {"purposes": frozenset({PURPOSES[1]})},
        {"effect": ConsentEffect.OBJECT},
        {"until": None, "since": TODAY + DAY},
    ],
    ids=["another-asker", "another-purpose", "objection", "to-come"],
)
def test_what_never_was_consent_to_this_is_not_told_as_lapsed(changes: dict[str, Any]) -> None:
    over = said("c-1", since=TODAY - 9 * DAY, until=TODAY - DAY)
    assert "en die is er niet." in explained(by_consent(), replace(over, **changes)).text


def test_what_others_in_the_household_said_is_counted_and_left_aside() -> None:
    of_bas = consent(OIN_WIJKTEAM, "bas", holder=GGZ, asking=VEILIG_THUIS)
    found = explained(by_consent(), of_bas)
    assert (found.statements, found.of_others) == ((), 1)


def emergency(agreement: Convenant, *known: InvolvementFact, **changes: Any) -> Explanation:
    household: HouseholdFacts = facts(*known)
    return explain(agreement, question(break_glass=True, **changes), household, on=TODAY)


def test_a_declared_emergency_is_told_to_show_and_needs_no_own_involvement() -> None:
    agreement = convenant(break_glass=break_glass())
    [each] = emergency(agreement, involvement(OIN_GGZ, "anna")).involvements
    assert each.rules[-1].text == "De noodprocedure staat het toe, op grond van Noodwet 1."
    assert each.text == "Getoond door de noodprocedure, op grond van Noodwet 1."


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kinds": frozenset({POLITIE})}, "deze soort partner mag haar niet inroepen"),
        ({"roles": frozenset({ROLES[1]})}, "in deze rol mag zij niet worden ingeroepen"),
        ({"purposes": frozenset({PURPOSES[1]})}, "zij is er niet voor dit doel"),
        ({"sources": frozenset({POLITIE})}, "toont deze soort partner niet"),
        ({"secrecy": frozenset({SecrecyClass.RESTRICTED})}, "reikt niet tot geheimhoudingsklasse N"),
        ({"basis": StatuteBasis(law="Noodwet", article="1", since=None)}, "is uitgeschakeld"),
    ],
    ids=["kind", "role", "purpose", "source", "secrecy", "ground"],
)
def test_an_emergency_that_does_not_count_says_why(changes: dict[str, Any], why: str) -> None:
    agreement = convenant(break_glass=break_glass(**changes))
    found = emergency(agreement, OWN, involvement(OIN_GGZ, "anna")).involvements[1]
    assert found.rules[-1].text.startswith("De noodprocedure geldt hier niet: ")
    assert why in found.rules[-1].text
    assert not found.shown


def test_an_emergency_in_a_convenant_without_terms_for_it_is_told() -> None:
    found = emergency(convenant(), OWN, involvement(OIN_GGZ, "anna"))
    assert "dekt deze vraag niet" in " ".join(found.asker)
    assert "het convenant heeft er geen" in found.involvements[1].rules[-1].text


def test_only_rules_about_the_two_kinds_are_said_to_be_about_them() -> None:
    agreement = convenant(
        rule(
            id="R-1",
            sources=frozenset({GGZ}),
            asking=frozenset({VEILIG_THUIS}),
            purposes=frozenset({PURPOSES[1]}),
        ),
        rule(id="R-2", sources=frozenset({POLITIE})),
        rule(id="R-3", asking=frozenset({POLITIE})),
    )
    assert [told.is_about for told in explained(agreement).rules] == [True, False, False]
