"""`serve`, `ingest` and `migrate`: the index's own processes."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.options import IndexConfig, Json
from gateway.cli.output import console, print_json
from gateway.cli.stopping import run_until_stopped


def serve(
    config: IndexConfig = None,
    host: Annotated[str | None, typer.Option(help="Listen here instead of [listen] host.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Listen here instead of [listen] port; 0 takes a free one.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Answer lookups over gRPC, and take messages in unless `[ingest] in_serve` is false, until stopped."""
    from gateway.bootstrap import run_server
    from gateway.settings import ListenSettings, load_index_settings
    from gateway.telemetry.log import configure

    configure()
    settings = load_index_settings(config)
    listen = ListenSettings(
        host=host or settings.listen.host, port=settings.listen.port if port is None else port
    )
    settings = settings.model_copy(update={"listen": listen})

    def on_ready(bound_host: str, bound_port: int) -> None:
        address = f"{bound_host}:{bound_port}"
        if json:
            print_json({"ready": True, "address": address})
        else:
            console.print(f"The index answers on {address} (mutual TLS). Stop with Ctrl-C.")

    run_until_stopped(lambda stop: run_server(settings, stop, on_ready=on_ready))


def ingest(config: IndexConfig = None, *, json: Json = False) -> None:
    """Take messages from the bus into the index until stopped."""
    from gateway.bootstrap import run_ingest
    from gateway.settings import load_index_settings
    from gateway.telemetry.log import configure

    configure()
    settings = load_index_settings(config)
    if json:
        print_json({"ready": True, "group": settings.ingest.group})
    else:
        console.print(f"Taking messages in as {settings.ingest.group}. Stop with Ctrl-C.")
    run_until_stopped(lambda stop: run_ingest(settings, stop))


def migrate(config: IndexConfig = None, *, json: Json = False) -> None:
    """Bring the store's schema to the one this version needs; safe to repeat."""
    from gateway.index.migrate import migrate as run_migrations
    from gateway.settings import load_index_settings

    before, after = run_migrations(load_index_settings(config).store)
    if json:
        print_json({"before": before, "after": after})
    elif before == after:
        console.print(f"The store is at {after} already.")
    else:
        console.print(f"The store went from {before or 'nothing'} to {after}.")
