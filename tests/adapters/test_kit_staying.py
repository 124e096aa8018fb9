"""A lasting adapter: frames are acknowledged once they are kept, and what is away is waited for."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.ggz import ADAPTER as GGZ
from adapters.kit.inbox import Inbox
from adapters.kit.mllp import send_mllp
from adapters.kit.notices import NoticeBox
from adapters.kit.options import KitOptions
from adapters.kit.receipts import ReceiptReader
from adapters.kit.report import Report
from adapters.kit.session import Session
from adapters.kit.staying import Stay
from adapters.veilig_thuis import ADAPTER as VEILIG_THUIS
from gateway.bus.sqlite import SqliteBus
from gateway.bus.topics import topics_of
from gateway.errors import ConfigurationError
from tests.support.adapters import OIN, Workbench
from tests.support.trial import COMMAND, Trial, clean_environment

ADMISSION = (
    "MSH|^~\\&|EPD|GGZ|VI|INDEX|20240701100000||ADT^A01^ADT_A01|{id}|P|2.5\r"
    "EVN|A01|20240701100000\r"
    "PID|1||{bsn}^^^NLMINBIZA^NNNLD~ZD1^^^LOCAL^PI||Synthetisch&&Synthetisch^Persoon||19800623|M\r"
    "PV1|1|I|||||||||||||||||V{id}|||||||||||||||||||||||||20240701100000\r"
)


def admission(number: int, bsn: str = "999993653") -> bytes:
    return ADMISSION.format(id=number, bsn=bsn).encode()


@asynccontextmanager
async def staying(bench: Workbench, options: KitOptions) -> AsyncIterator[tuple[int | None, list[Report]]]:
    """Run a stay on the bench while the block runs; yield the MLLP port and the reports so far."""
    bus = SqliteBus(bench.folder / "bus.sqlite3")
    await bus.ensure_topics(topics_of(OIN))
    kind = bench.adapter.manifest.kind
    session = Session(
        adapter=bench.adapter,
        options=options,
        runner=bench.runner(),
        outbox=bench.outbox,
        bus=bus,
        receipts=ReceiptReader(bus, bench.outbox, NoticeBox(bench.file), oin=OIN, kind=kind),
        inbox=None
        if options.inbox is None
        else Inbox(folder=bench.folder / options.inbox, manifest=bench.adapter.manifest),
        clock=lambda: bench.now,
    )
    stop, reports = asyncio.Event(), list[Report]()
    ready: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(Stay(session, stop, reports.append).run(ready.set_result))
    first: list[asyncio.Future[Any]] = [ready, task]
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    try:
        if task.done():
            await task
        yield await ready, reports
    finally:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)
        await bus.close()


async def test_a_frame_is_acknowledged_once_it_is_kept_and_reaches_the_bus(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, GGZ)
    async with staying(bench, KitOptions.of({"mllp": {"port": 0}})) as (port, _):
        assert port is not None
        (answer,) = await send_mllp("127.0.0.1", port, [admission(1)])
        assert b"MSA|AA|1" in answer
        kept = len(bench.outbox.waiting(most=10)) + bench.outbox.unreceipted()
        assert kept == 1


async def test_a_broken_frame_gets_its_answer_and_the_next_one_is_taken(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, GGZ)
    async with staying(bench, KitOptions.of({"mllp": {"port": 0}})) as (port, _):
        assert port is not None
        frames = [b"no HL7", admission(2, bsn="999940003"), admission(3)]
        answers = await send_mllp("127.0.0.1", port, frames)
    assert [
        b"MSA|" + code in answer for code, answer in zip([b"AR", b"AE", b"AA"], answers, strict=True)
    ] == [True] * 3


async def test_what_cannot_be_kept_is_not_acknowledged_so_that_its_sender_sends_it_again(
    tmp_path: Path,
) -> None:
    bench = Workbench(tmp_path, GGZ)
    bench.pseudonymiser.away = True
    async with staying(bench, KitOptions.of({"mllp": {"port": 0}})) as (port, _):
        assert port is not None
        with pytest.raises(ConnectionError):
            await send_mllp("127.0.0.1", port, [admission(4)])
        bench.pseudonymiser.away = False
        (answer,) = await send_mllp("127.0.0.1", port, [admission(4)])
    assert b"MSA|AA|4" in answer


async def test_frames_for_an_adapter_that_takes_none_are_a_mistake_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="receives no frames"):
        async with staying(Workbench(tmp_path, VEILIG_THUIS), KitOptions.of({"mllp": {}})):
            pass


async def test_neither_inbox_nor_mllp_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="set inbox or mllp"):
        async with staying(Workbench(tmp_path, VEILIG_THUIS), KitOptions.of({})):
            pass


def test_a_lasting_ggz_adapter_takes_a_message_in_and_stops_cleanly(tmp_path: Path) -> None:
    trial = Trial.make(tmp_path / "site")
    config = trial.config("ggz")
    config.write_text(config.read_text("utf-8") + "\n[adapter.mllp]\nport = 0\n", "utf-8")
    with trial.process("pseudonym-service"):
        process = subprocess.Popen(
            [*COMMAND, "adapter", "run", "ggz", "--config", str(config), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(),
        )
        try:
            assert process.stdout is not None
            port = orjson.loads(process.stdout.readline())["mllp_port"]
            (answer,) = asyncio.run(send_mllp("127.0.0.1", port, [admission(5)]))
            assert b"MSA|AA|5" in answer
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
            process.communicate()
