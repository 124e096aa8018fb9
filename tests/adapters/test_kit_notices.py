"""Notices at the partner: kept before the bus forgets them, once, until somebody has read them."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.kit.notices import NoticeBox
from adapters.kit.receipts import ReceiptReader
from adapters.veilig_thuis import ADAPTER as VEILIG_THUIS
from gateway.bus.opening import open_bus
from gateway.bus.ports import BusRecord
from gateway.bus.sqlite import SqliteBus
from gateway.bus.topics import TopicKind, topic_of, topics_of
from gateway.domain import MessageId
from gateway.errors import StoreUnavailable
from gateway.messages.notices import Notice, NoticeEvent, notice_record
from gateway.messages.receipts import ReceiptOutcome, receipt
from tests.messages.test_notices import DECLARATION, NOTICE
from tests.support.adapters import OIN, Workbench
from tests.support.trial import Trial

OURS = replace(NOTICE, recipient=OIN)
OVERDUE = replace(OURS, event=NoticeEvent.OVERDUE, at=NOTICE.at.replace(day=8), references=())


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[SqliteBus]:
    opened = SqliteBus(tmp_path / "bus.sqlite3")
    await opened.ensure_topics(topics_of(OIN))
    yield opened
    await opened.close()


async def publish(bus: Any, *records: BusRecord) -> None:
    async with bus.publisher() as publisher:
        await publisher.publish(records)


def reader_of(bench: Workbench, bus: SqliteBus) -> ReceiptReader:
    return ReceiptReader(bus, bench.outbox, NoticeBox(bench.file), oin=OIN, kind="veilig_thuis")


def kept(bench: Workbench) -> list[Notice]:
    return [each.notice for each in NoticeBox(bench.file).all()]


async def test_notices_are_kept_oldest_first_and_a_repetition_once(tmp_path: Path, bus: SqliteBus) -> None:
    bench = Workbench(tmp_path, VEILIG_THUIS)
    await publish(bus, notice_record(OVERDUE), notice_record(OURS), notice_record(OURS))
    await reader_of(bench, bus).catch_up(quiet_seconds=0)
    assert kept(bench) == [OURS, OVERDUE]
    await publish(bus, notice_record(OURS))
    await reader_of(bench, bus).catch_up(quiet_seconds=0)
    assert kept(bench) == [OURS, OVERDUE]


async def test_a_new_notice_is_named_in_the_log_once_without_its_references(
    tmp_path: Path, bus: SqliteBus, capsys: pytest.CaptureFixture[str]
) -> None:
    await publish(bus, notice_record(OURS), notice_record(OURS))
    await reader_of(Workbench(tmp_path, VEILIG_THUIS), bus).catch_up(quiet_seconds=0)
    logged = capsys.readouterr().err
    assert logged.count('"event": "adapter.notice"') == 1
    assert DECLARATION in logged
    assert OURS.references[0] not in logged


async def test_notices_that_come_between_receipts_are_kept_and_the_receipts_settled(
    tmp_path: Path, bus: SqliteBus
) -> None:
    bench = Workbench(tmp_path, VEILIG_THUIS)
    message = "019a0000-0000-7000-8000-00000000000a"
    with bench.file.transaction() as connection:
        connection.execute("INSERT INTO sent (message_id, reference) VALUES (?, 'ref')", (message,))
    answer = receipt(MessageId(OIN, message), ReceiptOutcome.ACCEPTED, at=OURS.at)
    await publish(bus, notice_record(OURS), answer)
    settled = await reader_of(bench, bus).collect([message], timeout_seconds=30)
    assert settled.receipts.accepted == 1
    assert kept(bench) == [OURS]


@pytest.mark.parametrize(
    "broken",
    [
        replace(notice_record(OURS), value=b"PLANTED"),
        replace(notice_record(OURS), headers={"ce_type": b"nl.verwijsindex.something-later.v1"}),
        replace(notice_record(OURS), headers={}),
    ],
    ids=["unreadable", "of a later version", "without a type"],
)
async def test_what_cannot_be_read_holds_up_nothing_behind_it(
    tmp_path: Path, bus: SqliteBus, broken: BusRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Workbench(tmp_path, VEILIG_THUIS)
    await publish(bus, broken, notice_record(OURS))
    await reader_of(bench, bus).catch_up(quiet_seconds=0)
    assert kept(bench) == [OURS]
    assert "PLANTED" not in capsys.readouterr().err


class FullBox(NoticeBox):
    """A file that takes no change."""

    def keep(self, notice: Notice) -> bool:
        raise StoreUnavailable("the disk is full")


async def test_a_notice_that_could_not_be_kept_stays_on_the_bus(tmp_path: Path, bus: SqliteBus) -> None:
    bench = Workbench(tmp_path, VEILIG_THUIS)
    await publish(bus, notice_record(OURS))
    full = ReceiptReader(bus, bench.outbox, FullBox(bench.file), oin=OIN, kind="veilig_thuis")
    with pytest.raises(StoreUnavailable):
        await full.catch_up(quiet_seconds=0)
    await reader_of(bench, bus).catch_up(quiet_seconds=0)
    assert kept(bench) == [OURS]


async def test_what_was_listed_is_marked_and_what_came_meanwhile_is_not(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, VEILIG_THUIS)
    box = NoticeBox(bench.file)
    assert box.keep(OURS)
    listed = box.all()
    assert box.keep(OVERDUE)
    box.see(listed)
    assert [each.seen for each in box.all()] == [True, False]
    assert not box.keep(OURS)
    assert [each.seen for each in box.all()] == [True, False]


async def test_a_state_file_of_before_there_were_notices_gets_a_place_for_them(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, VEILIG_THUIS)
    with bench.file.transaction() as connection:
        connection.execute("DROP TABLE notices")
    bench.file.close()
    again = Workbench(tmp_path, VEILIG_THUIS)
    assert NoticeBox(again.file).keep(OURS)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial.make(tmp_path_factory.mktemp("notices") / "site")


def run(trial: Trial, *arguments: str) -> subprocess.CompletedProcess[str]:
    config = str(trial.config("ggz"))
    return trial.run("adapter", "notices", "--config", config, *arguments, check=False)


async def test_the_command_fetches_lists_and_marks(trial: Trial) -> None:
    assert "geen berichten" in run(trial, "--wait", "0").stdout
    ours = replace(NOTICE, recipient=trial.oin("ggz"))
    bus = open_bus(trial.settings.bus)
    await bus.ensure_topics([topic_of(TopicKind.EGRESS, trial.oin("ggz"))])
    await publish(bus, notice_record(ours))
    await bus.close()
    unread = run(trial, "--wait", "0.01", "--json")
    assert unread.returncode == 1, unread.stderr
    [found] = orjson.loads(unread.stdout)["notices"]
    assert (found["event"], found["declaration"], found["asker"]) == ("used", DECLARATION, NOTICE.asker)
    assert (found["references"], found["record_id"]) == (list(NOTICE.references), NOTICE.occasion)
    assert (found["id"], found["seen"]) == (ours.id, False)
    table = run(trial, "--wait", "0", "--seen")
    assert table.returncode == 0
    assert "  NIEUW\n" in table.stdout
    # Whole at any width: officers ask by them.
    for whole in (DECLARATION, NOTICE.occasion, NOTICE.asker, *NOTICE.references):
        assert f" {whole}\n" in "\n".join(line.rstrip() for line in table.stdout.splitlines()) + "\n"
    assert max(map(len, table.stdout.splitlines())) <= 80
    read = run(trial, "--wait", "0")
    assert read.returncode == 0
    assert "NIEUW" not in read.stdout
