"""Facts in the database: every version kept, the one that counts in typed rows beside them.

Order and concurrency: the first fact of a transaction moves the one row of `position`, and PostgreSQL holds
that row's lock until the commit (SQLite has one writer at all times). So writers of facts take turns, the
standing version that a writer compares with cannot change under it, and a position that can be read has every
write up to it committed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Fact,
    FactMessage,
    HouseholdFact,
    HouseholdFacts,
    InvolvementFact,
    MergeFact,
    MessageId,
    Oin,
    Reference,
    Subject,
)
from gateway.index.ports import Facts, Saved, StandingConsent
from gateway.index.sql import tables as t
from gateway.index.sql.aliases import facts_behind, follow_merges
from gateway.index.sql.consents import own_consent, own_consents
from gateway.index.sql.epochs import forget_epochs, newest_epochs
from gateway.index.sql.households import CURRENT_PHASES, read_households
from gateway.index.sql.keys import FactKey
from gateway.index.sql.rows import Row, current_row, member_rows, subject_key_rows, version_row
from gateway.index.sql.ties import Tie, read_ties
from gateway.index.sql.upsert import insert_or_replace, insert_unless_there
from gateway.index.sql.walking import read_current

Order = tuple[bool, datetime, str]
"""Whether it is the last word whatever comes, when it was recorded, its message id: the greatest counts."""

_TABLE_OF_FACT = {
    InvolvementFact: t.involvements,
    HouseholdFact: t.households,
    ConsentFact: t.consents,
    MergeFact: t.merges,
}


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
        standing, first = await self._standing(messages)
        outcomes, now_counting = place(messages, standing)
        merges = [_holder(each.fact) for each in now_counting.values() if isinstance(each.fact, MergeFact)]
        # Before and after: a later version of a merge may name another old person.
        moved = await facts_behind(self._connection, merges)
        await self._write(now_counting.values(), first_recorded(messages, first))
        await self._move_back(messages, first)
        moved |= await facts_behind(self._connection, merges)
        written = {_holder(each.fact) for each in messages if not isinstance(each.fact, MergeFact)}
        await follow_merges(self._connection, sorted(written), moved)
        return outcomes

    async def households(self, subjects: Sequence[Subject], *, on: date) -> Mapping[Subject, HouseholdFacts]:
        """Return for every subject what is current on that day, all of it of one moment."""
        return await read_households(self._connection, subjects, on)

    async def ties(self, asked: Collection[Tie], *, on: date) -> frozenset[Tie]:
        """Return those of the pairs in which the partner is involved by its own facts alone."""
        return await read_ties(self._connection, asked, on)

    async def own_consents(self, partner: Oin, subject: Subject) -> Sequence[ConsentFact]:
        """Return what the partner itself recorded about the person, withdrawn or over included."""
        return await own_consents(self._connection, partner, subject)

    async def own_consent(self, partner: Oin, reference: Reference) -> StandingConsent | None:
        """Return the standing version of the partner's own statement under this reference."""
        return await own_consent(self._connection, partner, reference)

    async def current_involvements(
        self, *, on: date, after: tuple[Oin, Reference] | None = None, limit: int = 1000
    ) -> Sequence[InvolvementFact]:
        """Return up to `limit` involvements that are current on that day, by partner and reference."""
        return await read_current(self._connection, on, after, limit)

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
        }
        row = await self._connection.execute(
            select(*(query.scalar_subquery().label(name) for name, query in columns.items()))
        )
        return {name: int(value) for name, value in row.mappings().one().items()}

    async def position(self) -> int:
        """Return how far the index has come: the number of transactions that wrote a fact."""
        found = await self._connection.execute(select(t.position.c.value))
        return int(found.scalar_one())

    async def newest_epochs(self, *, on: date) -> Mapping[Oin, Mapping[int, int]]:
        """Return for every partner how many persons in its current facts have which epoch as their newest."""
        return await newest_epochs(self._connection, on)

    async def forget_epochs(self, before: int, *, limit: int) -> int:
        """Remove up to `limit` pseudonyms of epochs below `before`, and what names nobody without them."""
        await self._advance()
        return await forget_epochs(self._connection, before, limit=limit)

    async def _advance(self) -> None:
        """Take the writers' turn: until this transaction ends, no other one writes facts."""
        if not self._has_advanced:
            await self._connection.execute(update(t.position).values(value=t.position.c.value + 1))
            self._has_advanced = True

    async def _standing(
        self, messages: Sequence[FactMessage]
    ) -> tuple[dict[FactKey, Order], dict[FactKey, datetime]]:
        """Return for every fact that is there already the order of the version that counts, and its first time."""
        standing: dict[FactKey, Order] = {}
        first: dict[FactKey, datetime] = {}
        for table in {table_of(message.fact) for message in messages}:
            facts = [message.fact for message in messages if table_of(message.fact) is table]
            # Every pair is among these rows; a few others may be, and are never asked for.
            rows = await self._connection.execute(
                select(table).where(
                    table.c.partner.in_({fact.partner for fact in facts}),
                    table.c.reference.in_({fact.reference for fact in facts}),
                )
            )
            for row in rows.mappings():
                key = FactKey(table.name, row["partner"], row["reference"])
                standing[key] = (bool(row.get("undone")), row["recorded_at"], row["message_id"])
                first[key] = row.get("first_recorded_at", row["recorded_at"])
        return standing, first

    async def _move_back(self, messages: Sequence[FactMessage], known: Mapping[FactKey, datetime]) -> None:
        """Write down of facts that were there when they were recorded first, where an older version tells."""
        first = first_recorded(messages, known)
        for table in t.FACT_TABLES.values():
            identity = (
                table.c.partner == bindparam("of_partner"),
                table.c.reference == bindparam("of_reference"),
            )
            earlier = [
                {"of_partner": key.partner, "of_reference": key.reference, "earlier": moment}
                for key, moment in first.items()
                if key.fact == table.name and moment < known.get(key, moment)
            ]
            if earlier:
                change = update(table).where(*identity).values(first_recorded_at=bindparam("earlier"))
                await self._connection.execute(change, earlier)

    async def _write(self, messages: Iterable[FactMessage], first: Mapping[FactKey, datetime]) -> None:
        """Let these versions be the ones that count."""
        by_table: defaultdict[Table, list[FactMessage]] = defaultdict(list)
        for message in messages:
            by_table[table_of(message.fact)].append(message)
        for table, counting in by_table.items():
            rows = [current_row(message) for message in counting]
            if table in t.FACT_TABLES.values():
                moments = ({"first_recorded_at": first[key_of(message.fact)]} for message in counting)
                rows = [row | moment for row, moment in zip(rows, moments, strict=True)]
            await self._connection.execute(insert_or_replace(self._connection, table), rows)
            await self._replace_persons(table, [message.fact for message in counting])

    async def _replace_persons(self, table: Table, facts: Sequence[Fact]) -> None:
        persons = _persons_of(table)
        if table is t.households:
            households = [fact for fact in facts if isinstance(fact, HouseholdFact)]
            rows = [row for fact in households for row in member_rows(fact)]
            await self._replace_all_of(persons, facts, rows)
        keys = [row for fact in facts for row in subject_key_rows(fact, table=persons.name)]
        await self._replace_all_of(t.subject_keys, facts, keys, t.subject_keys.c.fact == persons.name)

    async def _replace_all_of(
        self, table: Table, facts: Iterable[Fact], rows: Sequence[Row], *also: ColumnElement[bool]
    ) -> None:
        """Let these rows be all that the table has of the facts."""
        await self._connection.execute(
            delete(table).where(
                table.c.partner == bindparam("of_partner"),
                table.c.reference == bindparam("of_reference"),
                *also,
            ),
            [{"of_partner": fact.partner, "of_reference": fact.reference} for fact in facts],
        )
        if rows:
            await self._connection.execute(insert(table), rows)


def table_of(fact: Fact) -> Table:
    """Return the table in which the version of the fact that counts stands."""
    return _TABLE_OF_FACT[type(fact)]


def key_of(fact: Fact) -> FactKey:
    """Return which fact it is a version of."""
    return FactKey(table_of(fact).name, fact.partner, fact.reference)


def place(
    messages: Sequence[FactMessage], standing: Mapping[FactKey, Order]
) -> tuple[list[Saved], dict[FactKey, FactMessage]]:
    """Return what becomes of each message after the standing versions, and which count in the end. Pure.

    A merge that was undone stays undone, whatever is recorded later.
    """
    orders = dict(standing)
    outcomes: list[Saved] = []
    now_counting: dict[FactKey, FactMessage] = {}
    for message in messages:
        key = key_of(message.fact)
        is_last = isinstance(message.fact, MergeFact) and message.fact.undone
        known, order = orders.get(key), (is_last, message.recorded_at, message.id.id)
        if known is not None and order < known:
            outcomes.append(Saved.SUPERSEDED)
            continue
        outcomes.append(Saved.CREATED if known is None else Saved.UPDATED)
        orders[key] = order
        now_counting[key] = message
    return outcomes, now_counting


def first_recorded(
    messages: Iterable[FactMessage], known: Mapping[FactKey, datetime]
) -> dict[FactKey, datetime]:
    """Return when each fact was recorded first, with these versions beside what was known. Pure."""
    first = dict(known)
    for message in messages:
        key = key_of(message.fact)
        first[key] = min(message.recorded_at, first.get(key, message.recorded_at))
    return first


def _holder(fact: Fact) -> FactKey:
    """Return under which name the fact's persons stand in `subject_keys`."""
    return FactKey(_persons_of(table_of(fact)).name, fact.partner, fact.reference)


def _persons_of(table: Table) -> Table:
    return t.household_members if table is t.households else table
