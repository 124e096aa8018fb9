"""`verwijsindex convenant`: read the partners' agreement as people and as checks."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from gateway.cli import agreement
from gateway.cli.agreement_status import status
from gateway.cli.convenant_diff import diff
from gateway.cli.convenant_explain import explain
from gateway.cli.convenant_files import File, On, chosen_day, read_bytes, read_file, write_page
from gateway.cli.options import Json
from gateway.cli.output import Exit, print_json, print_line
from gateway.domain import PartnerKind
from gateway.errors import InvalidInput, Violation

if TYPE_CHECKING:
    from gateway.convenant.finding import Finding
    from gateway.convenant.model import Convenant

app = typer.Typer(no_args_is_help=True, help="Read, check, compare and sign the partners' agreement.")

_LINE = re.compile(r"line (?P<line>\d+): (?P<rule>.*)", re.DOTALL)


@app.command("check")
def check(file: File, on: On = None, *, json: Json = False) -> None:
    """Check that FILE can be used, and list what a jurist should look at, each with its line.

    Ends with 0 where there is nothing, with 1 where there is something to look at, and with 2 where the file cannot
    be used; then each fault stands with its place and line.
    """
    from gateway.convenant.checking import findings, in_file_order
    from gateway.convenant.reading import read_convenant
    from gateway.convenant.yaml_text import read_yaml

    text = read_bytes(file)
    try:
        convenant = read_convenant(text)
    except InvalidInput as refusal:
        _refuse(file, refusal, json=json)
    found = in_file_order(findings(convenant, on=chosen_day(on)), read_yaml(text))
    if json:
        print_json(
            {"convenant": convenant.identity, "findings": [_as_json(line, each) for line, each in found]}
        )
    else:
        _print_findings(file, convenant, found)
    if found:
        raise typer.Exit(int(Exit.FINDINGS))


def _print_findings(file: Path, convenant: Convenant, found: list[tuple[int, Finding]]) -> None:
    told = [f"{file} kan worden gebruikt: {convenant.identity}"]
    told += [f"{file}:{line}: {each.code}: {each.where}: {each.text}" for line, each in found]
    told.append(f"Aandachtspunten: {len(found) or 'geen'}")
    for text in told:
        print_line(text)


def _as_json(line: int, finding: Finding) -> dict[str, str | int]:
    return {"code": finding.code, "where": finding.where, "line": line, "text": finding.text}


def _refuse(file: Path, refusal: InvalidInput, *, json: bool) -> NoReturn:
    """End with every fault of a file that cannot be used."""
    faults = [_fault(violation) for violation in refusal.violations]
    if json:
        print_json({"convenant": None, "faults": faults})
    for fault in faults:
        where = f"{file}:{fault['line']}" if fault["line"] else f"{file}"
        sys.stderr.write(f"verwijsindex: {where}: {fault['path']}: {fault['rule']}\n")
    raise typer.Exit(int(Exit.USAGE))


def _fault(violation: Violation) -> dict[str, str | int | None]:
    found = _LINE.fullmatch(violation.rule)
    line, rule = (int(found["line"]), found["rule"]) if found else (None, violation.rule)
    return {"path": violation.path, "line": line, "rule": rule}


@app.command("show")
def show(
    file: File,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write one page, to read and to print, to this file.")
    ] = None,
    kind: Annotated[str, typer.Option(help="Only what this kind of partner shows and sees, by rule.")] = "",
    on: On = None,
    *,
    json: Json = False,
) -> None:
    """Show who may see whose involvement, for which purpose and on which ground."""
    from gateway.cli.convenant_show import print_matrix, print_of_kind
    from gateway.convenant.matrix import matrix
    from gateway.convenant.page import page

    convenant, day = read_file(file), chosen_day(on)
    if kind and kind not in convenant.kinds:
        raise InvalidInput.at("kind", "the convenant does not have this kind of partner")
    if html is not None:
        write_page(html, page(convenant, on=day))
    if json:
        rows = [row for row in matrix(convenant, on=day) if not kind or kind in {row.source, row.asking}]
        print_json({"convenant": convenant.identity, "rows": [row.as_json() for row in rows]})
    elif html is not None:
        print_line(f"{html} is geschreven: {convenant.identity}")
    elif kind:
        print_of_kind(convenant, PartnerKind(kind), on=day)
    else:
        print_matrix(convenant, on=day)


app.command("explain")(explain)
app.command("diff")(diff)
app.command("sign")(agreement.sign)
app.command("revoke")(agreement.revoke)
app.command("lay-down")(agreement.lay_down)
app.command("accept")(agreement.accept)
app.command("status")(status)
