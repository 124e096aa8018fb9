"""`verwijsindex pseudonym-service`: the custodian's process."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.options import Json, PseudonymServiceConfig
from gateway.cli.output import console, print_json
from gateway.cli.stopping import run_until_stopped


def pseudonym_service(
    config: PseudonymServiceConfig = None,
    host: Annotated[str | None, typer.Option(help="Listen here instead of [listen] host.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Listen here instead of [listen] port; 0 takes a free one.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Evaluate blinded elements for the listed partners over gRPC, until stopped. Sees no BSN and no pseudonym."""
    from gateway.bootstrap import run_pseudonym_service
    from gateway.settings import ListenSettings, load_pseudonym_service_settings
    from gateway.telemetry.log import configure

    configure()
    settings = load_pseudonym_service_settings(config)
    listen = ListenSettings(
        host=host or settings.listen.host, port=settings.listen.port if port is None else port
    )
    settings = settings.model_copy(update={"listen": listen})

    def on_ready(bound_host: str, bound_port: int) -> None:
        address = f"{bound_host}:{bound_port}"
        if json:
            print_json({"ready": True, "address": address})
        else:
            console.print(f"The pseudonym service answers on {address} (mutual TLS). Stop with Ctrl-C.")

    run_until_stopped(lambda stop: run_pseudonym_service(settings, stop, on_ready=on_ready))
