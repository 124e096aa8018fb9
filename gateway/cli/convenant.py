"""`verwijsindex convenant`: read the partners' agreement as people and as checks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import Json
from gateway.cli.output import Exit, console, print_json, print_table
from gateway.clock import day_of, now
from gateway.convenant.checking import findings
from gateway.convenant.matrix import matrix
from gateway.convenant.model import Convenant
from gateway.convenant.reading import read_convenant
from gateway.errors import ConfigurationError

app = typer.Typer(no_args_is_help=True, help="Read and check the partners' agreement.")
File = Annotated[Path, typer.Argument(help="The convenant (YAML).")]


@app.command("check")
def check(file: File, *, json: Json = False) -> None:
    """Check that FILE can be used, and list what a jurist should look at. Exit 1 when there is something."""
    convenant = _read(file)
    found = findings(convenant, on=day_of(now()))
    if json:
        print_json(
            {
                "convenant": convenant.identity,
                "findings": [{"code": f.code, "where": f.where, "text": f.text} for f in found],
            }
        )
    else:
        console.print(f"{file} kan worden gebruikt: {convenant.identity}")
        print_table("Aandachtspunten", ["Wat", "Waar", "Uitleg"], [[f.code, f.where, f.text] for f in found])
    if found:
        raise typer.Exit(int(Exit.FINDINGS))


@app.command("show")
def show(file: File, *, json: Json = False) -> None:
    """Show who may see whose involvement, for which purpose and on which ground."""
    convenant = _read(file)
    rows = matrix(convenant, on=day_of(now()))
    if json:
        print_json({"convenant": convenant.identity, "rows": [row.as_json() for row in rows]})
        return
    print_table(
        f"Convenant {convenant.identity}",
        ["Betrokkenheid van", "Zichtbaar voor", "Doel", "Grondslag", "Regel"],
        [[row.source, row.asking, row.purpose, row.basis, row.rule] for row in rows],
    )


def _read(file: Path) -> Convenant:
    try:
        return read_convenant(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from None
