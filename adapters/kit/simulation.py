"""Write a synthetic region as the source files of the partners: `verwijsindex adapter simulate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Protocol, runtime_checkable

import orjson
import typer

from adapters.kit.finding import all_adapters
from adapters.kit.region import TRIAL_OINS, Region, organisations_of
from adapters.kit.region_stories import build_region
from gateway.domain import parse_oin
from gateway.errors import InvalidInput


@runtime_checkable
class Simulates(Protocol):
    """An adapter that can write a region's records in its own partner's format."""

    def simulate(self, region: Region, folder: Path) -> Sequence[str]:
        """Write the export files into `folder`; return the texts planted in content fields."""


def write_region(
    folder: Path, *, households: int, seed: int, today: date, oins: Mapping[str, str] = TRIAL_OINS
) -> Region:
    """Write the files of every organisation whose adapter simulates, `stories.json` and `planted.json`.

    Each organisation has a folder of its own. `oins` are those of organisations that consents name. The same seed, day
    and OINs give the same files, byte for byte.
    """
    region = build_region(households=households, seed=seed, today=today, oins=oins)
    folder.mkdir(parents=True, exist_ok=True)
    planted: list[str] = []
    for adapter in all_adapters():
        if isinstance(adapter, Simulates):
            for organisation in organisations_of(adapter.manifest.kind):
                home = folder / organisation
                home.mkdir(parents=True, exist_ok=True)
                planted += adapter.simulate(region.seen_by(organisation), home)
    (folder / "stories.json").write_bytes(orjson.dumps([story.as_json() for story in region.stories]))
    (folder / "planted.json").write_bytes(orjson.dumps(sorted(set(planted))))
    return region


def simulate(
    folder: Annotated[Path, typer.Argument(help="A new folder for the files.")],
    households: Annotated[int, typer.Option(min=0, max=20_000, help="How many households.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 7,
    today: Annotated[
        str, typer.Option(help="The day the files are made on, YYYY-MM-DD; today without it.")
    ] = "",
    oin: Annotated[
        list[str] | None,
        typer.Option(help="ORGANISATION=OIN, for consents that name one; without it, as `init` makes them."),
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Write a synthetic region as the source files of the partners, bad records included. Nobody in it exists."""
    oins = {**TRIAL_OINS, **dict(map(_named_oin, oin or []))}
    region = write_region(folder, households=households, seed=seed, today=_day(today), oins=oins)
    counts = {
        "casus": len(region.casus),
        "treatments": len(region.treatments),
        "reports": len(region.reports),
        "consents": len(region.consents),
        "stories": len(region.stories),
    }
    if json:
        typer.echo(orjson.dumps({"folder": str(folder), **counts}).decode())
    else:
        typer.echo(f"Synthetic region in {folder}: " + ", ".join(f"{n} {name}" for name, n in counts.items()))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else date.today()  # noqa: DTZ011 - the day where the files are made
    except ValueError:
        raise typer.BadParameter("must be a day as YYYY-MM-DD", param_hint="--today") from None


def _named_oin(text: str) -> tuple[str, str]:
    name, _, oin = text.partition("=")
    try:
        return name, parse_oin(oin)
    except InvalidInput:
        raise typer.BadParameter(
            "must be an organisation and its OIN of 20 digits", param_hint="--oin"
        ) from None
