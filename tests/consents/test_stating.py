"""Consent and objections are recorded once, on record, by whom the convenant lets, and count from the answer on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gateway.audit.model import AuditEvent, AuditOutcome
from gateway.clock import CLOCK_TOLERANCE
from gateway.domain import ConsentEffect, ConsentFact, Decider, MessageId, Oin, PartnerKind
from gateway.errors import InvalidInput, NotPermitted, StoreUnavailable
from gateway.index.ports import Saved
from tests.consents.support import (
    WIJKTEAM_RECORDS,
    Clock,
    call_id,
    records,
    room,
    said,
    standing,
    statement,
    store_under,
    versions,
)
from tests.lookup.support import ASKER, NOW
from tests.support.convenants import OIN_WIJKTEAM, WIJKTEAM, convenant
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, merge, message, person

OBJECTION = said(effect=ConsentEffect.OBJECT, partner=OIN_POLITIE)


async def test_a_consent_is_in_the_index_and_in_the_log_when_its_receipt_comes() -> None:
    store = store_under()
    receipt = await room(store).state(statement())
    found = await standing(store)
    assert found is not None
    assert (found.fact, found.fact.version, found.recorded_at) == (said(), call_id("first"), NOW)
    [record] = records(store)
    assert record.record_id == receipt.record_id
    assert (record.event, record.outcome) == (AuditEvent.CONSENT, AuditOutcome.DONE)
    assert (record.organisation, record.kind, record.professional) == (OIN_WIJKTEAM, WIJKTEAM, ASKER)
    assert record.subject == person("anna")
    assert record.message == MessageId(OIN_WIJKTEAM, call_id("first"))
    assert record.convenant == WIJKTEAM_RECORDS.identity
    assert receipt.position == store.state.position == 1


async def test_consent_is_recorded_by_the_kinds_of_the_convenant_alone_and_an_objection_by_anyone() -> None:
    store = store_under()
    with pytest.raises(NotPermitted) as caught:
        await room(store).state(statement(fact=said(partner=OIN_POLITIE)))
    assert caught.value.reason == "MAY_NOT_RECORD_CONSENT"
    [record] = records(store)
    assert (record.outcome, record.reason) == (AuditOutcome.REFUSED, "MAY_NOT_RECORD_CONSENT")
    assert await versions(store) == 0
    await room(store).state(statement(fact=OBJECTION))
    assert await standing(store, partner=OIN_POLITIE) is not None


async def test_what_was_refused_can_be_said_again_under_the_same_id_once_it_may_be() -> None:
    """A refusal is committed; the id of its call must not be taken with it."""
    store, early = store_under(), statement(fact=said(partner=OIN_POLITIE))
    with pytest.raises(NotPermitted):
        await room(store).state(early)
    store.agree(convenant(version="2"))
    await room(store).state(early)
    assert await standing(store, partner=OIN_POLITIE) is not None


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"holder_kinds": frozenset({PartnerKind("ggz"), PartnerKind("kapper")})}, "scope.holder_kinds"),
        ({"asking_kinds": frozenset({PartnerKind("kapper")})}, "scope.asking_kinds"),
        ({"purposes": frozenset({"crisis"})}, "scope.purposes"),
        ({"holders": frozenset({OIN_POLITIE})}, "scope.holder_oins"),
        ({"askers": frozenset({OIN_GGZ, OIN_POLITIE})}, "scope.asking_oins"),
        ({"askers": frozenset({Oin("00000099000000099999")})}, "scope.asking_oins"),
        ({"since": date(2026, 3, 3)}, "scope.since"),
        ({"decided_by": Decider.AUTHORITY_HOLDERS}, "scope.until"),
        ({"decided_by": Decider.AUTHORITY_HOLDERS, "until": date(2038, 1, 15)}, "scope.until"),
        (
            {"decided_by": Decider.SUBJECT_AND_AUTHORITY_HOLDERS, "until": date(2030, 1, 15)},
            "scope.until",
        ),
    ],
    ids=[
        *("kind", "asking-kind", "purpose", "holder-of-another-kind", "asker-of-another-kind"),
        *("nobody", "tomorrow", "child-without-end", "child-too-long", "youth-too-long"),
    ],
)
async def test_what_the_convenant_does_not_have_and_what_cannot_be_is_refused_at_its_field(
    changes: dict[str, Any], path: str
) -> None:
    store = store_under()
    with pytest.raises(InvalidInput) as caught:
        await room(store).state(statement(fact=said(**changes)))
    assert [violation.path for violation in caught.value.violations] == [path]
    assert await versions(store) == 0
    assert records(store) == ()


async def test_every_field_that_breaks_a_rule_is_named() -> None:
    fact = said(holder="kapper", asking="bakker", purposes=frozenset({"crisis"}), since=date(2026, 3, 3))
    with pytest.raises(InvalidInput) as caught:
        await room(store_under()).state(statement(fact=fact))
    assert [violation.path for violation in caught.value.violations] == [
        "scope.holder_kinds",
        "scope.asking_kinds",
        "scope.purposes",
        "scope.since",
    ]


@pytest.mark.parametrize(
    "fact",
    [
        said(decided_by=Decider.AUTHORITY_HOLDERS, until=date(2038, 1, 14)),
        said(decided_by=Decider.SUBJECT_AND_AUTHORITY_HOLDERS, until=date(2030, 1, 14)),
        said(decided_by=Decider.UNDETERMINED),
        said(decided_by=Decider.AUTHORITY_HOLDERS, effect=ConsentEffect.OBJECT),
        said(holders=frozenset({OIN_GGZ}), askers=frozenset({OIN_POLITIE})),
        said(since=date(2026, 3, 2)),
    ],
    ids=["child", "youth", "undetermined", "objection-for-ever", "organisations", "today"],
)
async def test_what_can_be_is_recorded_as_it_was_said(fact: ConsentFact) -> None:
    store = store_under()
    await room(store).state(statement(fact=fact))
    found = await standing(store)
    assert found is not None
    assert found.fact == fact


async def test_today_is_the_day_in_the_netherlands() -> None:
    late = Clock(datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    await room(store_under(), clock=late).state(statement(fact=said(since=date(2026, 3, 3))))


async def test_a_repetition_changes_nothing_and_has_the_same_receipt() -> None:
    store, clock = store_under(), Clock()
    first = await room(store, clock=clock).state(statement())
    clock.move(hours=1)
    again = await room(store, clock=clock).state(statement())
    assert again.record_id == first.record_id
    assert again.position >= first.position
    assert (await versions(store), len(records(store))) == (1, 1)


async def test_a_repetition_after_a_later_version_brings_nothing_back() -> None:
    store, clock = store_under(), Clock()
    await room(store, clock=clock).state(statement("first"))
    clock.move(seconds=1)
    later = said(effect=ConsentEffect.OBJECT)
    await room(store, clock=clock).state(statement("second", later))
    clock.move(seconds=1)
    await room(store, clock=clock).state(statement("first"))
    found = await standing(store)
    assert found is not None
    assert found.fact == later


@pytest.mark.parametrize(
    "other",
    [
        said("bram"),
        said(effect=ConsentEffect.OBJECT),
        said(reference="c-2"),
        said(until=date(2026, 12, 31)),
        said(decided_by=Decider.UNDETERMINED),
        said(askers=frozenset({OIN_POLITIE})),
        said(purposes=frozenset({"safety-assessment"})),
    ],
    ids=["person", "effect", "reference", "until", "decider", "organisation", "purpose"],
)
async def test_an_id_that_stands_for_another_call_is_refused_and_not_taken_for_a_repetition(
    other: ConsentFact,
) -> None:
    store = store_under()
    await room(store).state(statement("id"))
    with pytest.raises(InvalidInput) as caught:
        await room(store).state(statement("id", other))
    assert [violation.path for violation in caught.value.violations] == ["message_id"]
    assert (await versions(store), len(records(store))) == (1, 1)
    # The call that was there first is still known, and the other one goes through under an id of its own.
    await room(store).state(statement("id"))
    await room(store).state(statement("other id", other))
    assert await versions(store) == 2


async def test_an_id_of_another_partner_is_another_id() -> None:
    store = store_under()
    await room(store).state(statement("id"))
    await room(store).state(statement("id", OBJECTION))
    assert await standing(store) is not None
    assert await standing(store, partner=OIN_POLITIE) is not None


async def test_an_id_of_a_message_of_the_adapter_is_refused() -> None:
    store = store_under()
    taken = MessageId(OIN_WIJKTEAM, call_id("id"))
    async with store.transaction() as tx:
        await tx.facts.claim([taken])
        await tx.facts.save(message(said("bram", reference="m"), id=taken))
    with pytest.raises(InvalidInput, match="message_id"):
        await room(store).state(statement("id"))


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=4)], ids=["same-moment", "clock-ahead"])
async def test_it_takes_the_place_of_what_stands_whatever_the_clock_of_its_sender_said(
    ahead: timedelta,
) -> None:
    """An adapter's clock may run minutes ahead; an objection must count from its answer on all the same."""
    store = store_under()
    async with store.transaction() as tx:
        late = MessageId(OIN_WIJKTEAM, "ffffffff-ffff-7fff-8fff-ffffffffffff")
        await tx.facts.save(message(said(), recorded_at=NOW + ahead, id=late))
    await room(store).state(statement(fact=said(effect=ConsentEffect.OBJECT)))
    found = await standing(store)
    assert found is not None
    assert found.fact.effect is ConsentEffect.OBJECT


async def test_no_message_that_was_on_its_way_undoes_an_objection_also_the_first_of_its_reference() -> None:
    store = store_under()
    await room(store).state(statement(fact=said(effect=ConsentEffect.OBJECT)))
    async with store.transaction() as tx:
        late = message(said(), recorded_at=NOW + CLOCK_TOLERANCE - timedelta(seconds=1))
        assert await tx.facts.save(late) is Saved.SUPERSEDED


async def test_an_objection_goes_with_a_merge_that_is_said_straight_after_it() -> None:
    """Merges leave alone what was recorded first after them: the lead of an objection must not make it so."""
    store = store_under()
    await room(store).state(statement(fact=said(effect=ConsentEffect.OBJECT)))
    async with store.transaction() as tx:
        merged = merge(OIN_WIJKTEAM, "anna", "bram")
        await tx.facts.save(message(merged, recorded_at=NOW + timedelta(seconds=1)))
        found = (await tx.facts.households([person("bram")], on=NOW.date()))[person("bram")]
    assert [consent.effect for consent in found.consents] == [ConsentEffect.OBJECT]


async def test_nothing_stays_of_what_could_not_be_committed() -> None:
    store = store_under()
    store.refuses_commit = True
    with pytest.raises(StoreUnavailable):
        await room(store).state(statement())
    store.refuses_commit = False
    assert (await standing(store), records(store)) == (None, ())
    await room(store).state(statement())
    assert (await versions(store), len(records(store))) == (1, 1)


def test_the_partners_of_these_tests_are_partners_of_different_kinds() -> None:
    """Guards the examples above: an organisation of another kind must be a partner."""
    assert len({OIN_VT, OIN_GGZ, OIN_POLITIE, OIN_WIJKTEAM}) == 4
