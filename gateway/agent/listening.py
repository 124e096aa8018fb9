"""Where the agent may listen: a Unix socket of its own user, or the loopback interface. Never a network."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import grpc

from gateway.errors import ConfigurationError, UnsafeConfigurationError
from gateway.settings import is_loopback

_ALL_BUT_OWNER = 0o177
"""umask under which a socket is made with mode 0600."""
_PROBE_SECONDS = 1.0


def listen_on_socket(server: grpc.aio.Server, path: Path) -> str:
    """Let `server` listen on a Unix socket with mode 0600 and return its address (`unix:<path>`).

    A socket that an earlier agent of this user left behind is taken over once nothing answers on it.

    Raises:
        ConfigurationError: something answers there, the path is taken by something else, or is too long.
        UnsafeConfigurationError: others may put a socket of their own in the folder.

    """
    _require_own_folder(path.parent)
    _clear(path)
    # The mode counts from the moment the socket is there: a chmod afterwards would leave a gap.
    mask = os.umask(_ALL_BUT_OWNER)
    try:
        server.add_insecure_port(f"unix:{path}")
    except RuntimeError:
        raise ConfigurationError(f"agent.socket: cannot listen on {path}; is the path too long?") from None
    finally:
        os.umask(mask)
    if stat.S_IMODE(path.stat().st_mode) & 0o177:
        path.unlink()
        raise UnsafeConfigurationError(f"agent.socket: {path} cannot be kept from others on this file system")
    return f"unix:{path}"


def listen_on_loopback(server: grpc.aio.Server, host: str, port: int) -> str:
    """Let `server` listen on the loopback interface and return its address; port 0 takes a free one.

    Raises:
        UnsafeConfigurationError: `host` is another machine's, or every machine's.
        ConfigurationError: the port is taken.

    """
    if not is_loopback(host):
        raise UnsafeConfigurationError("agent.host: must be of the loopback interface")
    named = f"[{host}]" if ":" in host else host
    try:
        bound = server.add_insecure_port(f"{named}:{port}")
    except RuntimeError:
        raise ConfigurationError(f"agent.port: cannot listen on {named}:{port}; is it taken?") from None
    return f"{named}:{bound}"


def _require_own_folder(folder: Path) -> None:
    """Return if nobody but its owner can put another socket in its place.

    A sticky folder (`/tmp`) does not do: whoever is there first, before the agent or after it stopped, is told the
    BSNs. Above it a sticky one does: what stands in it cannot be renamed by others.
    """
    _refuse_writable(folder, by=stat.S_IWGRP | stat.S_IWOTH)
    for above in folder.resolve().parents:
        if not _stat(above).st_mode & stat.S_ISVTX:
            _refuse_writable(above, by=stat.S_IWOTH)


def _refuse_writable(folder: Path, *, by: int) -> None:
    found = _stat(folder)
    if found.st_mode & by or found.st_uid not in {0, os.geteuid()}:
        raise UnsafeConfigurationError(
            f"agent.socket: others than its owner may write in {folder}; use a folder of mode 0700"
        )


def _stat(folder: Path) -> os.stat_result:
    try:
        return folder.stat()
    except OSError as error:
        raise ConfigurationError(
            f"agent.socket: the folder {folder} cannot be used: {error.strerror}"
        ) from None


def _clear(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigurationError(f"agent.socket: {path} cannot be used: {error.strerror}") from None
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.geteuid():
        raise ConfigurationError(f"agent.socket: {path} is there already and is no socket of this user")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PROBE_SECONDS)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        except OSError as error:
            raise ConfigurationError(f"agent.socket: {path} cannot be used: {error.strerror}") from None
        else:
            raise ConfigurationError(f"agent.socket: another agent answers on {path} already")
