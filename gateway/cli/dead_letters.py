"""`verwijsindex dead-letters`: messages that were turned away, why, and how to send them again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import IndexConfig, Json
from gateway.cli.output import print_json, print_line, print_table
from gateway.clock import dutch_time
from gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from gateway.bootstrap import Site
    from gateway.messages.dead_letters import DeadLetter
    from gateway.settings import IndexSettings

app = typer.Typer(no_args_is_help=True, help="Messages that were turned away, and why.")

Id = Annotated[str, typer.Argument(help="The id that `dead-letters list` prints.")]


@app.command("list")
def list_letters(config: IndexConfig = None, *, json: Json = False) -> None:
    """List the dead letters of every partner, oldest first."""
    from gateway.settings import load_index_settings

    letters = asyncio.run(_all(load_index_settings(config)))
    if json:
        print_json({"dead_letters": [_described(letter) for letter in letters]})
        return
    print_table(
        "Dead letters",
        ["Id", "Partner", "Tijd", "Reden", "Regel"],
        [
            [letter.id, letter.oin, dutch_time(letter.at, seconds=True), letter.reason.value, _rules(letter)]
            for letter in letters
        ],
    )


@app.command("show")
def show(letter_id: Id, config: IndexConfig = None, *, json: Json = False) -> None:
    """Show where a dead letter came from and every rule it broke; never what is in it."""
    from gateway.settings import load_index_settings

    letter = _find(asyncio.run(_all(load_index_settings(config))), letter_id)
    if json:
        print_json(_described(letter))
        return
    described = _described(letter) | {"at": dutch_time(letter.at, seconds=True)}
    for name in ("id", "partner", "at", "reason", "place", "size"):
        print_line(f"{name:8} {described[name]}")
    print_table("Gebroken regels", ["Waar", "Regel"], [[v.path, v.rule] for v in letter.violations])


@app.command("replay")
def replay(letter_id: Id, config: IndexConfig = None, *, json: Json = False) -> None:
    """Put the message back on its partner's ingress topic, unchanged, to be checked again."""
    from gateway.settings import load_index_settings

    asyncio.run(_replay(load_index_settings(config), letter_id))
    if json:
        print_json({"replayed": letter_id})
    else:
        print_line(f"{letter_id} is back on its ingress topic; what is wrong with it still is refused again.")


async def _all(settings: IndexSettings) -> list[DeadLetter]:
    from gateway.bootstrap import open_site

    async with open_site(settings) as site:
        return await _read(site)


async def _read(site: Site) -> list[DeadLetter]:
    from gateway.bus.topics import TopicKind, topic_of
    from gateway.messages.dead_letters import read_dead_letter

    async with site.store.transaction() as tx:
        oins = [partner.oin for partner in await tx.partners.all()]
    # Published at least once: the id tells a repetition.
    letters: dict[str, DeadLetter] = {}
    for oin in oins:
        async for delivery in site.bus.browse(topic_of(TopicKind.DEAD_LETTER, oin)):
            letter = read_dead_letter(delivery.record)
            letters.setdefault(letter.id, letter)
    return sorted(letters.values(), key=lambda letter: (letter.at, letter.id))


async def _replay(settings: IndexSettings, letter_id: str) -> None:
    from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
    from gateway.bootstrap import open_site
    from gateway.clock import now

    async with open_site(settings) as site:
        letter = _find(await _read(site), letter_id)
        original = letter.original
        if original is None:
            raise ConfigurationError(
                f"the message was too large to keep; it stands at {letter.place} as long as the bus keeps it"
            )
        async with site.store.transaction() as tx:
            await tx.audit.append(
                [
                    AuditRecord(
                        at=now(),
                        event=AuditEvent.ADMINISTRATION,
                        outcome=AuditOutcome.DONE,
                        organisation=letter.oin,
                        reason="dead-letter-replayed",
                    )
                ]
            )
        async with site.bus.publisher() as publisher:
            await publisher.publish([original])


def _find(letters: list[DeadLetter], letter_id: str) -> DeadLetter:
    for letter in letters:
        if letter.id == letter_id:
            return letter
    raise ConfigurationError("there is no dead letter with that id; see `verwijsindex dead-letters list`")


def _rules(letter: DeadLetter) -> str:
    return "; ".join(str(violation) for violation in letter.violations)


def _described(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "partner": letter.oin,
        "at": letter.at.isoformat(),
        "reason": letter.reason.value,
        "place": letter.place,
        "size": letter.size,
        "violations": [{"path": v.path, "rule": v.rule} for v in letter.violations],
    }
