"""`verwijsindex adapter`: which adapters there are, and running one on a partner's own exports."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.kit.endings import Ending, ends_clearly, tell_error
from adapters.kit.notices_cli import notices
from adapters.kit.simulation import simulate

if TYPE_CHECKING:
    from adapters.kit.adapter import Adapter
    from adapters.kit.report import Report
    from gateway.settings import PartnerSettings

app = typer.Typer(no_args_is_help=True, help="Turn a partner's own records into messages for the index.")
app.command("simulate")(ends_clearly(simulate))
app.command("notices")(ends_clearly(notices))

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@app.command("list")
@ends_clearly
def list_adapters(*, json: Json = False) -> None:
    """List the installed adapters: what they read, and on which legal basis."""
    from adapters.kit.finding import all_adapters
    from adapters.kit.show import show_adapters

    manifests = [adapter.manifest for adapter in all_adapters()]
    if json:
        _print_json([manifest.model_dump(mode="json") for manifest in manifests])
    else:
        show_adapters(manifests)


@app.command("run")
@ends_clearly
def run(
    kind: Annotated[str, typer.Argument(help="Kind of partner: veilig_thuis, ggz, politie, …")],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            envvar="VERWIJSINDEX_PARTNER_CONFIG",
            help="The partner's settings: a TOML file, or a folder with partner.toml.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", exists=True, dir_okay=False, help="Take in this export and end."),
    ] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Take in what is in the inbox now and end.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to wait for the receipts of what was sent.")
    ] = 10,
    json: Json = False,
) -> None:
    """Read exports, and send a message for every record that is new or changed.

    Ends with 1 when a record, a file or a message needs attention, and with 69 when the bus or the pseudonym
    service is away: what was read is kept, and goes out with the next run.
    """
    from adapters.kit.finding import find_adapter
    from gateway.settings import load_partner_settings
    from gateway.telemetry.log import configure

    configure(level=_log_level(once=once or file is not None))
    adapter = find_adapter(kind)
    settings = load_partner_settings(config)
    folder = (
        Path.cwd() if config is None else config.resolve() if config.is_dir() else config.resolve().parent
    )
    if file is None and not once:
        asyncio.run(_stay(adapter, settings, folder, json=json))
        return
    report, ending = asyncio.run(_once(adapter, settings, folder, file=file, wait=wait))
    _print_report(report, adapter.manifest.name, json=json)
    raise typer.Exit(ending)


async def _once(
    adapter: Adapter, settings: PartnerSettings, folder: Path, *, file: Path | None, wait: float
) -> tuple[Report, Ending]:
    from adapters.kit.once import run_once
    from adapters.kit.session import open_session
    from adapters.kit.show import ProgressLine

    async with open_session(adapter, settings, folder=folder) as session:
        with ProgressLine() as progress:
            report, away = await run_once(session, file, wait_seconds=wait, progress=progress)
    if away is not None:
        tell_error(away)
        return report, Ending.UNAVAILABLE
    return report, Ending.FINDINGS if report.has_findings else Ending.OK


async def _stay(adapter: Adapter, settings: PartnerSettings, folder: Path, *, json: bool) -> None:
    from adapters.kit.session import open_session
    from adapters.kit.staying import Stay

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def on_ready(mllp_port: int | None) -> None:
        if json:
            _print_json({"ready": True, "mllp_port": mllp_port}, on_one_line=True)
        else:
            typer.echo(f"Adapter {adapter.manifest.name} draait. Stoppen met Ctrl-C.")

    def on_report(report: Report) -> None:
        _print_report(report, adapter.manifest.name, json=json, on_one_line=True)

    async with open_session(adapter, settings, folder=folder) as session:
        await Stay(session, stop, on_report).run(on_ready)


def _print_report(report: Report, name: str, *, json: bool, on_one_line: bool = False) -> None:
    from adapters.kit.show import show_report

    if json:
        _print_json(report.as_json(), on_one_line=on_one_line)
    else:
        show_report(report, name)


def _print_json(value: Any, *, on_one_line: bool = False) -> None:
    import orjson

    option = orjson.OPT_APPEND_NEWLINE | (0 if on_one_line else orjson.OPT_INDENT_2)
    sys.stdout.buffer.write(orjson.dumps(value, option=option))
    sys.stdout.buffer.flush()


def _log_level(*, once: bool) -> int:
    """A single run prints its report; only warnings are worth a line beside it."""
    import logging

    return logging.WARNING if once else logging.INFO
