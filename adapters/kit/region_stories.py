"""The families of the demo's stories, and the questions asked about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from adapters.kit.region import TRIAL_OINS, YOUTH_CARE, Region, Said, StoryKind
from adapters.kit.region_builder import RegionBuilder
from adapters.kit.region_stories_consent import add_consent_stories

ALL_THREE = "veilig_thuis,ggz,politie"
CARE = "coordination-of-care"
SAFETY = "safety-assessment"
PLANTED_EXPLANATION = "PLANT-verklaring-noodprocedure"
"""Stands in what is declared in the emergency: it is for the privacy officers who review it, and for nobody else."""


def build_region(*, households: int, seed: int, today: date, oins: Mapping[str, str] = TRIAL_OINS) -> Region:
    """Return the region: the story families and as many other households as asked for; the same for a seed."""
    builder = RegionBuilder(seed=seed, today=today, oins=oins)
    add_stories(builder)
    builder.background(households)
    return builder.region


def add_stories(builder: RegionBuilder) -> None:
    """Add every story family with its questions, in the order in which the demo tells them."""
    _three_partners_with_consent(builder)
    _without_consent(builder)
    _shelter_and_secret_address(builder)
    _shielded(builder)
    _two_households(builder)
    _ended(builder)
    add_consent_stories(builder)
    _ground_with_a_last_day(builder)
    _nobody(builder)
    _own_case(builder)
    _emergency(builder)


def _three_partners_with_consent(builder: RegionBuilder) -> None:
    mother, father, child = builder.family(34, 36, 7)
    builder.open_casus((mother, "slachtoffer"), (father, "pleger"), (child, "kind"))
    builder.treat(mother)
    builder.report((father, "betrokkene"))
    for person in (mother, father, child):
        builder.consent(person, Said(holders=ALL_THREE, askers=ALL_THREE))
    for asker, person in (("ggz", mother), ("veilig_thuis", child), ("politie", father)):
        builder.tell(
            f"toestemming-{asker}",
            person,
            asker=asker,
            purpose=CARE,
            title="Drie partners rond één gezin, met toestemming",
            text="Veilig Thuis, de GGZ en de politie zijn elk betrokken. Alle gezinsleden (voor het kind de ouders) "
            "gaven toestemming.",
        )


def _without_consent(builder: RegionBuilder) -> None:
    father, mother, child = builder.family(41, 39, 10)
    builder.open_casus((father, "pleger"), (mother, "slachtoffer"), (child, "kind"))
    builder.treat(father)
    builder.report((father, "betrokkene"))
    for asker in ("veilig_thuis", "politie"):
        builder.tell(
            f"zonder-toestemming-{asker}",
            father,
            asker=asker,
            purpose=SAFETY,
            title="GGZ zonder toestemming: wel voor Veilig Thuis, niet voor de politie",
            text="Vader is in behandeling bij de GGZ en gaf geen toestemming.",
        )


def _shelter_and_secret_address(builder: RegionBuilder) -> None:
    mother, child = builder.family(29, 4)
    builder.open_casus((mother, "slachtoffer"), (child, "kind"), desk="opvang", secret=True)
    builder.treat(child)
    builder.report((mother, "betrokkene"))
    title = "Een opvang en een geheim adres"
    builder.tell(
        "opvang-politie",
        mother,
        asker="politie",
        purpose=SAFETY,
        title=title,
        text="Moeder verblijft in de opvang. De politie ziet alleen een neutraal loket, geen opvang.",
    )
    builder.tell(
        "geheim-adres-veilig-thuis",
        mother,
        asker="veilig_thuis",
        purpose=SAFETY,
        title=title,
        text="Door het geheime adres wijst het gezin niemand aan: de GGZ-betrokkenheid bij het kind blijft weg.",
    )


def _shielded(builder: RegionBuilder) -> None:
    [person] = builder.family(25)
    builder.open_casus((person, "slachtoffer"), shielded=True)
    builder.report((person, "betrokkene"))
    builder.tell(
        "afgeschermd-politie",
        person,
        asker="politie",
        purpose=SAFETY,
        title="Afgeschermde betrokkenheid",
        text="Veilig Thuis heeft de betrokkenheid afgeschermd. Dat ziet er net zo uit als niemand.",
    )


def _two_households(builder: RegionBuilder) -> None:
    mother, child = builder.family(38, 9)
    [father] = builder.family(40)
    builder.open_casus((mother, "gezinslid"), (child, "kind"))
    builder.open_casus((father, "gezinslid"), (child, "kind"))
    builder.treat(father)
    title = "Een kind in twee huishoudens"
    builder.tell(
        "twee-huishoudens-kind",
        child,
        asker="veilig_thuis",
        purpose=SAFETY,
        title=title,
        text="Het kind woont om en om bij beide ouders. Bij een vraag over het kind tellen beide huishoudens.",
    )
    builder.tell(
        "twee-huishoudens-moeder",
        mother,
        asker="veilig_thuis",
        purpose=SAFETY,
        title=title,
        text="Bij een vraag over moeder telt het huishouden van vader niet mee.",
    )


def _ended(builder: RegionBuilder) -> None:
    [person] = builder.family(52)
    ended = builder.today - timedelta(days=20)
    builder.treat(person, since=ended - timedelta(days=90), until=ended)
    builder.open_casus((person, "slachtoffer"))
    builder.tell(
        "beeindigd-veilig-thuis",
        person,
        asker="veilig_thuis",
        purpose=SAFETY,
        title="Een beëindigde betrokkenheid",
        text="De behandeling bij de GGZ is afgesloten: zij telt niet meer mee.",
    )


def _ground_with_a_last_day(builder: RegionBuilder) -> None:
    [youth] = builder.family(14)
    for organisation in YOUTH_CARE:
        builder.treat(youth, at=organisation)
        builder.tell(
            f"wettelijke-termijn-{organisation}",
            youth,
            asker=organisation,
            purpose=CARE,
            kind=StoryKind.STATUTE,
            title="Een grondslag met een einddatum",
            text="Twee instellingen voor jeugd-ggz behandelen dezelfde jongere. Zonder toestemming zien zij elkaar "
            "zolang de wet het toestaat, en geen dag langer.",
        )


def _nobody(builder: RegionBuilder) -> None:
    [person] = builder.family(61)
    builder.tell(
        "niemand-veilig-thuis",
        person,
        asker="veilig_thuis",
        purpose=SAFETY,
        title="Niemand",
        text="Bij deze persoon is niemand betrokken.",
    )
    [fished] = builder.family(33)
    builder.treat(fished)
    builder.tell(
        "vissen-politie",
        fished,
        asker="politie",
        purpose=CARE,
        title="Vragen zonder zelf betrokken te zijn",
        text="De politie is niet betrokken bij deze persoon en krijgt hetzelfde lege antwoord.",
    )


def _own_case(builder: RegionBuilder) -> None:
    mother, child = builder.family(36, 8)
    builder.open_casus((mother, "gezinslid"), (child, "kind"))
    builder.treat(mother)
    builder.tell(
        "eigen-zaak-veilig-thuis",
        child,
        asker="veilig_thuis",
        purpose=SAFETY,
        kind=StoryKind.OWN_CASE,
        title="De eigen zaak",
        text="De medewerker van Veilig Thuis die vraagt, hoort zelf bij dit gezin. Een collega mag vragen, zij niet.",
    )


def _emergency(builder: RegionBuilder) -> None:
    [person] = builder.family(47)
    builder.treat(person)
    builder.tell(
        "noodprocedure-politie",
        person,
        asker="politie",
        purpose="crisis",
        kind=StoryKind.EMERGENCY,
        title="De noodprocedure",
        text="Deze persoon is in behandeling bij de GGZ. De politie is niet betrokken, en staat nu voor de deur: "
        "er dreigt direct gevaar.",
        ground="acute-danger",
        explanation=f"Betrokkene dreigt van het dak te springen en noemt een behandelaar. {PLANTED_EXPLANATION}",
    )
