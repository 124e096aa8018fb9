"""When an epoch is over its rows go, not before their time, and not because of a file that is wrong."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.model import AuditEvent
from gateway.domain import Oin
from gateway.errors import ConfigurationError
from gateway.index.door import EpochBook
from gateway.ingest.epochs import EpochKeeper, first_kept
from gateway.pseudonyms.epochs import PublicEpoch
from gateway.pseudonyms.pinned import PinnedKeys
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import OIN_VT, PUBLIC_KEY, involvement, message, person

INDEX = Oin("00000099100000000000")
START = datetime(2026, 1, 1, tzinfo=UTC)
ENDED = datetime(2026, 3, 1, tzinfo=UTC)
KEEP = timedelta(hours=24)


class Book(EpochBook):
    """Epochs that a test sets; None stands for a file that cannot be read."""

    def __init__(self, *ends: datetime | None) -> None:
        self.ends: tuple[datetime | None, ...] | None = ends
        self.failed = asyncio.Event()
        self.read = asyncio.Event()

    def keys(self) -> PinnedKeys:
        if self.ends is None:
            self.failed.set()
            raise ConfigurationError("pseudonym-keys.json: cannot be read")
        self.read.set()
        return PinnedKeys(
            index=INDEX,
            keys=tuple(
                PublicEpoch(epoch=number, public_key=PUBLIC_KEY, valid_from=START, valid_until=end)
                for number, end in enumerate(self.ends, start=1)
            ),
        )


class Site:
    """A store with one person under the first epoch, one under the second and one under both."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.store = FakeIndexStore()
        self.now = ENDED
        self.keeper = EpochKeeper(store=self.store, book=book, index=INDEX, keep=KEEP, clock=lambda: self.now)

    async def fill(self) -> Site:
        async with self.store.transaction() as tx:
            for name, epochs in (("old", (1,)), ("both", (1, 2)), ("new", (2,))):
                fact = involvement(OIN_VT, name, subject=person(name, *epochs))
                await tx.facts.save(message(fact))
        return self

    async def left(self) -> int:
        async with self.store.transaction() as tx:
            return (await tx.facts.counts())["versions"]


async def test_rows_stay_for_a_while_after_their_epoch_ended() -> None:
    site = await Site(Book(ENDED, None)).fill()
    site.now = ENDED + KEEP - timedelta(seconds=1)
    assert await site.keeper.forget() == 0
    assert await site.left() == 3


async def test_then_they_go_once_and_the_log_says_so() -> None:
    site = await Site(Book(ENDED, None)).fill()
    site.now = ENDED + KEEP
    assert await site.keeper.forget() > 0
    assert await site.left() == 2
    assert await site.keeper.forget() == 0
    [record] = site.store.state.audit
    assert (record.event, record.reason, record.epoch) == (AuditEvent.ADMINISTRATION, "epoch-forgotten", 1)


async def test_a_mistaken_end_that_is_taken_back_in_time_loses_nothing() -> None:
    site = await Site(Book(ENDED, None)).fill()
    site.now = ENDED + timedelta(hours=1)
    await site.keeper.forget()
    site.book.ends = (None, None)
    site.now = ENDED + KEEP * 2
    await site.keeper.forget()
    assert await site.left() == 3


async def test_a_file_in_which_every_epoch_ended_removes_nothing() -> None:
    site = await Site(Book(ENDED, ENDED)).fill()
    site.now = ENDED + KEEP * 2
    assert await site.keeper.forget() == 0
    assert await site.left() == 3


async def test_a_file_that_cannot_be_read_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    site = await Site(Book(ENDED, None)).fill()
    site.now = ENDED + KEEP
    good, site.book.ends = site.book.ends, None
    stop = asyncio.Event()
    running = asyncio.create_task(site.keeper.run(stop, look_seconds=0.01))
    await site.book.failed.wait()
    assert await site.left() == 3
    site.book.ends = good
    await site.book.read.wait()
    stop.set()
    await running
    assert await site.left() == 2
    assert "ingest.epochs-not-read" in capsys.readouterr().err


@given(st.lists(st.none() | st.datetimes(datetime(2026, 1, 2), datetime(2026, 12, 31)), max_size=5))  # noqa: DTZ001 - bounds
def test_only_epochs_before_the_first_that_stays_go(ends: list[datetime | None]) -> None:
    keys = Book(*(None if end is None else end.replace(tzinfo=UTC) for end in ends)).keys()
    at = datetime(2026, 6, 1, tzinfo=UTC)
    kept = first_kept(keys, at)
    if kept is None:
        return
    assert kept > 1
    assert all(key.valid_until is not None and key.valid_until <= at for key in keys.keys[: kept - 1])
    until = keys.keys[kept - 1].valid_until
    assert until is None or until > at
