"""The evaluation room: nothing is evaluated before it is metered and on record, and nobody unknown is served."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.audit.sql import SqlAuditLog
from gateway.clock import hour_of
from gateway.database import begin
from gateway.errors import (
    InvalidInput,
    NotPermitted,
    QuotaExceeded,
    StoreUnavailable,
    Unauthenticated,
)
from gateway.evaluation.model import Usage
from gateway.evaluation.store import SqlEvaluationStore
from gateway.pseudonyms import voprf
from gateway.pseudonyms.ports import EvaluationPurpose
from tests.evaluation.support import TERMS, Batch, Room, make_room
from tests.support.facts import NOON, OIN_GGZ, OIN_POLITIE, OIN_VT
from tests.support.service_databases import OpenEngine
from tests.support.serving import OIN_INDEX

NOT_CANONICAL = b"\xff" * 32
IDENTITY = bytes(32)


async def test_a_partner_gets_what_the_published_key_proves_and_finalises_to_the_same_output(
    room: Room,
) -> None:
    outputs = set()
    [epoch] = await room.service.public_keys(OIN_VT)
    for _ in range(2):
        batch = Batch(count=3)
        answer = await room.service.evaluate(batch.request())
        voprf.verify(epoch.public_key, batch.elements, answer.elements, answer.proof)
        for blinded, evaluated in zip(batch.blinded, answer.elements, strict=True):
            outputs.add(voprf.finalize(batch.private_input, blinded.blind, evaluated))
    assert len(outputs) == 1


async def test_the_record_tells_count_partner_purpose_and_epoch_and_the_answer_names_it(room: Room) -> None:
    answer = await room.service.evaluate(Batch(count=7).request(purpose=EvaluationPurpose.LOOKUP))
    assert await room.records() == [
        AuditRecord(
            record_id=answer.record_id,
            at=NOON,
            event=AuditEvent.EVALUATION,
            outcome=AuditOutcome.DONE,
            organisation=OIN_VT,
            purpose="lookup",
            count=7,
            epoch=1,
        )
    ]


async def test_the_record_is_durable_before_the_key_is_used(room: Room, process: OpenEngine) -> None:
    """Seen from another process at the moment the evaluation begins."""
    beside = process()
    seen: list[int] = []
    loop = asyncio.get_running_loop()

    async def count() -> int:
        async with begin(beside) as connection:
            return await SqlAuditLog(connection).count()

    room.keys.before = lambda: seen.append(asyncio.run_coroutine_threadsafe(count(), loop).result())
    await room.service.evaluate(Batch().request())
    assert seen == [1]


@pytest.mark.parametrize("failure", ["log_is_deaf", "commit_fails", "is_away"])
async def test_nothing_is_evaluated_metered_or_counted_when_the_record_cannot_be_written(
    room: Room, failure: str
) -> None:
    setattr(room.store, failure, True)
    with pytest.raises(StoreUnavailable):
        await room.service.evaluate(Batch(count=1000).request())
    setattr(room.store, failure, False)
    assert room.keys.used == []
    assert await room.records() == []
    assert await room.usage() == []
    # A whole burst is still there.
    await room.service.evaluate(Batch(count=1000).request())


async def test_the_key_is_used_beside_the_event_loop(room: Room) -> None:
    await room.service.evaluate(Batch().request())
    assert len(room.keys.used) == 1
    assert room.keys.used != [threading.get_ident()]


async def test_the_event_loop_goes_on_while_a_batch_is_evaluated(room: Room) -> None:
    begun, may_go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        loop.call_soon_threadsafe(begun.set)
        may_go_on.wait()

    room.keys.before = wait
    evaluating = asyncio.create_task(room.service.evaluate(Batch().request()))
    await begun.wait()
    # This answer would never come if the evaluation held the loop.
    await room.service.public_keys(OIN_VT)
    assert not evaluating.done()
    may_go_on.set()
    assert (await evaluating).elements


async def test_who_is_not_listed_is_refused_and_so_is_the_index(room: Room) -> None:
    for caller in (OIN_POLITIE, OIN_INDEX):
        with pytest.raises(Unauthenticated) as caught:
            await room.service.evaluate(Batch().request(caller=caller))
        assert caught.value.reason == "UNKNOWN_PARTNER"
    assert room.keys.used == []
    assert await room.records() == []


async def test_public_keys_are_for_partners_and_the_index(room: Room) -> None:
    assert await room.service.public_keys(OIN_INDEX) == await room.service.public_keys(OIN_VT)
    with pytest.raises(Unauthenticated):
        await room.service.public_keys(OIN_POLITIE)


@pytest.mark.parametrize(
    ("elements", "path"),
    [
        ((), "blinded_elements"),
        (Batch().elements * 1001, "blinded_elements"),
        ((*Batch(count=2).elements, b""), "blinded_elements[2]"),
        ((*Batch(count=2).elements, bytes(31)), "blinded_elements[2]"),
        ((*Batch(count=2).elements, bytes(33)), "blinded_elements[2]"),
        ((IDENTITY, *Batch().elements), "blinded_elements[0]"),
        ((*Batch(count=4).elements, NOT_CANONICAL), "blinded_elements[4]"),
    ],
)
async def test_a_batch_with_what_is_no_element_is_refused_at_its_place_and_not_metered(
    room: Room, elements: tuple[bytes, ...], path: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await room.service.evaluate(Batch().request(blinded=elements))
    assert [violation.path for violation in caught.value.violations] == [path]
    assert room.keys.used == []
    assert await room.records() == []
    await room.service.evaluate(Batch(count=1000).request())


async def test_a_partner_over_its_quota_gets_nothing_evaluated_and_is_told_when_to_come_back(
    room: Room,
) -> None:
    await room.service.evaluate(Batch(count=900).request())
    with pytest.raises(QuotaExceeded) as caught:
        await room.service.evaluate(Batch(count=160).request())
    assert caught.value.retry_after_seconds == 60.0
    assert len(room.keys.used) == 1
    room.clock.forward(seconds=60)
    await room.service.evaluate(Batch(count=160).request())
    assert sum(row.evaluations for row in await room.usage()) == 1060


async def test_a_quota_is_a_partners_own(room: Room) -> None:
    await room.service.evaluate(Batch(count=1000).request())
    await room.service.evaluate(Batch(count=1000).request(caller=OIN_GGZ))


async def test_a_quota_holds_over_processes_and_a_restart(process: OpenEngine, tmp_path: Path) -> None:
    for number in range(2):
        another = make_room(SqlEvaluationStore(process()), tmp_path / "keys")
        await another.service.evaluate(Batch(count=500).request())
        assert sum(row.evaluations for row in await another.usage()) == 500 * (number + 1)
    after = make_room(SqlEvaluationStore(process()), tmp_path / "keys")
    with pytest.raises(QuotaExceeded):
        await after.service.evaluate(Batch().request())


async def test_a_partner_that_hammers_is_named_once_a_period_and_not_once_a_call(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    async def hammer() -> None:
        for _ in range(20):
            with pytest.raises(QuotaExceeded):
                await room.service.evaluate(Batch(count=1000).request())

    await room.service.evaluate(Batch(count=1000).request())
    await hammer()
    assert capsys.readouterr().err.count("evaluation.quota-exhausted") == 1
    room.clock.forward(minutes=59)
    await room.service.evaluate(Batch(count=1000).request())
    room.clock.forward(minutes=1)
    await hammer()
    [line] = [line for line in capsys.readouterr().err.splitlines() if "evaluation.quota-exhausted" in line]
    assert f'"organisation": "{OIN_VT}"' in line
    refused = [record for record in await room.records() if record.outcome is AuditOutcome.REFUSED]
    assert [(record.organisation, record.reason, record.count) for record in refused] == [
        (OIN_VT, "QUOTA_EXCEEDED", 1000)
    ] * 2


async def test_an_alarm_that_could_not_be_written_down_is_tried_again(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    await room.service.evaluate(Batch(count=1000).request())
    room.store.log_is_deaf = True
    with pytest.raises(StoreUnavailable):
        await room.service.evaluate(Batch().request())
    room.store.log_is_deaf = False
    with pytest.raises(QuotaExceeded):
        await room.service.evaluate(Batch().request())
    assert [record.outcome for record in await room.records()] == [AuditOutcome.DONE, AuditOutcome.REFUSED]


async def test_a_partner_that_walks_through_numbers_is_stopped_and_named(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    through = 0
    for _ in range(50):
        try:
            await room.service.evaluate(Batch(count=100).request())
            through += 100
        except QuotaExceeded:
            room.clock.forward(milliseconds=10)
    assert TERMS.burst <= through < TERMS.burst + 100
    assert OIN_VT in capsys.readouterr().err


async def test_usage_is_told_by_hour_partner_epoch_and_purpose_to_the_index(room: Room) -> None:
    await room.service.evaluate(Batch(count=3).request())
    await room.service.evaluate(Batch(count=4).request())
    await room.service.evaluate(Batch(count=5).request(purpose=EvaluationPurpose.LOOKUP))
    await room.service.evaluate(Batch(count=6).request(caller=OIN_GGZ))
    room.clock.forward(minutes=61)
    await room.service.evaluate(Batch(count=7).request())
    rows = await room.service.usage(OIN_INDEX, NOON + timedelta(minutes=59))
    registration, lookup = EvaluationPurpose.REGISTRATION, EvaluationPurpose.LOOKUP
    one = NOON + timedelta(hours=1)
    assert [(row.hour, row.partner, row.epoch, row.purpose, row.evaluations) for row in rows] == [
        (NOON, OIN_VT, 1, lookup, 5),
        (NOON, OIN_VT, 1, registration, 7),
        (NOON, OIN_GGZ, 1, registration, 6),
        (one, OIN_VT, 1, registration, 7),
    ]
    assert rows[3:] == await room.service.usage(OIN_INDEX, one + timedelta(minutes=30))


async def test_usage_is_for_the_index_alone_and_a_month_back(room: Room) -> None:
    with pytest.raises(NotPermitted):
        await room.service.usage(OIN_VT, NOON)
    assert await room.service.usage(OIN_INDEX, NOON - timedelta(days=31)) == []
    with pytest.raises(InvalidInput):
        await room.service.usage(OIN_INDEX, NOON - timedelta(days=31, seconds=1))


async def test_processes_that_count_at_once_both_count(process: OpenEngine) -> None:
    stores = [SqlEvaluationStore(process()) for _ in range(2)]
    row = Usage(
        partner=OIN_VT,
        hour=hour_of(NOON + timedelta(minutes=5)),
        epoch=2,
        purpose=EvaluationPurpose.LOOKUP,
        evaluations=3,
    )

    async def add(number: int) -> None:
        async with stores[number % 2].transaction() as tx:
            await tx.usage.add(row)

    await asyncio.gather(*map(add, range(20)))
    async with stores[0].transaction() as tx:
        [total] = await tx.usage.since(NOON)
    assert (total.hour, total.evaluations) == (NOON, 60)


async def test_no_element_proof_or_output_is_in_a_log_line_a_record_an_error_or_a_repr(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = Batch(count=1000)
    request = batch.request()
    answer = await room.service.evaluate(request)
    with pytest.raises(QuotaExceeded) as refused:
        await room.service.evaluate(request)
    bad = (*batch.elements[:1], NOT_CANONICAL)
    with pytest.raises(InvalidInput) as invalid:
        await room.service.evaluate(batch.request(blinded=bad))
    async with room.store.transaction() as tx:
        stored = repr(await tx.audit.read())
    written = [
        stored,
        *capsys.readouterr(),
        str(refused.value),
        str(invalid.value),
        repr(request),
        repr(answer),
    ]
    assert "quota-exhausted" in written[2]
    secret = [*batch.elements, *answer.elements, answer.proof, NOT_CANONICAL]
    for text in written:
        assert not any(value.hex() in text or repr(value)[2:-1] in text for value in secret)
