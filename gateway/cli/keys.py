"""`verwijsindex keys`: make and change the private keys of a partner, and print what may be shown of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import Json
from gateway.cli.output import console, print_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

app = typer.Typer(
    no_args_is_help=True,
    help="Make, change and show the keys of a partner, and make the index's sealing key.",
)

SIGNING_KEY = "signing-key.pem"
REFERENCE_KEY = "reference.key"

Folder = Annotated[Path, typer.Argument(help="The folder with the key files.")]


@app.callback()
def _group() -> None:
    """Make, change and show the keys of a partner."""


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

    key = new_signing_key(folder / SIGNING_KEY)
    new_secret(folder / REFERENCE_KEY)
    _show(folder, key, json=json)


@app.command("rotate")
def rotate(folder: Folder, *, json: Json = False) -> None:
    """Make a new signing key in FOLDER, keep the old one beside it under its kid, and print the new public part.

    Stop the adapter first, and register the new key at the index before it starts again.
    """
    from gateway.keyfiles import load_signing_key, replace_signing_key
    from gateway.messages.signing import key_id

    path = folder / SIGNING_KEY
    old = folder / f"signing-key-{key_id(load_signing_key(path))}.pem"
    _show(folder, replace_signing_key(path, old=old), json=json, old=old)


@app.command("show-public")
def show_public(folder: Folder, *, json: Json = False) -> None:
    """Print the kid and the public part of the signing key in FOLDER; refused where others may read the key."""
    from gateway.keyfiles import load_signing_key

    _show(folder, load_signing_key(folder / SIGNING_KEY), json=json)


@app.command("sealing")
def sealing(
    path: Annotated[Path, typer.Argument(help="The new key file; an existing one is never overwritten.")],
    *,
    json: Json = False,
) -> None:
    """Make the index's sealing key (32 random bytes) in PATH, mode 0600. For the operator of the index."""
    from gateway.keyfiles import new_secret

    new_secret(path)
    if json:
        print_json({"file": str(path)})
    else:
        console.print(f"The sealing key is in {path}. Back it up apart from the store.", soft_wrap=True)


def _show(folder: Path, key: Ed25519PrivateKey, *, json: bool, old: Path | None = None) -> None:
    from gateway.messages.signing import key_id, public_bytes

    kid, public = key_id(key), public_bytes(key).hex()
    if json:
        kept = {} if old is None else {"old_key": str(old)}
        print_json({"folder": str(folder), "kid": kid, "public_key": public} | kept)
        return
    console.print(f"Keys are in {folder}. For the index's partner file:")
    # Whole lines, whatever the terminal's width: they are copied.
    console.print(f"  kid = {kid}\n  public_key = {public}", soft_wrap=True)
    if old is not None:
        console.print(f"The old key is {old}: keep it until the index no longer counts it.", soft_wrap=True)
