"""What every store must do for break-glass: keep declarations whole, and let each be reviewed and escalated once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gateway.domain import Declaration, Review, ReviewOutcome
from gateway.index.declarations import DeclarationUse
from gateway.index.ports import IndexStore, Transaction
from tests.breakglass.support import declaration
from tests.index.asking_contract import roll_back
from tests.support import facts
from tests.support.sealed import NOON, OIN_GGZ, OIN_POLITIE, OIN_VT, person

DAY = timedelta(days=1)
JUSTIFIED = Review(outcome=ReviewOutcome.JUSTIFIED, reviewer="fg-1", at=NOON + DAY)
UNJUSTIFIED = Review(outcome=ReviewOutcome.UNJUSTIFIED, reviewer="fg-2", at=NOON + 2 * DAY)


def made(number: int, **changes: object) -> Declaration:
    return declaration(id=f"019a0000-0000-7000-8000-{number:012d}", **changes)


def use(of: Declaration, number: int, *shown: str) -> DeclarationUse:
    return DeclarationUse(
        declaration=of.id,
        record_id=f"019b0000-0000-7000-8000-{number:012d}",
        at=NOON + timedelta(minutes=number),
        shown=frozenset(shown),  # type: ignore[arg-type]
    )


async def add(store: IndexStore, *declarations: Declaration) -> None:
    async with store.transaction() as tx:
        for each in declarations:
            await tx.declarations.add(each)


class DeclarationContract:
    """Inherited by the tests of each store."""

    async def test_a_declaration_comes_back_whole(self, store: IndexStore) -> None:
        one = made(1, subject=person("anna", 1, 2), explanation=bytes(range(256)))
        await add(store, one)
        async with store.transaction() as tx:
            assert await tx.declarations.find([one.id, "absent"]) == {one.id: one}
            assert await tx.declarations.find([]) == {}

    async def test_only_a_sealed_person_is_kept(self, store: IndexStore) -> None:
        with pytest.raises(TypeError, match="sealed"):
            await add(store, made(1, subject=facts.person("anna")))

    async def test_those_since_a_time_come_oldest_first_and_of_one_partner_where_it_is_named(
        self, store: IndexStore
    ) -> None:
        late, early, before = (
            made(1, declared_at=NOON + DAY, partner=OIN_GGZ),
            made(2, declared_at=NOON),
            made(3, declared_at=NOON - timedelta(microseconds=1)),
        )
        await add(store, late, early, before)
        async with store.transaction() as tx:
            assert await tx.declarations.since(NOON) == [early, late]
            assert await tx.declarations.since(NOON, partner=OIN_GGZ) == [late]

    async def test_uses_come_oldest_first_by_declaration(self, store: IndexStore) -> None:
        one, other, unused = made(1), made(2), made(3)
        await add(store, one, other, unused)
        uses = [use(one, 2), use(one, 1, OIN_GGZ, OIN_POLITIE), use(other, 3, OIN_GGZ)]
        async with store.transaction() as tx:
            await tx.declarations.used(uses)
            await tx.declarations.used([])
        async with store.transaction() as tx:
            found = await tx.declarations.uses_of([one.id, other.id, unused.id])
            assert await tx.declarations.uses_of([]) == {}
        assert {of: list(each) for of, each in found.items()} == {
            one.id: [uses[1], uses[0]],
            other.id: [uses[2]],
        }

    async def test_uses_and_declarations_are_found_however_many_are_named(self, store: IndexStore) -> None:
        many = [made(number) for number in range(1, 1102)]
        await add(store, *many)
        async with store.transaction() as tx:
            await tx.declarations.used([use(each, at) for at, each in enumerate(many)])
            assert len(await tx.declarations.find([each.id for each in many])) == 1101
            assert len(await tx.declarations.uses_of([each.id for each in many])) == 1101

    async def test_what_is_not_reviewed_comes_by_when_it_is_due(self, store: IndexStore) -> None:
        late, early, done = made(1, review_due=NOON + DAY), made(2, review_due=NOON), made(3)
        await add(store, late, early, done)
        async with store.transaction() as tx:
            assert await tx.declarations.reviewed(done.id, JUSTIFIED)
        async with store.transaction() as tx:
            assert await tx.declarations.unreviewed() == [early, late]

    async def test_what_is_overdue_comes_by_when_it_was_due_and_nothing_else_does(
        self, store: IndexStore
    ) -> None:
        late, early, done, ahead = (
            made(1, review_due=NOON),
            made(2, review_due=NOON - DAY),
            made(3, review_due=NOON - DAY),
            made(4, review_due=NOON + timedelta(microseconds=1)),
        )
        await add(store, late, early, done, ahead)
        async with store.transaction() as tx:
            await tx.declarations.reviewed(done.id, JUSTIFIED)
            await tx.declarations.escalated(early.id, NOON, not_since=NOON)
        async with store.transaction() as tx:
            assert [each.id for each in await tx.declarations.overdue(NOON)] == [early.id, late.id]

    async def test_a_review_stands_and_a_second_one_changes_nothing(self, store: IndexStore) -> None:
        one = made(1)
        await add(store, one)
        async with store.transaction() as tx:
            assert await tx.declarations.reviewed(one.id, JUSTIFIED)
        async with store.transaction() as tx:
            assert not await tx.declarations.reviewed(one.id, UNJUSTIFIED)
            assert not await tx.declarations.reviewed("absent", JUSTIFIED)
            assert (await tx.declarations.find([one.id]))[one.id].review == JUSTIFIED

    async def test_it_is_escalated_anew_only_where_it_was_not_since_then(self, store: IndexStore) -> None:
        one = made(1)
        await add(store, one)
        outcomes = []
        for at, not_since in ((NOON, NOON), (NOON + DAY, NOON - DAY), (NOON + DAY, NOON)):
            async with store.transaction() as tx:
                outcomes.append(await tx.declarations.escalated(one.id, at, not_since=not_since))
        assert outcomes == [True, False, True]
        async with store.transaction() as tx:
            assert (await tx.declarations.find([one.id]))[one.id].escalated_at == NOON + DAY

    async def test_what_is_reviewed_or_absent_is_not_escalated(self, store: IndexStore) -> None:
        one = made(1)
        await add(store, one)
        async with store.transaction() as tx:
            await tx.declarations.reviewed(one.id, JUSTIFIED)
            assert not await tx.declarations.escalated(one.id, NOON, not_since=NOON)
            assert not await tx.declarations.escalated("absent", NOON, not_since=NOON)

    async def test_of_many_at_once_one_reviews_and_one_escalates(self, store: IndexStore) -> None:
        one, other = made(1), made(2)
        await add(store, one, other)

        async def escalate() -> bool:
            async with store.transaction() as tx:
                return await tx.declarations.escalated(one.id, NOON, not_since=NOON - DAY)

        async def review() -> bool:
            async with store.transaction() as tx:
                return await tx.declarations.reviewed(other.id, JUSTIFIED)

        assert sum(await asyncio.gather(*(escalate() for _ in range(4)))) == 1
        assert sum(await asyncio.gather(*(review() for _ in range(4)))) == 1

    async def test_nothing_of_a_transaction_that_failed_stays(self, store: IndexStore) -> None:
        one = made(1)

        async def declare_and_use(tx: Transaction) -> None:
            await tx.declarations.add(one)
            await tx.declarations.used([use(one, 1, OIN_VT)])

        await roll_back(store, declare_and_use)
        async with store.transaction() as tx:
            assert await tx.declarations.find([one.id]) == {}
            assert await tx.declarations.uses_of([one.id]) == {}
