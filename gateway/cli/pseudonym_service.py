"""`verwijsindex pseudonym-service`: the custodian's process."""

from __future__ import annotations

from gateway.cli.options import Json, PseudonymServiceConfig
from gateway.cli.starting import Host, Port, listening_on, teller_of_ready
from gateway.cli.stopping import run_until_stopped


def pseudonym_service(
    config: PseudonymServiceConfig = None,
    host: Host = None,
    port: Port = None,
    *,
    json: Json = False,
) -> None:
    """Evaluate blinded elements for the listed partners over gRPC, until stopped. Sees no BSN and no pseudonym."""
    from gateway.bootstrap import run_pseudonym_service
    from gateway.settings import load_pseudonym_service_settings
    from gateway.telemetry.log import configure

    configure()
    settings = listening_on(load_pseudonym_service_settings(config), host, port)
    tell = teller_of_ready("The pseudonym service", json=json)
    run_until_stopped(lambda stop: run_pseudonym_service(settings, stop, on_ready=tell))
