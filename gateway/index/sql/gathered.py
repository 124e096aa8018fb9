"""The households around many persons, put together from the rows of one statement. Pure.

Two rules for one person under two epochs of the pseudonym key. To show something of a person its pseudonyms must agree
(`Subject.is_same_person`). To withhold, a chain is enough: a pseudonym that some fact names beside one of the person's
is the person's too. Who pairs the pseudonyms of two persons so withholds more, and gains nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    HouseholdFacts,
    InvolvementFact,
    Oin,
    PartnerKind,
    Pseudonym,
    SealedPseudonym,
    Subject,
)
from gateway.index.sql.rows import read_consent, read_involvement

_Asked = bytes
"""A sealed pseudonym that was asked for."""
_Assertion = set[Subject]
"""The members of one household assertion that names somebody who was asked for."""
_FactOf = TypeVar("_FactOf", InvolvementFact, ConsentFact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What was read for all who were asked for. Facts stand under each pseudonym of their person."""

    assertions: Mapping[_Asked, Sequence[_Assertion]]
    involvements: Mapping[bytes, Sequence[InvolvementFact]]
    consents: Mapping[bytes, Sequence[ConsentFact]]
    secret: Set[Pseudonym]
    """The pseudonyms that a suppressed assertion names now, whoever made it."""
    pairs: Mapping[Pseudonym, Set[Subject]]
    """The persons of two pseudonyms that any fact names, by each pseudonym of the persons read."""
    kinds: Mapping[Oin, PartnerKind]

    def household(self, subject: Subject) -> HouseholdFacts:
        """Return the household of one who was asked for."""
        members = self._members(subject)
        return HouseholdFacts(
            subject=subject,
            members=frozenset(members),
            involvements=_in_order(_of(members, self.involvements)),
            consents=_in_order({*_of(members, self.consents), *self._objections(members)}),
            kinds=self.kinds,
            pairs=frozenset(pair for member in members for pair in self._pairs_of(member)),
        )

    def _members(self, subject: Subject) -> set[Subject]:
        """Return the person itself, and whoever is asserted with it; nobody who is secret with another."""
        household = {subject}
        if self._is_secret(subject):
            return household
        for pseudonym in subject.pseudonyms:
            for persons in self.assertions.get(pseudonym.reveal(), ()):
                # A question that pairs two persons names neither: it opens the household of none of them.
                if any(person.is_same_person(subject) for person in persons):
                    household |= {person for person in persons if not self._is_secret(person)}
        return household

    def _is_secret(self, person: Subject) -> bool:
        return bool(self.secret) and not self.secret.isdisjoint(self._widened(person))

    def _objections(self, members: Iterable[Subject]) -> Iterator[ConsentFact]:
        """Yield the objections of whoever may be one of the members."""
        for pseudonym in {each for member in members for each in self._widened(member)}:
            for fact in self.consents.get(pseudonym.reveal(), ()):
                if fact.effect is ConsentEffect.OBJECT and pseudonym in fact.subject.pseudonyms:
                    yield fact

    def _widened(self, person: Subject) -> Set[Pseudonym]:
        """Return the person's pseudonyms, and those that stand beside one of them on any fact."""
        named = {person, *self._pairs_of(person)}
        return {pseudonym for each in named for pseudonym in each.pseudonyms}

    def _pairs_of(self, person: Subject) -> Iterator[Subject]:
        for pseudonym in person.pseudonyms:
            yield from self.pairs.get(pseudonym, ())


def gather(rows: Iterable[Any]) -> Gathered:
    """Put the rows of the statement together, by the part that they are of."""
    parts: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        parts[row.part].append(row)
    return Gathered(
        assertions=_assertions_of(parts["member"]),
        involvements=_facts_of(parts["involvement"], read_involvement),
        consents=_facts_of(parts["consent"], read_consent),
        secret=frozenset(map(_pseudonym, parts["secret"])),
        pairs=_pairs_of(parts["pair"]),
        kinds={Oin(row.partner): PartnerKind(row.kind) for row in parts["partner"]},
    )


def _of(members: Iterable[Subject], facts: Mapping[bytes, Sequence[_FactOf]]) -> set[_FactOf]:
    """Return what was said about the members, each fact once."""
    return {
        fact
        for person in members
        for pseudonym in person.pseudonyms
        for fact in facts.get(pseudonym.reveal(), ())
        if fact.subject.is_same_person(person)
    }


def _in_order(facts: Iterable[_FactOf]) -> tuple[_FactOf, ...]:
    """Return facts by person, partner and reference. Sorted here: databases order text by their own collations."""
    return tuple(sorted(facts, key=lambda fact: (fact.subject, fact.partner, fact.reference)))


def _assertions_of(rows: Iterable[Any]) -> Mapping[_Asked, Sequence[_Assertion]]:
    """Put the rows of one member, an epoch each, together, and the members of one assertion."""
    places: defaultdict[tuple[_Asked, str, str, int], set[SealedPseudonym]] = defaultdict(set)
    for row in rows:
        places[row.asked, row.partner, row.reference, row.place].add(_pseudonym(row))
    members: defaultdict[tuple[_Asked, str, str], set[Subject]] = defaultdict(set)
    for (asked, partner, reference, _), pseudonyms in places.items():
        members[asked, partner, reference].add(Subject(*pseudonyms))
    assertions: defaultdict[_Asked, list[_Assertion]] = defaultdict(list)
    for (asked, *_), persons in members.items():
        assertions[asked].append(persons)
    return assertions


def _facts_of(
    rows: Iterable[Any], read: Callable[[Any, Subject], _FactOf]
) -> Mapping[bytes, Sequence[_FactOf]]:
    """Put the rows of one fact, an epoch each, together; return the facts by each of their person's keys."""
    first: dict[tuple[str, str], Any] = {}
    persons: defaultdict[tuple[str, str], set[SealedPseudonym]] = defaultdict(set)
    for row in rows:
        first.setdefault((row.partner, row.reference), row)
        persons[row.partner, row.reference].add(_pseudonym(row))
    facts: defaultdict[bytes, list[_FactOf]] = defaultdict(list)
    for identity, row in first.items():
        fact = read(row, Subject(*persons[identity]))
        for pseudonym in fact.subject.pseudonyms:
            facts[pseudonym.reveal()].append(fact)
    return facts


def _pairs_of(rows: Iterable[Any]) -> Mapping[Pseudonym, Set[Subject]]:
    pairs: defaultdict[Pseudonym, set[Subject]] = defaultdict(set)
    for row in rows:
        known, beside = SealedPseudonym(row.asked, epoch=row.asked_epoch), _pseudonym(row)
        pairs[known].add(Subject(known, beside))
    return pairs


def _pseudonym(row: Any) -> SealedPseudonym:
    return SealedPseudonym(row.subject, epoch=row.epoch)
