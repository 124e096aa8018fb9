"""BSNs of the range that tests use: synthetic, and valid by the 11-test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from gateway.domain import Bsn
from gateway.errors import InvalidInput

FIRST_TEST_BSN = 999_000_000


def valid_from(start: int = FIRST_TEST_BSN) -> Iterator[Bsn]:
    """Yield the valid numbers from `start` on, in order."""
    for number in range(start, 1_000_000_000):
        try:
            yield Bsn(f"{number:09}")
        except InvalidInput:
            continue


def consecutive_bsns(count: int, *, start: int = FIRST_TEST_BSN) -> list[Bsn]:
    """Return so many valid numbers of the test range, in order."""
    return list(islice(valid_from(start), count))
