"""Read the households of many persons in one statement, so that all of it is of one moment.

Between two statements another transaction can commit. A member who was taken out of a household and an
involvement that began after that would then meet in one answer, although no moment ever held both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

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

from gateway.domain import ConsentEffect, Decider, HouseholdFacts, Phase, Subject
from gateway.index.sql import tables as t
from gateway.index.sql.gathered import gather
from gateway.index.sql.keys import KindOfKey, is_of

CURRENT_PHASES = (Phase.PROVISIONAL.value, Phase.ACTIVE.value)

_COLUMNS = {
    column.name: column.type
    for table in (t.involvements, t.consents)
    for column in table.c
    if column.name not in {"recorded_at", "first_recorded_at"}
} | {
    "asked": LargeBinary(32),
    "asked_epoch": Integer(),
    "place": Integer(),
    "epoch": Integer(),
    "subject": LargeBinary(32),
    "kind": String(64),
}
"""Every column that one of the parts of the statement fills; the others are NULL there."""


async def read_households(
    connection: AsyncConnection, subjects: Sequence[Subject], on: date
) -> Mapping[Subject, HouseholdFacts]:
    """Return what is current on that day for every subject, in one round trip however many there are."""
    if not subjects:
        return {}
    asked = {pseudonym.reveal() for subject in subjects for pseudonym in subject.pseudonyms}
    gathered = gather(await connection.execute(_statement(sorted(asked), on)))
    return {subject: gathered.household(subject) for subject in set(subjects)}


def _statement(asked: Sequence[bytes], on: date) -> CompoundSelect[Any]:
    members = _members(asked, on).cte("members")
    persons = _persons(asked, members)
    pairs = _pairs(persons).cte("pairs")
    # Whoever withholds something may know a person by another pseudonym than who asks.
    widened = union(select(persons.c.subject), select(pairs.c.subject)).cte("widened")
    partners = t.partners.c
    return union_all(
        _part("member", members.c),
        _part("pair", pairs.c),
        _secret_part(widened, on),
        _facts_part("involvement", t.involvements, persons).where(
            t.involvements.c.phase.in_(CURRENT_PHASES),
            is_within(t.involvements.c, on),
        ),
        _facts_part("consent", t.consents, widened).where(
            _counts(t.consents.c),
            is_within(t.consents.c, on),
        ),
        _part("partner", {"partner": partners.oin, "kind": partners.kind}).where(partners.active.is_(True)),
    )


def _counts(consent: Any) -> ColumnElement[bool]:
    """An objection counts always, consent once it is established who decided."""
    return or_(
        consent.effect == ConsentEffect.OBJECT.value,
        and_(
            consent.effect == ConsentEffect.PERMIT.value,
            consent.decided_by != Decider.UNDETERMINED.value,
        ),
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
        .where(KindOfKey(hit.c.fact) == table.name, hit.c.subject.in_(select(persons.c.subject)))
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


def _secret_part(persons: CTE, on: date) -> Select[Any]:
    """Those of the persons whom a suppressed assertion of any partner names now (*indicatie geheim*, BRP 70.10)."""
    hit, own = t.subject_keys.alias("secret_hit"), t.household_members.alias("secret_own")
    return (
        _part("secret", {"subject": hit.c.subject, "epoch": hit.c.epoch})
        .select_from(hit)
        .join(t.households, is_of(hit, t.households))
        .join(own, _is_at(hit, own))
        .where(
            KindOfKey(hit.c.fact) == t.household_members.name,
            hit.c.subject.in_(select(persons.c.subject)),
            t.households.c.suppressed.is_(True),
            is_within(own.c, on),
        )
    )


def _persons(asked: Sequence[bytes], members: CTE) -> CTE:
    """Everybody whose facts may be wanted: the members, and who was asked for and is in no household."""
    keys = t.subject_keys.c
    return union(select(members.c.subject), select(keys.subject).where(keys.subject.in_(asked))).cte(
        "persons"
    )


def _pairs(persons: CTE) -> Select[Any]:
    """What stands beside a pseudonym of these persons, at the same place of any fact: of another epoch."""
    hit, key = t.subject_keys.alias("pair_hit"), t.subject_keys.alias("pair_key")
    return (
        select(hit.c.subject.label("asked"), hit.c.epoch.label("asked_epoch"), key.c.subject, key.c.epoch)
        .distinct()
        .select_from(hit)
        .join(key, and_(_is_same_fact(hit, key), key.c.place == hit.c.place, key.c.epoch != hit.c.epoch))
        .where(hit.c.subject.in_(select(persons.c.subject)))
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
