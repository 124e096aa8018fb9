"""A synthetic region: persons, and what the organisations around them would have recorded. Nobody in it exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

LATEST_PLANTED_BIRTH_YEAR = 2000
YOUTH_CARE = ("jeugd_ggz_oost", "jeugd_ggz_west")
"""Two organisations of one kind; they keep the same records as any other mental health care."""
ORGANISATIONS: Mapping[str, tuple[str, ...]] = {"ggz": ("ggz", *YOUTH_CARE)}
"""Which organisations export with an adapter, where it is not just the one that is called as its kind."""
TRIAL_OINS: Mapping[str, str] = {
    "veilig_thuis": "00000099100000000100",
    "ggz": "00000099100000000200",
    "politie": "00000099100000000300",
}
"""The OINs that a site has as `verwijsindex init` makes it; a consent can name an organisation."""


def organisations_of(kind: str) -> tuple[str, ...]:
    """Return the organisations of the region that export with the adapter of a kind."""
    return ORGANISATIONS.get(kind, (kind,))


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
    """A treatment in mental health care; `at` is the organisation that gives it."""

    visit: str
    person: Person
    since: date
    until: date | None
    at: str = "ggz"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliceReport:
    """A *zorgmelding* of the police."""

    number: str
    at: datetime
    persons: tuple[tuple[Person, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody consented or objected to, in the words of the consent list.

    `decided_by` is who decided; empty is whoever must at the person's age. `organisation` narrows the asking kinds to
    one organisation of the region.
    """

    holders: str
    askers: str
    decision: str = "toestemming"
    purposes: str = "coordination-of-care"
    decided_by: str = ""
    organisation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven:
    """A consent or an objection as the organisation that treats the person wrote it down."""

    number: str
    person: Person
    said: Said
    since: date


class StoryKind(StrEnum):
    """What has to be done to tell a story."""

    QUESTION = "question"
    OWN_CASE = "own-case"
    """The professional who asks belongs to the household."""
    STATUTE = "statute"
    """The ground has a last day: what is answered then, and what the day after."""
    EMERGENCY = "emergency"
    """First the question, then break-glass is declared and the question is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A question of the demo: which organisation asks about whom, and what happened.

    `ground` and `explanation` are what a professional declares in an emergency.
    """

    id: str
    title: str
    text: str
    asker: str
    purpose: str
    role: str
    bsn: str = field(repr=False)
    mandate: str = "eigen-taak"
    kind: StoryKind = StoryKind.QUESTION
    ground: str = ""
    explanation: str = field(default="", repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return the story as the file of the demo has it."""
        return asdict(self)


@dataclass(slots=True)
class Region:
    """Everything that was recorded, ready to be written in each partner's own format.

    `oins` has the OINs of organisations that a consent names.
    """

    seed: int
    today: date
    oins: Mapping[str, str]
    casus: list[Casus] = field(default_factory=list)
    treatments: list[Treatment] = field(default_factory=list)
    reports: list[PoliceReport] = field(default_factory=list)
    consents: list[ConsentGiven] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)

    def seen_by(self, organisation: str) -> Region:
        """Return the region with the treatments of one organisation; only mental health care itself asks consent."""
        return replace(
            self,
            treatments=[treatment for treatment in self.treatments if treatment.at == organisation],
            consents=[] if organisation in YOUTH_CARE else self.consents,
        )


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
