"""`verwijsindex pseudonyms`: the custodian's key ring, its public keys, and the schema of the service's store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.custody_log import log
from gateway.cli.options import Json, PseudonymServiceConfig
from gateway.cli.output import console, print_json, print_migrated, print_table
from gateway.cli.pseudonyms_overlap import overlap
from gateway.cli.pseudonyms_watch import watch
from gateway.clock import dutch_time
from gateway.errors import InvalidInput

if TYPE_CHECKING:
    from gateway.pseudonyms.epochs import PublicEpoch
    from gateway.pseudonyms.keyring import KeyRing
    from gateway.settings import PseudonymServiceSettings

app = typer.Typer(
    no_args_is_help=True, help="Keep the pseudonym key (its custodian), and watch over its use (the index)."
)

PUBLIC_KEYS = "pseudonym-keys.json"
"""The file that partners and the index get a copy of; stands beside the key ring and holds nothing secret."""

_Change = Callable[["KeyRing", datetime], "PublicEpoch"]


@app.callback()
def _group() -> None:
    """Keep the pseudonym key (its custodian), and watch over its use (the index)."""


@app.command("init")
def init(config: PseudonymServiceConfig = None, *, json: Json = False) -> None:
    """Make the key of the first epoch, which begins now; refused where there is a key already."""
    epoch = _change(config, lambda ring, now: ring.create_first(now), reason="epoch-created")
    _tell(epoch, json=json, text="begins now. Give every partner and the index the public keys")


@app.command("rotate")
def rotate(
    config: PseudonymServiceConfig = None,
    starts: Annotated[
        str, typer.Option(help="When the next epoch begins, ISO 8601 with a time zone; without it, now.")
    ] = "",
    *,
    finish: Annotated[
        bool, typer.Option("--finish", help="End the older of two current epochs now.")
    ] = False,
    json: Json = False,
) -> None:
    """Make the key of the next epoch, or end the overlap with --finish. The running service sees it by itself.

    Both epochs are in use from the start of the next one until --finish: nothing ends by itself.
    """
    if finish:
        if starts:
            raise InvalidInput.at("--starts", "cannot go with --finish, which counts from now")
        epoch = _change(config, lambda ring, now: ring.finish(now), reason="epoch-ended")
        _tell(epoch, json=json, text="is over. Give every partner and the index the public keys")
        return
    begin = _read_moment(starts) if starts else None
    epoch = _change(config, lambda ring, now: ring.rotate(now, begin or now), reason="epoch-announced")
    text = (
        f"begins {epoch.valid_from.isoformat()}. Give out the public keys before"
        if begin
        else "has begun. Give out the public keys now"
    )
    _tell(epoch, json=json, text=text)


@app.command("status")
def status(config: PseudonymServiceConfig = None, *, json: Json = False) -> None:
    """Show the epochs: announced, current or ended, and their public keys."""
    from gateway.bootstrap import open_key_ring
    from gateway.clock import now

    settings = _settings(config)
    at = now()
    epochs = open_key_ring(settings).public_keys()
    if json:
        described = [epoch.as_json() | {"state": epoch.state(at).value} for epoch in epochs]
        print_json({"index": settings.index, "epochs": described})
        return
    print_table(
        f"Pseudoniemsleutel voor index {settings.index}",
        ["Epoch", "Stand", "Vanaf", "Tot"],
        [
            [
                str(epoch.epoch),
                _STATES[epoch.state(at).value],
                dutch_time(epoch.valid_from, seconds=True),
                dutch_time(epoch.valid_until, seconds=True) if epoch.valid_until else "",
            ]
            for epoch in epochs
        ],
    )


@app.command("show-public")
def show_public(config: PseudonymServiceConfig = None, *, json: Json = False) -> None:
    """Write the public keys beside the key ring, as the file that partners and the index pin, and show them."""
    settings = _settings(config)
    from gateway.bootstrap import open_key_ring

    path, content = _publish(settings, open_key_ring(settings))
    if json:
        print_json({"file": str(path)} | content)
        return
    console.print(f"{path}: give every partner and the index a copy, by a way that nobody can change it on.")
    print_table(
        "Publieke sleutels",
        ["Epoch", "Publieke sleutel"],
        [[str(key["epoch"]), str(key["public_key"])] for key in content["keys"]],
    )


@app.command("migrate")
def migrate(config: PseudonymServiceConfig = None, *, json: Json = False) -> None:
    """Bring the schema of the service's store to the one this version needs; safe to repeat."""
    from gateway.evaluation.migrate import SCHEMA

    before, after = SCHEMA.migrate(_settings(config).store)
    print_migrated(before, after, json=json)


app.command("log")(log)
app.command("overlap")(overlap)
app.command("watch")(watch)

_STATES = {"announced": "aangekondigd", "current": "geldig", "ended": "afgelopen"}


def _settings(config: Path | None) -> PseudonymServiceSettings:
    from gateway.settings import load_pseudonym_service_settings

    return load_pseudonym_service_settings(config)


def _change(config: Path | None, change: _Change, *, reason: str) -> PublicEpoch:
    settings = _settings(config)
    return asyncio.run(change_on_record(settings, change, reason=reason))


async def change_on_record(
    settings: PseudonymServiceSettings, change: _Change, *, reason: str
) -> PublicEpoch:
    """Change the ring, give out its public keys, and write it in the custodian's log, which must be there first."""
    from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
    from gateway.bootstrap import open_custody, open_key_ring
    from gateway.clock import now
    from gateway.domain import Oin

    async with open_custody(settings) as store:
        ring = open_key_ring(settings)
        if ring.public_keys():
            # Completes what an earlier run that was stopped had left undone, also where this change is refused.
            _publish(settings, ring)
        at = now()
        epoch = change(ring, at)
        _publish(settings, ring)
        async with store.transaction() as tx:
            await tx.audit.append(
                [
                    AuditRecord(
                        at=at,
                        event=AuditEvent.ADMINISTRATION,
                        outcome=AuditOutcome.DONE,
                        organisation=Oin(settings.oin),
                        reason=reason,
                        epoch=epoch.epoch,
                    )
                ]
            )
    return epoch


def _publish(settings: PseudonymServiceSettings, ring: KeyRing) -> tuple[Path, dict[str, Any]]:
    from gateway.pseudonyms.pinned import PinnedKeys

    pinned = PinnedKeys(index=ring.index, keys=ring.public_keys())
    path = settings.keys / PUBLIC_KEYS
    pinned.write(path)
    return path, {"index": pinned.index, "keys": [key.as_json() for key in pinned.keys]}


def _tell(epoch: PublicEpoch, *, json: bool, text: str) -> None:
    if json:
        print_json(epoch.as_json())
    else:
        console.print(f"Epoch {epoch.epoch} {text} ({PUBLIC_KEYS}).")


def _read_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise InvalidInput.at("--starts", "must be a date and time in ISO 8601 with a time zone")
    return moment
