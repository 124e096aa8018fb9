"""`verwijsindex keys`: make the private keys of a partner, and print what may be shown of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import Json
from gateway.cli.output import console, print_json

app = typer.Typer(no_args_is_help=True, help="Make the private keys of a partner.")

SIGNING_KEY = "signing-key.pem"
REFERENCE_KEY = "reference.key"


@app.callback()
def _group() -> None:
    """Make the private keys of a partner."""


@app.command("init")
def init(
    folder: Annotated[
        Path, typer.Argument(help="Where the key files go; existing keys are never overwritten.")
    ],
    *,
    json: Json = False,
) -> None:
    """Make a signing key (Ed25519) and a reference key in FOLDER, mode 0600, and print the public part."""
    from gateway.keyfiles import new_secret, new_signing_key
    from gateway.messages.signing import key_id, public_bytes

    key = new_signing_key(folder / SIGNING_KEY)
    new_secret(folder / REFERENCE_KEY)
    public = public_bytes(key).hex()
    kid = key_id(key)
    if json:
        print_json({"folder": str(folder), "kid": kid, "public_key": public})
    else:
        console.print(
            f"Keys are in {folder}. For the index's partner file:\n  kid = {kid}\n  public_key = {public}"
        )
