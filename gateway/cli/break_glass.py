"""`verwijsindex break-glass`: the officers' work on declared emergencies."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import IndexConfig, Json, Reviewer
from gateway.cli.output import Exit, print_json
from gateway.domain import ReviewOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.breakglass.reviewing import Dossier
    from gateway.breakglass.usage import PartnerUsage
    from gateway.settings import IndexSettings

app = typer.Typer(no_args_is_help=True, help="Declared emergencies: list, read, review, and count them.")
Declaration = Annotated[str, typer.Argument(metavar="ID", help="Id of the declaration.")]


@app.command("list")
def list_declarations(
    config: IndexConfig = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, help="All of the last so many days, instead of what waits for review."),
    ] = None,
    *,
    json: Json = False,
) -> None:
    """List the declarations that wait for a review, by the time it is due.

    Ends with exit code 1 when a review is overdue.
    """
    from gateway.cli.break_glass_show import dossier_as_json, show_dossiers
    from gateway.clock import now
    from gateway.settings import load_index_settings

    found = asyncio.run(_list(load_index_settings(config), days))
    at = now()
    if json:
        print_json({"declarations": [dossier_as_json(each, at) for each in found]})
    else:
        show_dossiers(found, at)
    if any(each.declaration.is_overdue(at) for each in found):
        raise typer.Exit(int(Exit.FINDINGS))


@app.command("show")
def show(
    declaration: Declaration, reviewer: Reviewer, config: IndexConfig = None, *, json: Json = False
) -> None:
    """Show one declaration with what was stated and what it showed. Adds an audit record: who read it."""
    from gateway.cli.break_glass_show import read_as_json, show_read
    from gateway.clock import now
    from gateway.settings import load_index_settings

    found, text = asyncio.run(_read(load_index_settings(config), declaration, reviewer))
    if json:
        print_json(read_as_json(found, text, now()))
    else:
        show_read(found, text, now())


@app.command("review")
def review(
    declaration: Declaration,
    outcome: Annotated[ReviewOutcome, typer.Option(help="What was found.")],
    reviewer: Reviewer,
    config: IndexConfig = None,
    *,
    json: Json = False,
) -> None:
    """Write down how a declaration was judged, once and for good; tell the asker and every partner that was shown."""
    from gateway.cli.break_glass_show import dossier_as_json, show_reviewed
    from gateway.clock import now
    from gateway.settings import load_index_settings

    found = asyncio.run(_review(load_index_settings(config), declaration, outcome, reviewer))
    if json:
        print_json(dossier_as_json(found, now()))
    else:
        show_reviewed(found)


@app.command("usage")
def usage(
    config: IndexConfig = None,
    months: Annotated[int, typer.Option(min=1, max=60, help="So many months, this one included.")] = 12,
    *,
    json: Json = False,
) -> None:
    """Show how often every partner declares, beside how often it asks, and how its declarations were judged."""
    from gateway.cli.break_glass_show import show_usage, usage_as_json
    from gateway.settings import load_index_settings

    found = asyncio.run(_usage(load_index_settings(config), months))
    if json:
        print_json({"partners": [usage_as_json(each) for each in found]})
    else:
        show_usage(found)


async def _list(settings: IndexSettings, days: int | None) -> Sequence[Dossier]:
    from gateway.bootstrap.break_glass import open_desk
    from gateway.clock import now

    async with open_desk(settings) as desk:
        if days is None:
            return await desk.reviews.unreviewed()
        return await desk.reviews.since(now() - timedelta(days=days))


async def _read(settings: IndexSettings, declaration: str, reviewer: str) -> tuple[Dossier, str]:
    from gateway.bootstrap.break_glass import open_desk, text_sealer

    sealer = text_sealer(settings)
    async with open_desk(settings) as desk:
        return await desk.reviews.read(declaration, officer=reviewer, sealer=sealer)


async def _review(
    settings: IndexSettings, declaration: str, outcome: ReviewOutcome, reviewer: str
) -> Dossier:
    from gateway.bootstrap.break_glass import open_desk

    async with open_desk(settings) as desk:
        return await desk.reviews.review(declaration, outcome, officer=reviewer)


async def _usage(settings: IndexSettings, months: int) -> Sequence[PartnerUsage]:
    from gateway.bootstrap.break_glass import open_desk

    async with open_desk(settings) as desk:
        return await desk.usage.read(months=months)
