"""What every store must do for whoever counts questions: own ties, meters, answered questions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.domain import Fact, HouseholdMember, Oin, Phase, Subject
from gateway.errors import QuotaExceeded
from gateway.index.ports import IndexStore, Transaction
from gateway.metering.ports import Charge, MeterKey, MeterTerms
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import NOON, OIN_GGZ, OIN_POLITIE, OIN_VT, household, involvement, message, person

TODAY = date(2026, 3, 2)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
KEY = MeterKey(OIN_VT, "misses")
TERMS = MeterTerms(per_hour=60, burst=10)
PARTNERS = (OIN_VT, OIN_GGZ, OIN_POLITIE)
NAMES = ("anna", "bas", "carla")
ONCE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    deadline=None,
    max_examples=60,
)


async def save(store: IndexStore, *facts: Fact) -> None:
    async with store.transaction() as tx:
        await tx.facts.save_all([message(fact) for fact in facts])


async def ties(store: IndexStore, *asked: tuple[Oin, Subject]) -> frozenset[tuple[Oin, Subject]]:
    async with store.transaction() as tx:
        return await tx.facts.ties(asked, on=TODAY)


async def is_tied(store: IndexStore, partner: Oin = OIN_VT, who: str = "anna") -> bool:
    return bool(await ties(store, (partner, person(who))))


async def charge(store: IndexStore, count: int, *, at: datetime = NOON) -> None:
    async with store.transaction() as tx:
        await tx.meters.charge([Charge(key=KEY, count=count, terms=TERMS)], at)


async def log(store: IndexStore, **changes: object) -> None:
    values: dict[str, object] = {
        "at": NOON,
        "event": AuditEvent.LOOKUP,
        "outcome": AuditOutcome.DONE,
        "organisation": OIN_VT,
        "subject": person("anna"),
    }
    async with store.transaction() as tx:
        await tx.audit.append([AuditRecord(**values | changes)])  # type: ignore[arg-type]


async def asked_about(
    store: IndexStore,
    since: datetime = NOON - timedelta(hours=1),
    until: datetime = NOON + timedelta(hours=1),
) -> Mapping[Oin, int]:
    async with store.transaction() as tx:
        return dict(await tx.audit.asked_about(since, until))


class RollBackError(Exception):
    """Ends a transaction that is to leave nothing."""


async def roll_back(store: IndexStore, work: Callable[[Transaction], Awaitable[None]]) -> None:
    """Do the work in a transaction of which nothing stays."""
    with suppress(RollBackError):
        async with store.transaction() as tx:
            await work(tx)
            raise RollBackError


@st.composite
def worlds(draw: st.DrawFn) -> list[Fact]:
    partners, names = st.sampled_from(PARTNERS), st.sampled_from(NAMES)
    known = [
        involvement(draw(partners), draw(names), reference=f"ref-{number}")
        for number in range(draw(st.integers(0, 4)))
    ]
    homes = [
        household(draw(partners), *draw(st.sets(names, min_size=1)), reference=f"home-{number}")
        for number in range(draw(st.integers(0, 3)))
    ]
    return [*known, *homes]


class AskingContract:
    """Inherited by the tests of each store."""

    async def test_an_own_current_involvement_with_the_person_is_a_tie(self, store: IndexStore) -> None:
        await save(store, involvement(OIN_VT, "anna"))
        assert await is_tied(store)
        assert not await is_tied(store, who="bas")
        assert not await is_tied(store, OIN_GGZ)

    @pytest.mark.parametrize(
        "changes",
        [
            {"phase": Phase.ENDED},
            {"phase": Phase.RETRACTED},
            {"until": YESTERDAY},
            {"since": TOMORROW},
        ],
        ids=["ended", "retracted", "over", "not begun"],
    )
    async def test_an_involvement_that_is_not_current_is_none(
        self, store: IndexStore, changes: dict[str, object]
    ) -> None:
        await save(store, involvement(OIN_VT, "anna", **changes))
        assert not await is_tied(store)

    async def test_a_household_that_the_partner_asserts_itself_makes_a_tie(self, store: IndexStore) -> None:
        await save(store, involvement(OIN_VT, "bas"), household(OIN_VT, "anna", "bas"))
        assert await is_tied(store)

    async def test_a_household_that_somebody_else_asserts_makes_none(self, store: IndexStore) -> None:
        """Whether it does could be found out by asking until the misses are spent."""
        await save(store, involvement(OIN_VT, "bas"), household(OIN_GGZ, "anna", "bas"))
        assert not await is_tied(store)

    async def test_an_own_household_with_the_involvement_of_somebody_else_makes_none(
        self, store: IndexStore
    ) -> None:
        await save(store, involvement(OIN_GGZ, "bas"), household(OIN_VT, "anna", "bas"))
        assert not await is_tied(store)
        assert not await is_tied(store, OIN_GGZ)

    async def test_a_suppressed_household_and_one_that_is_over_make_none(self, store: IndexStore) -> None:
        over = (
            HouseholdMember(subject=person("anna"), until=YESTERDAY),
            HouseholdMember(subject=person("bas")),
        )
        await save(
            store,
            involvement(OIN_VT, "bas"),
            household(OIN_VT, "anna", "bas", suppressed=True),
            household(OIN_VT, "anna", "bas", members=over, reference="over"),
        )
        assert not await is_tied(store)

    async def test_an_own_household_ties_one_hop_and_never_further(self, store: IndexStore) -> None:
        await save(
            store,
            involvement(OIN_VT, "carla"),
            household(OIN_VT, "anna", "bas"),
            household(OIN_VT, "bas", "carla"),
        )
        assert not await is_tied(store)
        assert await is_tied(store, who="bas")

    async def test_a_tie_holds_under_either_epoch_of_an_overlap(self, store: IndexStore) -> None:
        await save(store, involvement(OIN_VT, "anna", subject=person("anna", 1, 2)))
        for asked in (person("anna", 1), person("anna", 2), person("anna", 1, 2)):
            assert await ties(store, (OIN_VT, asked)) == {(OIN_VT, asked)}

    async def test_nobody_is_tied_where_nothing_is_asked(self, store: IndexStore) -> None:
        await save(store, involvement(OIN_VT, "anna"))
        assert await ties(store) == frozenset()

    @ONCE
    @given(worlds())
    async def test_ties_are_a_function_of_what_the_partner_registered_itself(
        self, store: IndexStore, facts: list[Fact]
    ) -> None:
        """Each example is one transaction that is rolled back, so that none sees another's facts."""
        asked = [(partner, person(name)) for partner in PARTNERS for name in NAMES]
        expected: set[tuple[Oin, Subject]] = set()
        for partner in PARTNERS:
            alone = FakeIndexStore()
            await save(alone, *(fact for fact in facts if fact.partner == partner))
            expected |= await ties(alone, *(pair for pair in asked if pair[0] == partner))

        async def compare(tx: Transaction) -> None:
            await tx.facts.save_all([message(fact) for fact in facts])
            assert await tx.facts.ties(asked, on=TODAY) == expected

        await roll_back(store, compare)

    async def test_what_was_charged_stands_after_the_commit(self, store: IndexStore) -> None:
        await charge(store, 4)
        async with store.transaction() as tx:
            assert await tx.meters.standing([KEY]) == {KEY: NOON + timedelta(minutes=4)}
        await charge(store, 6)
        with pytest.raises(QuotaExceeded):
            await charge(store, 1)

    async def test_a_bucket_from_a_clock_that_ran_ahead_is_brought_back_to_empty(
        self, store: IndexStore
    ) -> None:
        """Else it would refuse everything until that time has come."""
        await charge(store, 1, at=NOON + timedelta(days=365))
        with pytest.raises(QuotaExceeded):
            await charge(store, 1)
        async with store.transaction() as tx:
            await tx.meters.mend({KEY: TERMS}, NOON)
            assert await tx.meters.standing([KEY]) == {KEY: NOON + timedelta(minutes=10)}
        await charge(store, 1, at=NOON + timedelta(minutes=1))

    async def test_a_bucket_in_order_is_left_as_it_is(self, store: IndexStore) -> None:
        await charge(store, 4)
        async with store.transaction() as tx:
            await tx.meters.mend({KEY: TERMS}, NOON)
            assert await tx.meters.standing([KEY]) == {KEY: NOON + timedelta(minutes=4)}

    async def test_what_was_charged_in_a_transaction_that_failed_does_not_count(
        self, store: IndexStore
    ) -> None:
        async def charge_all(tx: Transaction) -> None:
            await tx.meters.charge([Charge(key=KEY, count=10, terms=TERMS)], NOON)

        await roll_back(store, charge_all)
        await charge(store, 10)

    async def test_persons_asked_about_are_counted_by_organisation(self, store: IndexStore) -> None:
        for name in ("anna", "bram", "carla"):
            await log(store, subject=person(name))
        await log(store, subject=person("dirk"), outcome=AuditOutcome.EMPTY)
        await log(store, organisation=OIN_GGZ)
        assert await asked_about(store) == {OIN_VT: 4, OIN_GGZ: 1}

    async def test_however_often_one_person_is_asked_about_that_is_one(self, store: IndexStore) -> None:
        """Else a partner could explain any number of evaluations with one question, repeated."""
        for epochs in ((2,), (1, 2), (1, 2), (2,)):
            await log(store, subject=person("anna", *epochs))
        assert await asked_about(store) == {OIN_VT: 1}

    async def test_answered_questions_are_counted_each(self, store: IndexStore) -> None:
        for outcome in (AuditOutcome.DONE, AuditOutcome.EMPTY, AuditOutcome.REFUSED):
            await log(store, outcome=outcome)
        await log(store, event=AuditEvent.BREAK_GLASS)
        await log(store, organisation=OIN_GGZ)
        later = NOON + timedelta(hours=1)
        await log(store, organisation=OIN_GGZ, at=later)
        async with store.transaction() as tx:
            assert dict(await tx.audit.answered(NOON, later)) == {OIN_VT: 2, OIN_GGZ: 1}

    async def test_refusals_and_what_is_no_question_are_not_counted(self, store: IndexStore) -> None:
        await log(store, outcome=AuditOutcome.REFUSED)
        await log(store, event=AuditEvent.CREATE)
        await log(store, organisation=None)
        await log(store, subject=None)
        assert await asked_about(store) == {}

    async def test_a_window_has_its_beginning_and_not_its_end(self, store: IndexStore) -> None:
        await log(store)
        assert await asked_about(store, since=NOON) == {OIN_VT: 1}
        assert await asked_about(store, until=NOON) == {}
        assert await asked_about(store, since=NOON + timedelta(microseconds=1)) == {}

    async def test_a_record_that_got_its_id_shortly_before_its_moment_counts(self, store: IndexStore) -> None:
        """Ids in the order of time lead to a window of the log; the moment decides what is in it."""
        early = _id_of(NOON - timedelta(minutes=1))
        await log(store, record_id=early)
        assert await asked_about(store, since=NOON) == {OIN_VT: 1}


def _id_of(moment: datetime) -> str:
    digits = f"{int(moment.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7abc-8def-0123456789ab"
