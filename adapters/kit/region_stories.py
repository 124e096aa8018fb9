"""The families of the demo's stories, and the questions asked about them."""

from __future__ import annotations

from datetime import timedelta

from adapters.kit.region import RegionBuilder

ALL_THREE = "veilig_thuis,ggz,politie"
ROLES = {"veilig_thuis": "maatschappelijk-werker", "ggz": "behandelaar", "politie": "wijkagent"}


def add_stories(builder: RegionBuilder) -> None:
    """Add every story family with its questions, in the order in which the demo tells them."""
    _three_partners_with_consent(builder)
    _without_consent(builder)
    _shelter_and_secret_address(builder)
    _shielded(builder)
    _two_households(builder)
    _ended(builder)
    _objection(builder)
    _nobody(builder)


def _ask(builder: RegionBuilder, id_: str, asker: str, purpose: str, bsn: str, title: str, text: str) -> None:
    builder.tell(id=id_, title=title, text=text, asker=asker, purpose=purpose, role=ROLES[asker], bsn=bsn)


def _three_partners_with_consent(builder: RegionBuilder) -> None:
    mother, father, child = builder.family(34, 36, 7)
    builder.open_casus((mother, "slachtoffer"), (father, "pleger"), (child, "kind"))
    builder.treat(mother)
    builder.report((father, "betrokkene"))
    for person in (mother, father, child):
        builder.consent(person, holders=ALL_THREE, askers=ALL_THREE, purposes="coordination-of-care")
    for asker, person in (("ggz", mother), ("veilig_thuis", child), ("politie", father)):
        _ask(
            builder,
            f"toestemming-{asker}",
            asker,
            "coordination-of-care",
            person.bsn,
            "Drie partners rond één gezin, met toestemming",
            "Veilig Thuis, de GGZ en de politie zijn elk betrokken. Alle gezinsleden (voor het kind de ouders) "
            "gaven toestemming.",
        )


def _without_consent(builder: RegionBuilder) -> None:
    father, mother, child = builder.family(41, 39, 10)
    builder.open_casus((father, "pleger"), (mother, "slachtoffer"), (child, "kind"))
    builder.treat(father)
    builder.report((father, "betrokkene"))
    text = "Vader is in behandeling bij de GGZ en gaf geen toestemming."
    title = "GGZ zonder toestemming: wel voor Veilig Thuis, niet voor de politie"
    for asker in ("veilig_thuis", "politie"):
        _ask(builder, f"zonder-toestemming-{asker}", asker, "safety-assessment", father.bsn, title, text)


def _shelter_and_secret_address(builder: RegionBuilder) -> None:
    mother, child = builder.family(29, 4)
    builder.open_casus((mother, "slachtoffer"), (child, "kind"), desk="opvang", secret=True)
    builder.treat(child)
    builder.report((mother, "betrokkene"))
    title = "Een opvang en een geheim adres"
    _ask(
        builder,
        "opvang-politie",
        "politie",
        "safety-assessment",
        mother.bsn,
        title,
        "Moeder verblijft in de opvang. De politie ziet alleen een neutraal loket, geen opvang.",
    )
    _ask(
        builder,
        "geheim-adres-veilig-thuis",
        "veilig_thuis",
        "safety-assessment",
        mother.bsn,
        title,
        "Door het geheime adres wijst het gezin niemand aan: de GGZ-betrokkenheid bij het kind blijft weg.",
    )


def _shielded(builder: RegionBuilder) -> None:
    [person] = builder.family(25)
    builder.open_casus((person, "slachtoffer"), shielded=True)
    builder.report((person, "betrokkene"))
    _ask(
        builder,
        "afgeschermd-politie",
        "politie",
        "safety-assessment",
        person.bsn,
        "Afgeschermde betrokkenheid",
        "Veilig Thuis heeft de betrokkenheid afgeschermd. Dat ziet er net zo uit als niemand.",
    )


def _two_households(builder: RegionBuilder) -> None:
    mother, child = builder.family(38, 9)
    [father] = builder.family(40)
    builder.open_casus((mother, "gezinslid"), (child, "kind"))
    builder.open_casus((father, "gezinslid"), (child, "kind"))
    builder.treat(father)
    title = "Een kind in twee huishoudens"
    _ask(
        builder,
        "twee-huishoudens-kind",
        "veilig_thuis",
        "safety-assessment",
        child.bsn,
        title,
        "Het kind woont om en om bij beide ouders. Bij een vraag over het kind tellen beide huishoudens.",
    )
    _ask(
        builder,
        "twee-huishoudens-moeder",
        "veilig_thuis",
        "safety-assessment",
        mother.bsn,
        title,
        "Bij een vraag over moeder telt het huishouden van vader niet mee.",
    )


def _ended(builder: RegionBuilder) -> None:
    [person] = builder.family(52)
    ended = builder.today - timedelta(days=20)
    builder.treat(person, since=ended - timedelta(days=90), until=ended)
    builder.open_casus((person, "slachtoffer"))
    _ask(
        builder,
        "beeindigd-veilig-thuis",
        "veilig_thuis",
        "safety-assessment",
        person.bsn,
        "Een beëindigde betrokkenheid",
        "De behandeling bij de GGZ is afgesloten: zij telt niet meer mee.",
    )


def _objection(builder: RegionBuilder) -> None:
    [person] = builder.family(45)
    builder.treat(person)
    builder.report((person, "betrokkene"))
    builder.consent(person, holders="ggz", askers="politie", purposes="coordination-of-care")
    builder.consent(
        person, holders="ggz", askers="politie", purposes="coordination-of-care", decision="bezwaar"
    )
    _ask(
        builder,
        "bezwaar-politie",
        "politie",
        "coordination-of-care",
        person.bsn,
        "Toestemming en daarna bezwaar",
        "Er was toestemming, maar de betrokkene maakte bezwaar. Bezwaar gaat voor.",
    )


def _nobody(builder: RegionBuilder) -> None:
    [person] = builder.family(61)
    _ask(
        builder,
        "niemand-veilig-thuis",
        "veilig_thuis",
        "safety-assessment",
        person.bsn,
        "Niemand",
        "Bij deze persoon is niemand betrokken.",
    )
    [fished] = builder.family(33)
    builder.treat(fished)
    _ask(
        builder,
        "vissen-politie",
        "politie",
        "coordination-of-care",
        fished.bsn,
        "Vragen zonder zelf betrokken te zijn",
        "De politie is niet betrokken bij deze persoon en krijgt hetzelfde lege antwoord.",
    )
