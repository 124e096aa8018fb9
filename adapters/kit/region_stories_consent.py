"""Stories about consent: who decides at which age, objections, and the specific over the general."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from adapters.kit.region import Person, Said
from adapters.kit.region_builder import RegionBuilder

CARE = "coordination-of-care"
TO_POLICE = Said(holders="ggz", askers="politie")
TO_SAFE_HOME = Said(holders="ggz", askers="veilig_thuis")
TO_BOTH = Said(holders="ggz", askers="politie,veilig_thuis")
DAYS_PAST_THE_BIRTHDAY = 3
DAYS_TO_THE_BIRTHDAY = 2


def add_consent_stories(builder: RegionBuilder) -> None:
    """Add the families of these stories with their questions, in the order in which the demo tells them."""
    _at_eleven(builder)
    _at_twelve(builder)
    _at_sixteen(builder)
    _objection(builder)
    _objection_in_general(builder)
    _consent_in_general(builder)


def _at_eleven(builder: RegionBuilder) -> None:
    child = builder.turning(12, on=builder.today + timedelta(days=DAYS_TO_THE_BIRTHDAY))
    _known_to_all(builder, child)
    builder.consent(child, TO_POLICE)
    builder.consent(child, replace(TO_SAFE_HOME, decided_by="betrokkene"))
    title = "Toestemming op 11 jaar: wie het gezag hebben, beslissen"
    builder.tell(
        "toestemming-11-politie",
        child,
        asker="politie",
        purpose=CARE,
        title=title,
        text="De ouders gaven toestemming voor de politie. Die geldt tot de dag voor de twaalfde verjaardag, "
        "overmorgen.",
    )
    builder.tell(
        "toestemming-11-veilig-thuis",
        child,
        asker="veilig_thuis",
        purpose=CARE,
        title=title,
        text="Voor Veilig Thuis zei alleen het kind zelf ja. Dat is geen toestemming: de adapter weigert de regel.",
    )


def _at_twelve(builder: RegionBuilder) -> None:
    youth = builder.turning(12, on=builder.today - timedelta(days=DAYS_PAST_THE_BIRTHDAY))
    _known_to_all(builder, youth)
    builder.consent(youth, TO_POLICE, days_ago=DAYS_PAST_THE_BIRTHDAY - 1)
    builder.consent(youth, TO_SAFE_HOME, days_ago=60)
    title = "Toestemming op 12 jaar: de jongere en de ouders samen"
    builder.tell(
        "toestemming-12-politie",
        youth,
        asker="politie",
        purpose=CARE,
        title=title,
        text="Na de verjaardag gaven de jongere en de ouders samen toestemming voor de politie.",
    )
    builder.tell(
        "toestemming-12-veilig-thuis",
        youth,
        asker="veilig_thuis",
        purpose=CARE,
        title=title,
        text="Voor Veilig Thuis gaven de ouders toestemming toen het kind 11 was. Die verviel op de twaalfde "
        "verjaardag, drie dagen geleden.",
    )


def _at_sixteen(builder: RegionBuilder) -> None:
    youth = builder.turning(16, on=builder.today - timedelta(days=DAYS_PAST_THE_BIRTHDAY))
    _known_to_all(builder, youth)
    builder.consent(youth, TO_POLICE, days_ago=DAYS_PAST_THE_BIRTHDAY - 1)
    builder.consent(
        youth, replace(TO_SAFE_HOME, decided_by="gezagsdragers"), days_ago=DAYS_PAST_THE_BIRTHDAY - 1
    )
    title = "Toestemming op 16 jaar: de jongere alleen"
    builder.tell(
        "toestemming-16-politie",
        youth,
        asker="politie",
        purpose=CARE,
        title=title,
        text="De jongere gaf zelf toestemming voor de politie; de ouders hoefden niet mee te beslissen.",
    )
    builder.tell(
        "toestemming-16-veilig-thuis",
        youth,
        asker="veilig_thuis",
        purpose=CARE,
        title=title,
        text="Voor Veilig Thuis zeiden alleen de ouders ja. Dat telt niet meer: de adapter weigert de regel.",
    )


def _objection(builder: RegionBuilder) -> None:
    [person] = builder.family(45)
    builder.treat(person)
    builder.report((person, "betrokkene"))
    builder.consent(person, TO_POLICE)
    builder.consent(person, replace(TO_POLICE, decision="bezwaar"))
    builder.tell(
        "bezwaar-politie",
        person,
        asker="politie",
        purpose=CARE,
        title="Toestemming en daarna bezwaar",
        text="Er was toestemming, maar de betrokkene maakte bezwaar. Bezwaar gaat voor.",
    )


def _objection_in_general(builder: RegionBuilder) -> None:
    [person] = builder.family(42)
    _known_to_all(builder, person)
    builder.consent(person, replace(TO_BOTH, decision="bezwaar"))
    builder.consent(person, replace(TO_POLICE, organisation="politie"))
    title = "Bezwaar in het algemeen, toestemming voor één organisatie"
    text = (
        "De betrokkene maakte bezwaar tegen politie en Veilig Thuis in het algemeen, en gaf toestemming aan één "
        "organisatie: deze politie."
    )
    builder.tell("algemeen-bezwaar-politie", person, asker="politie", purpose=CARE, title=title, text=text)
    builder.tell(
        "algemeen-bezwaar-veilig-thuis", person, asker="veilig_thuis", purpose=CARE, title=title, text=text
    )


def _consent_in_general(builder: RegionBuilder) -> None:
    [person] = builder.family(57)
    _known_to_all(builder, person)
    builder.consent(person, TO_BOTH)
    builder.consent(person, replace(TO_POLICE, decision="bezwaar", organisation="politie"))
    title = "Toestemming in het algemeen, bezwaar tegen één organisatie"
    text = (
        "De betrokkene gaf toestemming voor politie en Veilig Thuis in het algemeen, en maakte bezwaar tegen één "
        "organisatie: deze politie."
    )
    builder.tell(
        "algemene-toestemming-politie", person, asker="politie", purpose=CARE, title=title, text=text
    )
    builder.tell(
        "algemene-toestemming-veilig-thuis",
        person,
        asker="veilig_thuis",
        purpose=CARE,
        title=title,
        text=text,
    )


def _known_to_all(builder: RegionBuilder, person: Person) -> None:
    """Record the person with all three partners, so that each may ask and the GGZ is what there is to show."""
    builder.open_casus((person, "slachtoffer"))
    builder.treat(person)
    builder.report((person, "betrokkene"))
