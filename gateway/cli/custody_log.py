"""`verwijsindex pseudonyms log`: read the custodian's own log; reading it is logged too."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway.audit.model import StoredAuditRecord
from gateway.cli.audit import entry_of, record_as_json
from gateway.cli.options import After, Json, Limit, OnlyEvent, PseudonymServiceConfig
from gateway.cli.output import print_json, print_log

if TYPE_CHECKING:
    from gateway.settings import PseudonymServiceSettings


def log(
    config: PseudonymServiceConfig = None,
    after: After = 0,
    limit: Limit = None,
    event: OnlyEvent = "",
    *,
    json: Json = False,
) -> None:
    """List what was evaluated for whom, and what was done with the key, oldest first. Adds a record of its own."""
    from gateway.settings import load_pseudonym_service_settings

    settings = load_pseudonym_service_settings(config)
    records = asyncio.run(_read(settings, after=after, limit=limit, event=event))
    if json:
        print_json({"records": [record_as_json(stored) for stored in records]})
        return
    print_log("Logboek van de pseudoniemdienst", [entry_of(stored) for stored in records])


async def _read(
    settings: PseudonymServiceSettings, *, after: int, limit: int | None, event: str
) -> list[StoredAuditRecord]:
    from gateway.audit.reading import read_on_record
    from gateway.bootstrap import open_custody
    from gateway.clock import now

    async with open_custody(settings) as store, store.transaction() as tx:
        return await read_on_record(tx.audit, after=after, limit=limit, event=event, at=now())
