"""`verwijsindex partners`: who takes part in the index."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import IndexConfig, Json
from gateway.cli.output import print_json, print_line, print_table
from gateway.domain import Partner

if TYPE_CHECKING:
    from gateway.agreement.reading import InForce

app = typer.Typer(no_args_is_help=True, help="Who takes part in the index.")


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="The partner's public description (TOML).")],
    config: IndexConfig = None,
    *,
    json: Json = False,
) -> None:
    """Add the partner that FILE describes, or replace it whole; makes its topics and an audit record."""
    from gateway.cli.partner_file import read_partner_file
    from gateway.settings import load_index_settings

    partner = read_partner_file(file)
    note = asyncio.run(register([partner], load_index_settings(config)))
    if json:
        print_json({"added": _described(partner), "note": note})
        return
    print_line(f"{partner.name} ({partner.kind}, {partner.oin}) is a partner of this index.")
    if note:
        print_line(note)


@app.command("list")
def list_partners(config: IndexConfig = None, *, json: Json = False) -> None:
    """List the partners, switched on or off."""
    from gateway.settings import load_index_settings

    partners = asyncio.run(_all(load_index_settings(config)))
    if json:
        print_json({"partners": [_described(partner) for partner in partners]})
        return
    print_table(
        "Partners",
        ["OIN", "Soort", "Naam", "Actief", "Loketten", "Sleutels"],
        [
            [
                partner.oin,
                partner.kind,
                partner.name,
                "ja" if partner.active else "nee",
                ", ".join(desk.code for desk in partner.desks),
                ", ".join(key.kid for key in partner.signing_keys),
            ]
            for partner in partners
        ],
    )


async def register(partners: list[Partner], settings: Any) -> str:
    """Write the partners with their audit record and make their topics; return what they cannot do yet, or nothing.

    Raises:
        ConfigurationError: the convenant in force has no terms for a partner's kind.

    """
    from gateway.agreement.reading import AgreementReader
    from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
    from gateway.bootstrap import open_site
    from gateway.bus.topics import topics_of
    from gateway.clock import now

    async with open_site(settings) as site:
        async with site.store.transaction() as tx:
            note = _check(partners, await AgreementReader().in_force(tx.agreements, now()))
            for partner in partners:
                await tx.partners.save(partner)
            await tx.audit.append(
                [
                    AuditRecord(
                        at=now(),
                        event=AuditEvent.ADMINISTRATION,
                        outcome=AuditOutcome.DONE,
                        organisation=partner.oin,
                        kind=partner.kind,
                        reason="partner-registered",
                    )
                    for partner in partners
                ]
            )
        await site.bus.ensure_topics([topic for partner in partners for topic in topics_of(partner.oin)])
    return note


def _check(partners: list[Partner], in_force: InForce | None) -> str:
    from gateway.errors import ConfigurationError

    if in_force is None:
        return "No convenant is in force: nobody is answered before one is, and no kind was checked."
    convenant = in_force.engine.convenant
    for partner in partners:
        if partner.kind not in convenant.kinds:
            raise ConfigurationError(
                f"kind: the convenant in force ({convenant.name} {convenant.version}) has no terms for it"
            )
    if all(partner.oin in in_force.parties for partner in partners):
        return ""
    return "It cannot ask, and is shown to nobody, before it has signed: see `verwijsindex convenant sign`."


async def _all(settings: Any) -> list[Partner]:
    from gateway.bootstrap import open_site

    async with open_site(settings) as site, site.store.transaction() as tx:
        return list(await tx.partners.all())


def _described(partner: Partner) -> dict[str, Any]:
    return {
        "oin": partner.oin,
        "kind": partner.kind,
        "name": partner.name,
        "active": partner.active,
        "desks": [desk.code for desk in partner.desks],
        "signing_keys": [key.kid for key in partner.signing_keys],
    }
