"""The embedded bus keeps the contract, and what only a file shared by processes must do."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.bus.ports import Bus
from gateway.bus.sqlite import LARGEST_RECORD_BYTES, SqliteBus
from gateway.errors import BusUnavailable, InvalidInput
from tests.bus.contract import BusContract, publish, receive, record, values

HOLD_A_TOPIC = """
import asyncio, sys
from pathlib import Path
from gateway.bus.sqlite import SqliteBus
async def main(path, topic):
    async with SqliteBus(Path(path)).consumer(group="g", topics=[topic]) as consumer:
        found = await consumer.receive(most=10, timeout_seconds=30)
        print(len(found), flush=True)
        await asyncio.Event().wait()
asyncio.run(main(*sys.argv[1:]))
"""
PUBLISH = """
import asyncio, sys
from pathlib import Path
from gateway.bus.ports import BusRecord
from gateway.bus.sqlite import SqliteBus
async def main(path, topic, name):
    async with SqliteBus(Path(path)).publisher() as publisher:
        for number in range(25):
            await publisher.publish([BusRecord(topic=topic, key=b"", value=f"{name} {number}".encode())])
asyncio.run(main(*sys.argv[1:]))
"""


class TestSqliteBus(BusContract):
    @pytest.fixture
    def bus(self, tmp_path: Path) -> Bus:
        return SqliteBus(tmp_path / "bus.sqlite3")


async def a_bus(path: Path, topic: str) -> SqliteBus:
    bus = SqliteBus(path)
    await bus.ensure_topics([topic])
    return bus


async def test_records_survive_reopening(tmp_path: Path) -> None:
    await publish(await a_bus(tmp_path / "b", "t"), [record("t", 1)])
    again = SqliteBus(tmp_path / "b")
    assert [delivery.record.value async for delivery in again.browse("t")] == [b"value 1"]


async def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    await a_bus(tmp_path / "b", "t")
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600


async def test_processes_that_publish_at_once_lose_nothing(tmp_path: Path) -> None:
    bus = await a_bus(tmp_path / "b", "t")
    writers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", PUBLISH, str(tmp_path / "b"), "t", name)
        for name in ("a", "b", "c")
    ]
    assert [await writer.wait() for writer in writers] == [0, 0, 0]
    found = [delivery.record.value.decode() async for delivery in bus.browse("t")]
    assert sorted(found) == sorted(f"{name} {number}" for name in "abc" for number in range(25))
    for name in "abc":
        own = [value for value in found if value.startswith(name)]
        assert own == [f"{name} {number}" for number in range(25)]


async def test_a_topic_has_one_holder_and_a_killed_one_gives_it_up(tmp_path: Path) -> None:
    bus = await a_bus(tmp_path / "b", "t")
    await publish(bus, [record("t", 1)])
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_A_TOPIC, str(tmp_path / "b"), "t"], stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await asyncio.to_thread(holder.stdout.readline) == b"1\n"
    async with bus.consumer(group="g", topics=["t"]) as second:
        assert list(await second.receive(most=10, timeout_seconds=0.2)) == []
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
        assert values(await receive(second, 1)) == [b"value 1"]


async def test_a_record_above_the_limit_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    bus = await a_bus(tmp_path / "b", "t")
    with pytest.raises(InvalidInput):
        await publish(bus, [record("t", 1, value=bytes(LARGEST_RECORD_BYTES + 1))])
    assert [delivery async for delivery in bus.browse("t")] == []


async def test_a_file_that_is_no_bus_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"this is not a database, and long enough to be read as one" * 20)
    with pytest.raises(BusUnavailable, match="cannot be used"):
        await SqliteBus(tmp_path / "b").ensure_topics(["t"])


async def test_a_waiter_left_by_a_killed_process_does_not_stop_publishing(tmp_path: Path) -> None:
    bus = await a_bus(tmp_path / "b", "t")
    (tmp_path / "b.waiters").mkdir()
    (tmp_path / "b.waiters" / "gone").symlink_to(tmp_path / "no-such-socket")
    await publish(bus, [record("t", 1)])
    assert not (tmp_path / "b.waiters" / "gone").is_symlink()
