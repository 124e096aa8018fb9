"""Declaring and escalating from several processes' worth of rooms on one real store: counted together, told once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.audit.model import AuditOutcome
from gateway.breakglass.declaring import BreakGlass, Declared
from gateway.breakglass.escalating import EscalationKeeper
from gateway.errors import QuotaExceeded
from gateway.index.migrate import SCHEMA
from gateway.index.ports import IndexStore
from gateway.index.sql.store import open_store
from gateway.messages.notices import read_notice
from gateway.metering.bounds import CallBounds
from gateway.settings import StoreSettings
from gateway.telemetry.alarms import Alarms
from tests.breakglass.support import NOW, OIN_VT, QUOTA, SEALER, TERMS, request
from tests.lookup.support import PARTNERS
from tests.support.convenants import convenant
from tests.support.fixed_agreement import FixedAgreement


async def opened(url: str) -> AsyncIterator[Sequence[IndexStore]]:
    """Open the database twice, as two processes do, with the partners in it."""
    settings = StoreSettings(url=url)
    await asyncio.to_thread(SCHEMA.migrate, settings)
    stores = [open_store(settings) for _ in range(2)]
    async with stores[0].transaction() as tx:
        for partner in PARTNERS:
            await tx.partners.save(partner)
    yield stores
    for store in stores:
        await store.close()


class OnStores:
    """Inherited for each database."""

    async def test_what_all_declare_together_stays_within_the_quota_and_every_attempt_is_on_record(
        self, stores: Sequence[IndexStore]
    ) -> None:
        rooms = [
            BreakGlass(
                store=store,
                agreement=FixedAgreement(convenant(break_glass=TERMS), OIN_VT),
                sealer=SEALER,
                clock=lambda: NOW,
                bounds=CallBounds(quota=QUOTA, alarms=Alarms(timedelta(hours=1))),
            )
            for store in stores
        ]
        attempts = [room.declare(request()) for room in rooms for _ in range(QUOTA.burst)]
        ended = await asyncio.gather(*attempts, return_exceptions=True)
        assert Counter(map(type, ended)) == {Declared: QUOTA.burst, QuotaExceeded: QUOTA.burst}
        async with stores[0].transaction() as tx:
            records = [stored.record for stored in await tx.audit.read()]
            made = await tx.declarations.unreviewed()
            waiting = await tx.outgoing.waiting(limit=100)
        assert Counter(record.outcome for record in records) == {
            AuditOutcome.DONE: QUOTA.burst,
            AuditOutcome.REFUSED: QUOTA.burst,
        }
        assert {each.id for each in made} == {read_notice(item.record).declaration for item in waiting}

    async def test_keepers_of_several_processes_tell_each_overdue_review_once(
        self, stores: Sequence[IndexStore]
    ) -> None:
        room = BreakGlass(
            store=stores[0],
            agreement=FixedAgreement(convenant(break_glass=TERMS), OIN_VT),
            sealer=SEALER,
            clock=lambda: NOW,
            bounds=CallBounds(quota=QUOTA, alarms=Alarms(timedelta(hours=1))),
        )
        for _ in range(3):
            await room.declare(request())
        late = NOW + timedelta(days=TERMS.review_days)
        keepers = [EscalationKeeper(store=store, clock=lambda: late) for store in stores for _ in range(2)]
        assert sum(await asyncio.gather(*(keeper.escalate() for keeper in keepers))) == 3
        async with stores[1].transaction() as tx:
            waiting = await tx.outgoing.waiting(limit=100)
        events = Counter(read_notice(item.record).event.value for item in waiting)
        assert events == {"declared": 3, "overdue": 3}


class TestSqlite(OnStores):
    @pytest.fixture
    async def stores(self, tmp_path: Path) -> AsyncIterator[Sequence[IndexStore]]:
        async for both in opened(f"sqlite:///{tmp_path}/index.sqlite3"):
            yield both


@pytest.mark.services
class TestPostgres(OnStores):
    @pytest.fixture
    async def stores(self, postgres_database: str) -> AsyncIterator[Sequence[IndexStore]]:
        async for both in opened(postgres_database):
            yield both
