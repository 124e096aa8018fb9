"""What the lasting commands that listen share: where, and how they say that they are ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gateway.cli.output import console, print_json

if TYPE_CHECKING:
    from gateway.settings import IndexSettings, PseudonymServiceSettings

Host = Annotated[str | None, typer.Option(help="Listen here instead of [listen] host.")]
Port = Annotated[int | None, typer.Option(help="Listen here instead of [listen] port; 0 takes a free one.")]

Listening = TypeVar("Listening", "IndexSettings", "PseudonymServiceSettings")


def listening_on(settings: Listening, host: str | None, port: int | None) -> Listening:
    """Return the settings with another place to listen, where one was named."""
    from gateway.settings import ListenSettings

    listen = ListenSettings(
        host=host or settings.listen.host, port=settings.listen.port if port is None else port
    )
    return settings.model_copy(update={"listen": listen})


def teller_of_ready(what: str, *, json: bool) -> Callable[[str, int], None]:
    """Return what tells where `what` answers, once it does."""

    def tell(host: str, port: int) -> None:
        address = f"{host}:{port}"
        if json:
            print_json({"ready": True, "address": address})
        else:
            console.print(f"{what} answers on {address} (mutual TLS). Stop with Ctrl-C.")

    return tell
