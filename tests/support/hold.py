"""Hold one service for a whole test session: started by the first test that needs it, in any worker.

The holder is a process of its own. It ends when the session's lock comes free, and the kernel frees that even
when the session is killed: no broker or database is left behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tests.support.kafka import KafkaServer
from tests.support.postgres import PostgresServer, ServiceMissing

ROOT = Path(__file__).resolve().parents[2]
_SESSION = "session"


@contextmanager
def session(folder: Path) -> Iterator[None]:
    """Keep the services of `folder` alive while the block runs, then wait until they are gone."""
    with (folder / _SESSION).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    for alive in folder.glob("*.alive"):
        with alive.open("w") as gone:
            fcntl.flock(gone, fcntl.LOCK_EX)


def service(name: str, folder: Path) -> dict[str, str]:
    """Return where a service is, starting it if nobody has yet; `missing` holds the reason where it cannot be."""
    state = folder / f"{name}.json"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not state.exists():
            _start_holder(name, folder)
        found: dict[str, str] = json.loads(state.read_text())
    return found


def _start_holder(name: str, folder: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-m", "tests.support.hold", name, str(folder)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # Ctrl-C reaches the session alone; the holder follows it.
        start_new_session=True,
    )
    assert holder.stdout is not None
    # The holder closes its output once the state is written, or when it fails.
    holder.stdout.read()
    holder.stdout.close()
    state = folder / f"{name}.json"
    if not state.exists():
        state.write_text(json.dumps({"missing": f"the holder of {name} failed; its error is above"}))
    # It outlives this worker on purpose.
    holder.returncode = 0


def _hold(name: str, folder: Path) -> None:
    with (folder / f"{name}.alive").open("w") as alive, (folder / _SESSION).open() as lock:
        fcntl.flock(alive, fcntl.LOCK_EX)
        server: AbstractContextManager[Any] = KafkaServer() if name == "kafka" else PostgresServer()
        try:
            with server as running:
                where = running.bootstrap if name == "kafka" else running.url
                _publish(folder / f"{name}.json", {"where": where, "version": running.version})
                fcntl.flock(lock, fcntl.LOCK_EX)
        except ServiceMissing as error:
            _publish(folder / f"{name}.json", {"missing": str(error)})


def _publish(state: Path, content: dict[str, str]) -> None:
    state.write_text(json.dumps(content))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    _hold(sys.argv[1], Path(sys.argv[2]))
