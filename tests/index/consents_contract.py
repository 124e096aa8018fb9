"""What every store must do with the statements that a partner recorded itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Decider,
    FactMessage,
    MessageId,
    Oin,
    Reference,
    Subject,
)
from gateway.index.ports import IndexStore, Saved
from tests.index.histories import histories, persons_in, renamed
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import NOON, OIN_GGZ, OIN_POLITIE, OIN_VT, consent, merge, message, person

TODAY = date(2026, 3, 2)
LATER, LAST = NOON + timedelta(hours=1), NOON + timedelta(hours=2)


def said(who: str = "anna", reference: str = "c", partner: Oin = OIN_VT, **changes: Any) -> ConsentFact:
    return consent(partner, who, holder="ggz", asking="politie", reference=Reference(reference), **changes)


async def save(store: IndexStore, *messages: FactMessage) -> None:
    async with store.transaction() as tx:
        for each in messages:
            await tx.facts.save(each)


async def own(store: IndexStore, subject: Subject, partner: Oin = OIN_VT) -> Sequence[ConsentFact]:
    async with store.transaction() as tx:
        return await tx.facts.own_consents(partner, subject)


async def references(store: IndexStore, *who: str, partner: Oin = OIN_VT) -> dict[str, list[str]]:
    """Return the references of the statements about each of these persons, those without one left out."""
    found = {name: [fact.reference for fact in await own(store, person(name), partner)] for name in who}
    return {name: list(map(str, those)) for name, those in found.items() if those}


class OwnConsentContract:
    """Inherited by the tests of each store."""

    async def test_a_partner_finds_its_own_statements_whatever_became_of_them(
        self, store: IndexStore
    ) -> None:
        stands, over = said(reference="b"), said(reference="a", until=date(2026, 2, 1))
        waits = said(reference="d", decided_by=Decider.UNDETERMINED)
        withdrawn = said(reference="c", effect=ConsentEffect.WITHDRAWN)
        await save(store, *map(message, (stands, withdrawn, over, waits)))
        assert await own(store, person("anna")) == [over, stands, withdrawn, waits]

    async def test_a_partner_finds_nothing_of_what_others_recorded_or_of_others(
        self, store: IndexStore
    ) -> None:
        await save(store, message(said(partner=OIN_GGZ)), message(said("bram", "d")))
        assert await own(store, person("anna")) == []
        async with store.transaction() as tx:
            assert await tx.facts.own_consent(OIN_VT, Reference("c")) is None

    async def test_a_statement_is_found_by_its_reference_with_the_version_that_counts(
        self, store: IndexStore
    ) -> None:
        """And with when that one was recorded: only a later one takes its place, whatever comes later."""
        first, last = said(), said(effect=ConsentEffect.WITHDRAWN)
        await save(
            store,
            message(last, id=MessageId(OIN_VT, "v2"), recorded_at=LATER),
            message(first, id=MessageId(OIN_VT, "v1"), recorded_at=NOON),
        )
        async with store.transaction() as tx:
            found = await tx.facts.own_consent(OIN_VT, Reference("c"))
            [listed] = await tx.facts.own_consents(OIN_VT, person("anna"))
        assert found is not None
        assert (found.fact, found.recorded_at) == (last, LATER)
        assert (found.fact.version, listed.version) == ("v2", "v2")

    async def test_the_version_of_a_consent_is_in_the_household_too(self, store: IndexStore) -> None:
        await save(store, message(said(), id=MessageId(OIN_VT, "v1")))
        async with store.transaction() as tx:
            household = (await tx.facts.households([person("anna")], on=TODAY))[person("anna")]
        assert [fact.version for fact in household.consents] == ["v1"]

    async def test_organisations_and_who_decided_come_back_as_they_were_said(self, store: IndexStore) -> None:
        fact = said(
            holders=frozenset({OIN_GGZ}),
            askers=frozenset({OIN_POLITIE, OIN_VT}),
            decided_by=Decider.UNDETERMINED,
        )
        await save(store, message(fact))
        [found] = await own(store, person("anna"))
        assert (found, found.holders, found.askers) == (fact, fact.holders, fact.askers)

    async def test_a_merge_moves_them_and_its_undoing_brings_them_back(self, store: IndexStore) -> None:
        step = merge(OIN_VT, "anna", "bram")
        await save(store, message(said()), message(step, recorded_at=LATER))
        assert await references(store, "anna", "bram") == {"bram": ["c"]}
        async with store.transaction() as tx:
            found = await tx.facts.own_consent(OIN_VT, Reference("c"))
        assert found is not None
        assert found.fact.subject == person("bram")
        await save(store, message(replace(step, undone=True), recorded_at=LAST))
        assert await references(store, "anna", "bram") == {"anna": ["c"]}

    async def test_a_merge_of_another_partner_moves_nothing_of_it(self, store: IndexStore) -> None:
        await save(store, message(said()), message(merge(OIN_GGZ, "anna", "bram"), recorded_at=LATER))
        assert await references(store, "anna", "bram") == {"anna": ["c"]}

    async def test_a_withdrawal_of_what_was_moved_counts_for_whom_it_counted(self, store: IndexStore) -> None:
        """As the room makes it: the standing statement, withdrawn, recorded later."""
        await save(store, message(said()), message(merge(OIN_VT, "anna", "bram"), recorded_at=LATER))
        async with store.transaction() as tx:
            found = await tx.facts.own_consent(OIN_VT, Reference("c"))
            assert found is not None
            withdrawn = replace(found.fact, effect=ConsentEffect.WITHDRAWN)
            assert await tx.facts.save(message(withdrawn, recorded_at=LAST)) is Saved.UPDATED
        for who in ("anna", "bram"):
            async with store.transaction() as tx:
                household = (await tx.facts.households([person(who)], on=TODAY))[person(who)]
            assert household.consents == ()

    async def test_they_are_found_under_either_epoch_and_stay_when_the_old_one_ends(
        self, store: IndexStore
    ) -> None:
        await save(store, message(said(subject=person("anna", 1, 2))), message(said("anna", "old")))
        for asked in (person("anna", 1), person("anna", 1, 2)):
            assert [fact.reference for fact in await own(store, asked)] == ["c", "old"]
        assert [fact.reference for fact in await own(store, person("anna", 2))] == ["c"]
        while True:
            async with store.transaction() as tx:
                if not await tx.facts.forget_epochs(2, limit=10):
                    break
        [left] = await own(store, person("anna", 2))
        assert (left.reference, left.subject) == ("c", person("anna", 2))
        async with store.transaction() as tx:
            assert await tx.facts.own_consent(OIN_VT, Reference("old")) is None

    async def test_a_pair_of_pseudonyms_of_two_persons_is_nobody(self, store: IndexStore) -> None:
        await save(store, message(said(subject=person("anna", 1, 2))))
        mixed = Subject(*person("anna", 1).pseudonyms, *person("bram", 2).pseudonyms)
        assert await own(store, mixed) == []

    @given(history=histories())
    @settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
        deadline=None,
        max_examples=40,
    )
    async def test_they_are_those_of_the_store_that_goes_through_every_version(
        self, store: IndexStore, history: Sequence[FactMessage]
    ) -> None:
        """Whatever was said, merged, undone and superseded, in whatever order it came."""
        history, plain = renamed(history, tag=uuid4().hex), FakeIndexStore()
        for each in (store, plain):
            await save(each, *history)
        asked = {
            (each.fact.partner, subject)
            for each in history
            for one in history
            for subject in persons_in(one.fact)
        }
        named = {(each.fact.partner, each.fact.reference) for each in history}
        async with store.transaction() as tx, plain.transaction() as reference:
            for partner, subject in sorted(asked):
                found = await tx.facts.own_consents(partner, subject)
                expected = await reference.facts.own_consents(partner, subject)
                assert found == expected
                assert [fact.version for fact in found] == [fact.version for fact in expected]
            for partner, name in sorted(named):
                standing = await tx.facts.own_consent(partner, name)
                assert standing == await reference.facts.own_consent(partner, name)
