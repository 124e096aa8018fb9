"""One pass: take the exports in, send what waits, and wait a while for the receipts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapters.kit.report import Report
from adapters.kit.run import Progress
from adapters.kit.session import Session
from gateway.errors import ConfigurationError, Unavailable


async def run_once(
    session: Session, export: Path | None, *, wait_seconds: float, progress: Progress | None = None
) -> tuple[Report, Unavailable | None]:
    """Take in one export, or everything in the inbox; return the report, and what was away.

    Whatever is away, all that was read before is in the outbox and goes out with the next run.

    Raises:
        ConfigurationError: neither an export was named nor an inbox is set.

    """
    report = Report()
    sent: set[str] = set()
    try:
        if export is not None:
            report.add(await session.runner.run_file(export, progress))
        else:
            await take_inbox(session, _settled(session), report, progress)
    except Unavailable as error:
        problem: Unavailable | None = error
    else:
        problem = None
    try:
        sent = await session.send()
        await _settle(session, report, sent, wait_seconds)
    except Unavailable as error:
        report.receipts.awaiting = len(session.runner.queued | sent)
        problem = problem or error
    return report, problem


async def take_inbox(
    session: Session, exports: Sequence[Path], report: Report, progress: Progress | None = None
) -> None:
    """Take in these exports of the inbox, oldest first, and put each away once what it says is durable.

    Raises:
        Unavailable: the export at which it stopped, and those after it, are still in the inbox.

    """
    if session.inbox is None:
        return
    for export in exports:
        one = await session.runner.run_file(export, progress)
        session.inbox.put_away(export, quarantined=bool(one.quarantined), at=session.clock())
        report.add(one.located(export.name))


def _settled(session: Session) -> Sequence[Path]:
    if session.inbox is None:
        raise ConfigurationError("adapter.inbox: name the folder with exports, or name a file with --file")
    return session.inbox.exports()


async def _settle(session: Session, report: Report, sent: set[str], wait_seconds: float) -> None:
    settled = await session.receipts.collect(session.runner.queued | sent, timeout_seconds=wait_seconds)
    report.receipts = settled.receipts
    report.details += settled.details
