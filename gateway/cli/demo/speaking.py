"""How the lines of a story look: a label with what it says, and items under it that wrap within their column."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from gateway.cli.output import console

LABEL_WIDTH = 11
INDENT = 2


def say(label: str, text: str) -> None:
    """Print a line under a label."""
    grid = Table.grid(padding=0)
    grid.add_column(width=LABEL_WIDTH, no_wrap=True)
    grid.add_column()
    grid.add_row(Text(label, style="bold"), Text(text))
    console.print(grid)


def item(mark: str, text: str, *, style: str = "") -> None:
    """Print an item; what does not fit on the line goes on under its text. Nothing in it is taken for mark-up."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=INDENT + 1, no_wrap=True)
    grid.add_column()
    grid.add_row(Text(f"{'':{INDENT}}{mark}"), Text(text, style=style))
    console.print(grid)
