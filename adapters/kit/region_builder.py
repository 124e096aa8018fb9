"""Builds a synthetic region from one seeded source of chance: the same seed and day give the same region.

BSNs pass the 11-test and come from a range that is used for tests; names are marked.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from adapters.kit.region import (
    TRIAL_OINS,
    YOUTH_CARE,
    Casus,
    ConsentGiven,
    Person,
    PoliceReport,
    Region,
    Said,
    Story,
    Treatment,
)
from gateway.domain import Bsn
from gateway.errors import InvalidInput

FIRST_TEST_BSN = 990_000_000
SURNAMES = ("Voorbeeld", "Proefpersoon", "Testman", "Fictief", "Synthese", "Monster", "Specimen", "Oefening")
PREFIXES = ("", "", "van ", "de ", "van der ")
GIVEN = {
    "V": ("Anna", "Fatima", "Sophie", "Noor", "Eva", "Zoë", "Lotte", "Yasmina", "Femke", "Renée"),
    "M": ("Bram", "Youssef", "Daan", "Sem", "Lars", "Noël", "Mehmet", "Ruben", "Thijs", "André"),
}
ROLES = {
    "veilig_thuis": "maatschappelijk-werker",
    "politie": "wijkagent",
    "ggz": "behandelaar",
    **dict.fromkeys(YOUTH_CARE, "behandelaar"),
}
"""In which role the professionals of an organisation ask."""
STREETS = ("Oefenlaan", "Proefstraat", "Testweg", "Voorbeeldplein", "Fictiehof", "Monsterkade")


class RegionBuilder:
    """Draws persons and records from one seeded source of chance."""

    def __init__(self, *, seed: int, today: date, oins: Mapping[str, str] = TRIAL_OINS) -> None:
        # Chance makes the region look real; nothing here is secret.
        self.chance = random.Random(seed)  # noqa: S311
        self.today = today
        self.region = Region(seed=seed, today=today, oins=oins)
        self._bsns = _test_bsns(FIRST_TEST_BSN + self.chance.randrange(1_000_000))
        self._number = 0

    def number(self) -> int:
        """Return the next number of a record."""
        self._number += 1
        return self._number

    def family(self, *ages: int) -> list[Person]:
        """Return persons of these ages at one address, with one surname."""
        births = [
            years_before(self.today, age) - timedelta(days=self.chance.randrange(30, 330)) for age in ages
        ]
        return self._household(births)

    def turning(self, years: int, *, on: date) -> Person:
        """Return a person who reaches that age on that day."""
        [person] = self._household([years_before(on, years)])
        return person

    def past(self, *, least: int = 5, most: int = 300) -> date:
        """Return a day before today."""
        return self.today - timedelta(days=self.chance.randrange(least, most))

    def open_casus(self, *members: tuple[Person, str], **changes: Any) -> None:
        """Record an open case."""
        values: dict[str, Any] = {
            "number": f"{self.today.year}-{self.number():06d}",
            "since": self.past(),
            "until": None,
            "members": members,
        }
        self.region.casus.append(Casus(**values | changes))

    def treat(self, person: Person, **changes: Any) -> None:
        """Record a treatment."""
        values: dict[str, Any] = {
            "visit": f"OPN{self.number():07d}",
            "person": person,
            "since": self.past(),
            "until": None,
        }
        self.region.treatments.append(Treatment(**values | changes))

    def report(self, *persons: tuple[Person, str]) -> None:
        """Record a police report."""
        at = datetime.combine(self.past(), time(self.chance.randrange(24), self.chance.randrange(60)))
        number = f"PL0900-{at.year}-{self.number():06d}"
        self.region.reports.append(PoliceReport(number=number, at=at, persons=persons))

    def consent(self, person: Person, said: Said, *, days_ago: int = 3) -> None:
        """Record what was said some days ago."""
        self.region.consents.append(
            ConsentGiven(
                number=f"T{self.number():06d}",
                person=person,
                said=said,
                since=self.today - timedelta(days=days_ago),
            )
        )

    def tell(self, id_: str, about: Person, *, asker: str, **values: Any) -> None:
        """Add a story: a question by a professional of that organisation about a person."""
        self.region.stories.append(Story(id=id_, bsn=about.bsn, asker=asker, role=ROLES[asker], **values))

    def background(self, households: int) -> None:
        """Add households that no story is about."""
        for _ in range(households):
            adults = [self.chance.randrange(20, 70) for _ in range(self.chance.choice((1, 2, 2)))]
            children = [self.chance.randrange(1, 18) for _ in range(self.chance.choice((0, 1, 2, 3)))]
            family = self.family(*adults, *children)
            self._register(family, grown=len(adults))

    def _household(self, births: list[date]) -> list[Person]:
        surname = self.chance.choice(PREFIXES) + self.chance.choice(SURNAMES)
        home = f"{self.chance.choice(STREETS)} {self.chance.randrange(1, 300)}"
        postcode = f"{self.chance.randrange(1000, 9999)}ZZ"
        return [self._person(born, home=home, postcode=postcode, surname=surname) for born in births]

    def _person(self, born: date, *, home: str, postcode: str, surname: str) -> Person:
        sex = self.chance.choice("VM")
        return Person(
            bsn=next(self._bsns),
            given=self.chance.choice(GIVEN[sex]),
            surname=surname,
            born=born,
            sex=sex,
            address=home,
            postcode=postcode,
            number=self.number(),
        )

    def _register(self, family: list[Person], *, grown: int) -> None:
        roles = [self.chance.choice(("slachtoffer", "pleger", "gezinslid")) for _ in range(grown)]
        members = list(zip(family, roles + ["kind"] * (len(family) - grown), strict=True))
        if self.chance.random() < 0.5:
            closed = self.past(most=100) if self.chance.random() < 0.3 else None
            since = self.past(least=110, most=600) if closed else self.past()
            self.open_casus(*members, since=since, until=closed, secret=self.chance.random() < 0.05)
        for person in family[:grown]:
            if self.chance.random() < 0.25:
                self.treat(person)
                if self.chance.random() < 0.5:
                    self.consent(person, Said(holders="ggz", askers="veilig_thuis,huisarts"))
        if self.chance.random() < 0.25:
            self.report((family[0], "betrokkene"))


def years_before(day: date, years: int) -> date:
    """Return the same day so many years earlier; who is 16 on 29 February was born on one."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _test_bsns(start: int) -> Iterator[str]:
    for number in range(start, 1_000_000_000):
        try:
            yield Bsn(f"{number:09d}").reveal()
        except InvalidInput:
            continue
