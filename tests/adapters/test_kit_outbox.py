"""The outbox and the receipts: in order, nothing lost, refused facts said again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.kit.notices import NoticeBox
from adapters.kit.outbox import Fate
from adapters.kit.receipts import ReceiptReader, receipt_group
from adapters.kit.report import AWAITING_REVIEW, Detail, Receipts, Report
from adapters.kit.sender import send_waiting
from adapters.kit.show import show_report
from adapters.kit.state import StateFile
from adapters.veilig_thuis import ADAPTER
from gateway.bus.ports import BusRecord
from gateway.bus.sqlite import SqliteBus
from gateway.bus.topics import topics_of
from gateway.domain import MessageId
from gateway.errors import (
    BusUnavailable,
    ConfigurationError,
    InvalidInput,
    MessageRejected,
    RejectionReason,
    UnsafeConfigurationError,
    Violation,
)
from gateway.index.tokens import encode_token
from gateway.messages.receipts import ReceiptOutcome, receipt
from tests.support.adapters import OIN, TEST_BSNS, TODAY, MemoryPublisher, Workbench
from tests.support.veilig_thuis import csv_of, row


@pytest.fixture
async def bench(tmp_path: Path) -> Workbench:
    made = Workbench(tmp_path, ADAPTER)
    made.write("a.csv", csv_of(row(bsn=bsn) for bsn in TEST_BSNS))
    await made.run(tmp_path / "a.csv")
    return made


class SmallBus(MemoryPublisher):
    """A bus that takes no record with more than so many bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    async def publish(self, records: Sequence[BusRecord]) -> None:
        if any(len(record.value) > self.limit for record in records):
            raise InvalidInput.at("value", "is larger than the bus accepts")
        await super().publish(records)


async def test_a_message_that_the_bus_never_takes_holds_up_none_behind_it(
    bench: Workbench, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = bench.outbox.waiting(most=500)
    sizes = sorted(len(message.record.value) for message in waiting)
    publisher = SmallBus(sizes[-1] - 1)
    sent = await send_waiting(bench.outbox, publisher)
    assert len(sent) == len(waiting) - 1
    assert bench.outbox.waiting(most=500) == []
    assert bench.outbox.unreceipted() == len(waiting) - 1
    assert "adapter.message_not_taken" in capsys.readouterr().err
    # Its fact counts as never said: the next run says it again.
    await bench.run(bench.folder / "a.csv")
    assert len(bench.outbox.waiting(most=500)) == 1


async def test_a_bus_that_goes_away_keeps_the_rest_in_order(bench: Workbench) -> None:
    queued = [message.message_id for message in bench.outbox.waiting(most=500)]
    broken = MemoryPublisher(most=2)
    with pytest.raises(BusUnavailable):
        await send_waiting(bench.outbox, broken)
    whole = MemoryPublisher()
    assert await send_waiting(bench.outbox, whole) == set(queued)
    # The first two went out twice, with the same bytes and ids: the index recognises them.
    assert whole.records[:2] == broken.records
    assert [record.headers["ce_id"].decode() for record in whole.records] == queued
    assert bench.outbox.waiting(most=1) == []


async def test_an_acknowledged_message_waits_for_its_receipt(bench: Workbench) -> None:
    sent = await send_waiting(bench.outbox, MemoryPublisher())
    assert bench.outbox.unreceipted() == len(sent) == 6
    assert bench.outbox.settle(next(iter(sent)), Fate.ACCEPTED) is not None
    assert bench.outbox.unreceipted() == 5
    assert bench.outbox.settle("unknown", Fate.ACCEPTED) is None


async def test_a_refused_fact_is_sent_again_by_the_next_run(bench: Workbench) -> None:
    first = bench.outbox.waiting(most=1)[0]
    await send_waiting(bench.outbox, MemoryPublisher())
    bench.outbox.settle(first.message_id, Fate.REFUSED, reason="partner-inactive")
    report = await bench.run(bench.folder / "a.csv")
    assert (report["sent"], report["unchanged"], report["messages"]) == (1, 4, 1)


async def test_receipts_are_counted_and_refusals_listed_with_their_reason(bench: Workbench) -> None:
    bus = SqliteBus(bench.folder / "bus.sqlite3")
    await bus.ensure_topics(topics_of(OIN))
    reader = ReceiptReader(bus, bench.outbox, NoticeBox(bench.file), oin=OIN, kind="veilig_thuis")
    sent = sorted(await send_waiting(bench.outbox, MemoryPublisher()))
    error = MessageRejected(
        RejectionReason.PROFILE, Violation("Bundle.entry[1].resource.text", "is not allowed")
    )
    outcomes = [
        ReceiptOutcome.ACCEPTED,
        ReceiptOutcome.DUPLICATE,
        ReceiptOutcome.SUPERSEDED,
        ReceiptOutcome.REJECTED,
    ]
    records = [
        receipt(
            MessageId(OIN, message_id),
            outcome,
            at=TODAY,
            error=error if outcome is ReceiptOutcome.REJECTED else None,
        )
        for message_id, outcome in zip(sent, outcomes, strict=False)
    ]
    async with bus.publisher() as publisher:
        await publisher.publish(
            [*records, receipt(MessageId(OIN, "0" * 8), ReceiptOutcome.ACCEPTED, at=TODAY)]
        )
    settled = await reader.collect(sent[:4], timeout_seconds=30)
    found = settled.receipts
    assert (found.accepted, found.superseded, found.refused, found.awaiting) == (2, 1, 1, 0)
    (detail,) = settled.details
    assert (detail.field, detail.reason) == ("Bundle.entry[1].resource.text", "is not allowed")
    assert detail.reference is not None
    assert bench.outbox.unreceipted() == 2
    await bus.close()


async def test_the_newest_token_of_the_receipts_of_a_run_is_in_its_report(bench: Workbench) -> None:
    """Of a topic with several writers the receipt that comes last is not always the freshest."""
    bus = SqliteBus(bench.folder / "bus.sqlite3")
    await bus.ensure_topics(topics_of(OIN))
    sent = sorted(await send_waiting(bench.outbox, MemoryPublisher()))
    records = [
        receipt(
            MessageId(OIN, id_),
            ReceiptOutcome.ACCEPTED,
            at=TODAY,
            consistency_token=None if position is None else encode_token(position),
        )
        for id_, position in zip(sent, [7, 300, None, 299], strict=False)
    ]
    async with bus.publisher() as publisher:
        await publisher.publish(records)
    reader = ReceiptReader(bus, bench.outbox, NoticeBox(bench.file), oin=OIN, kind="veilig_thuis")
    found = (await reader.collect(sent[:4], timeout_seconds=30)).receipts
    assert found.consistency_token == encode_token(300).hex()
    await bus.close()


def test_a_person_reads_what_waits_for_a_review_and_the_token(capsys: pytest.CaptureFixture[str]) -> None:
    waits = Detail(place="line 2", outcome=AWAITING_REVIEW, reason="not established", reference="r")
    token = encode_token(300).hex()
    report = Report(details=[waits], receipts=Receipts(consistency_token=token))
    show_report(report, "GGZ")
    shown = capsys.readouterr().out
    assert "wacht op" in shown
    assert f"Vragen die dit moeten zien: {token}" in shown
    assert report.has_findings
    assert not Report().has_findings
    show_report(Report(), "GGZ")
    assert "Vragen die" not in capsys.readouterr().out


async def test_a_broken_receipt_holds_up_none_behind_it(bench: Workbench) -> None:
    bus = SqliteBus(bench.folder / "bus.sqlite3")
    await bus.ensure_topics(topics_of(OIN))
    first, second = sorted(await send_waiting(bench.outbox, MemoryPublisher()))[:2]
    good = [receipt(MessageId(OIN, id_), ReceiptOutcome.ACCEPTED, at=TODAY) for id_ in (first, second)]
    broken = replace(good[0], value=b"{not json", headers={**good[0].headers, "outcome": b"perhaps"})
    async with bus.publisher() as publisher:
        await publisher.publish([broken, good[1]])
    reader = ReceiptReader(bus, bench.outbox, NoticeBox(bench.file), oin=OIN, kind="veilig_thuis")
    found = (await reader.collect({second}, timeout_seconds=30)).receipts
    assert (found.accepted, found.awaiting) == (1, 0)
    await bus.close()


async def test_messages_without_a_receipt_in_time_are_awaiting(bench: Workbench) -> None:
    bus = SqliteBus(bench.folder / "bus.sqlite3")
    await bus.ensure_topics(topics_of(OIN))
    sent = await send_waiting(bench.outbox, MemoryPublisher())
    reader = ReceiptReader(bus, bench.outbox, NoticeBox(bench.file), oin=OIN, kind="veilig_thuis")
    assert (await reader.collect(sent, timeout_seconds=0)).receipts.awaiting == len(sent)
    assert (await reader.collect(sent, timeout_seconds=0.01)).receipts.awaiting == len(sent)
    await bus.close()


def test_the_group_names_its_partner() -> None:
    assert OIN in receipt_group(OIN)


def test_a_state_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    StateFile(path).close()
    path.chmod(0o644)
    with pytest.raises(UnsafeConfigurationError, match="0600"):
        StateFile(path)


def test_a_file_of_another_kind_is_refused_as_state(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    path.write_text("no database, but long enough to have a header of its own" * 10)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="cannot be used as the state file"):
        StateFile(path)
