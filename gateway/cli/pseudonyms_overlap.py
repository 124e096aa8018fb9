"""`verwijsindex pseudonyms overlap`: how far the partners are in changing over to the next epoch."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.options import IndexConfig, Json
from gateway.cli.output import Exit, print_json, print_line, print_table

if TYPE_CHECKING:
    from gateway.settings import IndexSettings


def overlap(config: IndexConfig = None, *, json: Json = False) -> None:
    """Show for every partner how many persons would be lost if the old epoch ended now. For the index.

    Ends with 1 while there are any, and where the index knows of no overlap: only after 0 may the custodian finish
    the rotation.
    """
    from gateway.settings import load_index_settings

    found = asyncio.run(_read(load_index_settings(config)))
    if json:
        print_json(found)
    else:
        _show(found)
    if not found["may_finish"]:
        raise typer.Exit(int(Exit.FINDINGS))


async def _read(settings: IndexSettings) -> dict[str, Any]:
    from gateway.bootstrap import open_book, open_site
    from gateway.clock import day_of, now

    async with open_site(settings) as site:
        at = now()
        current = [key.epoch for key in open_book(settings).keys().current(at)]
        async with site.store.transaction() as tx:
            by_partner = await tx.facts.newest_epochs(on=day_of(at))
            names = {partner.oin: partner.name for partner in await tx.partners.all()}
    newest = max(current, default=0)
    partners = [
        {
            "oin": oin,
            "name": names.get(oin, ""),
            "up_to_date": sum(count for epoch, count in epochs.items() if epoch >= newest),
            "left_behind": sum(count for epoch, count in epochs.items() if epoch < newest),
        }
        for oin, epochs in sorted(by_partner.items())
    ]
    left_behind = sum(
        count for epochs in by_partner.values() for epoch, count in epochs.items() if epoch < newest
    )
    return {
        "current_epochs": current,
        "partners": partners,
        "left_behind": left_behind,
        "may_finish": len(current) > 1 and not left_behind,
    }


def _show(found: dict[str, Any]) -> None:
    print_table(
        f"Personen per partner, geldige epochs: {', '.join(map(str, found['current_epochs'])) or 'geen'}",
        ["Partner", "Naam", "Bijgewerkt", "Achtergebleven"],
        [
            [partner["oin"], partner["name"], str(partner["up_to_date"]), str(partner["left_behind"])]
            for partner in found["partners"]
        ],
    )
    if len(found["current_epochs"]) < 2:
        print_line(
            "\nNo overlap is on. If the custodian says one is, this index has an old pseudonym-keys.json."
        )
    elif found["left_behind"]:
        print_line("\nDo not finish the rotation yet: these partners must deliver their records once more.")
    else:
        print_line("\nNobody is left behind: the custodian can finish the rotation.")
