"""Hold one service for a whole test session: started by the first test that needs it, in any worker."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.support.kafka import KafkaServer
from tests.support.postgres import PostgresServer, ServiceMissing

START_SECONDS = 240
"""The first start on a machine also fetches Kafka's jars."""


def service(name: str, folder: Path) -> dict[str, str]:
    """Return where a service is, starting it if nobody has yet; `missing` holds the reason where it cannot be."""
    state = folder / f"{name}.json"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not state.exists():
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.hold", name, str(state)],
                stdout=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            assert process.stdout is not None
            # The holder closes its output once the state is written.
            process.stdout.read()
            process.stdout.close()
            # It outlives this worker on purpose; `stop` ends it.
            process.returncode = 0
    found: dict[str, str] = json.loads(state.read_text())
    return found


def stop(folder: Path) -> None:
    """End every service of a session and wait until it is gone."""
    for state in folder.glob("*.json"):
        pid = int(json.loads(state.read_text()).get("pid", 0))
        if not pid:
            continue
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            continue
        with (state.with_suffix(".alive")).open("w") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX)


def _hold(name: str, state: Path) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    alive = state.with_suffix(".alive").open("w")
    fcntl.flock(alive, fcntl.LOCK_EX)
    server: AbstractContextManager[Any] = KafkaServer() if name == "kafka" else PostgresServer()
    try:
        with server as running:
            where = running.bootstrap if name == "kafka" else running.url
            _publish(state, {"where": where, "version": running.version, "pid": os.getpid()})
            signal.sigwait({signal.SIGTERM})
    except ServiceMissing as error:
        _publish(state, {"missing": str(error)})


def _publish(state: Path, content: dict[str, Any]) -> None:
    state.write_text(json.dumps(content))
    sys.stdout.flush()
    os.close(1)


if __name__ == "__main__":
    _hold(sys.argv[1], Path(sys.argv[2]))
