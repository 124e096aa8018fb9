"""What every command shares: where output goes, exit codes that scripts can use, and one way to fail."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, NoReturn

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

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

MIN_COLUMN = 20
"""Characters: narrower than this a column of text cannot be read, and the terminal may wrap it instead."""

# Nothing that is printed is taken for mark-up: a name with square brackets is shown as it is.
console = Console(highlight=False, soft_wrap=False, markup=False, emoji=False)
progress_console = Console(stderr=True, highlight=False, markup=False, emoji=False)


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


def print_line(text: str = "", *, style: str = "") -> None:
    """Write a line that the terminal wraps, so that what is in it can be copied whole."""
    console.print(Text(text, style=style), soft_wrap=True)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write an aligned table; a line of text where there are no rows."""
    table = Table(title=Text(title), title_justify="left", title_style="bold", header_style="bold", box=None)
    for number, column in enumerate(columns):
        # The first column names the row: it stays whole on a narrow terminal.
        table.add_column(Text(column), overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*map(Text, row))
    if table.row_count:
        console.print(table)
    else:
        print_line(f"{title}: geen")


def print_facts(title: str, facts: Sequence[tuple[str, str]], *, indent: int = 2) -> None:
    """Write a title with a line for each fact under it: what does not fit wraps between words, in its own column.

    For what has more columns than a plain terminal is wide. A fact without anything to say is left out.
    """
    print_line(title, style="bold")
    width = max((len(name) for name, _ in facts), default=0)
    for name, said in facts:
        if said:
            _print_hanging(f"{'':{indent}}{name:{width}}  ", said)


def print_log(title: str, entries: Sequence[tuple[str, str, Sequence[str]]]) -> None:
    """Write numbered entries, each with a line for what happened and, where there is more, one with the parts of it."""
    if not entries:
        print_line(f"{title}: geen")
        return
    print_line(title, style="bold")
    width = max(len(number) for number, _, _ in entries)
    for number, head, parts in entries:
        _print_hanging(f"{number:>{width}}  ", head)
        if parts:
            _print_hanging(f"{'':{width}}  ", "  ".join(parts), style="dim")


def _print_hanging(head: str, text: str, *, style: str = "") -> None:
    """Write the text behind its head; a word that is too long for a line stays whole, so that it can be copied."""
    lines = textwrap.wrap(
        text,
        max(MIN_COLUMN, console.width - len(head)),
        break_long_words=False,
        break_on_hyphens=False,
    )
    for number, line in enumerate(lines):
        print_line((head if number == 0 else " " * len(head)) + line, style=style)


def exit_code_of(error: VerwijsindexError) -> Exit:
    """Return the exit code of an error; FINDINGS for a deliberate error without a code of its own."""
    return next((code for kind, code in _EXITS if isinstance(error, kind)), Exit.FINDINGS)


def fail(error: VerwijsindexError) -> NoReturn:
    """Write the error as one clear line to standard error and end with its exit code."""
    sys.stderr.write(f"verwijsindex: {error}\n")
    sys.exit(exit_code_of(error))
