"""Facts in the database: versions kept, the one that counts in typed rows, households read in five queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
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
    PartnerKind,
    Phase,
    Pseudonym,
)
from gateway.index.ports import Facts, Saved
from gateway.index.sql import tables as t
from gateway.index.sql.rows import (
    consent_row,
    involvement_row,
    member_rows,
    read_consent,
    read_involvement,
    version_body,
)


def _insert(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return the dialect's insert: ON CONFLICT is not in the SQL that both share."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)



class SqlFacts(Facts):
    """Facts inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._advanced = False

    async def claim(self, ids: Sequence[MessageId]) -> frozenset[MessageId]:
        """Mark the messages as taken in and return those that were not taken in before."""
        if not ids:
            return frozenset()
        rows = [{"source": id_.source, "id": id_.id} for id_ in dict.fromkeys(ids)]
        statement = (
            _insert(self._connection, t.claims)
            .values(rows)
            .on_conflict_do_nothing()
            .returning(t.claims.c.source, t.claims.c.id)
        )
        claimed = await self._connection.execute(statement)
        return frozenset(MessageId(Oin(source), id_) for source, id_ in claimed)

    async def save(self, message: FactMessage) -> Saved:
        """Add the fact as a version; the latest recorded one counts."""
        await self._advance()
        fact = message.fact
        table = _table_of(fact)
        await self._connection.execute(
            insert(t.versions).values(
                kind=table.name,
                partner=fact.partner,
                reference=fact.reference,
                event=message.event.value,
                recorded_at=message.recorded_at,
                message_id=message.id.id,
                body=version_body(message),
            )
        )
        found = await self._connection.execute(
            select(table.c.recorded_at, table.c.message_id).where(_is(table, fact))
        )
        standing = found.first()
        if standing is not None:
            if (message.recorded_at, message.id.id) < (standing.recorded_at, standing.message_id):
                return Saved.SUPERSEDED
            await self._connection.execute(delete(table).where(_is(table, fact)))
        await self._write(message)
        return Saved.CREATED if standing is None else Saved.UPDATED

    async def households(
        self, subjects: Sequence[Pseudonym], *, on: date
    ) -> Mapping[Pseudonym, HouseholdFacts]:
        """Return for every subject what is current on that day."""
        members = await self._members(subjects, on)
        everybody = set().union(*members.values()) if members else set()
        involvements = await self._involvements(everybody, on)
        consents = await self._consents(everybody, on)
        kinds = await self._kinds()
        return {
            subject: HouseholdFacts(
                subject=subject,
                members=frozenset(household),
                involvements=tuple(fact for person in sorted(household) for fact in involvements[person]),
                consents=tuple(fact for person in sorted(household) for fact in consents[person]),
                kinds=kinds,
            )
            for subject, household in members.items()
        }

    async def counts(self) -> Mapping[str, int]:
        """Return the number of current rows."""
        columns = {
            "involvements": select(func.count())
            .select_from(t.involvements)
            .where(t.involvements.c.phase.in_([Phase.PROVISIONAL.value, Phase.ACTIVE.value])),
            "households": select(func.count()).select_from(
                select(t.household_members.c.partner, t.household_members.c.reference).distinct().subquery()
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
        return {name: int(value) for name, value in row.one()._mapping.items()}  # noqa: SLF001 - SQLAlchemy's API

    async def position(self) -> int:
        """Return how far the index has come."""
        found = await self._connection.execute(select(t.position.c.value))
        return int(found.scalar_one())

    async def _advance(self) -> None:
        """Take the writers' turn: until this transaction ends, no other one writes facts."""
        if not self._advanced:
            await self._connection.execute(update(t.position).values(value=t.position.c.value + 1))
            self._advanced = True

    async def _write(self, message: FactMessage) -> None:
        fact = message.fact
        version = {"recorded_at": message.recorded_at, "message_id": message.id.id}
        match fact:
            case InvolvementFact():
                await self._connection.execute(
                    insert(t.involvements).values(**involvement_row(fact), **version)
                )
            case ConsentFact():
                await self._connection.execute(insert(t.consents).values(**consent_row(fact), **version))
            case HouseholdFact():
                await self._connection.execute(
                    insert(t.households).values(
                        partner=fact.partner,
                        reference=fact.reference,
                        suppressed=fact.suppressed,
                        **version,
                    )
                )
                if rows := member_rows(fact):
                    await self._connection.execute(insert(t.household_members), rows)

    async def _members(self, subjects: Sequence[Pseudonym], on: date) -> dict[Pseudonym, set[Pseudonym]]:
        """One hop: the members of every unsuppressed assertion that names the subject now; never further."""
        households = {subject: {subject} for subject in subjects}
        own, other = t.household_members.alias("own"), t.household_members.alias("other")
        same = and_(own.c.partner == other.c.partner, own.c.reference == other.c.reference)
        rows = await self._connection.execute(
            select(own.c.subject, other.c.subject)
            .select_from(
                own.join(other, same).join(
                    t.households,
                    and_(
                        t.households.c.partner == own.c.partner,
                        t.households.c.reference == own.c.reference,
                    ),
                )
            )
            .where(
                own.c.subject.in_([subject.reveal() for subject in households]),
                t.households.c.suppressed.is_(False),
                _current(own.c, on),
                _current(other.c, on),
            )
        )
        for subject, member in rows:
            households[Pseudonym(subject)].add(Pseudonym(member))
        return households

    async def _involvements(
        self, persons: set[Pseudonym], on: date
    ) -> defaultdict[Pseudonym, list[InvolvementFact]]:
        table = t.involvements
        rows = await self._connection.execute(
            select(table)
            .where(
                table.c.subject.in_([person.reveal() for person in persons]),
                table.c.phase.in_([Phase.PROVISIONAL.value, Phase.ACTIVE.value]),
                _current(table.c, on),
            )
            .order_by(table.c.partner, table.c.reference)
        )
        found: defaultdict[Pseudonym, list[InvolvementFact]] = defaultdict(list)
        for row in rows:
            fact = read_involvement(row)
            found[fact.subject].append(fact)
        return found

    async def _consents(self, persons: set[Pseudonym], on: date) -> defaultdict[Pseudonym, list[ConsentFact]]:
        table = t.consents
        rows = await self._connection.execute(
            select(table)
            .where(
                table.c.subject.in_([person.reveal() for person in persons]),
                table.c.effect != ConsentEffect.WITHDRAWN.value,
                _current(table.c, on),
            )
            .order_by(table.c.partner, table.c.reference)
        )
        found: defaultdict[Pseudonym, list[ConsentFact]] = defaultdict(list)
        for row in rows:
            fact = read_consent(row)
            found[fact.subject].append(fact)
        return found

    async def _kinds(self) -> dict[Oin, PartnerKind]:
        rows = await self._connection.execute(
            select(t.partners.c.oin, t.partners.c.kind).where(t.partners.c.active.is_(True))
        )
        return {Oin(oin): PartnerKind(kind) for oin, kind in rows}


def _table_of(fact: Fact) -> Table:
    match fact:
        case InvolvementFact():
            return t.involvements
        case HouseholdFact():
            return t.households
        case ConsentFact():
            return t.consents


def _is(table: Table, fact: Fact) -> ColumnElement[bool]:
    return and_(table.c.partner == fact.partner, table.c.reference == fact.reference)


def _current(columns: Any, on: date) -> ColumnElement[bool]:
    """Within its period on that day; an open end or start has no bound."""
    return and_(
        or_(columns.since.is_(None), columns.since <= on), or_(columns.until.is_(None), columns.until >= on)
    )
