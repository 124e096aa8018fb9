"""Merges in the database: which facts a change may move, and for whom they count afterwards.

Keys are followed within one partner only: nobody's merge moves what another partner said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain import SealedPseudonym, Subject
from gateway.index.merging import StandingMerge, counts_as
from gateway.index.sql import tables as t
from gateway.index.sql.rows import Row

OLD, NEW = 0, 1
"""The places of a merge's two persons in `subject_keys`."""

FACTS_AT_ONCE = 500
"""Facts whose keys are read and written together: far from the most parameters a statement may have."""


class FactKey(NamedTuple):
    """Which fact a row of `subject_keys` is of."""

    fact: str
    partner: str
    reference: str


async def facts_behind(connection: AsyncConnection, merges: Iterable[FactKey]) -> set[FactKey]:
    """Return the facts that may count for somebody else once these merges change.

    Those that name an old person of theirs, and those that other merges bring to one.
    """
    merges = list(merges)
    if not merges:
        return set()
    keys = t.subject_keys.c
    start = select(keys.partner, keys.stated).where(
        keys.fact == t.merges.name, keys.place == OLD, _is_among(merges)
    )
    reach = _reach(start, came_in=NEW, goes_on=OLD)
    found = await connection.execute(
        select(keys.fact, keys.partner, keys.reference)
        .join(reach, and_(reach.c.partner == keys.partner, reach.c.stated == keys.stated))
        .where(keys.fact != t.merges.name)
        .distinct()
    )
    return {FactKey(*row) for row in found}


async def follow_merges(
    connection: AsyncConnection, written: Sequence[FactKey], behind: Iterable[FactKey]
) -> None:
    """Let every one of these facts count for the person that its partner's merges say now.

    `written` are those of which a version came in; where no merge concerns them, this is one statement.
    """
    moved = set(behind)
    if moved or await _standing_merges(connection, written):
        facts = iter(sorted(moved.union(written)))
        while batch := list(islice(facts, FACTS_AT_ONCE)):
            await _settle(connection, batch)


async def _settle(connection: AsyncConnection, facts: Sequence[FactKey]) -> None:
    merges = await _standing_merges(connection, facts)
    first = await _first_recorded(connection, facts)
    keys = t.subject_keys
    found = await connection.execute(select(keys).where(keys.c.fact != t.merges.name, _is_among(facts)))
    before: defaultdict[FactKey, list[Row]] = defaultdict(list)
    for row in found.mappings():
        before[FactKey(row["fact"], row["partner"], row["reference"])].append(dict(row))
    after = {
        fact: _rows_now(rows, first[fact], merges[fact.partner])
        for fact, rows in before.items()
        # Every fact asked for is among these rows; a few others may be.
        if fact in first
    }
    changed = [fact for fact, rows in after.items() if _as_set(rows) != _as_set(before[fact])]
    if changed:
        names = FactKey._fields
        await connection.execute(
            delete(keys).where(*(keys.c[name] == bindparam(f"of_{name}") for name in names)),
            [{f"of_{name}": getattr(fact, name) for name in names} for fact in changed],
        )
        await connection.execute(insert(keys), [row for fact in changed for row in after[fact]])


def _rows_now(rows: Sequence[Row], recorded_at: datetime, merges: Sequence[StandingMerge]) -> list[Row]:
    """Return the keys of one fact with the persons for whom it counts now."""
    places: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        places[row["place"]].append(row)
    found = []
    for at_place in places.values():
        identity = {name: at_place[0][name] for name in ("fact", "partner", "reference", "place")}
        stated = {row["epoch"]: row["stated"] for row in at_place if row["stated"] is not None}
        subject: dict[int, bytes] = {}
        if stated:
            person = counts_as(_subject(stated), recorded_at=recorded_at, merges=merges)
            subject = {pseudonym.epoch: pseudonym.reveal() for pseudonym in person.pseudonyms}
        found += [
            identity | {"epoch": epoch, "stated": stated.get(epoch), "subject": subject.get(epoch)}
            for epoch in stated.keys() | subject.keys()
        ]
    return found


async def _standing_merges(
    connection: AsyncConnection, facts: Sequence[FactKey]
) -> Mapping[str, list[StandingMerge]]:
    """Return by partner the merges, not undone, to which the persons that these facts name can lead."""
    keys = t.subject_keys.c
    start = select(keys.partner, keys.stated).where(keys.fact != t.merges.name, _is_among(facts))
    reach = _reach(start, came_in=OLD, goes_on=NEW)
    hit, key = t.subject_keys.alias("hit"), t.subject_keys.alias("key")
    merge = t.merges
    rows = await connection.execute(
        select(key.c.partner, key.c.reference, key.c.place, key.c.epoch, key.c.stated, *_order(merge))
        .select_from(reach)
        .join(hit, and_(_is_of_merge(hit, OLD), _is_reached(hit, reach)))
        .join(key, and_(key.c.fact == t.merges.name, _is_same(hit, key)))
        .join(merge, _is_same(key, merge))
        .where(merge.c.undone.is_(False))
        .distinct()
    )
    persons: defaultdict[tuple[str, str], defaultdict[int, dict[int, bytes]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    orders: dict[tuple[str, str], tuple[datetime, str]] = {}
    for row in rows:
        persons[row.partner, row.reference][row.place][row.epoch] = row.stated
        orders[row.partner, row.reference] = (row.recorded_at, row.message_id)
    merges: defaultdict[str, list[StandingMerge]] = defaultdict(list)
    for identity, sides in persons.items():
        # When an epoch was forgotten, a person of whom only that epoch was known is gone.
        if sides.keys() == {OLD, NEW}:
            merges[identity[0]].append(
                StandingMerge(old=_subject(sides[OLD]), new=_subject(sides[NEW]), order=orders[identity])
            )
    return merges


async def _first_recorded(connection: AsyncConnection, facts: Sequence[FactKey]) -> dict[FactKey, datetime]:
    """Return when each of these facts was recorded first."""
    rows = await connection.execute(
        union_all(
            *(
                select(
                    literal_column(f"'{name}'", String).label("fact"),
                    *_identity(table),
                    table.c.first_recorded_at,
                )
                .where(table.c.partner.in_({fact.partner for fact in facts}))
                .where(table.c.reference.in_({fact.reference for fact in facts}))
                for name, table in t.FACT_TABLES.items()
            )
        )
    )
    asked = set(facts)
    found = {FactKey(row.fact, row.partner, row.reference): row.first_recorded_at for row in rows}
    return {fact: moment for fact, moment in found.items() if fact in asked}


def _reach(start: Select[Any], *, came_in: int, goes_on: int) -> CTE:
    """The keys that merges lead to from these on: from one of their persons to the other, as far as it goes.

    UNION keeps each key once, so a circle of merges ends.
    """
    reach = start.cte("reach", recursive=True)
    here, there = t.subject_keys.alias("here"), t.subject_keys.alias("there")
    step = (
        select(there.c.partner, there.c.stated)
        .select_from(reach)
        .join(here, and_(_is_of_merge(here, came_in), _is_reached(here, reach)))
        .join(there, and_(_is_of_merge(there, goes_on), _is_same(here, there)))
    )
    return reach.union(step)


def _is_among(facts: Sequence[FactKey]) -> ColumnElement[bool]:
    """Partner and reference are among those of the facts: all of theirs, and rarely one more."""
    keys = t.subject_keys.c
    return and_(
        keys.partner.in_({fact.partner for fact in facts}),
        keys.reference.in_({fact.reference for fact in facts}),
    )


def _is_of_merge(key: Any, place: int) -> ColumnElement[bool]:
    return and_(key.c.fact == t.merges.name, key.c.place == place)


def _is_reached(key: Any, reach: CTE) -> ColumnElement[bool]:
    return and_(key.c.partner == reach.c.partner, key.c.stated == reach.c.stated)


def _is_same(one: Any, other: Any) -> ColumnElement[bool]:
    return and_(one.c.partner == other.c.partner, one.c.reference == other.c.reference)


def _subject(by_epoch: Mapping[int, bytes]) -> Subject:
    return Subject(*(SealedPseudonym(value, epoch=epoch) for epoch, value in by_epoch.items()))


def _order(table: Table) -> list[ColumnElement[Any]]:
    return [table.c.recorded_at, table.c.message_id]


def _identity(table: Table) -> list[ColumnElement[Any]]:
    return [table.c.partner, table.c.reference]


def _as_set(rows: Iterable[Row]) -> set[tuple[Any, ...]]:
    return {(row["place"], row["epoch"], row["stated"], row["subject"]) for row in rows}
