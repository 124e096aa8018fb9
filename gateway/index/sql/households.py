"""Read the households of many persons in one statement, so that all of it is of one moment.

Between two statements another transaction can commit. A member who was taken out of a household and an
involvement that began after that would then meet in one answer, although no moment ever held both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    and_,
    cast,
    literal_column,
    null,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    HouseholdFacts,
    InvolvementFact,
    Oin,
    PartnerKind,
    Phase,
    SealedPseudonym,
    Subject,
)
from gateway.index.sql import tables as t
from gateway.index.sql.keys import is_of
from gateway.index.sql.rows import read_consent, read_involvement

CURRENT_PHASES = (Phase.PROVISIONAL.value, Phase.ACTIVE.value)

_ORDERING = {"recorded_at", "message_id"}
_COLUMNS = {
    column.name: column.type
    for table in (t.involvements, t.consents)
    for column in table.c
    if column.name not in _ORDERING
} | {
    "asked": LargeBinary(32),
    "place": Integer(),
    "epoch": Integer(),
    "subject": LargeBinary(32),
    "kind": String(64),
}
"""Every column that one of the parts of the statement fills; the others are NULL there."""

_Asked = bytes
"""A sealed pseudonym that was asked for."""
_Assertion = set[Subject]
"""The members of one household assertion that names somebody who was asked for."""
_FactOf = TypeVar("_FactOf", InvolvementFact, ConsentFact)


async def read_households(
    connection: AsyncConnection, subjects: Sequence[Subject], on: date
) -> Mapping[Subject, HouseholdFacts]:
    """Return what is current on that day for every subject, in one round trip however many there are."""
    if not subjects:
        return {}
    asked = {pseudonym.reveal() for subject in subjects for pseudonym in subject.pseudonyms}
    rows: defaultdict[str, list[Any]] = defaultdict(list)
    for row in await connection.execute(_statement(sorted(asked), on)):
        rows[row.part].append(row)
    assertions = _assertions_of(rows["member"])
    involvements = _facts_of(rows["involvement"], read_involvement)
    consents = _facts_of(rows["consent"], read_consent)
    kinds = {Oin(row.partner): PartnerKind(row.kind) for row in rows["partner"]}
    return {
        subject: _household(subject, assertions, involvements, consents, kinds) for subject in set(subjects)
    }


def _household(
    subject: Subject,
    assertions: Mapping[_Asked, Sequence[_Assertion]],
    involvements: Mapping[bytes, list[InvolvementFact]],
    consents: Mapping[bytes, list[ConsentFact]],
    kinds: Mapping[Oin, PartnerKind],
) -> HouseholdFacts:
    household = {subject}
    for pseudonym in subject.pseudonyms:
        for persons in assertions.get(pseudonym.reveal(), ()):
            # A question that pairs two persons names neither: it opens the household of none of them.
            if any(person.is_same_person(subject) for person in persons):
                household |= persons
    return HouseholdFacts(
        subject=subject,
        members=frozenset(household),
        involvements=_of(household, involvements),
        consents=_of(household, consents),
        kinds=kinds,
    )


def _of(household: Iterable[Subject], facts: Mapping[bytes, list[_FactOf]]) -> tuple[_FactOf, ...]:
    """Return the facts of a household, each once, by person, partner and reference.

    Sorted here: databases order text by their own collations.
    """
    found = {
        fact
        for person in household
        for pseudonym in person.pseudonyms
        for fact in facts.get(pseudonym.reveal(), ())
        if fact.subject.is_same_person(person)
    }
    return tuple(sorted(found, key=lambda fact: (fact.subject, fact.partner, fact.reference)))


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


def _facts_of(rows: Iterable[Any], read: Callable[[Any, Subject], _FactOf]) -> Mapping[bytes, list[_FactOf]]:
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


def _pseudonym(row: Any) -> SealedPseudonym:
    return SealedPseudonym(row.subject, epoch=row.epoch)


def _statement(asked: Sequence[bytes], on: date) -> CompoundSelect[Any]:
    members = _members(asked, on).cte("members")
    persons = _persons(asked, members)
    partners = t.partners.c
    return union_all(
        _part("member", members.c),
        _facts_part("involvement", t.involvements, persons).where(
            t.involvements.c.phase.in_(CURRENT_PHASES),
            is_within(t.involvements.c, on),
        ),
        _facts_part("consent", t.consents, persons).where(
            t.consents.c.effect != ConsentEffect.WITHDRAWN.value,
            is_within(t.consents.c, on),
        ),
        _part("partner", {"partner": partners.oin, "kind": partners.kind}).where(partners.active.is_(True)),
    )


def _part(name: str, columns: Any) -> Select[Any]:
    return select(
        literal_column(f"'{name}'", String).label("part"),
        *(
            (columns[column] if column in columns else cast(null(), kind)).label(column)
            for column, kind in _COLUMNS.items()
        ),
    )


def _facts_part(name: str, table: Table, persons: CTE) -> Select[Any]:
    """The facts of these persons in one table, a row for every epoch under which a fact names its person."""
    hit, key = t.subject_keys.alias(f"{name}_hit"), t.subject_keys.alias(f"{name}_key")
    columns = dict(table.c) | {"place": key.c.place, "epoch": key.c.epoch, "subject": key.c.subject}
    return (
        _part(name, columns)
        .select_from(hit)
        .join(table, is_of(hit, table))
        .join(key, _is_same_fact(hit, key))
        .where(hit.c.fact == table.name, hit.c.subject.in_(select(persons.c.subject)))
    )


def _members(asked: Sequence[bytes], on: date) -> Select[Any]:
    """One hop: the members of every unsuppressed assertion that names the person now; never further."""
    hit, key = t.subject_keys.alias("member_hit"), t.subject_keys.alias("member_key")
    own, other = t.household_members.alias("own"), t.household_members.alias("other")
    assertion = t.households
    return (
        select(
            hit.c.subject.label("asked"),
            *(key.c[name] for name in ("partner", "reference", "place", "epoch", "subject")),
        )
        .select_from(hit)
        .join(assertion, is_of(hit, assertion))
        .join(own, _is_at(hit, own))
        .join(key, _is_same_fact(hit, key))
        .join(other, _is_at(key, other))
        .where(
            hit.c.fact == t.household_members.name,
            hit.c.subject.in_(asked),
            assertion.c.suppressed.is_(False),
            is_within(own.c, on),
            is_within(other.c, on),
        )
    )


def _persons(asked: Sequence[bytes], members: CTE) -> CTE:
    """Everybody whose facts are wanted: the members, and who was asked for and is in no household."""
    keys = t.subject_keys.c
    return union(select(members.c.subject), select(keys.subject).where(keys.subject.in_(asked))).cte(
        "persons"
    )


def _is_same_fact(one: Any, other: Any) -> ColumnElement[bool]:
    """The keys of the fact in which one of them was found; those alone that count for somebody."""
    return and_(one.c.fact == other.c.fact, is_of(one, other), other.c.subject.is_not(None))


def _is_at(key: Any, member: Any) -> ColumnElement[bool]:
    return and_(is_of(key, member), key.c.place == member.c.place)


def is_within(columns: Any, on: date) -> ColumnElement[bool]:
    """Within its period on that day, both ends inclusive; an open start or end has no bound."""
    return and_(
        or_(columns.since.is_(None), columns.since <= on), or_(columns.until.is_(None), columns.until >= on)
    )
