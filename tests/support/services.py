"""Real Kafka and PostgreSQL for as long as a person or a command needs them.

`make services` runs both until Ctrl-C and prints how to use them; `python -m tests.support.services -- COMMAND`
runs a command with them and ends with its exit code.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.support.kafka import KafkaServer
from tests.support.postgres import PostgresServer


def main(arguments: list[str]) -> int:
    """Start both, then run the command after `--`, or wait."""
    sys.stderr.write("==> starting Kafka and PostgreSQL\n")
    with KafkaServer() as kafka, PostgresServer() as postgres:
        names = {"KAFKA_BOOTSTRAP": kafka.bootstrap, "POSTGRES_URL": postgres.url}
        sys.stderr.write(f"==> Kafka {kafka.version}, PostgreSQL {postgres.version}\n")
        if arguments[:1] == ["--"]:
            return subprocess.run(arguments[1:], env={**os.environ, **names}, check=False).returncode
        for name, value in names.items():
            sys.stdout.write(f"export {name}={value}\n")
        sys.stdout.flush()
        sys.stderr.write("==> running; stop with Ctrl-C\n")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    raise SystemExit(main(sys.argv[1:]))
