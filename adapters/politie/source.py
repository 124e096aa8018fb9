"""Reads a police export: every element with a `registratienummer` child is a registration, each person a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

from adapters.kit.hardened_xml import (
    DOUBLED,
    check_well_formed,
    child_texts,
    elements_with,
    local_name,
)
from adapters.kit.model import SourceRecord, UnreadableRecord
from gateway.errors import InvalidInput

PERSONS = "betrokkenen"
PERSON = "betrokkene"
USED_FIELDS = ("registratienummer", "incidentdatumtijd", "contactdesk")
USED_PERSON_FIELDS = ("rol", "bsn", "indicatiegeheim", "afgeschermd")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecord:
    """One person of one registration; texts by element name in lower case. A registration may have nobody."""

    registration: dict[str, str] = field(repr=False)
    person: dict[str, str] | None = field(repr=False)


def read_export(export: Path) -> Iterator[SourceRecord[PersonRecord] | UnreadableRecord]:
    """Yield one record a person, and one for a registration without persons.

    Raises:
        InvalidInput: the export as a whole cannot be read; nothing of it was yielded.

    """
    check_well_formed(export)
    for number, element in enumerate(elements_with(export, "registratienummer"), start=1):
        yield from _records(element, number)


def _records(element: Element, number: int) -> Iterator[SourceRecord[PersonRecord] | UnreadableRecord]:
    registration = child_texts(element)
    persons: Sequence[Element | None] = _persons(element) or [None]
    for position, person in enumerate(persons, start=1):
        place = f"registration {number}" + (f", person {position}" if person is not None else "")
        texts = None if person is None else child_texts(person)
        doubled = [name for name in USED_FIELDS if registration.get(name) == DOUBLED]
        doubled += [f"{PERSONS}.{name}" for name in USED_PERSON_FIELDS if (texts or {}).get(name) == DOUBLED]
        if doubled:
            yield UnreadableRecord(place=place, error=InvalidInput.at(doubled[0], "must occur once"))
        else:
            yield SourceRecord(place=place, content=PersonRecord(registration=registration, person=texts))


def _persons(element: Element) -> list[Element]:
    """Return the persons: the `betrokkene` children of `betrokkenen`, or each `betrokkenen` that is one."""
    found: list[Element] = []
    for group in element:
        if local_name(group) == PERSONS:
            inside = [child for child in group if local_name(child) == PERSON]
            found += inside or ([group] if len(group) else [])
        elif local_name(group) == PERSON:
            found.append(group)
    return found
