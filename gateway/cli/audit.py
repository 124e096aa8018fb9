"""`verwijsindex audit`: read the access log; reading it is logged too."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import typer

from gateway.audit.model import StoredAuditRecord
from gateway.cli.options import After, IndexConfig, Json, Limit, OnlyEvent
from gateway.cli.output import print_json, print_table

if TYPE_CHECKING:
    from gateway.settings import IndexSettings

app = typer.Typer(no_args_is_help=True, help="Read the access log.")


@app.callback()
def _group() -> None:
    """Read the access log."""


@app.command("list")
def list_records(
    config: IndexConfig = None,
    after: After = 0,
    limit: Limit = None,
    event: OnlyEvent = "",
    *,
    json: Json = False,
) -> None:
    """List the audit records, oldest first. Adds a record of its own: who reads the log is logged."""
    from gateway.settings import load_index_settings

    records = asyncio.run(read_log(load_index_settings(config), after=after, limit=limit, event=event))
    if json:
        print_json({"records": [record_as_json(record) for record in records]})
        return
    print_table(
        "Toegangslog (NEN 7513)",
        [
            "Nr",
            "Tijd (UTC)",
            "Gebeurtenis",
            "Afloop",
            "Organisatie",
            "Rol",
            "Doel",
            "Getoond",
            "Onthouden",
            "Reden",
        ],
        [_row(record) for record in records],
    )


async def read_log(
    settings: IndexSettings, *, after: int = 0, limit: int | None = None, event: str = ""
) -> list[StoredAuditRecord]:
    """Return the matching records, and append one that says the log was read, before they are handed out."""
    from gateway.audit.reading import read_on_record
    from gateway.bootstrap import open_site
    from gateway.clock import now

    async with open_site(settings) as site, site.store.transaction() as tx:
        return await read_on_record(tx.audit, after=after, limit=limit, event=event, at=now())


def record_as_json(stored: StoredAuditRecord) -> dict[str, Any]:
    """Return a record as JSON; the person appears as a handle that groups lines and names nobody."""
    record = stored.record
    return {
        "sequence": stored.sequence,
        "record_id": record.record_id,
        "at": record.at.isoformat(),
        "event": record.event.value,
        "outcome": record.outcome.value,
        "organisation": record.organisation,
        "kind": record.kind,
        "professional": None
        if record.professional is None
        else {
            "id": record.professional.id,
            "role": record.professional.role,
            "mandate": record.professional.mandate,
        },
        "subject": _handle(stored),
        "purpose": record.purpose,
        "convenant": record.convenant,
        "reason": record.reason,
        "epoch": record.epoch,
        "count": record.count,
        "message": None if record.message is None else record.message.id,
        "verdicts": [
            {
                "partner": verdict.partner,
                "kind": verdict.kind,
                "shown": verdict.shown,
                "rule": verdict.rule,
                "basis": verdict.basis,
            }
            for verdict in record.verdicts
        ],
    }


def _handle(stored: StoredAuditRecord) -> str | None:
    subject = stored.record.subject
    if subject is None:
        return None
    # While one epoch takes over from another there are two: who reads can follow a person across.
    return "/".join(
        hashlib.sha256(b"verwijsindex audit handle\0" + each.reveal()).hexdigest()[:12]
        for each in subject.pseudonyms
    )


def _row(stored: StoredAuditRecord) -> list[str]:
    record = stored.record
    shown = sum(verdict.shown for verdict in record.verdicts)
    return [
        str(stored.sequence),
        f"{record.at:%Y-%m-%d %H:%M:%S}",
        record.event.value,
        record.outcome.value,
        record.organisation or "",
        record.professional.role if record.professional else "",
        record.purpose,
        str(shown) if record.verdicts else "",
        str(len(record.verdicts) - shown) if record.verdicts else "",
        record.reason,
    ]
