"""What the commands on a convenant share: its file, and the day for which it is read."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import DAY, DAY_FORMATS
from gateway.clock import day_of, now
from gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from gateway.convenant.model import Convenant

File = Annotated[Path, typer.Argument(help="The convenant (YAML).")]
On = Annotated[
    datetime | None,
    typer.Option("--on", formats=DAY_FORMATS, metavar=DAY, help="As it is on this day; without it, today."),
]


def read_bytes(file: Path) -> bytes:
    """Return the bytes of a file; ConfigurationError where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from None


def read_file(file: Path) -> Convenant:
    """Return the convenant in a file; ConfigurationError where it cannot be read, InvalidInput where it is none."""
    from gateway.convenant.reading import read_convenant

    return read_convenant(read_bytes(file))


def write_page(file: Path, page: str) -> None:
    """Write a page; ConfigurationError where it cannot be written."""
    try:
        file.write_text(page, "utf-8")
    except OSError as error:
        raise ConfigurationError(f"cannot write {file}: {error.strerror}") from None


def chosen_day(on: datetime | None) -> date:
    """Return the day that was chosen; today where none was."""
    return day_of(now()) if on is None else on.date()
