"""`verwijsindex convenant diff`: what a new version changes, on paper and for what the index holds."""

from __future__ import annotations

import asyncio
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.convenant_files import On, chosen_day, read_file
from gateway.cli.options import IndexConfig, Json, Reviewer
from gateway.cli.output import print_json
from gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from gateway.convenant.model import Convenant
    from gateway.convenant.recounting import InvolvementCounts, LookupCounts
    from gateway.domain import Professional
    from gateway.settings import IndexSettings


class Against(StrEnum):
    """What the two versions are compared on, beside the text."""

    DB = "db"
    AUDIT = "audit"


_NAMED = "A file (YAML), or with --config the number of a version that was laid down."


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=_NAMED)],
    new: Annotated[str, typer.Argument(metavar="NEW", help=_NAMED)],
    against: Annotated[
        Against | None,
        typer.Option(
            help="Count too: db, over every current involvement; audit, over the questions of the last 30 days."
        ),
    ] = None,
    config: IndexConfig = None,
    on: On = None,
    reviewer: Reviewer = "",
    *,
    json: Json = False,
) -> None:
    """Show what changes from OLD to NEW: who sees whom, rules and other terms. Counts with --against.

    The grounds are compared as they hold on one day: the first day of NEW if that is still to come, else today. Counts
    are by kinds of partners and never name a person or an organisation; that the log was read for them is put on
    record, with `--reviewer` if it is named.
    """
    from gateway.audit.officers import officer_named
    from gateway.cli.convenant_diff_text import as_json, print_differences
    from gateway.convenant.differing import differences

    reader = officer_named(reviewer) if reviewer else None
    before, after = _read_both(old, new, config)
    day = chosen_day(on) if on is not None else max(chosen_day(None), after.valid_from)
    found = differences(before, after, on=day)
    counts = (
        None
        if against is None
        else asyncio.run(_count(_settings(config), (before, after), against, day, reader=reader, json=json))
    )
    if json:
        print_json(as_json(before, after, found, counts, on=day))
    else:
        print_differences(before, after, found, counts, on=day)


def _read_both(old: str, new: str, config: Path | None) -> tuple[Convenant, Convenant]:
    laid_down: dict[str, Convenant] = {}
    if not (Path(old).is_file() and Path(new).is_file()):
        if config is None:
            missing = new if Path(old).is_file() else old
            raise ConfigurationError(f"cannot read {missing}; a version that was laid down needs --config")
        laid_down = asyncio.run(_laid_down(_settings(config)))
    return _one(old, laid_down), _one(new, laid_down)


def _one(name: str, laid_down: dict[str, Convenant]) -> Convenant:
    if Path(name).is_file():
        return read_file(Path(name))
    if name not in laid_down:
        raise ConfigurationError(f"{name} is no file, and no version with that number was laid down")
    return laid_down[name]


async def _laid_down(settings: IndexSettings) -> dict[str, Convenant]:
    """Return what was laid down, by version; where two have one number, the one that was laid down last."""
    from gateway.bootstrap import open_site

    async with open_site(settings) as site, site.store.transaction() as tx:
        return {each.convenant.version: each.convenant for each in await tx.agreements.versions()}


async def _count(
    settings: IndexSettings,
    versions: tuple[Convenant, Convenant],
    against: Against,
    on: date,
    *,
    reader: Professional | None,
    json: bool,
) -> LookupCounts | InvolvementCounts:
    from gateway.bootstrap import open_site
    from gateway.cli.convenant_again import count_involvements, count_lookups, telling
    from gateway.clock import now
    from gateway.convenant.recounting import InvolvementsAgain, LookupsAgain

    async with open_site(settings) as site:
        with telling(shown=not json) as tell:
            if against is Against.AUDIT:
                lookups = LookupsAgain(*versions, on=on)
                await count_lookups(site.store, lookups, on=on, until=now(), tell=tell, reader=reader)
                return lookups.counts
            involvements = InvolvementsAgain(*versions, on=on)
            await count_involvements(site.store, involvements, on=on, tell=tell)
            return involvements.counts


def _settings(config: Path | None) -> IndexSettings:
    from gateway.settings import load_index_settings

    return load_index_settings(config)
