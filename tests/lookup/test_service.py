"""The lookup room on a store in memory: who is answered what, and what stands in the log of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.model import AuditEvent, AuditOutcome
from gateway.convenant.model import StatuteBasis
from gateway.convenant.question import Builtin
from gateway.domain import HouseholdFacts, Oin, Partner, Phase, Reference, Subject
from gateway.errors import (
    NotFreshEnough,
    NotPermitted,
    QuotaExceeded,
    Refusal,
    StoreUnavailable,
    Unauthenticated,
)
from gateway.index.ports import Transaction
from gateway.lookup.answer import Answer, Concern, LookupRequest
from gateway.lookup.service import LARGEST_BATCH, LookupService, freshness_pauses
from gateway.metering.ports import MeterTerms
from tests.lookup.support import (
    ASKER,
    EVERYTHING_BY_LAW,
    NOW,
    PARTNERS,
    RecordingStore,
    add,
    bounds,
    records,
    request,
    service,
    store_with,
)
from tests.support.convenants import convenant, rule
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, household, involvement, person

OIN_STRANGER = Oin("00000099100000009900")
OWN = involvement(OIN_VT, "anna")
OF_GGZ = involvement(OIN_GGZ, "anna")


async def test_an_answer_names_partner_kind_desk_month_and_concern() -> None:
    store = await store_with(OWN, OF_GGZ)
    [line] = (await service(store).ask(request())).involvements
    assert (line.partner, line.kind, line.name) == (OIN_GGZ, "ggz", "ggz (synthetic)")
    assert (line.desk.code, line.desk_code, line.desk.telephone) == (
        "frontoffice", "frontoffice", "+31880000010",
    )  # fmt: skip
    assert line.since_month == "2026-01"
    assert line.concern is Concern.PERSON


async def test_the_household_is_shown_without_telling_whose_involvement_it_is() -> None:
    store = await store_with(OWN, involvement(OIN_GGZ, "bas"), household(OIN_VT, "anna", "bas"))
    [line] = (await service(store).ask(request())).involvements
    assert (line.partner, line.concern) == (OIN_GGZ, Concern.HOUSEHOLD)


async def test_the_log_holds_who_asked_about_whom_and_why_each_involvement_was_shown_or_not() -> None:
    shielded = involvement(OIN_POLITIE, "anna", shielded=True)
    store = await store_with(OWN, OF_GGZ, shielded)
    answer = await service(store).ask(request())
    [record] = records(store)
    assert record.record_id == answer.record_id
    assert (record.at, record.event, record.outcome) == (NOW, AuditEvent.LOOKUP, AuditOutcome.DONE)
    assert (record.organisation, record.kind, record.professional) == (OIN_VT, "veilig_thuis", ASKER)
    assert (record.subject, record.purpose) == (person("anna"), "coordination-of-care")
    assert record.convenant == EVERYTHING_BY_LAW.identity
    assert {(verdict.partner, verdict.shown, verdict.rule, verdict.basis) for verdict in record.verdicts} == {
        (OIN_VT, False, Builtin.OWN, ""),
        (OIN_GGZ, True, "R-1", "Wet 1"),
        (OIN_POLITIE, False, Builtin.SHIELDED, ""),
    }
    assert {verdict.kind for verdict in record.verdicts} == {"veilig_thuis", "ggz", "politie"}


async def test_an_empty_answer_has_a_record_that_says_why() -> None:
    store = await store_with(OF_GGZ)
    answer = await service(store).ask(request())
    [record] = records(store)
    assert answer.involvements == ()
    assert (record.outcome, record.reason) == (AuditOutcome.EMPTY, Builtin.NO_OWN_INVOLVEMENT)


async def test_the_answer_carries_the_position_of_the_index() -> None:
    store = await store_with(OWN)
    answer = await service(store).ask(request())
    assert answer.position == store.state.position == 1


async def test_a_partner_that_was_switched_off_is_shown_no_longer() -> None:
    partners = [replace(each, active=each.oin != OIN_GGZ) for each in PARTNERS]
    store = await store_with(OWN, OF_GGZ, partners=partners)
    assert (await service(store).ask(request())).involvements == ()
    assert records(store)[0].verdicts[1].rule == Builtin.UNKNOWN_PARTNER


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"purpose": "curiosity"}, "UNKNOWN_PURPOSE"),
        ({"professional": replace(ASKER, role="buurman")}, "UNKNOWN_ROLE"),
        ({"professional": replace(ASKER, mandate="geen")}, "UNKNOWN_MANDATE"),
    ],
)
async def test_a_refused_question_stands_in_the_log_before_the_refusal_leaves(
    changes: dict[str, Any], reason: str
) -> None:
    store = await store_with(OWN, OF_GGZ)
    with pytest.raises(NotPermitted) as caught:
        await service(store).ask(request(**changes))
    [record] = records(store)
    assert caught.value.reason == record.reason == reason
    assert (record.outcome, record.verdicts) == (AuditOutcome.REFUSED, ())
    assert record.professional == request(**changes).professional


async def test_who_is_no_partner_is_unauthenticated_and_recorded() -> None:
    store = await store_with(OF_GGZ)
    with pytest.raises(Unauthenticated):
        await service(store).ask(request(OIN_STRANGER))
    [record] = records(store)
    assert (record.organisation, record.kind, record.reason) == (OIN_STRANGER, None, "UNKNOWN_PARTNER")


async def test_a_partner_that_is_switched_off_may_not_ask() -> None:
    store = await store_with(OWN, partners=[replace(each, active=each.oin != OIN_VT) for each in PARTNERS])
    with pytest.raises(NotPermitted) as caught:
        await service(store).ask(request())
    assert caught.value.reason == "PARTNER_INACTIVE"
    assert records(store)[0].outcome is AuditOutcome.REFUSED


async def test_a_refusal_that_cannot_be_recorded_does_not_leave() -> None:
    store = await store_with(OWN)
    store.refuses_commit = True
    with pytest.raises(StoreUnavailable):
        await service(store).ask(request(purpose="curiosity"))


async def test_over_its_quota_a_partner_is_refused_recorded_and_told_when_to_come_back() -> None:
    store = await store_with(OWN, OF_GGZ)
    room = service(store, bounds=bounds(quota=MeterTerms(per_hour=1800, burst=1)))
    await room.ask(request())
    with pytest.raises(QuotaExceeded) as caught:
        await room.ask(request())
    assert caught.value.retry_after_seconds == 2.0
    assert records(store)[1].reason == "QUOTA_EXCEEDED"
    assert isinstance(await room.ask(request(OIN_GGZ)), Answer)


async def test_the_day_is_the_day_in_the_netherlands() -> None:
    """At half past eleven in the evening of the first of July in UTC it is the second in Amsterdam."""
    first_day = StatuteBasis(law="Wet", article="1", since=date(2026, 7, 2))
    store = await store_with(OWN, OF_GGZ)
    for minute, shown in (
        (datetime(2026, 7, 1, 21, 59, tzinfo=UTC), 0),
        (datetime(2026, 7, 1, 22, tzinfo=UTC), 1),
    ):
        room = service(store, convenant(rule(basis=first_day)), clock=lambda minute=minute: minute)
        assert len((await room.ask(request())).involvements) == shown


async def test_questions_that_come_together_share_one_transaction_and_each_gets_its_own_answer() -> None:
    store = RecordingStore(*PARTNERS)
    await add(store, OWN, OF_GGZ, involvement(OIN_POLITIE, "bas"), involvement(OIN_VT, "bas"))
    store.events.clear()
    room = service(store)
    names = ["anna", "bas", "anna", "nobody"]
    answers = await asyncio.gather(*(room.ask(request(who=name)) for name in names))
    assert [[line.kind for line in answer.involvements] for answer in answers] == [
        ["ggz"], ["politie"], ["ggz"], [],
    ]  # fmt: skip
    assert store.events.count("begin") == 1
    assert [record.record_id for record in records(store)] == [answer.record_id for answer in answers]


async def test_a_batch_has_a_bounded_size() -> None:
    store = RecordingStore(*PARTNERS)
    room = service(store)
    await asyncio.gather(*(room.ask(request()) for _ in range(LARGEST_BATCH + 1)))
    assert store.events.count("begin") == 2


async def test_a_question_that_is_refused_does_not_touch_its_neighbours() -> None:
    store = await store_with(OWN, OF_GGZ)
    room = service(store)
    first, refused, stranger, last = await asyncio.gather(
        room.ask(request()),
        room.ask(request(purpose="curiosity")),
        room.ask(request(OIN_STRANGER)),
        room.ask(request()),
        return_exceptions=True,
    )
    assert isinstance(refused, NotPermitted)
    assert isinstance(stranger, Unauthenticated)
    assert isinstance(first, Answer)
    assert isinstance(last, Answer)
    assert first.involvements == last.involvements != ()
    assert len(records(store)) == 4


async def test_when_the_store_is_away_everybody_is_told_and_the_next_question_is_answered_again() -> None:
    store = await store_with(OWN, OF_GGZ)
    room = service(store)
    store.is_away = True
    outcomes = await asyncio.gather(*(room.ask(request()) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
    store.is_away = False
    assert len((await room.ask(request())).involvements) == 1


async def test_a_question_that_must_be_fresh_waits_until_the_index_has_come_that_far() -> None:
    store = await store_with(OWN)
    pauses: list[float] = []

    async def write_meanwhile(seconds: float) -> None:
        pauses.append(seconds)
        await add(store, OF_GGZ)

    answer = await service(store, pause=write_meanwhile).ask(request(at_least=2))
    assert len(pauses) == 1
    assert [line.kind for line in answer.involvements] == ["ggz"]
    assert answer.position >= 2
    assert len(records(store)) == 1


async def test_a_question_that_never_becomes_fresh_is_given_up_on_record() -> None:
    store = await store_with(OWN)
    pauses: list[float] = []

    async def count(seconds: float) -> None:
        pauses.append(seconds)

    with pytest.raises(NotFreshEnough):
        await service(store, pause=count).ask(request(at_least=99))
    assert pauses == list(freshness_pauses(request().patience_seconds))
    assert pauses
    [record] = records(store)
    assert (record.outcome, record.reason) == (AuditOutcome.REFUSED, "NOT_FRESH_ENOUGH")


@pytest.mark.parametrize(
    ("patience", "pauses"),
    [
        (0.0, []),
        (0.05, []),
        (0.06, [0.05]),
        (2.0, [0.05, 0.1, 0.2, 0.4, 0.8]),
        (5.0, [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]),
    ],
    ids=str,
)
def test_the_pauses_for_freshness_double_up_to_a_second_within_the_patience(
    patience: float, pauses: list[float]
) -> None:
    assert list(freshness_pauses(patience)) == pytest.approx(pauses)


@given(patience=st.floats(0, 3600))
def test_the_pauses_for_freshness_are_few_and_shorter_in_all_than_the_patience(patience: float) -> None:
    pauses = list(freshness_pauses(patience))
    assert sum(pauses) <= patience
    assert len(pauses) <= 5 + patience


class Watched(FakeIndexStore):
    """Counts the persons about whom anything is read."""

    def __init__(self, *partners: Partner) -> None:
        super().__init__(*partners)
        self.read = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with super().transaction() as tx:
            households = tx.facts.households

            async def counted(subjects: Sequence[Subject], *, on: date) -> Mapping[Subject, HouseholdFacts]:
                self.read += len(subjects)
                return await households(subjects, on=on)

            tx.facts.households = counted  # type: ignore[method-assign]
            yield tx


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"caller": Oin("00000099100000009900")}, Unauthenticated),
        ({"purpose": "curiosity"}, NotPermitted),
        ({"at_least": 2**62}, NotFreshEnough),
    ],
)
async def test_for_a_question_that_is_not_let_in_nothing_of_the_person_is_read(
    changes: dict[str, Any], error: type[Exception]
) -> None:
    """Else the time of a refusal would tell how much there is, and nobody would count it."""
    store = Watched(*PARTNERS)
    await add(store, OWN, OF_GGZ)
    with pytest.raises(error):
        await service(store).ask(request(**changes))
    assert store.read == 0
    await service(store).ask(request())
    assert store.read == 1


async def test_questions_that_wait_for_a_token_from_nowhere_end_at_the_quota() -> None:
    store = await store_with(OWN)
    asking = service(store, bounds=bounds(quota=MeterTerms(per_hour=1, burst=5)))
    outcomes = [await _outcome(asking, request(at_least=2**62)) for _ in range(8)]
    assert [type(each) for each in outcomes] == [NotFreshEnough] * 5 + [QuotaExceeded] * 3
    assert len(records(store)) == 8


async def _outcome(asking: LookupService, question: LookupRequest) -> object:
    try:
        return await asking.ask(question)
    except (Refusal, NotFreshEnough) as error:
        return error


async def test_a_question_that_is_fresh_enough_does_not_wait() -> None:
    store = await store_with(OWN, OF_GGZ)

    async def never(seconds: float) -> None:
        raise AssertionError(seconds)

    assert (await service(store, pause=never).ask(request(at_least=1))).involvements != ()


async def test_waiting_for_freshness_costs_one_question_of_the_quota() -> None:
    store = await store_with(OWN)

    async def write_meanwhile(seconds: float) -> None:
        await add(store, replace(OF_GGZ, reference=Reference(f"ref-{store.state.position}")))

    room = service(store, bounds=bounds(quota=MeterTerms(per_hour=1, burst=1)), pause=write_meanwhile)
    assert (await room.ask(request(at_least=4))).position >= 4


async def test_a_stranger_is_refused_before_it_can_make_the_index_wait() -> None:
    store = await store_with(OWN)

    async def never(seconds: float) -> None:
        raise AssertionError(seconds)

    with pytest.raises(Unauthenticated):
        await service(store, pause=never).ask(request(OIN_STRANGER, at_least=99))


async def test_an_ended_involvement_and_nobody_give_the_same_answer() -> None:
    ended = await store_with(OWN, replace(OF_GGZ, phase=Phase.ENDED, until=date(2026, 2, 1)))
    nobody = await store_with(OWN)
    first, second = await service(ended).ask(request()), await service(nobody).ask(request())
    assert first.involvements == second.involvements == ()


async def test_a_stranger_that_hammers_is_on_record_once_a_period() -> None:
    """Any certificate of the trusted CA gets this far: it must not fill the log."""
    store = await store_with(OWN)
    moments = [NOW]
    asking = service(store, clock=lambda: moments[-1])
    stranger = request(caller=Oin("00000099100000009900"))
    for _ in range(30):
        assert isinstance(await _outcome(asking, stranger), Unauthenticated)
    assert [record.reason for record in records(store)] == ["UNKNOWN_PARTNER"]
    moments.append(NOW + timedelta(hours=1))
    await _outcome(asking, stranger)
    assert len(records(store)) == 2


async def test_a_stranger_whose_record_was_not_written_is_still_to_be_named() -> None:
    store = await store_with(OWN)
    asking = service(store)
    stranger = request(caller=Oin("00000099100000009900"))
    store.refuses_commit = True
    with pytest.raises(StoreUnavailable):
        await asking.ask(stranger)
    store.refuses_commit = False
    await _outcome(asking, stranger)
    assert len(records(store)) == 1
