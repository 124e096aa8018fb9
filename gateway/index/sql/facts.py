"""Facts in the database: every version kept, the one that counts in typed rows beside them.

Order and concurrency: the first fact of a transaction moves the one row of `position`, and PostgreSQL holds
that row's lock until the commit (SQLite has one writer at all times). So writers of facts take turns, the
standing version that a writer compares with cannot change under it, and a position that can be read has every
write up to it committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Fact,
    FactMessage,
    HouseholdFact,
    HouseholdFacts,
    InvolvementFact,
    MessageId,
    Oin,
    Pseudonym,
)
from gateway.index.ports import Facts, Saved
from gateway.index.sql import tables as t
from gateway.index.sql.households import CURRENT_PHASES, read_households
from gateway.index.sql.rows import current_row, member_rows, version_row
from gateway.index.sql.upsert import insert_or_replace, insert_unless_there

Key = tuple[str, str, str]
"""Which fact: its table, its partner and its reference."""

Order = tuple[datetime, str]
"""When it was recorded, then its message id: the greatest counts."""

_TABLES = {InvolvementFact: t.involvements, HouseholdFact: t.households, ConsentFact: t.consents}


class SqlFacts(Facts):
    """Facts inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._has_advanced = False

    async def claim(self, ids: Sequence[MessageId]) -> frozenset[MessageId]:
        """Mark the messages as taken in and return those that were not taken in before."""
        if not ids:
            return frozenset()
        claimed = await self._connection.execute(
            insert_unless_there(self._connection, t.claims).returning(t.claims.c.source, t.claims.c.id),
            # Sorted: two claimers of the same messages wait for each other in one direction only.
            [{"source": id_.source, "id": id_.id} for id_ in sorted(set(ids))],
        )
        return frozenset(MessageId(Oin(source), id_) for source, id_ in claimed)

    async def save(self, message: FactMessage) -> Saved:
        """Add the fact as a version; the latest recorded one counts."""
        return (await self.save_all([message]))[0]

    async def save_all(self, messages: Sequence[FactMessage]) -> Sequence[Saved]:
        """Add the facts in this order, in a number of statements that does not grow with them."""
        if not messages:
            return []
        await self._advance()
        await self._connection.execute(
            insert(t.versions),
            [version_row(message, kind=table_of(message.fact).name) for message in messages],
        )
        standing = await self._standing(messages)
        outcomes, now_counting = place(messages, standing)
        for table in _TABLES.values():
            await self._replace(
                table, [message for message in now_counting.values() if table_of(message.fact) is table]
            )
        return outcomes

    async def households(
        self, subjects: Sequence[Pseudonym], *, on: date
    ) -> Mapping[Pseudonym, HouseholdFacts]:
        """Return for every subject what is current on that day, all of it of one moment."""
        return await read_households(self._connection, subjects, on)

    async def counts(self) -> Mapping[str, int]:
        """Return the number of current rows."""
        members = t.household_members.c
        columns = {
            "involvements": select(func.count())
            .select_from(t.involvements)
            .where(t.involvements.c.phase.in_(CURRENT_PHASES)),
            "households": select(func.count()).select_from(
                select(members.partner, members.reference).distinct().subquery()
            ),
            "consents": select(func.count())
            .select_from(t.consents)
            .where(t.consents.c.effect != ConsentEffect.WITHDRAWN.value),
            "versions": select(func.count()).select_from(t.versions),
            "subjects": select(func.count(func.distinct(t.involvements.c.subject))),
        }
        row = await self._connection.execute(
            select(*(query.scalar_subquery().label(name) for name, query in columns.items()))
        )
        return {name: int(value) for name, value in row.mappings().one().items()}

    async def position(self) -> int:
        """Return how far the index has come: the number of transactions that wrote a fact."""
        found = await self._connection.execute(select(t.position.c.value))
        return int(found.scalar_one())

    async def _advance(self) -> None:
        """Take the writers' turn: until this transaction ends, no other one writes facts."""
        if not self._has_advanced:
            await self._connection.execute(update(t.position).values(value=t.position.c.value + 1))
            self._has_advanced = True

    async def _standing(self, messages: Sequence[FactMessage]) -> dict[Key, Order]:
        """Return the order of the version that counts now, for every fact that is there already."""
        standing: dict[Key, Order] = {}
        for table in {table_of(message.fact) for message in messages}:
            facts = [message.fact for message in messages if table_of(message.fact) is table]
            # Every pair is among these rows; a few others may be, and are never asked for.
            rows = await self._connection.execute(
                select(table.c.partner, table.c.reference, table.c.recorded_at, table.c.message_id).where(
                    table.c.partner.in_({fact.partner for fact in facts}),
                    table.c.reference.in_({fact.reference for fact in facts}),
                )
            )
            for partner, reference, recorded_at, message_id in rows:
                standing[table.name, partner, reference] = (recorded_at, message_id)
        return standing

    async def _replace(self, table: Table, messages: Sequence[FactMessage]) -> None:
        """Let these versions be the ones that count."""
        if not messages:
            return
        await self._connection.execute(
            insert_or_replace(self._connection, table), [current_row(message) for message in messages]
        )
        if table is t.households:
            await self._replace_members(
                message.fact for message in messages if isinstance(message.fact, HouseholdFact)
            )

    async def _replace_members(self, facts: Iterable[HouseholdFact]) -> None:
        facts = list(facts)
        members = t.household_members
        await self._connection.execute(
            delete(members).where(
                members.c.partner == bindparam("of_partner"), members.c.reference == bindparam("of_reference")
            ),
            [{"of_partner": fact.partner, "of_reference": fact.reference} for fact in facts],
        )
        if rows := [row for fact in facts for row in member_rows(fact)]:
            await self._connection.execute(insert(members), rows)


def table_of(fact: Fact) -> Table:
    """Return the table in which the version of the fact that counts stands."""
    return _TABLES[type(fact)]


def place(
    messages: Sequence[FactMessage], standing: Mapping[Key, Order]
) -> tuple[list[Saved], dict[Key, FactMessage]]:
    """Return what becomes of each message after the standing versions, and which count in the end. Pure."""
    orders = dict(standing)
    outcomes: list[Saved] = []
    now_counting: dict[Key, FactMessage] = {}
    for message in messages:
        key = (table_of(message.fact).name, message.fact.partner, message.fact.reference)
        known, order = orders.get(key), (message.recorded_at, message.id.id)
        if known is not None and order < known:
            outcomes.append(Saved.SUPERSEDED)
            continue
        outcomes.append(Saved.CREATED if known is None else Saved.UPDATED)
        orders[key] = order
        now_counting[key] = message
    return outcomes, now_counting
