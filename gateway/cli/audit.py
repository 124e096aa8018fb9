"""`verwijsindex audit`: read the access log; reading it is logged too."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import typer

from gateway.audit.model import StoredAuditRecord
from gateway.audit.officers import OFFICER_ROLE
from gateway.cli.options import After, IndexConfig, Json, Limit, OnlyEvent, Reviewer
from gateway.cli.output import print_json, print_log
from gateway.clock import dutch_time

if TYPE_CHECKING:
    from gateway.domain import Professional
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
    reviewer: Reviewer = "",
    *,
    json: Json = False,
) -> None:
    """List the audit records, oldest first. Adds a record of its own: that the log was read, and by whom."""
    from gateway.audit.officers import officer_named
    from gateway.settings import load_index_settings

    reader = officer_named(reviewer) if reviewer else None
    records = asyncio.run(
        read_log(load_index_settings(config), after=after, limit=limit, event=event, reader=reader)
    )
    if json:
        print_json({"records": [record_as_json(record) for record in records]})
        return
    print_log("Toegangslog (NEN 7513)", [entry_of(record) for record in records])


async def read_log(
    settings: IndexSettings,
    *,
    after: int = 0,
    limit: int | None = None,
    event: str = "",
    reader: Professional | None = None,
) -> list[StoredAuditRecord]:
    """Return the matching records; before they are handed out, one is appended that says who read the log."""
    from gateway.audit.reading import read_on_record
    from gateway.bootstrap import open_site
    from gateway.clock import now

    async with open_site(settings) as site, site.store.transaction() as tx:
        return await read_on_record(tx.audit, after=after, limit=limit, event=event, at=now(), reader=reader)


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
        "emergency": record.emergency,
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
                "consent": verdict.consent,
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


def entry_of(stored: StoredAuditRecord) -> tuple[str, str, list[str]]:
    """Return a record for `print_log`: its number, when and what, and the rest of what a person reads of it."""
    record = stored.record
    shown = sum(verdict.shown for verdict in record.verdicts)
    counted = f"getoond {shown}, onthouden {len(record.verdicts) - shown}" if record.verdicts else ""
    told = [
        record.organisation or "",
        _who(record.professional),
        record.purpose,
        counted,
        "" if record.epoch is None else f"epoch {record.epoch}",
        "" if record.count is None else f"aantal {record.count}",
        record.reason,
    ]
    head = f"{dutch_time(record.at, seconds=True)}  {record.event.value}: {record.outcome.value}"
    return str(stored.sequence), head, [part for part in told if part]


def _who(professional: Professional | None) -> str:
    """Return in which role somebody acted; of an officer also who it was, as that is what the record is for."""
    if professional is None:
        return ""
    named = f" {professional.id}" if professional.role == OFFICER_ROLE else ""
    return f"{professional.role}{named}"
