"""`verwijsindex init`: a complete embedded site, to try everything by hand on one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import Json
from gateway.cli.output import console, print_json


def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder for the site.")],
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Where the index will answer on 127.0.0.1; 0 takes a free port."),
    ] = 50443,
    pseudonym_port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Where the pseudonym service will answer; 0 takes a free port."),
    ] = 50444,
    *,
    json: Json = False,
) -> None:
    """Make a complete embedded site in FOLDER: test CA, pseudonym service, index and three partners.

    Everything in it is for trials: the OINs have the test prefix, and one machine holds every key.
    """
    from gateway.cli.trial_site import SiteTerms, free_port, make_site

    terms = SiteTerms(port=port or free_port(), pseudonym_port=pseudonym_port or free_port())
    made = make_site(folder, terms)
    if json:
        print_json(made)
        return
    console.print(f"A trial site is in {folder}. What to do next:\n")
    for line in _next_steps(folder):
        console.print(f"  {line}", style="bold", soft_wrap=True)


def _next_steps(folder: Path) -> list[str]:
    veilig_thuis = folder / "partners" / "veilig_thuis"
    return [
        f"verwijsindex pseudonym-service --config {folder / 'pseudonyms'}",
        f"verwijsindex serve --config {folder}",
        f"verwijsindex adapter run veilig_thuis --config {veilig_thuis} --file EXPORT.csv --once",
        f"verwijsindex lookup --config {veilig_thuis} --purpose safety-assessment",
        f"verwijsindex audit list --config {folder}",
    ]
