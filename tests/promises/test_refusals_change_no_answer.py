"""Who is told what does not depend on any recorded refusal: with and without, everybody gets the same bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain import Fact, Oin, Reference, Subject
from gateway.index.migrate import SCHEMA
from gateway.index.ports import IndexStore
from gateway.index.sql.store import open_store
from gateway.lookup.answer import Answer
from gateway.lookup.service import LookupService
from gateway.metering.bounds import CallBounds
from gateway.refusals.model import Acting, ToRecord
from gateway.refusals.service import RefusalRoom
from gateway.rpc.answers import write_answer
from gateway.settings import StoreSettings
from tests.lookup.support import ASKER, NOW, PARTNERS, bounds, no_pause, request
from tests.refusals.support import CONVENANT, GROUND, REVIEW
from tests.support.convenants import PURPOSES
from tests.support.fake_waking import UNPACED
from tests.support.fixed_agreement import FixedAgreement
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, household, involvement, message, person

AGREEMENT = FixedAgreement(CONVENANT, *(partner.oin for partner in PARTNERS))
PERSONS = ("anna", "bram", "carla", "nobody")
FACTS: Sequence[Fact] = (
    involvement(OIN_VT, "anna"),
    involvement(OIN_GGZ, "anna", desk="aanmeldbureau"),
    involvement(OIN_GGZ, "bram", shielded=True),
    involvement(OIN_POLITIE, "carla"),
    household(OIN_VT, "anna", "bram"),
    household(OIN_GGZ, "bram", "carla"),
)


async def open_filled(url: str) -> AsyncIterator[IndexStore]:
    settings = StoreSettings(url=url)
    await asyncio.to_thread(SCHEMA.migrate, settings)
    store = open_store(settings)
    async with store.transaction() as tx:
        for partner in PARTNERS:
            await tx.partners.save(partner)
        await tx.facts.save_all([message(fact) for fact in FACTS])
    yield store
    await store.close()


async def ask_everybody(store: IndexStore) -> dict[tuple[Oin, str, str], bytes]:
    """Return the bytes of every answer to every partner about everybody, but for the id of its own record."""
    lookup = LookupService(
        store=store, agreement=AGREEMENT, clock=lambda: NOW, bounds=bounds(), pause=no_pause, pacing=UNPACED
    )
    return {
        (partner.oin, name, purpose): _bytes(await lookup.ask(request(partner.oin, name, purpose=purpose)))
        for partner in PARTNERS
        for name in PERSONS
        for purpose in PURPOSES
    }


async def refuse_everything(store: IndexStore) -> None:
    """Let every partner record that it does not share anybody, on every day a review may lie."""
    terms = bounds()
    room = RefusalRoom(
        store=store,
        agreement=AGREEMENT,
        clock=lambda: NOW,
        bounds=CallBounds(quota=terms.quota, alarms=terms.alarms),
    )
    for partner in PARTNERS:
        for name in PERSONS:
            for number, day in enumerate((NOW.date() + timedelta(days=1), REVIEW)):
                refusal = to_record(name, person(name), number)
                await room.record(
                    Acting(caller=partner.oin, professional=ASKER), replace(refusal, review_on=day)
                )


def to_record(name: str, subject: Subject, number: int) -> ToRecord:
    return ToRecord(reference=Reference(f"{name}-{number}"), subject=subject, ground=GROUND, review_on=REVIEW)


def _bytes(answer: Answer) -> bytes:
    return write_answer(replace(answer, record_id="0" * 36)).SerializeToString(deterministic=True)


class EveryStore:
    """Inherited by the tests of each store."""

    async def test_with_and_without_refusals_everybody_gets_the_same_bytes(self, filled: IndexStore) -> None:
        without = await ask_everybody(filled)
        assert len(set(without.values())) > 1
        await refuse_everything(filled)
        async with filled.transaction() as tx:
            assert len(await tx.refusals.standing()) == 2 * len(PARTNERS) * len(PERSONS)
        assert await ask_everybody(filled) == without


class TestSqlite(EveryStore):
    @pytest.fixture
    async def filled(self, tmp_path: Path) -> AsyncIterator[IndexStore]:
        async for store in open_filled(f"sqlite:///{tmp_path}/index.sqlite3"):
            yield store


@pytest.mark.services
class TestPostgres(EveryStore):
    @pytest.fixture
    async def filled(self, postgres_database: str) -> AsyncIterator[IndexStore]:
        async for store in open_filled(postgres_database):
            yield store
