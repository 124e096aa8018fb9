"""`verwijsindex refusals`: what partners decided not to share, for the privacy officers of the index."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import IndexConfig, Json, Reviewer
from gateway.cli.output import Exit, print_json, print_table
from gateway.clock import day_of
from gateway.domain.dutch import dutch_day

if TYPE_CHECKING:
    from gateway.domain import Professional
    from gateway.refusals.officers import Standing
    from gateway.settings import IndexSettings

app = typer.Typer(
    no_args_is_help=True, help="What partners decided not to share, and when that is looked at again."
)


@app.callback()
def _group() -> None:
    """What partners decided not to share, and when that is looked at again."""


@app.command("list")
def list_refusals(
    reviewer: Reviewer,
    config: IndexConfig = None,
    *,
    due: Annotated[
        bool, typer.Option("--due", help="Only those that should have been looked at again by now.")
    ] = False,
    json: Json = False,
) -> None:
    """List the refusals that stand, by the day on which they must be looked at again. Who read it goes on record.

    Ends with exit code 1 when that day has come for one of them. No person is shown: the partner knows its reference.
    """
    from gateway.audit.officers import officer_named
    from gateway.clock import now
    from gateway.settings import load_index_settings

    at = now()
    today = day_of(at)
    reader = officer_named(reviewer)
    found = asyncio.run(_read(load_index_settings(config), reader))
    overdue = [each for each in found if each.refusal.is_overdue(today)]
    shown = overdue if due else found
    if json:
        print_json({"refusals": [_as_json(each, today) for each in shown]})
    else:
        _show(shown, today)
    if overdue:
        raise typer.Exit(int(Exit.FINDINGS))


async def _read(settings: IndexSettings, reader: Professional) -> Sequence[Standing]:
    from gateway.bootstrap import open_site
    from gateway.clock import now
    from gateway.refusals.officers import standing_on_record

    async with open_site(settings) as site, site.store.transaction() as tx:
        at = now()
        return await standing_on_record(tx, site.agreement, at=at, reader=reader)


def _as_json(standing: Standing, today: date) -> dict[str, Any]:
    refusal = standing.refusal
    return {
        "partner": refusal.partner,
        "name": standing.partner,
        "reference": refusal.reference,
        "ground": refusal.ground,
        "review_on": refusal.review_on.isoformat(),
        "recorded_at": refusal.recorded_at.isoformat(),
        "overdue": refusal.is_overdue(today),
    }


def _show(found: Sequence[Standing], today: date) -> None:
    print_table(
        "Niet gedeeld",
        ["Organisatie", "Kenmerk", "Grond", "Vastgelegd", "Opnieuw bekijken", ""],
        [
            [
                each.partner,
                each.refusal.reference,
                each.ground,
                dutch_day(day_of(each.refusal.recorded_at)),
                dutch_day(each.refusal.review_on),
                "over tijd" if each.refusal.is_overdue(today) else "",
            ]
            for each in found
        ],
    )
