"""A small region on a store in memory, and what it takes to ask there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway.agreement.reading import AgreementReader
from gateway.audit.model import AuditRecord
from gateway.bootstrap.rooms import lookup_bounds
from gateway.convenant.model import Convenant
from gateway.domain import Desk, Fact, Oin, Partner, Professional
from gateway.index.ports import Transaction
from gateway.lookup.answer import LookupRequest
from gateway.lookup.service import Bounds, LookupService
from gateway.settings import AlarmSettings, MissesSettings, QuotaSettings
from tests.support.convenants import (
    GGZ,
    MANDATE,
    OIN_WIJKTEAM,
    POLITIE,
    PURPOSES,
    ROLES,
    VEILIG_THUIS,
    WIJKTEAM,
    convenant,
    rule,
)
from tests.support.fake_store import FakeIndexStore
from tests.support.fake_waking import UNPACED
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, message, person

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FRONTOFFICE = Desk(code="frontoffice", name="Frontoffice", telephone="+31880000010")
SHELTER = Desk(code="opvang", name="Opvang", telephone="+31880000099", contact_via="frontoffice")
PARTNERS = tuple(
    Partner(oin=oin, kind=kind, name=f"{kind} (synthetic)", desks=(SHELTER, FRONTOFFICE))
    for oin, kind in (
        (OIN_VT, VEILIG_THUIS),
        (OIN_GGZ, GGZ),
        (OIN_POLITIE, POLITIE),
        (OIN_WIJKTEAM, WIJKTEAM),
    )
)
ASKER = Professional(id="medewerker-1", role=ROLES[0], mandate=MANDATE)
EVERYTHING_BY_LAW = convenant(rule())


async def store_with(*facts: Fact, partners: Sequence[Partner] = PARTNERS) -> FakeIndexStore:
    """Return a store that holds these facts."""
    store = FakeIndexStore(*partners)
    await add(store, *facts)
    return store


async def add(store: FakeIndexStore, *facts: Fact) -> None:
    """Write the facts in one transaction."""
    async with store.transaction() as tx:
        for fact in facts:
            await tx.facts.save(message(fact))


async def no_pause(_seconds: float) -> None:
    """Wait for nothing."""


def bounds(**changes: Any) -> Bounds:
    """Return what the settings say unless an operator changes them, and these changes; its alarms rang never yet."""
    return replace(lookup_bounds(QuotaSettings(), MissesSettings(), AlarmSettings()), **changes)


def service(store: FakeIndexStore, agreement: Convenant = EVERYTHING_BY_LAW, **changes: Any) -> LookupService:
    """Return the lookup room on a store, its clock standing still, under a convenant that every partner signed."""
    store.agree(agreement)
    values: dict[str, Any] = {
        "store": store,
        "agreement": AgreementReader(),
        "clock": lambda: NOW,
        "bounds": bounds(),
        "pause": no_pause,
        "pacing": UNPACED,
    }
    return LookupService(**values | changes)


def request(caller: Oin = OIN_VT, who: str = "anna", **changes: Any) -> LookupRequest:
    """Return a question about a person."""
    values: dict[str, Any] = {
        "caller": caller,
        "subject": person(who),
        "purpose": PURPOSES[0],
        "professional": ASKER,
    }
    return LookupRequest(**values | changes)


class RecordingStore(FakeIndexStore):
    """Writes down when a transaction began and when it was durable, with the ids of its audit records."""

    def __init__(self, *partners: Partner) -> None:
        super().__init__(*partners)
        self.events: list[str] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        before = len(self.state.audit)
        self.events.append("begin")
        async with super().transaction() as tx:
            yield tx
        self.events += [f"durable {record.record_id}" for record in self.state.audit[before:]]


def records(store: FakeIndexStore) -> tuple[AuditRecord, ...]:
    """Return what the log durably holds."""
    return store.state.audit
