"""Read the BSN that a command asks with: from standard input, so that no command line or process list shows it."""

from __future__ import annotations

import getpass
import sys

from gateway.domain import Bsn
from gateway.errors import InvalidInput


def read_bsn() -> Bsn:
    """Return the BSN on the first line of standard input; a terminal is asked for it and shows nothing.

    Raises:
        InvalidInput: there is no line, or it is not a BSN.

    """
    if sys.stdin.isatty():
        return Bsn(getpass.getpass("BSN (wordt niet getoond): ").strip())
    line = sys.stdin.readline().strip()
    if not line:
        raise InvalidInput.at("bsn", "must stand on the first line of standard input")
    return Bsn(line)
