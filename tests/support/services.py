"""Real Kafka and PostgreSQL for as long as a person or a command needs them.

`make services` runs both until Ctrl-C and prints how to use them; `python -m tests.support.services -- COMMAND`
runs a command with them and ends with its exit code.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from types import FrameType
from typing import NoReturn

from tests.support.kafka import KafkaServer
from tests.support.postgres import PostgresServer, ServiceMissing

USAGE = "usage: python -m tests.support.services [-- COMMAND …]\n"
EX_USAGE, EX_UNAVAILABLE = 2, 69


def main(arguments: list[str]) -> int:
    """Start both, then run the command after `--`, or wait."""
    if arguments and (arguments[0] != "--" or len(arguments) == 1):
        sys.stderr.write(USAGE)
        return EX_USAGE
    sys.stderr.write("==> starting Kafka and PostgreSQL\n")
    try:
        with KafkaServer() as kafka, PostgresServer() as postgres:
            sys.stderr.write(f"==> Kafka {kafka.version}, PostgreSQL {postgres.version}\n")
            names = {"KAFKA_BOOTSTRAP": kafka.bootstrap, "POSTGRES_URL": postgres.url}
            if arguments:
                environment = {**os.environ, **names, "KAFKA_VERSION": kafka.version}
                return subprocess.run(arguments[1:], env=environment, check=False).returncode
            _wait(names)
    except ServiceMissing as error:
        sys.stderr.write(f"{error}\n")
        return EX_UNAVAILABLE
    return 0


def _wait(names: dict[str, str]) -> None:
    for name, value in names.items():
        sys.stdout.write(f"export {name}={value}\n")
    sys.stdout.flush()
    sys.stderr.write("==> running; stop with Ctrl-C\n")
    threading.Event().wait()


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    # As an exception, so that a command that runs, the services and their folders go on the way out. A handler
    # and not a blocked mask: children inherit a mask.
    raise SystemExit(0 if number == signal.SIGINT else 128 + number)


if __name__ == "__main__":
    # What aiokafka says while the broker is starting tells nobody anything.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    raise SystemExit(main(sys.argv[1:]))
