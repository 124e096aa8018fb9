"""`verwijsindex pseudonyms watch`: who had more evaluated than it registered and asked. For the index."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import IndexConfig, Json
from gateway.cli.output import Exit, console, print_json, print_table
from gateway.cli.stopping import run_until_stopped

if TYPE_CHECKING:
    from gateway.settings import IndexSettings
    from gateway.watching.model import Finding


def watch(
    config: IndexConfig = None,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Look once, print how every partner stands, and end.")
    ] = False,
    json: Json = False,
) -> None:
    """Compare the evaluations of the last 24 hours with what explains them. `serve` does the same by itself.

    With --once: a table, and exit code 1 when a partner stands out. Without it: alarms in the log, until stopped.
    """
    from gateway.settings import load_index_settings

    settings = load_index_settings(config)
    if not once:
        _stay(settings, json=json)
        return
    from gateway.bootstrap.watching import watch_once

    findings = asyncio.run(watch_once(settings))
    if json:
        print_json({"partners": [_as_json(finding) for finding in findings]})
    else:
        _show(findings)
    if any(finding.rings for finding in findings):
        raise typer.Exit(int(Exit.FINDINGS))


def _stay(settings: IndexSettings, *, json: bool) -> None:
    from gateway.bootstrap.watching import run_watch
    from gateway.telemetry.log import configure

    configure()
    if json:
        print_json({"ready": True, "every_seconds": settings.watch.every_seconds})
    else:
        console.print(f"Looking every {settings.watch.every_seconds:g} seconds. Stop with Ctrl-C.")
    run_until_stopped(lambda stop: run_watch(settings, stop))


def _as_json(finding: Finding) -> dict[str, Any]:
    return {
        "oin": finding.partner,
        "evaluated": finding.evaluated,
        "registered": finding.registered,
        "asked": finding.asked,
        "explained": finding.explained,
        "rings": finding.rings,
    }


def _show(findings: Sequence[Finding]) -> None:
    print_table(
        "Evaluaties van de laatste 24 uur",
        ["Partner", "Evaluaties", "Personen", "Vragen", "Verklaard", "Oordeel"],
        [
            [
                finding.partner,
                str(finding.evaluated),
                str(finding.registered),
                str(finding.asked),
                f"tot {finding.explained}",
                "ONVERKLAARD" if finding.rings else "verklaard",
            ]
            for finding in findings
        ],
    )
