"""What was answered decides the next question, on every process that shares the store, and with its token surely."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.convenant.model import ConsentBasis
from gateway.domain import ConsentEffect, ConsentFact, Decider, Oin
from gateway.errors import InvalidInput, QuotaExceeded
from gateway.index.migrate import SCHEMA
from gateway.index.ports import IndexStore
from gateway.index.sql.store import open_store
from gateway.lookup.service import LookupService
from gateway.settings import StoreSettings
from tests.consents.support import bounds as room_bounds
from tests.consents.support import room, said, statement, withdrawal
from tests.lookup.support import ASKER, NOW, PARTNERS, bounds, no_pause, request
from tests.support.convenants import GGZ, KINDS, OIN_WIJKTEAM, POLITIE, WIJKTEAM, convenant, rule
from tests.support.fake_waking import UNPACED
from tests.support.fixed_agreement import FixedAgreement
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, involvement, merge, message

BY_CONSENT = convenant(
    rule(sources=frozenset({GGZ}), asking=frozenset({POLITIE}), basis=ConsentBasis()),
    consent_recorders=frozenset({WIJKTEAM}),
)
AGREEMENT = FixedAgreement(BY_CONSENT, *KINDS)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[tuple[IndexStore, IndexStore]]:
    """One database, opened twice: as two processes have it."""
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/index.sqlite3")
    async for both in opened(settings):
        yield both


async def opened(settings: StoreSettings) -> AsyncIterator[tuple[IndexStore, IndexStore]]:
    await asyncio.to_thread(SCHEMA.migrate, settings)
    one, other = open_store(settings), open_store(settings)
    async with one.transaction() as tx:
        for partner in PARTNERS:
            await tx.partners.save(partner)
        for holder in (OIN_GGZ, OIN_POLITIE):
            await tx.facts.save(message(involvement(holder, "anna")))
    yield one, other
    await one.close()
    await other.close()


def lookup(store: IndexStore) -> LookupService:
    return LookupService(
        store=store, agreement=AGREEMENT, clock=lambda: NOW, bounds=bounds(), pause=no_pause, pacing=UNPACED
    )


async def shown(store: IndexStore, who: str = "anna", *, at_least: int | None = None) -> set[Oin]:
    """Return whom the police is shown."""
    answer = await lookup(store).ask(request(OIN_POLITIE, who, at_least=at_least))
    return {line.partner for line in answer.involvements}


class Effects:
    """Inherited for each database."""

    async def test_each_statement_and_withdrawal_decides_the_next_question_of_another_process(
        self, stores: tuple[IndexStore, IndexStore]
    ) -> None:
        one, other = stores
        consents = room(one, agreement=AGREEMENT)
        assert await shown(other) == set()
        for number in range(5):
            given = await consents.state(statement(f"given {number}"))
            assert await shown(other, at_least=given.position) == {OIN_GGZ}
            taken = await consents.withdraw(withdrawal(f"taken {number}"))
            assert await shown(other) == set()
            assert await shown(other, at_least=taken.position) == set()

    async def test_consent_that_waits_for_a_review_shows_nothing_until_a_version_names_who_decided(
        self, stores: tuple[IndexStore, IndexStore]
    ) -> None:
        one, other = stores
        consents = room(one, agreement=AGREEMENT)
        await consents.state(statement("waits", said(decided_by=Decider.UNDETERMINED)))
        assert await shown(other) == set()
        reviewed = said(decided_by=Decider.AUTHORITY_HOLDERS, until=NOW.date())
        await consents.state(statement("reviewed", reviewed))
        assert await shown(other) == {OIN_GGZ}

    @pytest.mark.parametrize(
        "objection",
        [
            said(reference="o", effect=ConsentEffect.OBJECT),
            said(reference="o", effect=ConsentEffect.OBJECT, decided_by=Decider.UNDETERMINED),
            said(reference="o", effect=ConsentEffect.OBJECT, partner=OIN_POLITIE),
        ],
        ids=["same-partner", "undetermined", "a-partner-that-may-not-record-consent"],
    )
    async def test_an_objection_takes_away_what_a_consent_shows(
        self, stores: tuple[IndexStore, IndexStore], objection: ConsentFact
    ) -> None:
        one, other = stores
        consents = room(one, agreement=AGREEMENT)
        await consents.state(statement("given"))
        assert await shown(other) == {OIN_GGZ}
        await consents.state(statement("objected", objection))
        assert await shown(other) == set()

    async def test_a_consent_for_one_organisation_stands_beside_an_objection_against_its_kind(
        self, stores: tuple[IndexStore, IndexStore]
    ) -> None:
        """Individual over category: the police of this town may, no other."""
        one, other = stores
        consents = room(one, agreement=AGREEMENT)
        general = said(reference="general", effect=ConsentEffect.OBJECT)
        await consents.state(statement("general", general))
        assert await shown(other) == set()
        await consents.state(statement("one", said(askers=frozenset({OIN_POLITIE}))))
        assert await shown(other) == {OIN_GGZ}

    async def test_a_call_that_is_repeated_on_another_process_has_the_same_receipt(
        self, stores: tuple[IndexStore, IndexStore]
    ) -> None:
        one, other = stores
        here, there = room(one, agreement=AGREEMENT), room(other, agreement=AGREEMENT)
        receipts = await asyncio.gather(*(each.state(statement()) for each in (here, there, here, there)))
        assert len({receipt.record_id for receipt in receipts}) == 1
        async with one.transaction() as tx:
            assert (await tx.audit.count(), (await tx.facts.counts())["versions"]) == (1, 3)

    async def test_an_id_of_another_call_is_charged_and_refused_however_often_it_comes(
        self, stores: tuple[IndexStore, IndexStore]
    ) -> None:
        """The refusal keeps its charge and takes no mark, by which the next one would pass for a repetition."""
        consents = room(stores[0], agreement=AGREEMENT, bounds=room_bounds(per_hour=1, burst=3))
        await consents.state(statement("id"))
        for _ in range(2):
            with pytest.raises(InvalidInput, match="message_id"):
                await consents.state(statement("id", said(effect=ConsentEffect.OBJECT)))
        with pytest.raises(QuotaExceeded):
            await consents.state(statement("id"))

    async def test_a_message_on_its_way_with_a_clock_ahead_does_not_bring_back_what_was_withdrawn(
        self, stores: tuple[IndexStore, IndexStore]
    ) -> None:
        one, other = stores
        consents = room(one, agreement=AGREEMENT)
        await consents.state(statement("given"))
        await consents.withdraw(withdrawal())
        async with other.transaction() as tx:
            await tx.facts.save(message(said(), recorded_at=NOW + timedelta(minutes=4, seconds=30)))
        assert await shown(other) == set()
        await consents.state(statement("given again"))
        assert await shown(other) == {OIN_GGZ}

    async def test_an_objection_goes_with_a_merge_that_is_said_straight_after_it(
        self, stores: tuple[IndexStore, IndexStore]
    ) -> None:
        one, other = stores
        consents = room(one, agreement=AGREEMENT)
        await consents.state(statement("given", said("bram")))
        await consents.state(statement("no", said(reference="o", effect=ConsentEffect.OBJECT)))
        async with other.transaction() as tx:
            for holder in (OIN_GGZ, OIN_POLITIE):
                await tx.facts.save(message(involvement(holder, "bram", reference="of-bram")))
        assert await shown(other, "bram") == {OIN_GGZ}
        async with other.transaction() as tx:
            merged = merge(OIN_WIJKTEAM, "anna", "bram")
            await tx.facts.save(message(merged, recorded_at=NOW + timedelta(seconds=1)))
        assert await shown(other, "bram") == set()


class TestSqlite(Effects):
    pass


@pytest.mark.services
class TestPostgres(Effects):
    @pytest.fixture
    async def stores(self, postgres_database: str) -> AsyncIterator[tuple[IndexStore, IndexStore]]:
        async for both in opened(StoreSettings(url=postgres_database)):
            yield both

    async def test_withdrawals_beside_questions_of_another_process_leave_no_answer_stale(
        self, stores: tuple[IndexStore, IndexStore]
    ) -> None:
        """No timing decides: who holds the token of a withdrawal sees it, whatever else goes on."""
        one, other = stores
        consents = room(one, agreement=AGREEMENT)

        async def change(number: int) -> None:
            fact = said(f"person {number}", reference=f"r-{number}")
            await consents.state(statement(f"given {number}", fact))
            taken = await consents.withdraw(withdrawal(f"taken {number}", reference=f"r-{number}"))
            asked = replace(request(OIN_POLITIE, f"person {number}"), at_least=taken.position)
            assert (await lookup(other).ask(asked)).involvements == ()

        async with other.transaction() as tx:
            for number in range(100):
                for holder in (OIN_GGZ, OIN_POLITIE):
                    fact = involvement(holder, f"person {number}")
                    await tx.facts.save(message(fact))
        for start in range(0, 100, 20):
            await asyncio.gather(*(change(number) for number in range(start, start + 20)))


def test_the_asker_of_these_tests_is_involved_itself() -> None:
    """Guards the examples above: without that nothing is ever shown."""
    assert ASKER.role
    assert OIN_POLITIE in KINDS
