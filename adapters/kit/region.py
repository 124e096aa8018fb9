"""A synthetic region: persons, households and what three partners would have recorded about them; seeded.

Nobody in it exists. BSNs pass the 11-test and come from a range that is used for tests; names are marked.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from gateway.domain import Bsn
from gateway.errors import InvalidInput

FIRST_TEST_BSN = 990_000_000
LATEST_PLANTED_BIRTH_YEAR = 2000
SURNAMES = ("Voorbeeld", "Proefpersoon", "Testman", "Fictief", "Synthese", "Monster", "Specimen", "Oefening")
PREFIXES = ("", "", "van ", "de ", "van der ")
GIVEN = {
    "V": ("Anna", "Fatima", "Sophie", "Noor", "Eva", "Zoë", "Lotte", "Yasmina", "Femke", "Renée"),
    "M": ("Bram", "Youssef", "Daan", "Sem", "Lars", "Noël", "Mehmet", "Ruben", "Thijs", "André"),
}
STREETS = ("Oefenlaan", "Proefstraat", "Testweg", "Voorbeeldplein", "Fictiehof", "Monsterkade")


@dataclass(frozen=True, slots=True)
class Person:
    """A synthetic person."""

    bsn: str = field(repr=False)
    given: str
    surname: str
    born: date
    sex: str
    address: str
    postcode: str
    number: int

    def age(self, on: date) -> int:
        """Return the age in whole years."""
        return on.year - self.born.year - ((on.month, on.day) < (self.born.month, self.born.day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Casus:
    """A case at Veilig Thuis: members with their role, and how it stands."""

    number: str
    since: date
    until: date | None
    members: tuple[tuple[Person, str], ...]
    desk: str = "frontoffice"
    secret: bool = False
    shielded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """A treatment at the GGZ."""

    visit: str
    person: Person
    since: date
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliceReport:
    """A *zorgmelding* of the police."""

    number: str
    at: datetime
    persons: tuple[tuple[Person, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven:
    """A consent or an objection; kinds and purposes as in the consent list."""

    number: str
    person: Person
    decision: str
    holders: str
    askers: str
    purposes: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A question of the demo: who asks about whom, and what to expect."""

    id: str
    title: str
    text: str
    asker: str
    purpose: str
    role: str
    bsn: str = field(repr=False)
    mandate: str = "eigen-taak"

    def as_json(self) -> dict[str, Any]:
        """Return the story as the file of the demo has it."""
        return asdict(self)


@dataclass(slots=True)
class Region:
    """Everything that was recorded, ready to be written in each partner's own format."""

    seed: int
    today: date
    casus: list[Casus] = field(default_factory=list)
    treatments: list[Treatment] = field(default_factory=list)
    reports: list[PoliceReport] = field(default_factory=list)
    consents: list[ConsentGiven] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)


class RegionBuilder:
    """Draws persons and records from one seeded source of chance."""

    def __init__(self, *, seed: int, today: date) -> None:
        # Chance makes the region look real; nothing here is secret.
        self.chance = random.Random(seed)  # noqa: S311
        self.today = today
        self.region = Region(seed=seed, today=today)
        self._bsns = _test_bsns(FIRST_TEST_BSN + self.chance.randrange(1_000_000))
        self._number = 0

    def number(self) -> int:
        """Return the next number of a record."""
        self._number += 1
        return self._number

    def person(self, *, age: int, home: str, postcode: str, surname: str) -> Person:
        """Return a new person of that age."""
        sex = self.chance.choice("VM")
        days = self.chance.randrange(30, 330)
        return Person(
            bsn=next(self._bsns),
            given=self.chance.choice(GIVEN[sex]),
            surname=surname,
            born=_years_before(self.today, age) - timedelta(days=days),
            sex=sex,
            address=home,
            postcode=postcode,
            number=self.number(),
        )

    def family(self, *ages: int) -> list[Person]:
        """Return persons of these ages at one address, with one surname."""
        surname = self.chance.choice(PREFIXES) + self.chance.choice(SURNAMES)
        home = f"{self.chance.choice(STREETS)} {self.chance.randrange(1, 300)}"
        postcode = f"{self.chance.randrange(1000, 9999)}ZZ"
        return [self.person(age=age, home=home, postcode=postcode, surname=surname) for age in ages]

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

    def consent(
        self, person: Person, *, holders: str, askers: str, purposes: str, decision: str = "toestemming"
    ) -> None:
        """Record a consent given some days ago, by whoever decides at that age."""
        self.region.consents.append(
            ConsentGiven(
                number=f"T{self.number():06d}",
                person=person,
                decision=decision,
                holders=holders,
                askers=askers,
                purposes=purposes,
                since=self.today - timedelta(days=3),
            )
        )

    def tell(self, **values: Any) -> None:
        """Add a story."""
        self.region.stories.append(Story(**values))

    def background(self, households: int) -> None:
        """Add households that no story is about."""
        for _ in range(households):
            adults = [self.chance.randrange(20, 70) for _ in range(self.chance.choice((1, 2, 2)))]
            children = [self.chance.randrange(1, 18) for _ in range(self.chance.choice((0, 1, 2, 3)))]
            family = self.family(*adults, *children)
            self._register(family, grown=len(adults))

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
                    self.consent(
                        person, holders="ggz", askers="veilig_thuis,huisarts", purposes="coordination-of-care"
                    )
        if self.chance.random() < 0.25:
            self.report((family[0], "betrokkene"))


def build_region(*, households: int, seed: int, today: date) -> Region:
    """Return the region: the story families and as many other households as asked for; the same for a seed."""
    from adapters.kit.region_stories import add_stories

    builder = RegionBuilder(seed=seed, today=today)
    add_stories(builder)
    builder.background(households)
    return builder.region


def personal_texts(persons: Iterable[Person]) -> list[str]:
    """Return what of these persons must be nowhere past an adapter: number, full name and address."""
    return [
        text
        for person in persons
        for text in (person.bsn, f"{person.given} {person.surname}", person.address, person.postcode)
    ]


def birth_texts(persons: Iterable[Person]) -> list[str]:
    """Return the dates of birth that must be nowhere past an adapter.

    Those of young persons are left out: a day of these years may be the start or the end of something.
    """
    born = (person.born for person in persons)
    return [day.isoformat() for day in born if day.year <= LATEST_PLANTED_BIRTH_YEAR]


def _test_bsns(start: int) -> Iterator[str]:
    for number in range(start, 1_000_000_000):
        try:
            yield Bsn(f"{number:09d}").reveal()
        except InvalidInput:
            continue


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
