"""What every command shares: where output goes, exit codes that scripts can use, and one way to fail."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, NoReturn

import orjson
from rich.console import Console
from rich.table import Table

from gateway.errors import (
    ConfigurationError,
    InvalidInput,
    Refusal,
    Unavailable,
    VerwijsindexError,
)


class Exit(IntEnum):
    """Exit codes (after sysexits.h where it has one)."""

    OK = 0
    FINDINGS = 1
    """It ran; there is something to look at."""
    USAGE = 2
    UNAVAILABLE = 69
    REFUSED = 77
    CONFIGURATION = 78


_EXITS: tuple[tuple[type[VerwijsindexError], Exit], ...] = (
    (ConfigurationError, Exit.CONFIGURATION),
    (Refusal, Exit.REFUSED),
    (Unavailable, Exit.UNAVAILABLE),
    (InvalidInput, Exit.USAGE),
)

console = Console(highlight=False, soft_wrap=False)
progress_console = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """Write one JSON document to standard output."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def print_migrated(before: str | None, after: str, *, json: bool) -> None:
    """Say from which to which schema a store went."""
    if json:
        print_json({"before": before, "after": after})
    elif before == after:
        console.print(f"The store is at {after} already.")
    else:
        console.print(f"The store went from {before or 'nothing'} to {after}.")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write an aligned table; a line of text where there are no rows."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None)
    for number, column in enumerate(columns):
        # The first column names the row: it stays whole on a narrow terminal.
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*row)
    if table.row_count:
        console.print(table)
    else:
        console.print(f"{title}: geen")


def exit_code_of(error: VerwijsindexError) -> Exit:
    """Return the exit code of an error; FINDINGS for a deliberate error without a code of its own."""
    return next((code for kind, code in _EXITS if isinstance(error, kind)), Exit.FINDINGS)


def fail(error: VerwijsindexError) -> NoReturn:
    """Write the error as one clear line to standard error and end with its exit code."""
    sys.stderr.write(f"verwijsindex: {error}\n")
    sys.exit(exit_code_of(error))
