"""A partner withdraws what it recorded itself: for whomever it counts, from the answer on, and nothing of others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.model import AuditEvent, AuditOutcome
from gateway.clock import CLOCK_TOLERANCE
from gateway.domain import ConsentEffect, Reference
from gateway.errors import InvalidInput, UnknownReference
from gateway.index.ports import Saved
from tests.consents.support import (
    Clock,
    call_id,
    own,
    records,
    room,
    said,
    standing,
    statement,
    store_under,
    versions,
    withdrawal,
)
from tests.lookup.support import ASKER, NOW
from tests.support.convenants import OIN_WIJKTEAM, WIJKTEAM
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, merge, message, person


@pytest.mark.parametrize("effect", [ConsentEffect.PERMIT, ConsentEffect.OBJECT])
async def test_what_was_said_counts_no_more_and_is_on_record_with_its_person(effect: ConsentEffect) -> None:
    store = store_under()
    await room(store).state(statement(fact=said(effect=effect)))
    receipt = await room(store).withdraw(withdrawal())
    found = await standing(store)
    assert found is not None
    assert (found.fact.effect, found.fact.version) == (ConsentEffect.WITHDRAWN, call_id("withdraw"))
    record = records(store)[-1]
    assert record.record_id == receipt.record_id
    assert (record.event, record.outcome, record.subject) == (
        AuditEvent.CONSENT,
        AuditOutcome.DONE,
        person("anna"),
    )
    assert (record.organisation, record.kind, record.professional) == (OIN_WIJKTEAM, WIJKTEAM, ASKER)
    assert receipt.position == store.state.position


async def test_what_came_in_a_message_can_be_withdrawn_by_a_call() -> None:
    """Also by a kind that may not record consent any more."""
    store = store_under()
    async with store.transaction() as tx:
        await tx.facts.save(message(said(partner=OIN_POLITIE), recorded_at=NOW + timedelta(minutes=4)))
    await room(store).withdraw(withdrawal(caller=OIN_POLITIE))
    found = await standing(store, partner=OIN_POLITIE)
    assert found is not None
    assert found.fact.effect is ConsentEffect.WITHDRAWN


async def test_a_reference_under_which_the_caller_recorded_nothing_is_unknown_whatever_others_did() -> None:
    store = store_under()
    await room(store).state(statement(fact=said(partner=OIN_GGZ)))
    texts = []
    for reference in ("c-1", "never-used"):
        with pytest.raises(UnknownReference) as caught:
            await room(store).withdraw(withdrawal(reference, reference=reference))
        assert caught.value.reason == "UNKNOWN_REFERENCE"
        texts.append(str(caught.value))
    assert texts[0] == texts[1]
    assert [(each.outcome, each.reason, each.subject) for each in records(store)[1:]] == [
        (AuditOutcome.REFUSED, "UNKNOWN_REFERENCE", None)
    ] * 2
    found = await standing(store, partner=OIN_GGZ)
    assert found is not None
    assert found.fact.effect is ConsentEffect.PERMIT


async def test_a_withdrawal_that_came_too_early_goes_through_under_the_same_id_later() -> None:
    """The refusal is committed; to take the second call for a repetition would leave the consent standing."""
    store = store_under()
    with pytest.raises(UnknownReference):
        await room(store).withdraw(withdrawal())
    await room(store).state(statement())
    await room(store).withdraw(withdrawal())
    found = await standing(store)
    assert found is not None
    assert found.fact.effect is ConsentEffect.WITHDRAWN


async def test_a_withdrawal_under_the_id_of_the_consent_is_refused_aloud() -> None:
    store = store_under()
    await room(store).state(statement("id"))
    with pytest.raises(InvalidInput, match="message_id"):
        await room(store).withdraw(withdrawal("id"))


async def test_a_repetition_changes_nothing_and_has_the_same_receipt() -> None:
    store = store_under()
    await room(store).state(statement())
    first = await room(store).withdraw(withdrawal())
    assert (await room(store).withdraw(withdrawal())).record_id == first.record_id
    assert (await versions(store), len(records(store))) == (2, 2)


async def test_what_was_moved_by_a_merge_is_withdrawn_for_whom_it_counts() -> None:
    store = store_under()
    await room(store).state(statement())
    async with store.transaction() as tx:
        await tx.facts.save(
            message(merge(OIN_WIJKTEAM, "anna", "bram"), recorded_at=NOW + timedelta(minutes=1))
        )
    await room(store, clock=Clock(NOW + timedelta(minutes=2))).withdraw(withdrawal())
    assert records(store)[-1].subject == person("bram")
    for who in ("anna", "bram"):
        async with store.transaction() as tx:
            household = (await tx.facts.households([person(who)], on=NOW.date()))[person(who)]
        assert household.consents == ()


async def test_what_was_withdrawn_can_be_said_anew() -> None:
    store, clock = store_under(), Clock()
    consents = room(store, clock=clock)
    await consents.state(statement("first"))
    await consents.withdraw(withdrawal())
    await consents.state(statement("second"))
    found = await standing(store)
    assert found is not None
    assert found.fact.effect is ConsentEffect.PERMIT


@pytest.mark.parametrize("effect", [ConsentEffect.PERMIT, ConsentEffect.OBJECT])
async def test_no_message_that_was_on_its_way_undoes_a_withdrawal_however_its_clock_ran_ahead(
    effect: ConsentEffect,
) -> None:
    store = store_under()
    await room(store).state(statement())
    await room(store, clock=Clock(NOW + timedelta(seconds=1))).withdraw(withdrawal())
    async with store.transaction() as tx:
        late = message(said(effect=effect), recorded_at=NOW + CLOCK_TOLERANCE)
        assert await tx.facts.save(late) is Saved.SUPERSEDED
    assert await effect_of(store) is ConsentEffect.WITHDRAWN


async def test_a_message_that_says_it_anew_counts_once_the_lead_of_the_withdrawal_is_over() -> None:
    store = store_under()
    await room(store).state(statement())
    await room(store).withdraw(withdrawal())
    for seconds, effect in ((-1, ConsentEffect.WITHDRAWN), (1, ConsentEffect.PERMIT)):
        anew = message(said(), recorded_at=NOW + CLOCK_TOLERANCE + timedelta(seconds=seconds))
        async with store.transaction() as tx:
            await tx.facts.save(anew)
        assert await effect_of(store) is effect


async def test_consent_by_a_call_counts_at_once_after_two_withdrawals() -> None:
    store, clock = store_under(), Clock()
    consents = room(store, clock=clock)
    await consents.state(statement("first"))
    for name in ("one", "two"):
        clock.move(seconds=1)
        await consents.withdraw(withdrawal(name))
    clock.move(seconds=1)
    await consents.state(statement("second"))
    assert await effect_of(store) is ConsentEffect.PERMIT


async def test_consent_by_a_call_takes_no_lead_over_the_message_that_takes_it_back() -> None:
    store = store_under()
    await room(store).state(statement())
    async with store.transaction() as tx:
        taken_back = said(effect=ConsentEffect.WITHDRAWN)
        await tx.facts.save(message(taken_back, recorded_at=NOW + timedelta(seconds=1)))
    assert await effect_of(store) is ConsentEffect.WITHDRAWN


async def test_the_own_list_has_everything_of_the_caller_and_nothing_of_others_and_is_on_record() -> None:
    store = store_under()
    consents = room(store)
    await consents.state(statement("a", said(reference=Reference("b"))))
    await consents.state(statement("b", said(reference=Reference("a"), effect=ConsentEffect.OBJECT)))
    await consents.state(statement("c", said("bram", reference=Reference("c"))))
    await consents.state(statement("d", said(partner=OIN_GGZ)))
    await consents.withdraw(withdrawal(reference="b"))
    found = await consents.list_own(own())
    assert [(fact.reference, fact.effect) for fact in found.consents] == [
        ("a", ConsentEffect.OBJECT),
        ("b", ConsentEffect.WITHDRAWN),
    ]
    assert (found.day, found.position) == (NOW.date(), store.state.position)
    record = records(store)[-1]
    assert (record.record_id, record.event, record.outcome, record.subject) == (
        found.record_id,
        AuditEvent.CONSENT_LIST,
        AuditOutcome.DONE,
        person("anna"),
    )


async def test_a_list_without_anything_is_on_record_too() -> None:
    store = store_under()
    assert (await room(store).list_own(own("nobody"))).consents == ()
    [record] = records(store)
    assert (record.event, record.outcome) == (AuditEvent.CONSENT_LIST, AuditOutcome.EMPTY)


async def effect_of(store: FakeIndexStore) -> ConsentEffect:
    """Return what stands under the reference of these tests."""
    found = await standing(store)
    assert found is not None
    return found.fact.effect


@given(
    calls=st.lists(
        st.tuples(
            st.sampled_from(["consent", "objection", "withdrawal"]),
            st.integers(0, 4),
            st.integers(-2, 2),
        ),
        max_size=8,
    )
)
async def test_the_last_call_that_was_new_is_what_stands_whatever_the_clock_did(
    calls: list[tuple[str, int, int]],
) -> None:
    """Calls come twice, and clocks of processes differ; a call that was answered is never overtaken by an older one."""
    store, clock = store_under(), Clock()
    consents = room(store, clock=clock)
    expected: ConsentEffect | None = None
    seen: set[tuple[str, int]] = set()
    for kind, number, minutes in calls:
        clock.move(minutes=minutes)
        name, is_new = f"{kind} {number}", (kind, number) not in seen
        if kind == "withdrawal":
            if expected is None:
                with pytest.raises(UnknownReference):
                    await consents.withdraw(withdrawal(name))
                continue
            await consents.withdraw(withdrawal(name))
            effect = ConsentEffect.WITHDRAWN
        else:
            effect = ConsentEffect.PERMIT if kind == "consent" else ConsentEffect.OBJECT
            await consents.state(statement(name, said(effect=effect)))
        seen.add((kind, number))
        expected = effect if is_new else expected
    found = await standing(store)
    assert (None if found is None else found.fact.effect) == expected
