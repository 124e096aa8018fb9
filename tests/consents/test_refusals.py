"""Who may not call is refused before anything is read or written of a person, and that is on record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.audit.model import AuditOutcome
from gateway.consents.service import ConsentRoom
from gateway.domain import ConsentEffect, Oin, Professional
from gateway.errors import InvalidInput, QuotaExceeded, Refusal, StoreUnavailable, Unauthenticated
from gateway.index.ports import Transaction
from gateway.metering.ports import Charge, MeterKey
from tests.consents.support import (
    WIJKTEAM_RECORDS,
    Clock,
    bounds,
    own,
    records,
    room,
    said,
    statement,
    store_under,
    versions,
    withdrawal,
)
from tests.lookup.support import ASKER, NOW, PARTNERS, request, service
from tests.lookup.support import bounds as lookup_bounds
from tests.support.convenants import OIN_WIJKTEAM, convenant
from tests.support.fake_facts import State
from tests.support.fake_store import FakeIndexStore, FakeMeters, FakeTransaction
from tests.support.sealed import OIN_GGZ

STRANGER = Oin("00000099100000009900")
CALLS = ("state", "withdraw", "list_own")


async def call(
    consents: ConsentRoom, which: str, caller: Oin = OIN_WIJKTEAM, who: Professional = ASKER
) -> None:
    if which == "state":
        fact = said(partner=caller, effect=ConsentEffect.OBJECT)
        await consents.state(replace(statement(which, fact), professional=who))
    elif which == "withdraw":
        await consents.withdraw(replace(withdrawal(which, caller=caller), professional=who))
    else:
        await consents.list_own(replace(own(caller=caller), professional=who))


async def refusal(store: FakeIndexStore, which: str, **changes: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await call(room(store), which, **changes)  # type: ignore[arg-type]
    return caught.value


def recorded(store: FakeIndexStore) -> list[tuple[AuditOutcome, str]]:
    return [(record.outcome, record.reason) for record in records(store)]


@pytest.mark.parametrize("which", CALLS)
async def test_an_organisation_that_is_no_partner_is_told_so_and_named_once_a_period(which: str) -> None:
    store, clock = store_under(), Clock()
    consents = room(store, clock=clock)
    for _ in range(3):
        with pytest.raises(Unauthenticated) as caught:
            await call(consents, which, STRANGER)
        assert caught.value.reason == "UNKNOWN_PARTNER"
    assert recorded(store) == [(AuditOutcome.REFUSED, "UNKNOWN_PARTNER")]
    clock.move(minutes=11)
    with pytest.raises(Unauthenticated):
        await call(consents, which, STRANGER)
    assert len(records(store)) == 2


async def test_a_stranger_whose_record_was_not_committed_is_named_the_next_time() -> None:
    store = store_under()
    consents = room(store)
    store.refuses_commit = True
    with pytest.raises(StoreUnavailable):
        await call(consents, "list_own", STRANGER)
    store.refuses_commit = False
    with pytest.raises(Unauthenticated):
        await call(consents, "list_own", STRANGER)
    assert recorded(store) == [(AuditOutcome.REFUSED, "UNKNOWN_PARTNER")]


@pytest.mark.parametrize("which", CALLS)
async def test_a_partner_that_is_switched_off_has_not_signed_or_has_no_convenant_is_refused(
    which: str,
) -> None:
    off = FakeIndexStore(*(replace(each, active=each.oin != OIN_WIJKTEAM) for each in PARTNERS))
    off.agree(WIJKTEAM_RECORDS)
    for store, reason in (
        (off, "PARTNER_INACTIVE"),
        (store_under(WIJKTEAM_RECORDS, OIN_GGZ), "NOT_A_PARTY"),
        (FakeIndexStore(*PARTNERS), "NO_CONVENANT"),
    ):
        assert (await refusal(store, which)).reason == reason
        assert recorded(store) == [(AuditOutcome.REFUSED, reason)]
        assert await versions(store) == 0


@pytest.mark.parametrize("which", CALLS)
async def test_a_kind_a_role_and_a_mandate_that_the_convenant_does_not_have_are_refused(which: str) -> None:
    no_kinds = store_under(convenant(kinds={}))
    assert (await refusal(no_kinds, which)).reason == "UNKNOWN_KIND"
    for who, reason in (
        (replace(ASKER, role="kapper"), "UNKNOWN_ROLE"),
        (replace(ASKER, mandate="zomaar"), "UNKNOWN_MANDATE"),
    ):
        store = store_under()
        assert (await refusal(store, which, who=who)).reason == reason
        assert recorded(store) == [(AuditOutcome.REFUSED, reason)]
        assert records(store)[0].professional == who
        assert await versions(store) == 0


async def test_calls_and_questions_share_one_quota() -> None:
    store = store_under()
    consents = room(store, bounds=bounds(per_hour=1, burst=3))
    asking = service(store, WIJKTEAM_RECORDS, bounds=lookup_bounds(quota=bounds(per_hour=1, burst=3).quota))
    await asking.ask(request(OIN_WIJKTEAM))
    await call(consents, "state")
    await call(consents, "list_own")
    with pytest.raises(QuotaExceeded) as caught:
        await call(consents, "withdraw")
    assert caught.value.retry_after_seconds > 0
    with pytest.raises(QuotaExceeded):
        await asking.ask(request(OIN_WIJKTEAM))
    assert recorded(store)[-2:] == [(AuditOutcome.REFUSED, "QUOTA_EXCEEDED")] * 2
    # Another partner has a bucket of its own.
    await call(consents, "list_own", OIN_GGZ)


async def test_a_clock_that_ran_ahead_once_refuses_no_longer_than_an_empty_bucket_does() -> None:
    store = store_under()
    one = bounds(per_hour=60, burst=1)
    ahead = room(store, bounds=one, clock=Clock(NOW + timedelta(days=90)))
    await call(ahead, "list_own")
    with pytest.raises(QuotaExceeded):
        await call(room(store, bounds=one), "list_own")
    await call(room(store, bounds=one, clock=Clock(NOW + timedelta(minutes=1))), "list_own")


@pytest.mark.parametrize("name", ["of its own", "of another call"])
async def test_a_call_that_breaks_a_rule_is_charged_all_the_same_and_leaves_nothing_else(name: str) -> None:
    """Or whoever breaks rules would have the store work for it without end."""
    store = store_under()
    consents = room(store, bounds=bounds(per_hour=1, burst=3))
    await consents.state(statement("of another call"))
    before = (store.state.claims, store.state.versions, store.state.audit)
    broken = statement(name, said(since=NOW.date() + timedelta(days=1)))
    if name == "of another call":
        broken = statement(name, said("bram"))
    for _ in range(2):
        with pytest.raises(InvalidInput):
            await consents.state(broken)
    assert (store.state.claims, store.state.versions, store.state.audit) == before
    with pytest.raises(QuotaExceeded):
        await consents.state(broken)
    assert recorded(store)[1:] == [(AuditOutcome.REFUSED, "QUOTA_EXCEEDED")]


class OvertakenMeters(FakeMeters):
    """Another call takes the rest between the look and the charge, unless the buckets are held."""

    def __init__(self, state: State, store: OvertakenStore) -> None:
        super().__init__(state)
        self._store = store

    async def standing(
        self, keys: Collection[MeterKey], *, hold: bool = False
    ) -> Mapping[MeterKey, datetime]:
        self._store.held.append(hold)
        return await super().standing(keys, hold=hold)

    async def charge(self, charges: Sequence[Charge], now: datetime) -> None:
        if not self._store.held[-1]:
            raise QuotaExceeded("another process took what was left", retry_after_seconds=0.0)
        await super().charge(charges, now)


class OvertakenTransaction(FakeTransaction):
    def __init__(self, state: State, store: OvertakenStore) -> None:
        super().__init__(state)
        self._meters = OvertakenMeters(state, store)


class OvertakenStore(FakeIndexStore):
    """A store on which every charge that was not held comes too late."""

    def __init__(self) -> None:
        super().__init__(*PARTNERS)
        self.held: list[bool] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        state = self.state.copy()
        yield OvertakenTransaction(state, self)
        self.state = state


async def test_a_charge_that_comes_too_late_is_tried_again_while_nobody_else_can_take_it() -> None:
    store = OvertakenStore()
    store.agree(WIJKTEAM_RECORDS)
    await call(room(store), "state")
    assert store.held == [False, True]
    assert recorded(store) == [(AuditOutcome.DONE, "")]
    assert len({version.id for version in store.state.versions}) == 1
