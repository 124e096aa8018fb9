"""`verwijsindex adapter notices`: what the index tells the partner's privacy officers about declared emergencies."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.kit.endings import Ending, tell_error

if TYPE_CHECKING:
    from adapters.kit.notices import KeptNotice
    from gateway.errors import Unavailable
    from gateway.settings import PartnerSettings


def notices(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            envvar="VERWIJSINDEX_PARTNER_CONFIG",
            help="The partner's settings: a TOML file, or a folder with partner.toml.",
        ),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(
            "--wait", min=0, help="Seconds to look on the bus for new ones; 0: only what is kept already."
        ),
    ] = 5,
    *,
    seen: Annotated[bool, typer.Option("--seen", help="Mark what is listed as read.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """List the notices of break-glass for this partner's privacy officers; new ones are fetched and kept first.

    Ends with 1 when there are unread ones, and with 69 when the bus is away: what is kept is listed all the same.
    """
    from adapters.kit.notices import as_json
    from adapters.kit.show import show_notices
    from gateway.settings import load_partner_settings

    listed, away = asyncio.run(fetch_and_list(load_partner_settings(config), wait=wait, seen=seen))
    if json:
        _print([as_json(each.notice) | {"id": each.notice.id, "seen": each.seen} for each in listed])
    else:
        show_notices(listed)
    if away is not None:
        tell_error(away)
        raise typer.Exit(Ending.UNAVAILABLE)
    if not seen and any(not each.seen for each in listed):
        raise typer.Exit(Ending.FINDINGS)


async def fetch_and_list(
    settings: PartnerSettings, *, wait: float, seen: bool
) -> tuple[Sequence[KeptNotice], Unavailable | None]:
    """Keep what waits on the bus until nothing came for `wait` seconds, and return all that is kept.

    With `seen` what is returned is marked as read. The second part of the result says what was away.
    """
    from adapters.kit.notices import NoticeBox
    from adapters.kit.outbox import Outbox
    from adapters.kit.receipts import ReceiptReader
    from adapters.kit.state import StateFile
    from gateway.bus.opening import open_bus
    from gateway.domain import Oin
    from gateway.errors import Unavailable

    file = StateFile(settings.state)
    box, bus = NoticeBox(file), open_bus(settings.bus)
    away: Unavailable | None = None
    try:
        if wait > 0:
            # The same group as the adapter's: whichever of the two reads a notice or a receipt, it is kept here.
            reader = ReceiptReader(bus, Outbox(file), box, oin=Oin(settings.oin), kind=settings.kind)
            try:
                await reader.catch_up(quiet_seconds=wait)
            except Unavailable as error:
                away = error
        listed = box.all()
        if seen:
            box.see(listed)
    finally:
        await bus.close()
        file.close()
    return listed, away


def _print(listed: Sequence[object]) -> None:
    import orjson

    document = orjson.dumps({"notices": listed}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    sys.stdout.buffer.write(document)
    sys.stdout.buffer.flush()
