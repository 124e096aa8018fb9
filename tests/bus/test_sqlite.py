"""The embedded bus keeps the contract, and what only a file shared by processes must do."""

from __future__ import annotations

import asyncio
import resource
import secrets
import signal
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.bus import logfile
from gateway.bus.logfile import LogFile
from gateway.bus.ports import Bus, BusRecord
from gateway.bus.sqlite import LARGEST_RECORD_BYTES, SqliteBus
from gateway.errors import BusUnavailable, ConfigurationError, InvalidInput
from gateway.settings import BusSettings
from tests.bus.contract import BusContract, another_process, browse, publish, receive, record, values
from tests.bus.member import PUBLISHES


class TestSqliteBus(BusContract):
    @pytest.fixture
    def settings(self, tmp_path: Path) -> BusSettings:
        return BusSettings(url=f"sqlite:///{tmp_path}/bus.sqlite3")


class TestSqliteBusInADeepFolder(TestSqliteBus):
    """The same where a socket's name would be too long."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> BusSettings:
        return BusSettings(url=f"sqlite:///{tmp_path}/{'deep/' * 30}bus.sqlite3")


@pytest.fixture
async def bus(tmp_path: Path) -> SqliteBus:
    bus = SqliteBus(tmp_path / "b")
    await bus.ensure_topics(["t"])
    return bus


@pytest.fixture(autouse=True)
def _no_safety_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever waits here is woken by a poke: looking again by itself would hide a poke that never came."""
    monkeypatch.setattr("gateway.bus.sqlite.SAFETY_CHECK_SECONDS", 3600.0)


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_only_the_owner_can_read_what_the_bus_writes(bus: Bus, tmp_path: Path) -> None:
    async with bus.consumer(group="g", topics=["t"]) as consumer:
        await publish(bus, [record("t", 1)])
        await receive(consumer, 1)
        modes = _modes(tmp_path)
    assert modes == {
        "b": 0o600, "b-wal": 0o600, "b-shm": 0o600, "b.opening": 0o600, "b.waiters": 0o700, "b.locks": 0o700,
    }  # fmt: skip


async def test_processes_that_open_a_new_file_and_publish_at_once_lose_nothing(
    bus: Bus, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        writers = [
            await stack.enter_async_context(another_process("publish", f"sqlite:///{tmp_path}/b", "t", name))
            for name in "abc"
        ]
        assert [await writer.wait() for writer in writers] == [0, 0, 0]
    found = [value.decode() for value in values(await browse(bus, "t"))]
    for name in "abc":
        own = [value for value in found if value.startswith(name)]
        assert own == [f"{name} {number}" for number in range(PUBLISHES)]
    assert len(found) == 3 * PUBLISHES


async def test_threads_that_make_the_file_at_once_all_succeed(tmp_path: Path) -> None:
    logs = [LogFile(tmp_path / "new" / "b") for _ in range(8)]
    await asyncio.gather(*(asyncio.to_thread(log.create_topics, ["t"]) for log in logs))
    await asyncio.gather(*(asyncio.to_thread(log.append, [record("t", n)]) for n, log in enumerate(logs)))
    assert logs[0].end("t") == 8
    for log in logs:
        log.close()


async def test_a_topic_has_one_reader_and_the_next_is_woken_when_it_leaves(bus: Bus) -> None:
    await publish(bus, [record("t", 1)])
    async with AsyncExitStack() as stack:
        second = await stack.enter_async_context(bus.consumer(group="g", topics=["t"]))
        async with bus.consumer(group="g", topics=["t"]) as first:
            held = await receive(first, 1)
            assert list(await second.receive(most=10, timeout_seconds=0.2)) == []
            waiting = asyncio.create_task(second.receive(most=10, timeout_seconds=60))
            await asyncio.sleep(0)
        assert await waiting == held


async def test_a_stopped_process_keeps_its_topic_and_a_killed_one_gives_it_up(
    bus: Bus, tmp_path: Path
) -> None:
    await publish(bus, [record("t", number) for number in range(3)])
    async with another_process("hold", f"sqlite:///{tmp_path}/b", "t", "g") as holder:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"holds 3\n"
        holder.send_signal(signal.SIGSTOP)
        async with bus.consumer(group="g", topics=["t"]) as second:
            assert list(await second.receive(most=10, timeout_seconds=0.2)) == []
            holder.kill()
            await holder.wait()
            assert values(await receive(second, 2)) == [b"value 1", b"value 2"]


async def test_a_busy_topic_does_not_keep_the_others_waiting(bus: Bus) -> None:
    await bus.ensure_topics(["a", "b", "c"])
    await publish(bus, [record("a", number) for number in range(20)] + [record("b", 100), record("c", 200)])
    async with bus.consumer(group="g", topics=["a", "b", "c"]) as consumer:
        pages = [await consumer.receive(most=5, timeout_seconds=0) for _ in range(3)]
    assert {b"value 100", b"value 200"} <= {value for page in pages for value in values(page)}


async def test_what_is_read_at_once_is_limited_in_bytes(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bus.logfile.PAGE_BYTES", 1000)
    monkeypatch.setattr("gateway.bus.sqlite.PAGE_BYTES", 1000)
    await bus.ensure_topics(["u"])
    await publish(bus, [record(topic, 1, value=bytes(600)) for topic in ("t", "u") for _ in range(4)])
    async with bus.consumer(group="g", topics=["t", "u"]) as consumer:
        sizes = [len(await consumer.receive(most=100, timeout_seconds=0)) for _ in range(4)]
    assert sizes == [2, 2, 2, 2]
    assert len(await browse(bus, "t")) == 4


async def test_a_record_above_the_limit_is_refused_and_nothing_is_written(bus: Bus) -> None:
    with pytest.raises(InvalidInput):
        await publish(bus, [record("t", 0), record("t", 1, value=bytes(LARGEST_RECORD_BYTES + 1))])
    assert await browse(bus, "t") == []


async def test_one_unknown_topic_among_records_writes_none_of_them(bus: Bus) -> None:
    with pytest.raises(BusUnavailable, match="no topic other"):
        await publish(bus, [record("t", 1), record("other", 2)])
    assert await browse(bus, "t") == []


async def test_a_file_that_is_no_bus_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"this is not a database, and long enough to be read as one" * 20)
    with pytest.raises(BusUnavailable, match=r"cannot be used \(SQLITE_NOTADB\)"):
        await SqliteBus(tmp_path / "b").ensure_topics(["t"])


async def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BusUnavailable, match="cannot be used"):
        await SqliteBus(tmp_path / "file" / "b").ensure_topics(["t"])


async def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "b")) as connection:
        connection.execute(f"PRAGMA user_version = {logfile.VERSION + 1}")
    with pytest.raises(ConfigurationError, match="another version"):
        await SqliteBus(tmp_path / "b").ensure_topics(["t"])


@contextmanager
def _files_no_larger_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_is_unavailable_and_the_same_publish_succeeds_later(
    bus: Bus, tmp_path: Path
) -> None:
    too_much = [record("t", number, value=secrets.token_bytes(200_000)) for number in range(5)]
    async with bus.publisher() as publisher:
        await publisher.publish([record("t", 99)])
        with _files_no_larger_than(400_000), pytest.raises(BusUnavailable):
            await publisher.publish(too_much)
        assert values(await browse(bus, "t")) == [b"value 99"]
        await publisher.publish(too_much)
    assert len(await browse(bus, "t")) == 6


def _real_folder(address: Path) -> Path:
    return address.resolve().parent


@pytest.mark.parametrize("deep", ["", "deep/" * 30], ids=["beside the file", "behind a link"])
async def test_what_a_killed_consumer_left_is_cleared_away(tmp_path: Path, deep: str) -> None:
    folder = tmp_path / deep
    bus = SqliteBus(folder / "b")
    await bus.ensure_topics(["t"])
    await publish(bus, [record("t", 1)])
    async with another_process("hold", f"sqlite:///{folder}/b", "t", "g") as holder:
        assert holder.stdout is not None
        await holder.stdout.readline()
        (left,) = (folder / "b.waiters").iterdir()
        home = _real_folder(left)
        holder.kill()
        await holder.wait()
        assert left.is_socket()
        await publish(bus, [record("t", 2)])
    assert list((folder / "b.waiters").iterdir()) == []
    assert home.exists() == (home == (folder / "b.waiters").resolve())


async def test_a_closed_consumer_leaves_no_socket(bus: Bus, tmp_path: Path) -> None:
    async with bus.consumer(group="g", topics=["t"]):
        assert len(list((tmp_path / "b.waiters").iterdir())) == 1
    assert list((tmp_path / "b.waiters").iterdir()) == []


async def test_a_waiter_whose_buffer_is_full_does_not_stop_publishing(bus: Bus) -> None:
    async with bus.consumer(group="g", topics=["t"]) as consumer, bus.publisher() as publisher:
        for number in range(600):
            await publisher.publish([record("t", number)])
        assert len(await receive(consumer, 600)) == 600


@given(
    key=st.binary(max_size=40),
    value=st.binary(max_size=200),
    headers=st.dictionaries(
        st.text(st.characters(codec="utf-8"), max_size=20), st.binary(max_size=40), max_size=5
    ),
)
def test_every_record_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, key: bytes, value: bytes, headers: dict[str, bytes]
) -> None:
    log = LogFile(tmp_path_factory.getbasetemp() / "every-record")
    log.create_topics(["t"])
    end = log.end("t")
    sent = BusRecord(topic="t", key=key, value=value, headers=headers)
    log.append([sent])
    assert [delivery.record for delivery in log.read("t", end, most=10)] == [sent]
    log.close()
