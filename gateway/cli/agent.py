"""`verwijsindex agent`: the partner's local service for systems that do no cryptography."""

from __future__ import annotations

from gateway.cli.options import Json, PartnerConfig
from gateway.cli.output import console, print_json


def agent(config: PartnerConfig = None, *, json: Json = False) -> None:
    """Take questions with a BSN from systems on this machine and ask the index in the partner's name, until stopped.

    It listens where `[agent]` in the partner's settings says: on a Unix socket, or on the loopback interface.
    """
    from gateway.agent.server import run_agent
    from gateway.cli.stopping import run_until_stopped
    from gateway.settings import load_partner_settings
    from gateway.telemetry.log import configure

    configure()
    settings = load_partner_settings(config)

    def on_ready(address: str) -> None:
        if json:
            print_json({"ready": True, "address": address})
        else:
            console.print(
                f"The agent answers on {address}, on this machine only. Stop with Ctrl-C.", soft_wrap=True
            )

    run_until_stopped(lambda stop: run_agent(settings, stop, on_ready=on_ready))
