"""Persons of whom an asker may see nothing, each with a twin of whom there is nothing to see.

Every question about them is answered with the same empty list: that is checked before anything is measured, and in the
access log that the one side has withheld involvements and the other has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.domain import (
    ConsentEffect,
    Fact,
    HouseholdMember,
    Oin,
    Reference,
    SecrecyClass,
    Subject,
)
from tests.support.facts import consent, household, involvement

PURPOSE = "coordination-of-care"
"""Under the example convenant Veilig Thuis sees others for it with consent alone."""
TWINS = 20
"""Persons of each scene on each side: no single row decides."""
HOUSEHOLD = 12
OTHERS = 1000
"""Persons that nobody asks about, so that the tables are not empty."""

Seal = Callable[[str], Subject]


@dataclass(frozen=True, slots=True)
class Partners:
    """Who asks, and who holds what it may not see."""

    asker: Oin
    ggz: Oin
    police: Oin


@dataclass(frozen=True, slots=True)
class Writer:
    """Makes the facts of this index: its partners, and its persons behind its door."""

    partners: Partners
    seal: Seal

    def involvement(self, partner: Oin, who: str, **changes: Any) -> Fact:
        """Return an involvement of a partner."""
        return involvement(partner, who, subject=self.seal(who), **changes)

    def household(self, *who: str) -> Fact:
        """Return a household that GGZ asserts."""
        members = tuple(HouseholdMember(subject=self.seal(each)) for each in who)
        return household(self.partners.ggz, *who, reference=Reference(f"household-{who[0]}"), members=members)

    def consent(self, partner: Oin, who: str, **changes: Any) -> Fact:
        """Return what a partner recorded about GGZ showing itself to the asker."""
        subject = self.seal(who)
        return consent(partner, who, holder="ggz", asking="veilig_thuis", subject=subject, **changes)


@dataclass(frozen=True, slots=True)
class Scene:
    """One way to be withheld. `is_own`: the asker has an involvement with the person itself, on both sides."""

    name: str
    hide: Callable[[Writer, str], list[Fact]]
    is_own: bool = False
    at_once: int = 1
    """How many questions about the person are asked together; the last answer is waited for."""

    def person(self, number: int, *, is_withheld: bool) -> str:
        """Return the name of a person of the scene, or of its twin of whom there is nothing."""
        words = self.name.replace(",", "").replace(" ", "-")
        return f"{words}-{'withheld' if is_withheld else 'nobody'}-{number}"


def _not_permitted(write: Writer, who: str) -> list[Fact]:
    return [write.involvement(write.partners.ggz, who)]


def _shielded(write: Writer, who: str) -> list[Fact]:
    return [write.involvement(write.partners.police, who, shielded=True)]


def _secret(write: Writer, who: str) -> list[Fact]:
    ggz = write.partners.ggz
    return [write.involvement(ggz, who, secrecy=SecrecyClass.VERY_RESTRICTED), write.consent(ggz, who)]


def _objected(write: Writer, who: str) -> list[Fact]:
    ggz, police = write.partners.ggz, write.partners.police
    said = [write.consent(ggz, who), write.consent(police, who, effect=ConsentEffect.OBJECT)]
    return [write.involvement(ggz, who), *said]


def _linked(write: Writer, who: str) -> list[Fact]:
    other = f"{who}-other"
    return [write.household(who, other), write.involvement(write.partners.police, other)]


def _twelve(write: Writer, who: str) -> list[Fact]:
    members = [who, *(f"{who}-{number}" for number in range(1, HOUSEHOLD))]
    holders = write.partners.ggz, write.partners.police
    return [
        write.household(*members),
        *(write.involvement(each, member) for member in members for each in holders),
    ]


SCENES = (
    Scene("not permitted", _not_permitted),
    Scene("shielded", _shielded),
    Scene("secrecy class", _secret),
    Scene("objection", _objected),
    Scene("household link of others", _linked),
    Scene("household of twelve", _twelve),
    Scene("own client, shielded", _shielded, is_own=True),
    Scene("own client, household of twelve", _twelve, is_own=True),
)
AT_ONCE = Scene("household of twelve, 16 at once", _twelve, at_once=16)
"""What the work for one question tells is told sixteen times over, for sixteen misses."""


def facts_of(scenes: tuple[Scene, ...], write: Writer) -> Iterator[Fact]:
    """Return everything the index holds, for both sides of every scene."""
    for scene in scenes:
        for number in range(TWINS):
            hidden = scene.person(number, is_withheld=True)
            yield from scene.hide(write, hidden)
            if scene.is_own:
                yield write.involvement(write.partners.asker, hidden)
                yield write.involvement(write.partners.asker, scene.person(number, is_withheld=False))
    for number in range(OTHERS):
        yield write.involvement(write.partners.ggz, f"other-{number}")
