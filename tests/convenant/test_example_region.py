"""The example convenant that ships: every cell of its matrix, the kinds of the field, and its stories."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gateway.convenant.checking import findings
from gateway.convenant.engine import Engine
from gateway.convenant.model import Convenant, Effect, FollowUpTerms, RetentionTerms
from gateway.convenant.question import Builtin, Decision, Question
from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    HouseholdFacts,
    InvolvementFact,
    Oin,
    PartnerKind,
    SecrecyClass,
)
from tests.support.convenants import GGZ, POLITIE, VEILIG_THUIS, example
from tests.support.facts import OIN_GGZ, OIN_POLITIE, OIN_VT, consent, involvement, person

TODAY = date(2026, 6, 1)
OIN_HOLDER, OIN_ASKER = Oin("00000099100000000700"), Oin("00000099100000000800")
OIN_RECORDER = Oin("00000099100000000900")
KINDS_OF_THE_FIELD = {
    "veilig_thuis", "politie", "ggz", "verslavingszorg", "huisarts", "ziekenhuis", "jeugdhulp",
    "jeugdbescherming", "jeugdreclassering", "raad_voor_de_kinderbescherming", "wijkteam", "wmo",
    "sociale_zaken", "schuldhulp", "onderwijs", "leerplicht", "schoolmaatschappelijk_werk", "ggd", "jgz",
    "oggz", "welzijn", "woningcorporatie", "zorg_en_veiligheidshuis",
}  # fmt: skip
CARE = {"ggz", "jeugd_ggz", "verslavingszorg", "huisarts", "ziekenhuis"}
ENGINE = Engine(example())


def ask(
    source: str,
    asking: str,
    purpose: str,
    *said: ConsentFact,
    is_involved: bool,
    on: date = TODAY,
    break_glass: bool = False,
) -> Decision:
    """Decide one cell: a holder of `source` is involved with Anna, and somebody of `asking` asks."""
    known: list[InvolvementFact] = [involvement(OIN_HOLDER, "anna")]
    known += [involvement(OIN_ASKER, "anna")] if is_involved else []
    facts = HouseholdFacts(
        subject=person("anna"),
        members=frozenset({person("anna")}),
        involvements=tuple(known),
        consents=said,
        kinds={
            OIN_HOLDER: PartnerKind(source),
            OIN_ASKER: PartnerKind(asking),
            OIN_RECORDER: PartnerKind("huisarts"),
        },
    )
    role = min(example().kinds[PartnerKind(asking)].roles)
    question = Question(
        asker=OIN_ASKER,
        asker_kind=PartnerKind(asking),
        role=role,
        mandate="eigen-taak",
        purpose=purpose,
        subject=person("anna"),
        break_glass=break_glass,
    )
    ENGINE.check_asker(
        kind=PartnerKind(asking), role=role, mandate=question.mandate, purpose=question.purpose
    )
    return ENGINE.decide(question, facts, on=on)


def said(source: str, asking: str, purpose: str, effect: ConsentEffect = ConsentEffect.PERMIT) -> ConsentFact:
    return consent(
        OIN_RECORDER, "anna", holder=source, asking=asking, effect=effect, purposes=frozenset({purpose})
    )


def test_every_kind_of_the_field_is_there_with_a_dutch_name_and_roles() -> None:
    kinds = example().kinds
    assert {str(kind) for kind in kinds} >= KINDS_OF_THE_FIELD
    assert all(terms.label and terms.roles for terms in kinds.values())
    assert kinds[VEILIG_THUIS].roles == {"maatschappelijk-werker", "vertrouwensarts"}
    assert kinds[GGZ].roles == {"behandelaar", "regiebehandelaar"}
    assert kinds[POLITIE].roles == {"wijkagent", "zorgcoordinator"}
    assert example().mandates == {"eigen-taak", "casusregie", "intake"}


def test_every_rule_and_the_terms_for_emergencies_wait_for_a_jurist() -> None:
    assert {found.where for found in findings(example(), on=TODAY) if found.code == "unverified"} >= {
        rule.id for rule in example().rules
    }
    assert getattr(example().break_glass, "verified", None) is False


def test_the_only_grounds_that_do_not_count_are_the_law_to_come_and_in_time_the_law_that_goes() -> None:
    def asleep(on: date) -> set[str]:
        return {
            f.where for f in findings(example(), on=on) if f.code in {"switched-off", "expired", "not-yet"}
        }

    assert asleep(TODAY) == {"WAMS-1"}
    assert asleep(date(2027, 1, 2)) == {"WAMS-1", "VIR-1"}


def test_the_register_of_the_jeugdwet_is_a_ground_until_its_last_day() -> None:
    last = date(2027, 1, 1)
    for day, is_shown in ((last, True), (last + timedelta(days=1), False)):
        found = ask("jgz", "jeugdhulp", "coordination-of-care", is_involved=True, on=day)
        assert bool(found.shown) is is_shown


def test_care_under_professional_secrecy_shows_without_consent_to_veilig_thuis_only() -> None:
    """The register of the Jeugdwet, which ends, is the one exception: it has youth mental health care."""
    reached = {
        (rule.id, asking)
        for rule in example().rules
        for asking in rule.asking
        if rule.effect is Effect.PERMIT
        and rule.sources & CARE
        and "toestemming" not in str(rule.basis)
        and rule.id != "VIR-1"
    }
    assert reached == {("ZORG-VT", "veilig_thuis")}


@pytest.mark.parametrize("asking", ["politie", "ggz", "wijkteam", "woningcorporatie", "onderwijs"])
def test_who_has_no_intake_sees_nothing_without_an_involvement_of_its_own(asking: str) -> None:
    for source in example().kinds:
        for purpose in example().purposes:
            everything = said(source, asking, purpose)
            found = ask(source, asking, purpose, everything, is_involved=False)
            assert found.withheld_whole is Builtin.NO_OWN_INVOLVEMENT


def test_nobody_is_shown_for_the_access_of_the_subject() -> None:
    for source in example().kinds:
        assert not ask(source, "wijkteam", "subject-access", said(source, "wijkteam", "subject-access"),
                       is_involved=True).shown  # fmt: skip


def test_the_very_restricted_class_shows_to_veilig_thuis_only() -> None:
    reached = {
        asking
        for rule in example().rules
        if rule.effect is Effect.PERMIT and SecrecyClass.VERY_RESTRICTED in rule.secrecy
        for asking in rule.asking
    }
    assert reached == {"veilig_thuis"}


def test_the_content_of_the_file_is_what_the_hash_names() -> None:
    agreement: Convenant = example()
    assert agreement.identity == f"Voorbeeldregio 1.0 sha256:{agreement.content_hash}"
    assert len(agreement.content_hash) == 64


THREE = {OIN_VT: VEILIG_THUIS, OIN_GGZ: GGZ, OIN_POLITIE: POLITIE}


def family(*known: InvolvementFact | ConsentFact) -> HouseholdFacts:
    return HouseholdFacts(
        subject=person("anna"),
        members=frozenset({person("anna"), person("bas"), person("kind")}),
        involvements=tuple(fact for fact in known if isinstance(fact, InvolvementFact)),
        consents=tuple(fact for fact in known if isinstance(fact, ConsentFact)),
        kinds=THREE,
    )


def story(asker: Oin, purpose: str, facts: HouseholdFacts) -> list[Oin]:
    role = {OIN_VT: "maatschappelijk-werker", OIN_GGZ: "behandelaar", OIN_POLITIE: "wijkagent"}[asker]
    question = Question(
        asker=asker,
        asker_kind=THREE[asker],
        role=role,
        mandate="eigen-taak",
        purpose=purpose,
        subject=facts.subject,
    )
    return sorted(fact.partner for fact in ENGINE.decide(question, facts, on=TODAY).shown)


ALL_INVOLVED = (involvement(OIN_VT, "kind"), involvement(OIN_GGZ, "anna"), involvement(OIN_POLITIE, "bas"))


def test_three_partners_around_one_family_with_consent_see_each_other() -> None:
    everybody = frozenset(THREE.values())
    agreed = [
        consent(OIN_VT, who, holder="ggz", asking="ggz", holder_kinds=everybody, asking_kinds=everybody)
        for who in ("anna", "bas", "kind")
    ]
    facts = family(*ALL_INVOLVED, *agreed)
    for asker in THREE:
        assert story(asker, "coordination-of-care", facts) == sorted(set(THREE) - {asker})
        assert story(asker, "coordination-of-care", family(*ALL_INVOLVED)) == []


def test_mental_health_care_without_consent_shows_to_veilig_thuis_and_not_to_the_police() -> None:
    facts = family(*ALL_INVOLVED)
    assert story(OIN_VT, "safety-assessment", facts) == [OIN_GGZ, OIN_POLITIE]
    assert story(OIN_POLITIE, "safety-assessment", facts) == [OIN_VT]


def test_veilig_thuis_may_ask_at_its_intake_before_it_is_involved_and_the_police_may_not() -> None:
    facts = family(involvement(OIN_GGZ, "anna"))
    assert story(OIN_VT, "safety-assessment", facts) == [OIN_GGZ]
    assert story(OIN_VT, "coordination-of-care", facts) == []
    assert story(OIN_POLITIE, "safety-assessment", facts) == []


def test_an_objection_withholds_what_consent_had_shown() -> None:
    agreed = consent(OIN_GGZ, "anna", holder="ggz", asking="politie")
    objection = consent(OIN_GGZ, "anna", holder="ggz", asking="politie", effect=ConsentEffect.OBJECT)
    assert story(OIN_POLITIE, "coordination-of-care", family(*ALL_INVOLVED, agreed)) == [OIN_GGZ]
    assert story(OIN_POLITIE, "coordination-of-care", family(*ALL_INVOLVED, agreed, objection)) == []


@pytest.mark.parametrize(("source", "is_shown"), [("politie", True), ("veilig_thuis", True), ("ggz", False)])
def test_triage_of_a_complex_case_needs_no_involvement_and_for_care_needs_consent(
    source: str, is_shown: bool
) -> None:
    cell = (source, "zorg_en_veiligheidshuis", "complex-case-triage")
    assert bool(ask(*cell, is_involved=False).shown) is is_shown
    assert ask(*cell, said(*cell), is_involved=False).shown


def test_the_three_organisations_of_the_trial_site_must_sign_it() -> None:
    assert example().signatories == {OIN_VT, OIN_GGZ, OIN_POLITIE}
    assert example().notice_days == 30


def test_two_organisations_for_youth_mental_health_care_see_each_other_until_the_register_ends() -> None:
    cell = ("jeugd_ggz", "jeugd_ggz", "coordination-of-care")
    last = date(2027, 1, 1)
    assert ask(*cell, is_involved=True, on=last).verdicts[0].rule == "VIR-1"
    assert not ask(*cell, is_involved=True, on=last + timedelta(days=1)).shown
    assert not ask(*cell, is_involved=False, on=last).shown


@pytest.mark.parametrize(
    ("asking", "purpose", "is_shown"),
    [
        ("politie", "crisis", True),
        ("huisarts", "crisis", True),
        ("raad_voor_de_kinderbescherming", "crisis", True),
        ("politie", "coordination-of-care", False),
        ("woningcorporatie", "crisis", False),
        ("schuldhulp", "crisis", False),
        ("zorg_en_veiligheidshuis", "crisis", False),
    ],
)
def test_an_emergency_is_for_those_who_act_in_one_and_for_nothing_else(
    asking: str, purpose: str, is_shown: bool
) -> None:
    found = ask("ggz", asking, purpose, is_involved=False, break_glass=True)
    assert bool(found.shown) is is_shown
    assert not ask("woningcorporatie", asking, purpose, is_involved=False, break_glass=True).shown


def test_an_emergency_lasts_four_hours_and_is_reviewed_within_five_days_on_a_ground_that_is_named() -> None:
    terms = example().break_glass
    assert terms is not None
    assert (terms.minutes, terms.review_days) == (240, 5)
    assert terms.grounds["acute-danger"] == "Acuut gevaar voor een persoon"
    assert str(terms.basis) == "AVG 6 lid 1 onder d en 9 lid 2 onder c"


def test_who_acts_under_compulsion_or_as_a_landlord_records_no_consent_and_the_others_do() -> None:
    without = set(example().kinds) - example().consent_recorders
    assert without == {
        "politie", "raad_voor_de_kinderbescherming", "woningcorporatie", "zorg_en_veiligheidshuis"
    }  # fmt: skip


def test_everything_has_a_name_in_dutch_and_a_term() -> None:
    agreement = example()
    assert set(agreement.secrecy) == set(SecrecyClass)
    assert "professional-secrecy" in agreement.refusal_grounds
    assert agreement.default_retention == RetentionTerms(active_months=24, history_months=60)
    assert set(agreement.retention) == {"veilig_thuis"}
    assert agreement.follow_up == FollowUpTerms(first_contact_days=2, coordinator_days=5)


# What each kind discloses and to whom by law, as the field describes it; with consent is more.
BY_LAW = [
    ("veilig_thuis", {"politie", "raad_voor_de_kinderbescherming", "jeugdbescherming", "ggz", "huisarts"}),
    (
        "politie",
        {"veilig_thuis", "raad_voor_de_kinderbescherming", "jeugdbescherming", "zorg_en_veiligheidshuis"},
    ),
    ("ggz", {"veilig_thuis"}),
    (
        "jeugdhulp",
        {"veilig_thuis", "raad_voor_de_kinderbescherming", "jeugdbescherming", "jeugdreclassering"},
    ),
    ("jeugdbescherming", {"raad_voor_de_kinderbescherming", "wijkteam"}),
    ("raad_voor_de_kinderbescherming", {"jeugdbescherming", "wijkteam"}),
    ("wijkteam", {"wmo", "zorg_en_veiligheidshuis"}),
    ("sociale_zaken", {"schuldhulp", "wijkteam"}),
    ("onderwijs", {"leerplicht"}),
    ("jgz", {"veilig_thuis"}),
    ("woningcorporatie", {"wijkteam", "schuldhulp", "sociale_zaken"}),
    ("zorg_en_veiligheidshuis", {"politie", "veilig_thuis", "wijkteam", "raad_voor_de_kinderbescherming"}),
]


@pytest.mark.parametrize(("source", "receivers"), BY_LAW, ids=[row[0] for row in BY_LAW])
def test_a_kind_is_shown_by_law_to_whom_the_field_says(source: str, receivers: set[str]) -> None:
    reached = {
        asking
        for asking in example().kinds
        for purpose in example().purposes
        if ask(source, asking, purpose, is_involved=True).shown
    }
    assert reached >= receivers
