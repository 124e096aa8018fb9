"""Write a region's police reports as an XML export with full synthetic content, bad records included."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from adapters.kit.region import Person, PoliceReport, Region, birth_texts, personal_texts

PLANT = "PLANT-politie"
INVALID_BSN = "999940003"
"""A number that fails the 11-test."""
PLANTED = (
    "incidentcode",
    "pleegplaats",
    "minderjarigenAanwezig",
    "toelichting",
    "wapenOfMiddelen",
    "huisverbod",
    "acuutOverlegVT",
    "verbalisant",
    "naam",
    "adres",
    "melder",
)
"""Elements that carry a marker; a date of birth cannot."""


def write_exports(region: Region, folder: Path) -> Sequence[str]:
    """Write `zorgformulieren.xml`; return the planted texts."""
    root = Element("zorgformulieren")
    for report in region.reports:
        _registration(root, report)
    _bad_registration(root, region.reports[0])
    indent(root)
    ElementTree(root).write(folder / "zorgformulieren.xml", encoding="utf-8", xml_declaration=True)
    markers = [f"{PLANT}-{name}" for name in PLANTED]
    persons = {person for report in region.reports for person, _ in report.persons}
    return [*markers, *personal_texts(persons), *birth_texts(persons)]


def _registration(root: Element, report: PoliceReport) -> Element:
    registration = SubElement(root, "zorgformulier")
    first = report.persons[0][0]
    for name, text in (
        ("registratienummer", report.number),
        ("incidentdatumtijd", report.at.isoformat()),
        ("incidentcode", f"E33 {PLANT}-incidentcode"),
        ("pleegplaats", f"{PLANT}-pleegplaats {first.address} {first.postcode}"),
    ):
        SubElement(registration, name).text = text
    persons = SubElement(registration, "betrokkenen")
    for person, role in report.persons:
        _person(persons, person, role, bsn=person.bsn)
    reporter = SubElement(persons, "betrokkene")
    SubElement(reporter, "rol").text = "melder"
    SubElement(reporter, "naam").text = f"{PLANT}-melder"
    for name, text in (
        ("minderjarigenAanwezig", f"ja {PLANT}-minderjarigenAanwezig"),
        ("toelichting", f"{PLANT}-toelichting {first.given} {first.surname} verward aangetroffen"),
        ("wapenOfMiddelen", f"keukenmes {PLANT}-wapenOfMiddelen"),
        ("huisverbod", f"nee {PLANT}-huisverbod"),
        ("acuutOverlegVT", f"nee {PLANT}-acuutOverlegVT"),
        ("verbalisant", f"{PLANT}-verbalisant"),
        ("contactdesk", "zorgcoordinatie"),
    ):
        SubElement(registration, name).text = text
    return registration


def _person(persons: Element, person: Person, role: str, *, bsn: str) -> None:
    entry = SubElement(persons, "betrokkene")
    for name, text in (
        ("rol", role),
        ("bsn", bsn),
        ("naam", f"{person.given} {person.surname} {PLANT}-naam"),
        ("geboortedatum", person.born.isoformat()),
        ("adres", f"{person.address}, {person.postcode} Proefstad {PLANT}-adres"),
    ):
        SubElement(entry, name).text = text


def _bad_registration(root: Element, report: PoliceReport) -> None:
    """A report as real exports have them: one person without a BSN and one with a mistyped one."""
    registration = _registration(root, report)
    for child in registration:
        if child.tag == "registratienummer":
            child.text = "PL0900-2000-000001"
    persons = registration.find("betrokkenen")
    if persons is not None:
        persons.clear()
        _person(persons, report.persons[0][0], "betrokkene", bsn="")
        _person(persons, report.persons[0][0], "betrokkene", bsn=INVALID_BSN)
