"""Read the households of many persons in one statement, so that all of it is of one moment.

Between two statements another transaction can commit. A member who was taken out of a household and an
involvement that began after that would then meet in one answer, although no moment ever held both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
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
    Pseudonym,
)
from gateway.index.sql import tables as t
from gateway.index.sql.rows import read_consent, read_involvement

CURRENT_PHASES = (Phase.PROVISIONAL.value, Phase.ACTIVE.value)

_ORDERING = {"recorded_at", "message_id"}
_COLUMNS = {
    column.name: column.type
    for table in (t.involvements, t.consents)
    for column in table.c
    if column.name not in _ORDERING
} | {"asked": LargeBinary(32), "kind": String(64)}
"""Every column that one of the parts of the statement fills; the others are NULL there."""


async def read_households(
    connection: AsyncConnection, subjects: Sequence[Pseudonym], on: date
) -> Mapping[Pseudonym, HouseholdFacts]:
    """Return what is current on that day for every subject, in one round trip however many there are."""
    if not subjects:
        return {}
    members = {subject: {subject} for subject in subjects}
    involvements: defaultdict[Pseudonym, list[InvolvementFact]] = defaultdict(list)
    consents: defaultdict[Pseudonym, list[ConsentFact]] = defaultdict(list)
    kinds: dict[Oin, PartnerKind] = {}
    for row in await connection.execute(_statement([subject.reveal() for subject in members], on)):
        match row.part:
            case "member":
                members[Pseudonym(row.asked)].add(Pseudonym(row.subject))
            case "involvement":
                involvements[Pseudonym(row.subject)].append(read_involvement(row))
            case "consent":
                consents[Pseudonym(row.subject)].append(read_consent(row))
            case _:
                kinds[Oin(row.partner)] = PartnerKind(row.kind)
    return {
        subject: HouseholdFacts(
            subject=subject,
            members=frozenset(household),
            involvements=_of(household, involvements),
            consents=_of(household, consents),
            kinds=kinds,
        )
        for subject, household in members.items()
    }


def _of(household: set[Pseudonym], facts: Mapping[Pseudonym, list[Any]]) -> tuple[Any, ...]:
    """Return the facts of a household by person, partner and reference.

    Sorted here: databases order text by their own collations.
    """
    return tuple(
        fact
        for person in sorted(household)
        for fact in sorted(facts.get(person, ()), key=lambda fact: (fact.partner, fact.reference))
    )


def _statement(asked: Sequence[bytes], on: date) -> CompoundSelect[Any]:
    members = _members(asked, on).cte("members")
    persons = _persons(asked, members)
    partners = t.partners.c
    return union_all(
        _part("member", {"asked": members.c.asked, "subject": members.c.subject}),
        _part("involvement", t.involvements.c).where(
            _is_of(persons, t.involvements),
            t.involvements.c.phase.in_(CURRENT_PHASES),
            _is_within(t.involvements.c, on),
        ),
        _part("consent", t.consents.c).where(
            _is_of(persons, t.consents),
            t.consents.c.effect != ConsentEffect.WITHDRAWN.value,
            _is_within(t.consents.c, on),
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


def _members(asked: Sequence[bytes], on: date) -> Select[Any]:
    """One hop: the members of every unsuppressed assertion that names the person now; never further."""
    own, other = t.household_members.alias("own"), t.household_members.alias("other")
    assertion = t.households
    return (
        select(own.c.subject.label("asked"), other.c.subject.label("subject"))
        .join(other, and_(own.c.partner == other.c.partner, own.c.reference == other.c.reference))
        .join(assertion, and_(own.c.partner == assertion.c.partner, own.c.reference == assertion.c.reference))
        .where(
            own.c.subject.in_(asked),
            assertion.c.suppressed.is_(False),
            _is_within(own.c, on),
            _is_within(other.c, on),
        )
    )


def _persons(asked: Sequence[bytes], members: CTE) -> CTE:
    """Everybody whose facts are wanted: the members, and who was asked for and is in no household."""
    return union(
        select(members.c.subject),
        *(
            select(table.c.subject).where(table.c.subject.in_(asked))
            for table in (t.involvements, t.consents)
        ),
    ).cte("persons")


def _is_of(persons: CTE, table: Table) -> ColumnElement[bool]:
    return table.c.subject.in_(select(persons.c.subject))


def _is_within(columns: Any, on: date) -> ColumnElement[bool]:
    """Within its period on that day, both ends inclusive; an open start or end has no bound."""
    return and_(
        or_(columns.since.is_(None), columns.since <= on), or_(columns.until.is_(None), columns.until >= on)
    )
