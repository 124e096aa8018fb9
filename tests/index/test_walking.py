"""Who compares convenants walks through everything: pages of involvements, and of answered questions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord, StoredAuditRecord
from gateway.domain import Fact, InvolvementFact, Phase, Reference
from gateway.index.migrate import SCHEMA
from gateway.index.ports import IndexStore
from gateway.index.sql.store import open_store
from gateway.settings import StoreSettings
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import (
    NOON,
    OIN_GGZ,
    OIN_POLITIE,
    OIN_VT,
    consent,
    household,
    involvement,
    merge,
    message,
    person,
)

TODAY = date(2026, 3, 2)
HOUR = timedelta(hours=1)


async def save(store: IndexStore, *facts: Fact) -> None:
    async with store.transaction() as tx:
        await tx.facts.save_all([message(fact) for fact in facts])


async def walk(store: IndexStore, *, limit: int) -> list[InvolvementFact]:
    met: list[InvolvementFact] = []
    while True:
        after = (met[-1].partner, met[-1].reference) if met else None
        async with store.transaction() as tx:
            page = await tx.facts.current_involvements(on=TODAY, after=after, limit=limit)
        assert len(page) <= limit
        if not page:
            return met
        met += page


def record(**changes: object) -> AuditRecord:
    values: dict[str, object] = {
        "at": NOON,
        "event": AuditEvent.LOOKUP,
        "outcome": AuditOutcome.DONE,
        "organisation": OIN_VT,
        "subject": person("anna"),
    }
    return AuditRecord(**values | changes)  # type: ignore[arg-type]


async def log(store: IndexStore, *records: AuditRecord) -> None:
    async with store.transaction() as tx:
        await tx.audit.append(records)


async def answers(store: IndexStore, *, after: int = 0, limit: int = 1000) -> list[StoredAuditRecord]:
    async with store.transaction() as tx:
        return list(await tx.audit.answers(NOON - HOUR, NOON + HOUR, after=after, limit=limit))


class WalkingContract:
    @pytest.mark.parametrize("limit", [1, 2, 100])
    async def test_every_current_involvement_is_met_once_whatever_the_page(
        self, store: IndexStore, limit: int
    ) -> None:
        standing = [
            involvement(partner, name, reference=Reference(reference))
            for partner, name, reference in (
                (OIN_VT, "anna", "a"),
                (OIN_VT, "anna", "B"),
                (OIN_VT, "bas", "c"),
                (OIN_GGZ, "anna", "a"),
                (OIN_POLITIE, "bas", "z"),
            )
        ]
        await save(store, *standing)
        met = await walk(store, limit=limit)
        assert len(met) == len(standing)
        assert {(one.partner, one.reference): one for one in met} == {
            (one.partner, one.reference): one for one in standing
        }

    async def test_what_is_over_to_come_or_no_involvement_is_not_met(self, store: IndexStore) -> None:
        day = timedelta(days=1)
        await save(
            store,
            involvement(OIN_VT, "p", reference=Reference("over"), since=TODAY - 3 * day, until=TODAY - day),
            involvement(OIN_VT, "p", reference=Reference("to-come"), since=TODAY + day),
            involvement(OIN_VT, "p", reference=Reference("ended"), phase=Phase.ENDED),
            involvement(OIN_VT, "p", reference=Reference("retracted"), phase=Phase.RETRACTED),
            household(OIN_VT, "p", "q"),
            consent(OIN_VT, "p", holder="ggz", asking="politie"),
        )
        assert await walk(store, limit=10) == []

    async def test_an_involvement_is_met_under_both_epochs_as_one(self, store: IndexStore) -> None:
        await save(store, involvement(OIN_VT, "anna", subject=person("anna", 1, 2)))
        [met] = await walk(store, limit=1)
        assert met.subject == person("anna", 1, 2)

    async def test_an_involvement_is_met_with_whom_it_counts_for_after_a_merge(
        self, store: IndexStore
    ) -> None:
        await save(store, involvement(OIN_VT, "anna"), merge(OIN_VT, "anna", "bas"))
        [met] = await walk(store, limit=1)
        assert met.subject == person("bas")

    async def test_a_record_is_found_by_the_id_of_its_receipt(self, store: IndexStore) -> None:
        one, other = record(), record(organisation=OIN_GGZ)
        await log(store, one, other)
        async with store.transaction() as tx:
            found = await tx.audit.find(other.record_id)
            assert found is not None
            assert found.record == other
            assert await tx.audit.find("no-such-record") is None

    async def test_answered_questions_come_in_pages_oldest_first(self, store: IndexStore) -> None:
        records = [record() for _ in range(5)]
        await log(store, *records)
        first = await answers(store, limit=3)
        rest = await answers(store, after=first[-1].sequence, limit=3)
        assert [stored.record for stored in (*first, *rest)] == records

    async def test_an_empty_answer_is_an_answer_and_a_refusal_is_none(self, store: IndexStore) -> None:
        empty = record(outcome=AuditOutcome.EMPTY)
        await log(
            store,
            empty,
            record(outcome=AuditOutcome.REFUSED),
            record(event=AuditEvent.CREATE),
            record(subject=None),
        )
        assert [stored.record for stored in await answers(store)] == [empty]

    async def test_only_the_time_asked_for_is_read(self, store: IndexStore) -> None:
        first = record(at=NOON - HOUR)
        await log(store, first, record(at=NOON + HOUR), record(at=NOON - HOUR - timedelta(microseconds=1)))
        assert [stored.record for stored in await answers(store)] == [first]


class TestFake(WalkingContract):
    @pytest.fixture
    async def store(self) -> IndexStore:
        return FakeIndexStore()


async def opened(url: str) -> AsyncIterator[IndexStore]:
    settings = StoreSettings(url=url)
    await asyncio.to_thread(SCHEMA.migrate, settings)
    store = open_store(settings)
    yield store
    await store.close()


class TestSqlite(WalkingContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[IndexStore]:
        async for store in opened(f"sqlite:///{tmp_path}/index.sqlite3"):
            yield store


@pytest.mark.services
class TestPostgres(WalkingContract):
    @pytest.fixture
    async def store(self, postgres_database: str) -> AsyncIterator[IndexStore]:
        async for store in opened(postgres_database):
            yield store
