"""Merges in the database: which facts a change may move, and for whom they count afterwards.

Keys are followed within one partner only: nobody's merge moves what another partner said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

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
from gateway.index.merging import Merges, StandingMerge
from gateway.index.sql import tables as t
from gateway.index.sql.keys import FactKey, is_of
from gateway.index.sql.rows import Row

OLD, NEW = 0, 1
"""The places of a merge's two persons in `subject_keys`."""

FACTS_AT_ONCE = 500
"""Facts whose keys are read and written together: far from the most parameters a statement may have."""

_RowsNow = Callable[[Sequence[Row], datetime, Merges], list[Row]]
"""What becomes of the keys at one place of a fact, by when the fact was recorded first and its partner's merges."""


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
        await _settle(connection, moved.union(written), _followed)


async def keep_counting(connection: AsyncConnection, facts: Collection[FactKey], *, since: int) -> None:
    """Let each of these facts count for somebody without the epochs below `since`, whose keys go.

    What was moved stays where it is, also when nothing is left of the merge that moved it. Who counted under an
    epoch that goes alone counts as stated again, and as the merges that are left say.
    """

    def left(rows: Sequence[Row], recorded_at: datetime, merges: Merges) -> list[Row]:
        over = [row for row in rows if row["epoch"] < since]
        return [*over, *_left([row for row in rows if row["epoch"] >= since], recorded_at, merges)]

    await _settle(connection, facts, left, since=since)


async def _settle(
    connection: AsyncConnection, facts: Iterable[FactKey], now: _RowsNow, *, since: int = 1
) -> None:
    remaining = iter(sorted(facts))
    while batch := list(islice(remaining, FACTS_AT_ONCE)):
        await _settle_batch(connection, batch, now, since=since)


async def _settle_batch(
    connection: AsyncConnection, facts: Sequence[FactKey], now: _RowsNow, *, since: int
) -> None:
    standing = await _standing_merges(connection, facts, since=since)
    merges = {partner: Merges(standing.get(partner, ())) for partner in {fact.partner for fact in facts}}
    first = await _first_recorded(connection, facts)
    keys = t.subject_keys
    found = await connection.execute(select(keys).where(keys.c.fact != t.merges.name, _is_among(facts)))
    before: defaultdict[FactKey, defaultdict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in found.mappings():
        before[FactKey(row["fact"], row["partner"], row["reference"])][row["place"]].append(dict(row))
    # Every fact asked for is among these rows; a few others may be.
    for fact in before.keys() - first.keys():
        del before[fact]
    changed: dict[FactKey, list[Row]] = {}
    for fact, places in before.items():
        after = [row for rows in places.values() for row in now(rows, first[fact], merges[fact.partner])]
        if _as_set(after) != _as_set(row for rows in places.values() for row in rows):
            changed[fact] = after
    await _replace(connection, changed)


async def _replace(connection: AsyncConnection, changed: Mapping[FactKey, Sequence[Row]]) -> None:
    """Let these rows be all keys of the facts."""
    if not changed:
        return
    keys, names = t.subject_keys, FactKey._fields
    await connection.execute(
        delete(keys).where(*(keys.c[name] == bindparam(f"of_{name}") for name in names)),
        [{f"of_{name}": getattr(fact, name) for name in names} for fact in changed],
    )
    rows = [row for after in changed.values() for row in after]
    if rows:
        await connection.execute(insert(keys), rows)


def _followed(rows: Sequence[Row], recorded_at: datetime, merges: Merges) -> list[Row]:
    """Return the keys of one person of a fact with for whom they count now."""
    stated = {row["epoch"]: row["stated"] for row in rows if row["stated"] is not None}
    if not stated:
        # Nothing is known any more of whom the partner named: what an ended epoch's merge moved stays.
        return list(rows)
    person = merges.counts_as(_subject(stated), recorded_at=recorded_at)
    subject = {pseudonym.epoch: pseudonym.reveal() for pseudonym in person.pseudonyms}
    identity = {name: rows[0][name] for name in ("fact", "partner", "reference", "place")}
    return [
        identity | {"epoch": epoch, "stated": stated.get(epoch), "subject": subject.get(epoch)}
        for epoch in stated.keys() | subject.keys()
    ]


def _left(rows: Sequence[Row], recorded_at: datetime, merges: Merges) -> list[Row]:
    """Return the same where nothing is left but these rows and these merges."""
    counting = [row for row in rows if row["subject"] is not None]
    followed = _followed(rows, recorded_at, merges) if rows else []
    if not counting or _as_set(followed) == _as_set(rows):
        return followed
    return [row | {"stated": None} for row in counting]


async def _standing_merges(
    connection: AsyncConnection, facts: Sequence[FactKey], *, since: int = 1
) -> Mapping[str, list[StandingMerge]]:
    """Return by partner the merges, not undone, to which the persons that these facts name can lead.

    Only what is known of their persons under epochs from `since` on.
    """
    keys = t.subject_keys.c
    start = select(keys.partner, keys.stated).where(keys.fact != t.merges.name, _is_among(facts))
    reach = _reach(start, came_in=OLD, goes_on=NEW)
    hit, key = t.subject_keys.alias("hit"), t.subject_keys.alias("key")
    merge = t.merges
    rows = await connection.execute(
        select(key.c.partner, key.c.reference, key.c.place, key.c.epoch, key.c.stated, *_order(merge))
        .select_from(reach)
        .join(hit, and_(_is_of_merge(hit, OLD), _is_reached(hit, reach)))
        .join(key, and_(key.c.fact == t.merges.name, is_of(hit, key)))
        .join(merge, is_of(key, merge))
        .where(merge.c.undone.is_(False), key.c.epoch >= since)
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
        .join(there, and_(_is_of_merge(there, goes_on), is_of(here, there)))
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


def _subject(by_epoch: Mapping[int, bytes]) -> Subject:
    return Subject(*(SealedPseudonym(value, epoch=epoch) for epoch, value in by_epoch.items()))


def _order(table: Table) -> list[ColumnElement[Any]]:
    return [table.c.recorded_at, table.c.message_id]


def _identity(table: Table) -> list[ColumnElement[Any]]:
    return [table.c.partner, table.c.reference]


def _as_set(rows: Iterable[Row]) -> set[tuple[Any, ...]]:
    return {(row["place"], row["epoch"], row["stated"], row["subject"]) for row in rows}
