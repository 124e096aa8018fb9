"""Keeps an adapter running: watches the inbox, receives over MLLP, sends, and settles receipts, until stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.kit.adapter import Framed
from adapters.kit.events import STARTED, STOPPED, WAITING_FOR
from adapters.kit.mllp import serve_mllp
from adapters.kit.model import UnreadableRecord
from adapters.kit.once import take_inbox
from adapters.kit.report import Report
from adapters.kit.session import Session
from gateway.clock import wait
from gateway.errors import ConfigurationError, Unavailable, VerwijsindexError

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
RECEIPT_PAUSE_SECONDS = 1.0


class MllpOptions(BaseModel):
    """`[adapter.mllp]`: where HL7 messages are received. MLLP has no encryption: bind it inside one's own walls."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 2575

    @classmethod
    def of(cls, table: dict[str, Any]) -> MllpOptions:
        """Check the table; ConfigurationError names what is wrong."""
        try:
            return cls.model_validate(table)
        except ValidationError as error:
            rules = "; ".join(
                f"adapter.mllp.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
            )
            raise ConfigurationError(rules) from None


class Stay:
    """One stay: its parts share the session and stop together."""

    def __init__(self, session: Session, stop: asyncio.Event, on_report: Callable[[Report], None]) -> None:
        self._session = session
        self._stop = stop
        self._on_report = on_report
        self._queued = asyncio.Event()
        # The runner is used by one task at a time; MLLP connections and the inbox take turns.
        self._turn = asyncio.Lock()

    async def run(self, on_ready: Callable[[int | None], None]) -> None:
        """Run until the stop event is set; `on_ready` gets the MLLP port, or None without MLLP.

        Raises:
            ConfigurationError: there is neither an inbox nor MLLP, or MLLP is set for an adapter without it.

        """
        options = self._session.options
        if self._session.inbox is None and options.mllp is None:
            raise ConfigurationError("adapter: set inbox or mllp, or name a file with --file")
        async with self._mllp() as port:
            STARTED.emit(kind=self._session.kind)
            on_ready(port)
            # What an earlier process left in the outbox goes first.
            self._queued.set()
            await self._run_parts()
        STOPPED.emit(kind=self._session.kind, awaiting=self._session.outbox.unreceipted())

    async def _run_parts(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for part in (self._watch, self._send, self._follow):
                    tasks.create_task(self._again(part))
        except ExceptionGroup as group:
            deliberate, others = group.split(VerwijsindexError)
            if deliberate is None or others is not None:
                raise
            # One clear line instead of a tree: the parts stop together, the first reason is the reason.
            raise deliberate.exceptions[0] from None

    @asynccontextmanager
    async def _mllp(self) -> AsyncIterator[int | None]:
        table = self._session.options.mllp
        if table is None:
            yield None
            return
        if not isinstance(self._session.adapter, Framed):
            raise ConfigurationError("adapter.mllp: this adapter receives no frames; remove the table")
        options = MllpOptions.of(table)
        try:
            server = serve_mllp(options.host, options.port, self._on_frame)
            async with server as port:
                yield port
        except OSError as error:
            raise ConfigurationError(f"adapter.mllp: cannot listen: {error.strerror}") from None

    async def _on_frame(self, frame: bytes) -> bytes:
        adapter = self._session.adapter
        if not isinstance(adapter, Framed):
            raise TypeError("frames come in for an adapter that receives none")
        record = adapter.read_frame(frame)
        try:
            async with self._turn:
                report, problem = await self._session.runner.take_one(record)
        except Unavailable:
            # No acknowledgement: the sender keeps the message and sends it again.
            raise ConnectionError("the message could not be kept") from None
        if report.messages:
            self._queued.set()
        return adapter.acknowledge(frame, problem, readable=not isinstance(record, UnreadableRecord))

    async def _watch(self) -> None:
        while not self._stop.is_set():
            if self._session.inbox is not None:
                for export in self._session.inbox.settled_exports():
                    report = Report()
                    async with self._turn:
                        await take_inbox(self._session, [export], report)
                    self._on_report(report)
                    self._queued.set()
            await wait(self._stop, self._session.options.scan_seconds)

    async def _send(self) -> None:
        while not self._stop.is_set():
            await self._first_of(self._queued, self._stop)
            self._queued.clear()
            await self._session.send()

    async def _follow(self) -> None:
        await self._session.receipts.follow(self._stop, pause_seconds=RECEIPT_PAUSE_SECONDS)

    async def _again(self, part: Callable[[], Awaitable[None]]) -> None:
        """Run a part; when something is away, try again after a pause that grows. Nothing is lost meanwhile."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            try:
                await part()
            except Unavailable as error:
                WAITING_FOR.emit(kind=self._session.kind, error=str(error), pause_seconds=pause)
                await wait(self._stop, pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                self._queued.set()

    async def _first_of(self, *events: asyncio.Event) -> None:
        waiting = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
