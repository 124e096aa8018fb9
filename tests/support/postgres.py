"""A real PostgreSQL for tests: started in a temporary folder, or the one that POSTGRES_URL names."""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit, urlunsplit

import asyncpg

READY_SECONDS = 60


class ServiceMissing(Exception):  # noqa: N818 - reads as what it is at every raise
    """A service cannot be had here; the text says what to install."""


class PostgresServer:
    """Runs one server while the block runs. `url` names a user who may create databases."""

    def __init__(self) -> None:
        self._given = os.environ.get("POSTGRES_URL", "")
        self._process: subprocess.Popen[bytes] | None = None
        self._home: Path | None = None
        self.url = self._given
        self.version = ""

    def __enter__(self) -> PostgresServer:
        try:
            if not self._given:
                self._start()
            self.version = asyncio.run(_wait_ready(self.url))
        except TimeoutError:
            self._stop()
            raise ServiceMissing(f"PostgreSQL did not answer within {READY_SECONDS} seconds") from None
        except ServiceMissing:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._process is not None:
            # SIGINT: PostgreSQL's fast shutdown, which does not wait for clients that are still connected.
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)

    def _start(self) -> None:
        binaries = _binaries()
        self._home = Path(tempfile.mkdtemp(prefix="vwi-postgres-"))
        user = _plain_user()
        if user is not None:
            shutil.chown(self._home, user.pw_name)
        data = self._home / "data"
        # PostgreSQL refuses to run as root.
        as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [
                binaries / "initdb",
                "-D",
                data,
                "-U",
                "verwijsindex",
                "--auth=trust",
                "-E",
                "UTF8",
                "--no-sync",
            ],
            capture_output=True,
            check=False,
            cwd=self._home,
            **as_user,  # type: ignore[call-overload]
        )
        if done.returncode:
            raise ServiceMissing(f"initdb failed: {done.stderr.decode(errors='replace')[-300:]}")
        port = _free_port()
        self._process = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", self._home],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._home,
            **as_user,  # type: ignore[call-overload]
        )
        self.url = f"postgresql://verwijsindex@127.0.0.1:{port}/postgres"


async def fresh_database(url: str) -> str:
    """Make an empty database on the server and return its url."""
    name = f"test_{secrets.token_hex(8)}"
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def drop_database(url: str) -> None:
    """Drop a database that `fresh_database` made, whoever is still connected to it."""
    parts = urlsplit(url)
    connection = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")), timeout=10)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{parts.path[1:]}" WITH (FORCE)')
    finally:
        await connection.close()


def _binaries() -> Path:
    candidates = [Path(found).parent for found in [shutil.which("postgres")] if found]
    if shutil.which("pg_config"):
        printed = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        candidates.append(Path(printed.stdout.strip()))
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise ServiceMissing("PostgreSQL is not installed (Debian: apt-get install postgresql)")


def _plain_user() -> pwd.struct_passwd | None:
    """Return whom to run the server as: nobody special unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServiceMissing("PostgreSQL needs a user that is not root")


async def _wait_ready(url: str) -> str:
    async with asyncio.timeout(READY_SECONDS):
        while True:
            try:
                connection = await asyncpg.connect(url, timeout=5)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.05)
                continue
            try:
                return str(await connection.fetchval("SHOW server_version"))
            finally:
                await connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
