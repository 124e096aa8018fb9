"""The entry point `verwijsindex`: its commands, those that packages hang under it, and how errors end."""

from __future__ import annotations

import logging
from importlib.metadata import entry_points

import typer

from gateway.cli import (
    audit,
    break_glass,
    consent,
    convenant,
    dead_letters,
    keys,
    partners,
    pseudonyms,
    refusal,
    refusals,
    running,
    site,
)
from gateway.cli.agent import agent
from gateway.cli.declare import declare
from gateway.cli.demo.command import demo
from gateway.cli.lookup import lookup
from gateway.cli.output import fail
from gateway.cli.pseudonym import pseudonym
from gateway.cli.pseudonym_service import pseudonym_service
from gateway.errors import VerwijsindexError
from gateway.telemetry.log import configure

COMMAND_GROUPS = "verwijsindex.commands"
"""Entry-point group for command groups of other packages (the adapter kit's `adapter`)."""


def build_app() -> typer.Typer:
    """Return the whole command tree."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="Who else is involved with this household, and how do I reach them.",
    )
    app.command()(site.init)
    app.command()(demo)
    app.command()(running.serve)
    app.command()(running.ingest)
    app.command()(running.migrate)
    app.command()(pseudonym_service)
    app.command()(agent)
    app.command()(lookup)
    app.command()(declare)
    app.command()(pseudonym)
    app.add_typer(keys.app, name="keys")
    app.add_typer(pseudonyms.app, name="pseudonyms")
    app.add_typer(partners.app, name="partners")
    app.add_typer(convenant.app, name="convenant")
    app.add_typer(consent.app, name="consent")
    app.add_typer(audit.app, name="audit")
    app.add_typer(break_glass.app, name="break-glass")
    app.add_typer(refusal.app, name="refusal")
    app.add_typer(refusals.app, name="refusals")
    app.add_typer(dead_letters.app, name="dead-letters")
    for entry in entry_points(group=COMMAND_GROUPS):
        app.add_typer(entry.load(), name=entry.name)
    return app


def main() -> None:
    """Run the command line; a deliberate error ends with one line and its exit code, never a traceback."""
    # Before anything can log: standard output is for results alone.
    configure(level=logging.WARNING)
    try:
        build_app()()
    except VerwijsindexError as error:
        fail(error)
