"""`verwijsindex audit`: read the access log; reading it is logged too."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.audit.model import StoredAuditRecord
from gateway.cli.options import IndexConfig, Json
from gateway.cli.output import print_json, print_table

if TYPE_CHECKING:
    from gateway.audit.ports import AuditLog
    from gateway.settings import IndexSettings

app = typer.Typer(no_args_is_help=True, help="Read the access log.")

PAGE = 1000


@app.callback()
def _group() -> None:
    """Read the access log."""


@app.command("list")
def list_records(
    config: IndexConfig = None,
    after: Annotated[int, typer.Option(help="Only records with a higher number.")] = 0,
    limit: Annotated[int | None, typer.Option(help="At most so many; without it, all.")] = None,
    event: Annotated[str, typer.Option(help="Only this event, for instance lookup.")] = "",
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
    from gateway.bootstrap import open_site

    async with open_site(settings) as site, site.store.transaction() as tx:
        return await read_on_record(tx.audit, after=after, limit=limit, event=event)


async def read_on_record(
    log: AuditLog, *, after: int, limit: int | None, event: str
) -> list[StoredAuditRecord]:
    """Return the matching records of a log, and append one that says it was read, before they are handed out."""
    from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
    from gateway.bootstrap import now

    found: list[StoredAuditRecord] = []
    place = after
    while limit is None or len(found) < limit:
        page = await log.read(after=place, limit=PAGE)
        if not page:
            break
        found += [stored for stored in page if not event or stored.record.event == event]
        place = page[-1].sequence
    await log.append([AuditRecord(at=now(), event=AuditEvent.LOG_ACCESS, outcome=AuditOutcome.DONE)])
    return found if limit is None else found[:limit]


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
