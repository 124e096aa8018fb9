"""The promise: no answer and no refusal leaves before its audit record is durable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from gateway.domain import Fact, Partner
from gateway.errors import NotPermitted, Refusal, StoreUnavailable
from gateway.index.ports import Transaction
from gateway.lookup.answer import LookupRequest
from tests.lookup.support import PARTNERS, RecordingStore, add, records, request, service, store_with
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import OIN_GGZ, OIN_VT, involvement

FACTS: Sequence[Fact] = (involvement(OIN_VT, "anna"), involvement(OIN_GGZ, "anna"))


async def check(store: RecordingStore, asked: Sequence[LookupRequest]) -> None:
    """Ask everything at once; each answer must come after the commit that holds its record."""
    room = service(store)

    async def ask(question: LookupRequest) -> None:
        try:
            answer = await room.ask(question)
        except Refusal as refusal:
            is_kept = refusal.reason in {record.reason for record in records(store)}
            store.events.append("refusal" if is_kept else "refusal without record")
        else:
            store.events.append(f"answer {answer.record_id}")

    await asyncio.gather(*map(ask, asked))
    assert "refusal without record" not in store.events, "a refusal left without its record"
    for place, event in enumerate(store.events):
        if event.startswith("answer "):
            assert event.replace("answer", "durable") in store.events[:place], (
                "an answer left without its record"
            )


async def recording_store(kind: type[RecordingStore] = RecordingStore) -> RecordingStore:
    store = kind(*PARTNERS)
    await add(store, *FACTS)
    return store


QUESTIONS = [request(), request(who="nobody"), request(OIN_GGZ), request(purpose="curiosity"), request()]


async def test_every_answer_leaves_after_its_record_is_durable() -> None:
    store = await recording_store()
    await check(store, QUESTIONS)
    assert sum(event.startswith("answer ") for event in store.events) == 4
    assert len(records(store)) == len(QUESTIONS)


class ForgetfulStore(RecordingStore):
    """A store that says it committed and kept nothing: what a log without a durable write is."""

    is_forgetful = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        before = self.state
        async with super().transaction() as tx:
            yield tx
        if self.is_forgetful:
            self.state = before
            self.events = [event for event in self.events if not event.startswith("durable")]


@pytest.mark.parametrize("asked", [request(), request(purpose="curiosity")], ids=["answer", "refusal"])
async def test_the_check_fails_on_a_store_that_keeps_nothing(asked: LookupRequest) -> None:
    store = await recording_store(ForgetfulStore)
    assert isinstance(store, ForgetfulStore)
    store.is_forgetful = True
    with pytest.raises(AssertionError, match="left without its record"):
        await check(store, [asked])


async def test_when_the_commit_fails_nobody_of_the_batch_gets_an_answer_or_a_refusal() -> None:
    store = await store_with(*FACTS)
    room = service(store)
    store.refuses_commit = True
    outcomes = await asyncio.gather(*(room.ask(asked) for asked in QUESTIONS), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    assert records(store) == ()


class HeldStore(FakeIndexStore):
    """Holds every transaction before its commit, until the test lets it go."""

    def __init__(self, *partners: Partner) -> None:
        super().__init__(*partners)
        self.arrived = asyncio.Event()
        self.released = asyncio.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with super().transaction() as tx:
            yield tx
            self.arrived.set()
            await self.released.wait()


async def test_while_the_commit_is_under_way_no_answer_has_left() -> None:
    store = HeldStore(*PARTNERS)
    asking = asyncio.create_task(service(store).ask(request()))
    await store.arrived.wait()
    assert not asking.done()
    assert records(store) == ()
    store.released.set()
    answer = await asking
    assert [record.record_id for record in records(store)] == [answer.record_id]


async def test_a_caller_that_goes_away_after_the_decision_is_recorded_all_the_same() -> None:
    store = HeldStore(*PARTNERS)
    room = service(store)
    leaving, staying = (asyncio.create_task(room.ask(request(who=who))) for who in ("anna", "bas"))
    await store.arrived.wait()
    leaving.cancel()
    await asyncio.wait({leaving})
    store.released.set()
    await staying
    assert leaving.cancelled()
    assert len(records(store)) == 2


async def test_a_caller_that_goes_away_before_its_batch_starts_is_neither_decided_nor_recorded() -> None:
    store = HeldStore(*PARTNERS)
    room = service(store)
    first = asyncio.create_task(room.ask(request()))
    await store.arrived.wait()
    leaving = asyncio.create_task(room.ask(request(who="bas")))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait({leaving})
    store.released.set()
    await first
    with pytest.raises(NotPermitted):
        await room.ask(request(purpose="curiosity"))
    assert len(records(store)) == 2
