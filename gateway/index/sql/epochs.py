"""Epochs in the database: who still stands under which, and what goes when one is over."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import ColumnElement, Table, and_, delete, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain import ConsentEffect, Oin
from gateway.index.sql import tables as t
from gateway.index.sql.aliases import facts_behind, keep_counting
from gateway.index.sql.households import CURRENT_PHASES
from gateway.index.sql.keys import FactKey, is_of

_TABLE_OF_PERSONS = {**t.FACT_TABLES, t.merges.name: t.merges}
"""In which table the fact or the merge stands whose persons `subject_keys.fact` names."""


async def newest_epochs(connection: AsyncConnection, on: date) -> Mapping[Oin, Mapping[int, int]]:
    """Return for every partner how many persons in its current facts have which epoch as their newest."""
    keys = t.subject_keys.c
    person = (keys.fact, keys.partner, keys.reference, keys.place)
    newest = (
        select(keys.partner, func.max(keys.epoch).label("epoch"))
        .where(
            keys.subject.is_not(None),
            or_(*(_is_current(table, conditions) for table, conditions in _current(on))),
        )
        .group_by(*person)
        .subquery()
    )
    rows = await connection.execute(
        select(newest.c.partner, newest.c.epoch, func.count()).group_by(newest.c.partner, newest.c.epoch)
    )
    found: defaultdict[Oin, Counter[int]] = defaultdict(Counter)
    for partner, epoch, count in rows:
        found[Oin(partner)][epoch] = count
    return found


def _current(on: date) -> Sequence[tuple[Table, ColumnElement[bool]]]:
    return (
        (t.involvements, and_(t.involvements.c.phase.in_(CURRENT_PHASES), _is_not_over(t.involvements, on))),
        (
            t.consents,
            and_(t.consents.c.effect != ConsentEffect.WITHDRAWN.value, _is_not_over(t.consents, on)),
        ),
        (t.household_members, _is_not_over(t.household_members, on)),
    )


def _is_not_over(table: Table, on: date) -> ColumnElement[bool]:
    """It may be yet to begin: then it needs its persons all the more."""
    return or_(table.c.until.is_(None), table.c.until >= on)


def _is_current(table: Table, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    keys = t.subject_keys.c
    same = [is_of(t.subject_keys, table)]
    if table is t.household_members:
        same.append(keys.place == table.c.place)
    return and_(keys.fact == table.name, select(1).where(*same, condition).exists())


async def forget_epochs(connection: AsyncConnection, before: int, *, limit: int) -> int:
    """Remove up to `limit` keys of epochs below `before`, and with them what names nobody any more.

    What a merge moved stays moved, and a person of a fact for whom nobody would count counts as stated.
    """
    is_merge = t.subject_keys.c.fact == t.merges.name
    # Merges go last: until then they say for whom the facts count.
    gone = await _forget_keys(connection, before, ~is_merge, limit=limit)
    if gone < limit:
        gone += await _forget_keys(connection, before, is_merge, limit=limit - gone)
    versions = t.versions.c
    old = select(versions.number).where(versions.epoch < before).limit(limit)
    forgotten = await connection.execute(delete(t.versions).where(versions.number.in_(old)))
    return gone + forgotten.rowcount


async def _forget_keys(
    connection: AsyncConnection, before: int, kind: ColumnElement[bool], *, limit: int
) -> int:
    keys = t.subject_keys.c
    identity = (keys.fact, keys.partner, keys.reference, keys.place, keys.epoch)
    found = await connection.execute(select(*identity).where(keys.epoch < before, kind).limit(limit))
    rows = found.all()
    if rows:
        touched = {FactKey(row.fact, row.partner, row.reference) for row in rows}
        merges = {fact for fact in touched if fact.fact == t.merges.name}
        moved = await facts_behind(connection, merges)
        await connection.execute(
            delete(t.subject_keys).where(tuple_(*identity).in_([tuple(row) for row in rows]))
        )
        await keep_counting(connection, moved | (touched - merges), since=before)
        await _remove_nameless(connection, touched)
    return len(rows)


async def _remove_nameless(connection: AsyncConnection, facts: Collection[FactKey]) -> None:
    """Remove the members without a key, and each of these facts that has no person left."""
    for kind, table in _TABLE_OF_PERSONS.items():
        touched = [(partner, reference) for fact, partner, reference in facts if fact == kind]
        if not touched:
            continue
        if table is t.households:
            members = t.household_members
            await _delete_unnamed(connection, members, kind, touched, at_place=True)
        await _delete_unnamed(connection, table, kind, touched)


async def _delete_unnamed(
    connection: AsyncConnection,
    table: Table,
    kind: str,
    touched: Sequence[tuple[str, str]],
    *,
    at_place: bool = False,
) -> None:
    keys = t.subject_keys.c
    same = [keys.fact == kind, is_of(t.subject_keys, table)]
    if at_place:
        same.append(keys.place == table.c.place)
    is_named = select(1).select_from(t.subject_keys).where(*same).exists()
    await connection.execute(
        delete(table).where(tuple_(table.c.partner, table.c.reference).in_(touched), ~is_named)
    )
