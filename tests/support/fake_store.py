"""A store in memory that is slow and plain to read: every question is answered from all versions ever saved.

It keeps `tests/index/contract.py` like the real store does, so the rooms above can be tested on it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord, StoredAuditRecord
from gateway.audit.ports import AuditLog
from gateway.bus.ports import BusRecord
from gateway.convenant.model import Convenant
from gateway.domain import (
    Oin,
    Partner,
)
from gateway.errors import StoreUnavailable
from gateway.index.ports import Directory, IndexStore, Outgoing, OutgoingQueue, Transaction
from gateway.metering.bucket import full_again
from gateway.metering.ports import Charge, MeterKey, Meters, MeterTerms
from tests.support.fake_agreements import FakeAgreements, agree
from tests.support.fake_declarations import FakeDeclarations
from tests.support.fake_facts import FakeFacts, State
from tests.support.fake_refusals import FakeRefusals


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

    async def asked_about(self, since: datetime, until: datetime) -> Mapping[Oin, int]:
        asked = {
            (record.organisation, record.subject.pseudonyms[-1])
            for record in self._state.audit
            if record.event is AuditEvent.LOOKUP
            and record.outcome in {AuditOutcome.DONE, AuditOutcome.EMPTY}
            and record.organisation is not None
            and record.subject is not None
            and since <= record.at < until
        }
        return Counter(organisation for organisation, _ in asked)

    async def answered(self, since: datetime, until: datetime) -> Mapping[Oin, int]:
        return Counter(
            record.organisation
            for record in self._state.audit
            if record.event is AuditEvent.LOOKUP
            and record.outcome in {AuditOutcome.DONE, AuditOutcome.EMPTY}
            and record.organisation is not None
            and since <= record.at < until
        )

    async def find(self, record_id: str) -> StoredAuditRecord | None:
        return next((one for one in await self.read(limit=2**31) if one.record.record_id == record_id), None)

    async def answers(
        self, since: datetime, until: datetime, *, after: int = 0, limit: int = 1000
    ) -> Sequence[StoredAuditRecord]:
        return [
            stored
            for stored in await self.read(after=after, limit=2**31)
            if stored.record.event is AuditEvent.LOOKUP
            and stored.record.outcome in {AuditOutcome.DONE, AuditOutcome.EMPTY}
            and stored.record.organisation is not None
            and stored.record.subject is not None
            and since <= stored.record.at < until
        ][:limit]


class FakeMeters(Meters):
    """Buckets in a dictionary."""

    def __init__(self, state: State) -> None:
        self._full_at = state.full_at

    async def standing(
        self, keys: Collection[MeterKey], *, hold: bool = False
    ) -> Mapping[MeterKey, datetime]:
        return {key: self._full_at[key] for key in keys if key in self._full_at}

    async def mend(self, keys: Mapping[MeterKey, MeterTerms], now: datetime) -> None:
        for key, terms in keys.items():
            limit = full_again(None, terms.burst, terms, now)
            self._full_at[key] = min(self._full_at.get(key, now), limit)

    async def charge(self, charges: Sequence[Charge], now: datetime) -> None:
        after = {
            charge.key: full_again(self._full_at.get(charge.key), charge.count, charge.terms, now)
            for charge in charges
        }
        self._full_at.update(after)


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
        self._meters = FakeMeters(state)
        self._declarations = FakeDeclarations(state)
        self._refusals = FakeRefusals(state)
        self._agreements = FakeAgreements(state)

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

    @property
    def declarations(self) -> FakeDeclarations:
        return self._declarations

    @property
    def refusals(self) -> FakeRefusals:
        return self._refusals

    @property
    def meters(self) -> FakeMeters:
        return self._meters

    @property
    def agreements(self) -> FakeAgreements:
        return self._agreements


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

    def agree(self, convenant: Convenant, *parties: Oin) -> None:
        """Put a convenant in force in the place of whatever stands; without parties, every partner signs it."""
        agree(self.state, convenant, *parties)

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
