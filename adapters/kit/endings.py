"""How a command of the kit ends: a deliberate error is one clear line on standard error and an exit code."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import ParamSpec, TypeVar

import typer

from gateway.errors import ConfigurationError, InvalidInput, Refusal, Unavailable, VerwijsindexError

P = ParamSpec("P")
R = TypeVar("R")


class Ending(IntEnum):
    """Exit codes (after sysexits.h where it has one); the same as those of the index's own commands."""

    OK = 0
    FINDINGS = 1
    """It ran; a record or a file needs somebody's attention."""
    USAGE = 2
    UNAVAILABLE = 69
    REFUSED = 77
    CONFIGURATION = 78


_ENDINGS: tuple[tuple[type[VerwijsindexError], Ending], ...] = (
    (ConfigurationError, Ending.CONFIGURATION),
    (Refusal, Ending.REFUSED),
    (Unavailable, Ending.UNAVAILABLE),
    (InvalidInput, Ending.USAGE),
)


def ending_of(error: VerwijsindexError) -> Ending:
    """Return the exit code of an error."""
    return next((ending for kind, ending in _ENDINGS if isinstance(error, kind)), Ending.FINDINGS)


def tell_error(error: VerwijsindexError) -> None:
    """Write the error as one line to standard error."""
    typer.echo(f"verwijsindex adapter: {error}", err=True)


def ends_clearly(command: Callable[P, R]) -> Callable[P, R]:
    """Let a deliberate error end the command with one line and its exit code, never a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except VerwijsindexError as error:
            tell_error(error)
            raise typer.Exit(ending_of(error)) from None

    return run
