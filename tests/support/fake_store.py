"""A store in memory that is slow and plain to read: every question is answered from all versions ever saved.

It keeps `tests/index/contract.py` like the real store does, so the rooms above can be tested on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeVar

from gateway.audit.model import AuditRecord, StoredAuditRecord
from gateway.audit.ports import AuditLog
from gateway.bus.ports import BusRecord
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
    Partner,
    Phase,
    Pseudonym,
)
from gateway.errors import StoreUnavailable
from gateway.index.ports import Directory, Facts, IndexStore, Outgoing, OutgoingQueue, Saved, Transaction

OneFact = TypeVar("OneFact", InvolvementFact, HouseholdFact, ConsentFact)
PersonalFact = TypeVar("PersonalFact", InvolvementFact, ConsentFact)


@dataclass
class State:
    """Everything the store holds. Its values are immutable, so a copy of the containers is a snapshot."""

    claims: frozenset[MessageId] = frozenset()
    versions: tuple[FactMessage, ...] = ()
    position: int = 0
    partners: dict[Oin, Partner] = field(default_factory=dict)
    audit: tuple[AuditRecord, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    queued: int = 0
    """How many records were ever queued: numbers are never used again."""

    def copy(self) -> State:
        """Return a state that changes apart from this one."""
        return replace(self, partners=dict(self.partners))


class FakeFacts(Facts):
    """Facts, read by going through every version."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._has_advanced = False

    async def claim(self, ids: Sequence[MessageId]) -> frozenset[MessageId]:
        fresh = frozenset(ids) - self._state.claims
        self._state.claims |= fresh
        return fresh

    async def save(self, message: FactMessage) -> Saved:
        if not self._has_advanced:
            self._state.position += 1
            self._has_advanced = True
        earlier = [version for version in self._state.versions if _key(version.fact) == _key(message.fact)]
        self._state.versions += (message,)
        if not earlier:
            return Saved.CREATED
        return Saved.SUPERSEDED if _order(message) < max(map(_order, earlier)) else Saved.UPDATED

    async def households(
        self, subjects: Sequence[Pseudonym], *, on: date
    ) -> Mapping[Pseudonym, HouseholdFacts]:
        return {subject: self._household(subject, on) for subject in subjects}

    async def counts(self) -> Mapping[str, int]:
        involvements = list(self._standing(InvolvementFact))
        return {
            "involvements": sum(fact.phase in {Phase.PROVISIONAL, Phase.ACTIVE} for fact in involvements),
            "households": sum(bool(fact.members) for fact in self._standing(HouseholdFact)),
            "consents": sum(
                fact.effect is not ConsentEffect.WITHDRAWN for fact in self._standing(ConsentFact)
            ),
            "versions": len(self._state.versions),
            "subjects": len({fact.subject for fact in involvements}),
        }

    async def position(self) -> int:
        return self._state.position

    def _household(self, subject: Pseudonym, on: date) -> HouseholdFacts:
        members = {subject}
        for assertion in self._standing(HouseholdFact):
            present = {member.subject for member in assertion.members if member.is_current(on)}
            if subject in present and not assertion.suppressed:
                members |= present
        return HouseholdFacts(
            subject=subject,
            members=frozenset(members),
            involvements=_in_order(
                fact
                for fact in self._standing(InvolvementFact)
                if fact.subject in members and fact.is_current(on)
            ),
            consents=_in_order(
                fact
                for fact in self._standing(ConsentFact)
                if fact.subject in members and fact.is_current(on)
            ),
            kinds={oin: partner.kind for oin, partner in self._state.partners.items() if partner.active},
        )

    def _standing(self, kind: type[OneFact]) -> Iterable[OneFact]:
        """Yield, for every reference, the fact of the version that counts."""
        latest: dict[tuple[str, ...], FactMessage] = {}
        for version in self._state.versions:
            known = latest.get(_key(version.fact))
            if known is None or _order(version) >= _order(known):
                latest[_key(version.fact)] = version
        return (version.fact for version in latest.values() if isinstance(version.fact, kind))


class FakeDirectory(Directory):
    """Partners by OIN."""

    def __init__(self, state: State) -> None:
        self._partners = state.partners

    async def save(self, partner: Partner) -> None:
        self._partners[partner.oin] = partner

    async def find(self, oin: Oin) -> Partner | None:
        return self._partners.get(oin)

    async def all(self) -> Sequence[Partner]:
        return sorted(self._partners.values(), key=lambda known: (known.kind, known.name, known.oin))


class FakeAuditLog(AuditLog):
    """Records in a tuple; the first has sequence 1."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def append(self, records: Sequence[AuditRecord]) -> None:
        self._state.audit += tuple(records)

    async def read(self, *, after: int = 0, limit: int = 1000) -> Sequence[StoredAuditRecord]:
        return [
            StoredAuditRecord(sequence=number, record=record)
            for number, record in enumerate(self._state.audit, start=1)
            if number > after
        ][:limit]

    async def count(self) -> int:
        return len(self._state.audit)


class FakeOutgoingQueue(OutgoingQueue):
    """Records with numbers that grow."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def add(self, records: Sequence[BusRecord]) -> None:
        for record in records:
            self._state.queued += 1
            self._state.outgoing += (Outgoing(number=self._state.queued, record=record),)

    async def waiting(self, *, limit: int) -> Sequence[Outgoing]:
        return self._state.outgoing[:limit]

    async def remove(self, numbers: Sequence[int]) -> None:
        self._state.outgoing = tuple(item for item in self._state.outgoing if item.number not in numbers)


class FakeTransaction(Transaction):
    """One unit of work over a state of its own."""

    def __init__(self, state: State) -> None:
        self._facts = FakeFacts(state)
        self._partners = FakeDirectory(state)
        self._audit = FakeAuditLog(state)
        self._outgoing = FakeOutgoingQueue(state)

    @property
    def facts(self) -> FakeFacts:
        return self._facts

    @property
    def partners(self) -> FakeDirectory:
        return self._partners

    @property
    def audit(self) -> FakeAuditLog:
        return self._audit

    @property
    def outgoing(self) -> FakeOutgoingQueue:
        return self._outgoing


class FakeIndexStore(IndexStore):
    """A store in memory; one transaction at a time.

    `is_away` makes every new transaction fail; `refuses_commit` makes the block run and its commit fail, as a
    full disk does: nothing of it stays. `state` is what was committed.
    """

    def __init__(self, *partners: Partner) -> None:
        self.state = State(partners={partner.oin: partner for partner in partners})
        self.is_away = False
        self.refuses_commit = False
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        self._refuse_if_away()
        async with self._turn:
            state = self.state.copy()
            yield FakeTransaction(state)
            if self.refuses_commit:
                raise StoreUnavailable("the database refuses to commit")
            self.state = state

    async def check(self) -> None:
        self._refuse_if_away()

    async def close(self) -> None:
        return

    def _refuse_if_away(self) -> None:
        if self.is_away:
            raise StoreUnavailable("no connection to the database")


def _key(fact: Fact) -> tuple[str, ...]:
    """What versions of one fact share. The three kinds of facts have references apart from each other."""
    return type(fact).__name__, fact.partner, fact.reference


def _order(version: FactMessage) -> tuple[datetime, str]:
    return version.recorded_at, version.id.id


def _in_order(facts: Iterable[PersonalFact]) -> tuple[PersonalFact, ...]:
    """Return the facts by person, partner and reference."""
    return tuple(sorted(facts, key=lambda fact: (fact.subject, fact.partner, fact.reference)))
