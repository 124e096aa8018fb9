"""Waking consumers of the embedded bus across processes: a datagram socket for each one that waits.

A waiting consumer sleeps in the kernel; a publisher sends one byte to every waiter after its commit. Nothing
polls. A poke carries nothing and may be lost or doubled: a waiter looks for itself at what the log holds.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

LONGEST_SOCKET_PATH_BYTES = 100
"""A Unix socket's name holds 104 (macOS) to 108 bytes (Linux, unix(7)), its closing zero included."""
_HOME_PREFIX = "vwi-"


class Waiter:
    """Where pokes for one consumer arrive; `folder` is where publishers find it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._address = folder / secrets.token_hex(8)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        try:
            self._bind()
        except OSError:
            self._socket.close()
            raise

    def _bind(self) -> None:
        if len(os.fsencode(self._address)) <= LONGEST_SOCKET_PATH_BYTES:
            self._socket.bind(str(self._address))
            return
        # The bus lies too deep for a socket's name: a link there leads to a socket with a short one.
        home = Path(tempfile.mkdtemp(prefix=_HOME_PREFIX))
        self._socket.bind(str(home / "s"))
        self._address.symlink_to(home / "s")

    def drain(self) -> None:
        """Forget the pokes so far; call this before looking at the log, never after."""
        with suppress(BlockingIOError):
            while self._socket.recv(1):
                pass

    async def wait(self, seconds: float) -> None:
        """Return at the next poke, or after `seconds`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self._socket, 1), seconds)

    def close(self) -> None:
        """Be found no longer."""
        _forget(self._address)
        self._socket.close()


def poke(folder: Path) -> None:
    """Wake every waiter of `folder`, in every process; clear away those whose process was killed."""
    try:
        addresses = list(folder.iterdir())
    except FileNotFoundError:
        return  # Nobody has ever waited.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)  # noqa: FBT003
        for address in addresses:
            _poke_one(sender, address)


def _poke_one(sender: socket.socket, address: Path) -> None:
    try:
        sender.sendto(b"\0", os.path.realpath(address))
    except BlockingIOError:
        return  # Its buffer is full of pokes: it will wake up.
    except (ConnectionRefusedError, FileNotFoundError):
        _forget(address)
    except OSError:
        return  # Not ours, or just going: its consumer looks again by itself before long.


def _forget(address: Path) -> None:
    with suppress(OSError):
        if address.is_symlink():
            target = address.readlink()
            target.unlink(missing_ok=True)
            if target.parent.name.startswith(_HOME_PREFIX):
                target.parent.rmdir()
    address.unlink(missing_ok=True)
