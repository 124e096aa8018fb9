"""A pseudonym service's room over a real store and a real key ring, with keys that say when they are used."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.audit.model import AuditRecord
from gateway.audit.ports import AuditLog
from gateway.domain import Bsn
from gateway.errors import StoreUnavailable
from gateway.evaluation.callers import Callers
from gateway.evaluation.keys import RingKeys
from gateway.evaluation.model import EvaluationRequest, Usage
from gateway.evaluation.ports import EvaluationKeys, EvaluationStore, Transaction, UsageCounts
from gateway.evaluation.service import EvaluationService
from gateway.evaluation.store import SqlEvaluationStore
from gateway.metering.ports import Meters, MeterTerms
from gateway.pseudonyms.epochs import PublicEpoch
from gateway.pseudonyms.keyring import KeyRing
from gateway.pseudonyms.ports import Evaluation, EvaluationKey, EvaluationPurpose
from gateway.pseudonyms.private_input import private_input
from gateway.pseudonyms.voprf import Blinded, blind
from gateway.telemetry.alarms import Alarms
from tests.support.facts import NOON, OIN_GGZ, OIN_VT
from tests.support.fake_facts import State
from tests.support.fake_store import FakeAuditLog
from tests.support.serving import OIN_INDEX

TEST_BSN = Bsn("999993653")
TERMS = MeterTerms(per_hour=3600, burst=1000)


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


class WatchedKey(EvaluationKey):
    """A real key that notes in which thread it is used, and lets the test look first."""

    def __init__(self, key: EvaluationKey, used: list[int], before: Callable[[], None]) -> None:
        self._key = key
        self._used = used
        self._before = before

    @property
    def epoch(self) -> int:
        return self._key.epoch

    @property
    def public_key(self) -> bytes:
        return self._key.public_key

    def evaluate(self, blinded: Sequence[bytes]) -> Evaluation:
        self._before()
        self._used.append(threading.get_ident())
        return self._key.evaluate(blinded)


class WatchedKeys(EvaluationKeys):
    """The keys of a real ring, watched. `before` runs before every evaluation, in its thread."""

    def __init__(self, keys: EvaluationKeys) -> None:
        self._keys = keys
        self.used: list[int] = []
        self.before: Callable[[], None] = lambda: None

    async def key(self, epoch: int, now: datetime) -> EvaluationKey:
        return WatchedKey(await self._keys.key(epoch, now), self.used, self.before)

    async def public(self) -> Sequence[PublicEpoch]:
        return await self._keys.public()


class DeafLog(FakeAuditLog):
    """A log that does not take anything."""

    async def append(self, records: Sequence[AuditRecord]) -> None:
        raise StoreUnavailable("the log does not append")


@dataclass
class _WithLog(Transaction):
    inner: Transaction
    log: AuditLog

    @property
    def meters(self) -> Meters:
        return self.inner.meters

    @property
    def usage(self) -> UsageCounts:
        return self.inner.usage

    @property
    def audit(self) -> AuditLog:
        return self.log


class FailingStore(EvaluationStore):
    """A real store of which the log, the commit or everything can fail."""

    def __init__(self, inner: EvaluationStore) -> None:
        self._inner = inner
        self.is_away = False
        self.log_is_deaf = False
        self.commit_fails = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        if self.is_away:
            raise StoreUnavailable("no connection")
        async with self._inner.transaction() as tx:
            yield _WithLog(tx, DeafLog(State()) if self.log_is_deaf else tx.audit)
            if self.commit_fails:
                raise StoreUnavailable("the database does not commit")

    async def check(self) -> None:
        if self.is_away:
            raise StoreUnavailable("no connection")
        await self._inner.check()

    async def close(self) -> None:
        await self._inner.close()


@dataclass
class Room:
    """The room and what it stands on."""

    service: EvaluationService
    store: FailingStore
    keys: WatchedKeys
    clock: Clock
    folder: Path

    def ring(self) -> KeyRing:
        """Open the ring as the custodian's command does, beside the running service."""
        return KeyRing.open(self.folder, OIN_INDEX)

    async def records(self) -> list[AuditRecord]:
        """Return what the log holds."""
        async with self.store.transaction() as tx:
            return [stored.record for stored in await tx.audit.read()]

    async def usage(self) -> list[Usage]:
        """Return every counter."""
        async with self.store.transaction() as tx:
            return list(await tx.usage.since(NOON - timedelta(days=1000)))


def make_room(store: SqlEvaluationStore, folder: Path) -> Room:
    """Return a room with one current epoch, for Veilig Thuis and GGZ."""
    ring = KeyRing.open(folder, OIN_INDEX)
    clock = Clock()
    if not ring.public_keys():
        ring.create_first(clock() - timedelta(days=1))
    keys = WatchedKeys(RingKeys(ring, reopen=lambda: KeyRing.open(folder, OIN_INDEX)))
    failing = FailingStore(store)
    service = EvaluationService(
        store=failing,
        keys=keys,
        callers=Callers(OIN_INDEX, {OIN_VT: TERMS, OIN_GGZ: TERMS}),
        alarms=Alarms(timedelta(hours=1)),
        clock=clock,
    )
    return Room(service, failing, keys, clock, folder)


@dataclass
class Batch:
    """A partner's batch with what undoes its blinds."""

    epoch: int = 1
    count: int = 1
    blinded: list[Blinded] = field(init=False)

    def __post_init__(self) -> None:
        self.blinded = [blind(self.private_input)] * self.count

    @property
    def private_input(self) -> bytes:
        return private_input(TEST_BSN, index=OIN_INDEX, epoch=self.epoch)

    @property
    def elements(self) -> tuple[bytes, ...]:
        return tuple(each.element for each in self.blinded)

    def request(self, **changes: Any) -> EvaluationRequest:
        values: dict[str, Any] = {
            "caller": OIN_VT,
            "epoch": self.epoch,
            "blinded": self.elements,
            "purpose": EvaluationPurpose.REGISTRATION,
        }
        return EvaluationRequest(**values | changes)
