"""What every store must do. A subclass gives the `store` fixture, and with it gets all of these tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, permutations
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.audit.model import AuditedVerdict, AuditEvent, AuditOutcome, AuditRecord
from gateway.bus.ports import BusRecord
from gateway.domain import (
    ConsentEffect,
    Desk,
    FactMessage,
    HouseholdFacts,
    HouseholdMember,
    MessageId,
    Partner,
    PartnerKind,
    Phase,
    Professional,
    Reference,
    SigningKey,
    Subject,
)
from gateway.index.ports import IndexStore, Saved
from tests.index.histories import histories, persons_in, renamed
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import (
    NOON,
    OIN_GGZ,
    OIN_POLITIE,
    OIN_VT,
    consent,
    household,
    involvement,
    message,
    person,
)

TODAY = date(2026, 3, 2)


class BoomError(Exception):
    """Raised in a transaction to see what stays."""


def partner(oin: str = OIN_VT, **changes: object) -> Partner:
    values: dict[str, object] = {
        "oin": oin,
        "kind": PartnerKind("veilig_thuis"),
        "name": "Veilig Thuis (synthetic)",
        "core_tasks": ("Meldpunt",),
        "desks": (
            Desk(code="frontoffice", name="Frontoffice", telephone="+31880000010"),
            Desk(code="opvang", name="Opvang", contact_via="frontoffice"),
        ),
        "signing_keys": (
            SigningKey(
                kid="k1", public_key=bytes(32), valid_from=NOON, valid_until=NOON + timedelta(days=365)
            ),
        ),
    }
    return Partner(**values | changes)  # type: ignore[arg-type]


def audit_record(**changes: object) -> AuditRecord:
    values: dict[str, object] = {
        "at": datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC),
        "event": AuditEvent.LOOKUP,
        "outcome": AuditOutcome.DONE,
        "organisation": OIN_GGZ,
        "kind": PartnerKind("ggz"),
        "professional": Professional(id="p-1", role="behandelaar", mandate="eigen-taak"),
        "subject": person("anna"),
        "purpose": "coordination-of-care",
        "convenant": "Voorbeeldregio 1.0",
        "message": MessageId(OIN_VT, "m-1"),
        "verdicts": (
            AuditedVerdict(
                partner=OIN_VT,
                kind=PartnerKind("veilig_thuis"),
                reference="r",
                shown=True,
                rule="R-1",
                basis="toestemming",
            ),
        ),
    }
    return AuditRecord(**values | changes)  # type: ignore[arg-type]


async def save(store: IndexStore, *messages: FactMessage) -> list[Saved]:
    async with store.transaction() as tx:
        return [await tx.facts.save(item) for item in messages]


async def save_all(store: IndexStore, messages: Sequence[FactMessage]) -> None:
    async with store.transaction() as tx:
        await tx.facts.save_all(messages)


async def counts_of(store: IndexStore) -> Mapping[str, int]:
    async with store.transaction() as tx:
        return await tx.facts.counts()


async def household_facts(store: IndexStore, subject: Subject) -> HouseholdFacts:
    async with store.transaction() as tx:
        return (await tx.facts.households([subject], on=TODAY))[subject]


async def household_of(store: IndexStore, name: str, *, on: date = TODAY) -> HouseholdFacts:
    async with store.transaction() as tx:
        return (await tx.facts.households([person(name)], on=on))[person(name)]


class StoreContract:
    """Facts, partners, the log and the queue: together or not at all."""

    async def test_a_failed_transaction_leaves_nothing(self, store: IndexStore) -> None:
        fact = message(involvement(OIN_VT, "anna"))

        async def fail_at_the_end() -> None:
            async with store.transaction() as tx:
                await tx.facts.claim([fact.id])
                await tx.facts.save(fact)
                await tx.partners.save(partner())
                await tx.audit.append([audit_record()])
                await tx.outgoing.add([BusRecord(topic="t", key=b"", value=b"")])
                raise BoomError

        with pytest.raises(BoomError):
            await fail_at_the_end()
        async with store.transaction() as tx:
            assert await tx.facts.claim([fact.id]) == {fact.id}
            assert (await tx.facts.counts())["versions"] == 0
            assert list(await tx.partners.all()) == []
            assert await tx.audit.count() == 0
            assert list(await tx.outgoing.waiting(limit=10)) == []

    async def test_a_message_is_claimed_once(self, store: IndexStore) -> None:
        one, two = MessageId(OIN_VT, "1"), MessageId(OIN_VT, "2")
        other_source = MessageId(OIN_GGZ, "1")
        async with store.transaction() as tx:
            assert await tx.facts.claim([one, one]) == {one}
        async with store.transaction() as tx:
            assert await tx.facts.claim([one, two, other_source]) == {two, other_source}
            assert await tx.facts.claim([]) == frozenset()

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    async def test_the_version_recorded_last_counts_in_any_order_of_arrival(
        self, store: IndexStore, order: tuple[int, ...]
    ) -> None:
        fact = involvement(OIN_VT, "anna")
        ended = involvement(OIN_VT, "anna", phase=Phase.ENDED, until=date(2026, 2, 1))
        versions = [
            message(fact, recorded_at=NOON - timedelta(hours=2)),
            message(fact, recorded_at=NOON - timedelta(hours=1)),
            message(ended, recorded_at=NOON),
        ]
        await save(store, *(versions[index] for index in order))
        assert (await household_of(store, "anna")).involvements == ()

    @settings(
        max_examples=15,
        # One store serves all examples, each with names of its own; and one contract runs on every store.
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
            HealthCheck.too_slow,
        ],
    )
    @given(data=st.data())
    async def test_any_order_and_any_batches_end_with_the_same_facts(
        self, store: IndexStore, data: st.DataObject
    ) -> None:
        """The same versions, shuffled and cut into transactions at will, leave what the model says."""
        sent = renamed(data.draw(histories()), tag=uuid4().hex)
        arrival = data.draw(st.permutations(sent))
        cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(arrival) - 1)))))
        model = FakeIndexStore()
        await save_all(model, sent)
        before = await counts_of(store)
        for start, end in pairwise([0, *cuts, len(arrival)]):
            await save_all(store, arrival[start:end])
        names = sorted({each for item in sent for each in persons_in(item.fact)})
        for person_ in names:
            assert await household_facts(store, person_) == await household_facts(model, person_)
        added = {name: number - before[name] for name, number in (await counts_of(store)).items()}
        assert added == await counts_of(model)

    async def test_saving_many_gives_each_its_own_outcome_in_turn(self, store: IndexStore) -> None:
        other = involvement(OIN_GGZ, "anna")
        versions = [
            message(involvement(OIN_VT, "anna"), recorded_at=NOON + timedelta(hours=hour))
            for hour in (1, 3, 2)
        ]
        async with store.transaction() as tx:
            assert list(await tx.facts.save_all([*versions, message(other)])) == [
                Saved.CREATED,
                Saved.UPDATED,
                Saved.SUPERSEDED,
                Saved.CREATED,
            ]
            assert list(await tx.facts.save_all([])) == []
            assert list(await tx.facts.save_all([versions[2]])) == [Saved.SUPERSEDED]

    async def test_references_of_partners_and_of_kinds_stand_apart(self, store: IndexStore) -> None:
        """Two partners may use one reference, and a partner may use it for an involvement and a consent."""
        shared = Reference("ref-shared")
        facts = [
            involvement(OIN_VT, "anna", reference=shared),
            involvement(OIN_GGZ, "bram", reference=shared),
            involvement(OIN_GGZ, "anna", reference=Reference("ref-other")),
        ]
        agreed = consent(OIN_GGZ, "anna", holder="ggz", asking="politie", reference=shared)
        sent = [message(fact) for fact in facts]
        sent.append(message(agreed))
        async with store.transaction() as tx:
            assert set(await tx.facts.save_all(sent)) == {Saved.CREATED}
        moved = replace(facts[2], desk="crisisdienst")
        assert await save(store, message(moved, recorded_at=NOON + timedelta(days=1))) == [Saved.UPDATED]
        assert (await household_of(store, "anna")).involvements == (facts[0], moved)
        assert (await household_of(store, "anna")).consents == (agreed,)
        assert (await household_of(store, "bram")).involvements == (facts[1],)

    async def test_a_version_about_another_person_leaves_the_first_one(self, store: IndexStore) -> None:
        """A corrected BSN: the same reference, later, with another pseudonym."""
        wrong = involvement(OIN_VT, "anna")
        await save(store, message(wrong))
        corrected = replace(wrong, subject=person("bram"))
        await save(store, message(corrected, recorded_at=NOON + timedelta(hours=1)))
        assert (await household_of(store, "anna")).involvements == ()
        assert (await household_of(store, "bram")).involvements == (corrected,)

    async def test_a_late_message_never_revives_an_ended_involvement(self, store: IndexStore) -> None:
        ended = involvement(OIN_VT, "anna", phase=Phase.ENDED, until=date(2026, 2, 1))
        await save(store, message(ended, recorded_at=NOON))
        late = message(involvement(OIN_VT, "anna"), recorded_at=NOON - timedelta(days=1))
        assert await save(store, late) == [Saved.SUPERSEDED]
        assert (await household_of(store, "anna")).involvements == ()

    async def test_equal_times_are_ordered_by_message_id(self, store: IndexStore) -> None:
        active, gone = (
            involvement(OIN_VT, "anna"),
            involvement(OIN_VT, "anna", phase=Phase.RETRACTED),
        )
        first = message(active, id=MessageId(OIN_VT, "a"))
        second = message(gone, id=MessageId(OIN_VT, "b"))
        assert await save(store, second, first) == [Saved.CREATED, Saved.SUPERSEDED]
        assert (await household_of(store, "anna")).involvements == ()

    async def test_only_what_is_current_that_day_is_read(self, store: IndexStore) -> None:
        facts = [
            involvement(OIN_VT, "anna"),
            involvement(OIN_GGZ, "anna", since=date(2026, 3, 3)),
            involvement(OIN_POLITIE, "anna", until=date(2026, 3, 1)),
        ]
        await save(store, *map(message, facts))
        assert (await household_of(store, "anna")).involvements == (facts[0],)
        assert set((await household_of(store, "anna", on=date(2026, 3, 3))).involvements) == set(facts[:2])

    async def test_a_fact_comes_out_as_it_went_in(self, store: IndexStore) -> None:
        fact = involvement(OIN_VT, "anna", until=date(2026, 9, 1), shielded=True, phase=Phase.PROVISIONAL)
        agreed = consent(OIN_GGZ, "anna", holder="ggz", asking="politie", until=date(2027, 1, 1))
        await save(store, message(fact), message(agreed))
        found = await household_of(store, "anna")
        assert found.involvements == (fact,)
        assert found.consents == (agreed,)

    async def test_a_household_is_one_hop_and_never_further(self, store: IndexStore) -> None:
        await save(
            store,
            message(household(OIN_VT, "anna", "bram")),
            message(household(OIN_GGZ, "bram", "carla")),
            message(involvement(OIN_VT, "carla")),
        )
        assert (await household_of(store, "anna")).members == {person("anna"), person("bram")}
        assert (await household_of(store, "anna")).involvements == ()
        assert (await household_of(store, "bram")).members == {person(n) for n in ("anna", "bram", "carla")}

    async def test_a_child_in_two_households_has_the_members_of_both(self, store: IndexStore) -> None:
        await save(
            store,
            message(household(OIN_VT, "child", "mother")),
            message(household(OIN_VT, "child", "father")),
            message(involvement(OIN_GGZ, "father")),
        )
        assert (await household_of(store, "child")).members == {
            person(n) for n in ("child", "mother", "father")
        }
        assert (await household_of(store, "mother")).involvements == ()

    async def test_a_suppressed_assertion_links_nobody(self, store: IndexStore) -> None:
        await save(store, message(household(OIN_VT, "anna", "bram", suppressed=True)))
        assert (await household_of(store, "anna")).members == {person("anna")}

    async def test_members_count_within_their_own_periods(self, store: IndexStore) -> None:
        members = (
            HouseholdMember(subject=person("anna"), role="MTH"),
            HouseholdMember(subject=person("bram"), until=date(2026, 3, 1)),
            HouseholdMember(subject=person("carla"), since=date(2026, 3, 3)),
        )
        await save(store, message(household(OIN_VT, "anna", members=members)))
        assert (await household_of(store, "anna")).members == {person("anna")}
        assert (await household_of(store, "bram")).members == {person("bram")}

    async def test_a_later_assertion_replaces_the_members_and_an_empty_one_ends_it(
        self, store: IndexStore
    ) -> None:
        first = household(OIN_VT, "anna", "bram")
        await save(store, message(first))
        later = household(OIN_VT, "anna", "carla", reference=first.reference)
        await save(store, message(later, recorded_at=NOON + timedelta(hours=1)))
        assert (await household_of(store, "anna")).members == {person("anna"), person("carla")}
        ended = household(OIN_VT, members=(), reference=first.reference)
        await save(store, message(ended, recorded_at=NOON + timedelta(hours=2)))
        assert (await household_of(store, "anna")).members == {person("anna")}

    async def test_a_withdrawn_consent_is_gone(self, store: IndexStore) -> None:
        given = consent(OIN_GGZ, "anna", holder="ggz", asking="politie")
        withdrawn = consent(OIN_GGZ, "anna", holder="ggz", asking="politie", effect=ConsentEffect.WITHDRAWN)
        await save(store, message(given), message(withdrawn, recorded_at=NOON + timedelta(seconds=1)))
        assert (await household_of(store, "anna")).consents == ()

    @pytest.mark.parametrize("day", [date(2026, 1, 14), date(2026, 3, 3)], ids=["before", "after"])
    async def test_a_consent_holds_within_its_days_only(self, store: IndexStore, day: date) -> None:
        agreed = consent(OIN_GGZ, "anna", holder="ggz", asking="politie", until=TODAY)
        await save(store, message(agreed))
        assert (await household_of(store, "anna")).consents == (agreed,)
        assert (await household_of(store, "anna", on=day)).consents == ()

    async def test_consents_of_the_other_members_are_read_too(self, store: IndexStore) -> None:
        agreed = consent(OIN_GGZ, "bram", holder="ggz", asking="politie")
        await save(store, message(household(OIN_VT, "anna", "bram")), message(agreed))
        assert (await household_of(store, "anna")).consents == (agreed,)

    async def test_no_persons_are_read_as_nothing(self, store: IndexStore) -> None:
        async with store.transaction() as tx:
            assert dict(await tx.facts.households([], on=TODAY)) == {}

    async def test_an_unknown_person_has_an_empty_household(self, store: IndexStore) -> None:
        found = await household_of(store, "nobody")
        assert found.members == {person("nobody")}
        assert (found.involvements, found.consents) == ((), ())

    async def test_many_persons_are_read_at_once(self, store: IndexStore) -> None:
        facts = [involvement(OIN_VT, f"p{number}") for number in range(30)]
        await save(store, *map(message, facts))
        async with store.transaction() as tx:
            found = await tx.facts.households([fact.subject for fact in facts], on=TODAY)
        assert all(found[fact.subject].involvements == (fact,) for fact in facts)

    async def test_a_partner_comes_back_whole_and_can_be_replaced(self, store: IndexStore) -> None:
        async with store.transaction() as tx:
            await tx.partners.save(partner())
            await tx.partners.save(partner(active=False))
        async with store.transaction() as tx:
            assert await tx.partners.find(OIN_VT) == partner(active=False)
            assert await tx.partners.find(OIN_GGZ) is None
            assert list(await tx.partners.all()) == [partner(active=False)]

    async def test_a_partner_that_is_switched_off_has_no_kind(self, store: IndexStore) -> None:
        async with store.transaction() as tx:
            await tx.partners.save(partner())
            await tx.partners.save(partner(OIN_GGZ, active=False))
        assert (await household_of(store, "anna")).kinds == {OIN_VT: "veilig_thuis"}

    async def test_partners_stand_by_kind_name_and_oin(self, store: IndexStore) -> None:
        async with store.transaction() as tx:
            for oin, kind, name in (
                (OIN_POLITIE, "politie", "b"),
                (OIN_VT, "ggz", "é"),
                (OIN_GGZ, "ggz", "a"),
            ):
                await tx.partners.save(partner(oin, kind=PartnerKind(kind), name=name))
        async with store.transaction() as tx:
            assert [p.oin for p in await tx.partners.all()] == [OIN_GGZ, OIN_VT, OIN_POLITIE]

    async def test_the_log_keeps_records_whole_and_in_order(self, store: IndexStore) -> None:
        records = [
            audit_record(),
            audit_record(subject=None, professional=None, message=None, kind=None, verdicts=()),
        ]
        async with store.transaction() as tx:
            await tx.audit.append(records)
            await tx.audit.append([])
        async with store.transaction() as tx:
            found = await tx.audit.read()
            assert [stored.record for stored in found] == records
            assert found[0].sequence < found[1].sequence
            assert list(await tx.audit.read(after=found[0].sequence)) == [found[1]]
            assert list(await tx.audit.read(limit=1)) == [found[0]]
            assert await tx.audit.count() == 2

    async def test_the_queue_gives_back_in_order_until_removed(self, store: IndexStore) -> None:
        records = [
            BusRecord(topic="t", key=b"k", value=bytes([n]), headers={"h": bytes(range(256))})
            for n in range(3)
        ]
        async with store.transaction() as tx:
            await tx.outgoing.add(records)
        async with store.transaction() as tx:
            waiting = await tx.outgoing.waiting(limit=2)
            assert [item.record for item in waiting] == records[:2]
            await tx.outgoing.remove([item.number for item in waiting])
        async with store.transaction() as tx:
            assert [item.record for item in await tx.outgoing.waiting(limit=9)] == records[2:]

    async def test_the_position_grows_with_every_commit_of_facts(self, store: IndexStore) -> None:
        async with store.transaction() as tx:
            before = await tx.facts.position()
        await save(store, message(involvement(OIN_VT, "anna")))
        async with store.transaction() as tx:
            after = await tx.facts.position()
            assert after > before
        late = message(involvement(OIN_VT, "anna"), recorded_at=NOON - timedelta(days=1))
        await save(store, late)
        async with store.transaction() as tx:
            assert await tx.facts.position() > after, "a superseded version is a write too"

    async def test_counts_are_of_what_stands_now(self, store: IndexStore) -> None:
        await save(
            store,
            message(involvement(OIN_VT, "anna")),
            message(involvement(OIN_GGZ, "bram", phase=Phase.ENDED, until=TODAY)),
            message(household(OIN_VT, "anna", "bram")),
            message(consent(OIN_GGZ, "anna", holder="ggz", asking="politie")),
        )
        async with store.transaction() as tx:
            counts = await tx.facts.counts()
        assert counts == {
            "involvements": 1,
            "households": 1,
            "consents": 1,
            "versions": 4,
        }

    async def test_a_store_of_this_schema_checks_out(self, store: IndexStore) -> None:
        await store.check()
