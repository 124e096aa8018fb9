"""`serve`, `ingest` and `migrate`: the index's own processes."""

from __future__ import annotations

from gateway.cli.options import IndexConfig, Json
from gateway.cli.output import console, print_json, print_migrated
from gateway.cli.starting import Host, Port, listening_on, teller_of_ready
from gateway.cli.stopping import run_until_stopped


def serve(
    config: IndexConfig = None,
    host: Host = None,
    port: Port = None,
    *,
    json: Json = False,
) -> None:
    """Answer lookups over gRPC, and take messages in unless `[ingest] in_serve` is false, until stopped."""
    from gateway.bootstrap import run_server
    from gateway.settings import load_index_settings
    from gateway.telemetry.log import configure

    configure()
    settings = listening_on(load_index_settings(config), host, port)
    tell = teller_of_ready("The index", json=json)
    run_until_stopped(lambda stop: run_server(settings, stop, on_ready=tell))


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
    from gateway.index.migrate import SCHEMA
    from gateway.settings import load_index_settings

    before, after = SCHEMA.migrate(load_index_settings(config).store)
    print_migrated(before, after, json=json)
