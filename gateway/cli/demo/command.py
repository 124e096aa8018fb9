"""The command: its options, and in which order the demo goes through the rooms."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import Json
from gateway.cli.output import Exit, print_json, progress_console


class BusChoice(StrEnum):
    """Where the demo's messages travel."""

    SQLITE = "sqlite"
    KAFKA = "kafka"


class StoreChoice(StrEnum):
    """Where the demo's index lives."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


def demo(  # noqa: PLR0913 - every parameter is an option of the command
    households: Annotated[
        int, typer.Option(min=1, max=20_000, help="How many households the region has.")
    ] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same region and the same answers.")] = 7,
    bus: Annotated[BusChoice, typer.Option(help="kafka needs --kafka-bootstrap.")] = BusChoice.SQLITE,
    store: Annotated[StoreChoice, typer.Option(help="postgres needs --postgres-url.")] = StoreChoice.SQLITE,
    kafka_bootstrap: Annotated[
        str, typer.Option(envvar="KAFKA_BOOTSTRAP", help="host:port of a broker.")
    ] = "",
    postgres_url: Annotated[
        str, typer.Option(envvar="POSTGRES_URL", help="postgresql://… of a user who may create a database.")
    ] = "",
    keep: Annotated[
        Path | None, typer.Option(help="Keep the site and the source files in this new folder.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Show the main job: a synthetic region, its partners, and who sees whom and why.

    Everything is synthetic and thrown away at the end: test CA, OINs with the test prefix, test BSNs.
    """
    from gateway.cli.demo.backends import Backends
    from gateway.cli.demo.run import DemoTerms, run_demo
    from gateway.cli.demo.show import show
    from gateway.clock import day_of, now
    from gateway.telemetry.log import configure

    # What the processes have to tell stands in their own logs.
    configure(level=logging.ERROR)
    backends = Backends(
        kafka_bootstrap=_needed(
            kafka_bootstrap, asked=bus is BusChoice.KAFKA, option="--bus kafka", name="KAFKA_BOOTSTRAP"
        ),
        postgres_url=_needed(
            postgres_url, asked=store is StoreChoice.POSTGRES, option="--store postgres", name="POSTGRES_URL"
        ),
    )
    folder = keep or Path(tempfile.mkdtemp(prefix="verwijsindex-demo-"))
    # The commands the demo starts must follow the demo's own settings files alone.
    for name in [name for name in os.environ if name.startswith("VERWIJSINDEX_")]:
        del os.environ[name]
    try:
        with progress_console.status("") as status:
            result = asyncio.run(
                run_demo(
                    folder,
                    DemoTerms(
                        backends=backends,
                        households=households,
                        seed=seed,
                        # The day as the index counts days: birthdays and last days are near it.
                        today=day_of(now()),
                    ),
                    say=status.update,
                )
            )
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if json:
        print_json(result.as_json())
    else:
        show(result)
    if result.planted_texts_found:
        raise typer.Exit(int(Exit.FINDINGS))


def _needed(value: str, *, asked: bool, option: str, name: str) -> str | None:
    if not asked:
        return None
    if not value:
        raise typer.BadParameter(
            f"{option} needs a running service: set {name}, or run `make services` for one"
        )
    return value
