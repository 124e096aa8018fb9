"""Recording, closing and listing refusals: who may, what must hold, and that all of it is on record."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.model import AuditEvent, AuditOutcome
from gateway.domain import Professional, RecordedRefusal
from gateway.errors import (
    InvalidInput,
    NotPermitted,
    QuotaExceeded,
    Refusal,
    StoreUnavailable,
    Unauthenticated,
    UnknownReference,
)
from gateway.refusals.model import Acting
from gateway.refusals.service import MOST_STANDING, RefusalRoom, check_review
from tests.lookup.support import ASKER, NOW, PARTNERS
from tests.refusals.support import CONVENANT, GROUND, acting, bounds, last_record, room, to_record
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, person
from tests.support.serving import OIN_STRANGER

TODAY = NOW.date()


@pytest.fixture
def store() -> FakeIndexStore:
    return FakeIndexStore(*PARTNERS)


async def test_a_refusal_stands_with_its_record_in_one_commit(store: FakeIndexStore) -> None:
    on_record = await room(store).record(acting(), to_record())
    [standing] = store.state.refusals.values()
    assert standing == RecordedRefusal(
        partner=OIN_VT,
        reference=to_record().reference,
        subject=person("anna"),
        ground=GROUND,
        review_on=to_record().review_on,
        recorded_at=NOW,
    )
    [record] = store.state.audit
    assert (record.record_id, record.event) == (on_record.record_id, AuditEvent.REFUSAL)
    assert (record.outcome, record.reason) == (AuditOutcome.DONE, GROUND)
    assert (record.organisation, record.kind, record.professional) == (OIN_VT, PARTNERS[0].kind, ASKER)
    assert (record.subject, record.convenant) == (person("anna"), last_convenant(store))


async def test_what_cannot_be_put_on_record_is_not_recorded(store: FakeIndexStore) -> None:
    service = room(store)
    store.refuses_commit = True
    with pytest.raises(StoreUnavailable):
        await service.record(acting(), to_record())
    assert (store.state.refusals, store.state.audit) == ({}, ())


async def test_a_later_refusal_under_the_reference_takes_the_place_of_the_first(
    store: FakeIndexStore,
) -> None:
    service = room(store)
    await service.record(acting(), to_record())
    await service.record(acting(), to_record(subject=person("bram"), review_on=TODAY + timedelta(days=1)))
    [standing] = (await service.list_own(acting())).refusals
    assert (standing.subject, standing.review_on) == (person("bram"), TODAY + timedelta(days=1))


async def test_a_closed_refusal_is_on_record_about_its_person_and_no_longer_listed(
    store: FakeIndexStore,
) -> None:
    service = room(store)
    await service.record(acting(), to_record())
    on_record = await service.close(acting(), to_record().reference)
    record = last_record(store)
    assert (record.record_id, record.reason, record.subject) == (
        on_record.record_id,
        "closed",
        person("anna"),
    )
    assert (await service.list_own(acting())).refusals == ()


async def test_closing_twice_is_the_same_as_once(store: FakeIndexStore) -> None:
    service = room(store)
    await service.record(acting(), to_record())
    await service.close(acting(), to_record().reference)
    closed = dict(store.state.refusals)
    later = room(store, None, clock=lambda: NOW + timedelta(days=1))
    await later.close(acting(), to_record().reference)
    assert store.state.refusals == closed


async def test_a_reference_of_another_partner_is_as_unknown_as_one_of_nobody(store: FakeIndexStore) -> None:
    service = room(store)
    await service.record(acting(OIN_GGZ), to_record("BESLUIT-9"))
    told = []
    for name in ("BESLUIT-9", "BESLUIT-8"):
        with pytest.raises(UnknownReference) as caught:
            await service.close(acting(), to_record(name).reference)
        told.append((caught.value.reason, str(caught.value)))
        assert last_record(store).outcome is AuditOutcome.REFUSED
    assert told[0] == told[1]
    assert all(refusal.closed_at is None for refusal in store.state.refusals.values())


async def test_a_partner_lists_its_own_alone_and_that_is_on_record(store: FakeIndexStore) -> None:
    service = room(store)
    await service.record(acting(), to_record("B-2"))
    await service.record(acting(), to_record("B-1"))
    await service.record(acting(OIN_GGZ), to_record("A-1"))
    own = await service.list_own(acting())
    assert [each.reference for each in own.refusals] == ["B-1", "B-2"]
    record = last_record(store)
    assert (record.record_id, record.reason) == (own.on_record.record_id, "listed")
    assert (record.outcome, record.subject) == (AuditOutcome.DONE, None)
    assert (await service.list_own(acting(OIN_POLITIE))).refusals == ()
    assert last_record(store).outcome is AuditOutcome.EMPTY


@pytest.mark.parametrize(
    ("asker", "reason"),
    [
        (replace(ASKER, role="buurman"), "UNKNOWN_ROLE"),
        (replace(ASKER, mandate="geen"), "UNKNOWN_MANDATE"),
    ],
    ids=["role", "mandate"],
)
async def test_a_professional_that_the_convenant_does_not_know_is_refused_on_record(
    store: FakeIndexStore, asker: Professional, reason: str
) -> None:
    service = room(store)
    for call in calls(service, acting(professional=asker)):
        assert await refused(call) == reason
        assert (last_record(store).outcome, last_record(store).reason) == (AuditOutcome.REFUSED, reason)
    assert store.state.refusals == {}


async def test_a_ground_that_the_convenant_does_not_have_is_refused_on_record(store: FakeIndexStore) -> None:
    with pytest.raises(NotPermitted) as caught:
        await room(store).record(acting(), to_record(ground="because"))
    assert caught.value.reason == "UNKNOWN_GROUND"
    record = last_record(store)
    assert (record.outcome, record.reason, record.subject) == (
        AuditOutcome.REFUSED,
        "UNKNOWN_GROUND",
        person("anna"),
    )
    assert store.state.refusals == {}


async def test_who_may_not_ask_may_not_record_either(store: FakeIndexStore) -> None:
    store.state.partners[OIN_POLITIE] = replace(store.state.partners[OIN_POLITIE], active=False)
    store.agree(CONVENANT, OIN_VT, OIN_POLITIE)
    service = room(store, None)
    for caller, reason in ((OIN_POLITIE, "PARTNER_INACTIVE"), (OIN_GGZ, "NOT_A_PARTY")):
        for call in calls(service, acting(caller)):
            assert await refused(call) == reason
            assert last_record(store).reason == reason
    assert store.state.refusals == {}


async def test_without_a_convenant_in_force_nothing_is_recorded(store: FakeIndexStore) -> None:
    for call in calls(room(store, None), acting()):
        assert await refused(call) == "NO_CONVENANT"
        assert last_record(store).convenant == ""
    assert store.state.refusals == {}


async def test_a_stranger_is_on_record_once_a_period(store: FakeIndexStore) -> None:
    service = room(store)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await service.list_own(acting(OIN_STRANGER))
    [record] = store.state.audit
    assert (record.organisation, record.kind, record.reason) == (OIN_STRANGER, None, "UNKNOWN_PARTNER")


async def test_a_stranger_whose_record_was_not_written_is_written_the_next_time(
    store: FakeIndexStore,
) -> None:
    service = room(store)
    store.refuses_commit = True
    with pytest.raises(StoreUnavailable):
        await service.list_own(acting(OIN_STRANGER))
    store.refuses_commit = False
    with pytest.raises(Unauthenticated):
        await service.list_own(acting(OIN_STRANGER))
    assert len(store.state.audit) == 1


async def test_calls_beyond_the_quota_are_refused_on_record(store: FakeIndexStore) -> None:
    service = room(store, bounds=bounds(burst=2))
    await service.record(acting(), to_record())
    await service.list_own(acting())
    with pytest.raises(QuotaExceeded) as caught:
        await service.close(acting(), to_record().reference)
    assert caught.value.retry_after_seconds == pytest.approx(60)
    assert last_record(store).reason == caught.value.reason
    await service.list_own(acting(OIN_GGZ))


@pytest.mark.parametrize(
    ("day", "is_accepted"),
    [
        (TODAY, False),
        (TODAY - timedelta(days=1), False),
        (TODAY + timedelta(days=1), True),
        (date(2028, 3, 2), True),
        (date(2028, 3, 3), False),
        (date.max, False),
    ],
    ids=str,
)
async def test_a_review_lies_from_tomorrow_to_two_years_ahead(
    store: FakeIndexStore, day: date, is_accepted: bool
) -> None:
    service = room(store)
    if is_accepted:
        await service.record(acting(), to_record(review_on=day))
        return
    with pytest.raises(InvalidInput) as caught:
        await service.record(acting(), to_record(review_on=day))
    assert [each.path for each in caught.value.violations] == ["review_on"]
    assert store.state.refusals == {}


async def test_a_call_that_breaks_a_rule_is_charged_and_not_on_record(store: FakeIndexStore) -> None:
    service = room(store, bounds=bounds(burst=2))
    for _ in range(2):
        with pytest.raises(InvalidInput):
            await service.record(acting(), to_record(review_on=TODAY))
    assert (store.state.refusals, store.state.audit) == ({}, ())
    with pytest.raises(QuotaExceeded):
        await service.record(acting(), to_record(review_on=TODAY))


async def test_no_more_than_500_of_a_partner_stand_and_one_that_stands_can_still_be_replaced(
    store: FakeIndexStore,
) -> None:
    service = room(store)
    store.state.refusals.update(
        {(each.partner, each.reference): each for each in map(stands, range(MOST_STANDING))}
    )
    with pytest.raises(NotPermitted) as caught:
        await service.record(acting(), to_record("ONE-MORE"))
    assert caught.value.reason == last_record(store).reason == "TOO_MANY_REFUSALS"
    again = stands(7)
    await service.record(acting(), to_record(again.reference))
    await service.record(acting(OIN_GGZ), to_record("ONE-MORE"))
    # One that is closed makes room, and does not stand again beside 500 others.
    await service.close(acting(), again.reference)
    await service.record(acting(), to_record("ONE-MORE"))
    assert await refused(service.record(acting(), to_record(again.reference))) == "TOO_MANY_REFUSALS"
    assert len((await service.list_own(acting())).refusals) == MOST_STANDING


async def test_of_more_that_stand_those_are_listed_that_are_reviewed_soonest(store: FakeIndexStore) -> None:
    """A store may hold more, from before there was a bound."""
    service = room(store)
    later = [stands(number) for number in range(MOST_STANDING)]
    soonest = replace(stands(MOST_STANDING), review_on=TODAY + timedelta(days=1))
    store.state.refusals.update({(each.partner, each.reference): each for each in [*later, soonest]})
    listed = (await service.list_own(acting())).refusals
    assert (len(listed), listed[0], listed[-1]) == (MOST_STANDING, soonest, later[-2])


@given(today=st.dates(min_value=date(2000, 1, 1), max_value=date(2200, 1, 1)), days=st.integers(1, 729))
def test_every_day_within_two_years_is_accepted_and_three_years_ahead_never(today: date, days: int) -> None:
    check_review(today + timedelta(days=days), today=today)
    with pytest.raises(InvalidInput):
        check_review(today + timedelta(days=3 * 365), today=today)


def test_two_years_after_29_february_is_the_last_day_of_february() -> None:
    check_review(date(2030, 2, 28), today=date(2028, 2, 29))
    with pytest.raises(InvalidInput):
        check_review(date(2030, 3, 1), today=date(2028, 2, 29))


def stands(number: int) -> RecordedRefusal:
    """Return one of many refusals of a partner, by their numbers."""
    wanted = to_record(f"BESLUIT-{number:04d}")
    return RecordedRefusal(
        partner=OIN_VT,
        reference=wanted.reference,
        subject=wanted.subject,
        ground=wanted.ground,
        review_on=wanted.review_on,
        recorded_at=NOW,
    )


def calls(service: RefusalRoom, who: Acting) -> list[Awaitable[object]]:
    """Return one call of every kind."""
    return [
        service.record(who, to_record()),
        service.close(who, to_record().reference),
        service.list_own(who),
    ]


async def refused(call: Awaitable[object]) -> str:
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value.reason


def last_convenant(store: FakeIndexStore) -> str:
    return store.state.convenants[-1].convenant.identity
