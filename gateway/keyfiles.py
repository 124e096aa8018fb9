"""Private keys as files that only their owner can read; a key with wider rights refuses to load."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.errors import ConfigurationError, UnsafeConfigurationError

OWNER_ONLY = 0o600
SECRET_BYTES = 32


def write_private(path: Path, content: bytes) -> None:
    """Write a new file with mode 0600; ConfigurationError if it is there already: a key is never overwritten."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        raise ConfigurationError(f"{path} exists already; move it away before making a new key") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def read_private(path: Path) -> bytes:
    """Return the content of a private file.

    Raises:
        ConfigurationError: the file is not there or cannot be read.
        UnsafeConfigurationError: others than the owner have rights on it.

    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read the key file {path}: {error.strerror}") from None
    if mode & 0o077:
        raise UnsafeConfigurationError(f"{path} has mode {mode:04o}; make it 0600: chmod 600 {path}")
    return content


def new_signing_key(path: Path) -> Ed25519PrivateKey:
    """Make an Ed25519 key and write it as PKCS#8 PEM (mode 0600)."""
    key = Ed25519PrivateKey.generate()
    write_private(
        path,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    return key


def replace_signing_key(path: Path, *, old: Path) -> Ed25519PrivateKey:
    """Put a new signing key at `path`, keep the one before at `old`, and return the new one.

    There is a whole key at `path` at every moment; after a stop in between, the same call again completes it.

    Raises:
        ConfigurationError: a file cannot be made, or `old` is there and is another key.

    """
    new = path.with_suffix(".new.pem")
    try:
        # What a run that was stopped left may be half a key; nobody has seen its public part.
        new.unlink(missing_ok=True)
        key = new_signing_key(new)
        _keep(path, old)
        new.replace(path)
    except OSError as error:
        raise ConfigurationError(f"cannot replace {path}: {error.strerror}") from None
    return key


def _keep(path: Path, old: Path) -> None:
    """Give the file a second name; leave one that it has already."""
    try:
        old.hardlink_to(path)
    except FileExistsError:
        if not old.samefile(path):
            raise ConfigurationError(f"{old} exists already and is another file; move it away") from None


def load_signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the Ed25519 key of a PEM file; ConfigurationError for any other kind of key."""
    try:
        key = serialization.load_pem_private_key(read_private(path), password=None)
    except (ValueError, TypeError):
        raise ConfigurationError(f"{path} holds no unencrypted PEM private key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"{path} holds another kind of key than Ed25519")
    return key


def new_secret(path: Path) -> bytes:
    """Make 32 random bytes and write them as hexadecimal digits (mode 0600)."""
    secret = secrets.token_bytes(SECRET_BYTES)
    write_private(path, secret.hex().encode() + b"\n")
    return secret


def load_secret(path: Path) -> bytes:
    """Return the 32 bytes of a secret file; ConfigurationError if it holds anything else."""
    try:
        secret = bytes.fromhex(read_private(path).decode("ascii").strip())
    except (UnicodeDecodeError, ValueError):
        raise ConfigurationError(f"{path} must hold {2 * SECRET_BYTES} hexadecimal digits") from None
    if len(secret) != SECRET_BYTES:
        raise ConfigurationError(f"{path} must hold {2 * SECRET_BYTES} hexadecimal digits")
    return secret
