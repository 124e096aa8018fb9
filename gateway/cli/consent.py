"""`verwijsindex consent`: record at the index, as a partner, what a person said about showing involvements."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.asking import (
    Caller,
    ending_as_the_index_says,
    index_of,
    pseudonyms_of,
    receipt_as_json,
    tell_receipt,
)
from gateway.cli.options import DAY, DAY_FORMATS, Acting, ActingMandate, ActingRole, Json, PartnerConfig
from gateway.cli.output import print_facts, print_json, print_line
from gateway.domain import Decider
from gateway.domain.dutch import dutch_day

if TYPE_CHECKING:
    from gateway.domain import Bsn
    from verwijsindex.client import ConsentScope, OwnConsent, OwnConsents, Receipt

app = typer.Typer(
    no_args_is_help=True,
    help="Record consent, objections and withdrawals at the index; list your own. The BSN stays on this side.",
)

Reference = Annotated[
    str,
    typer.Argument(help="Your own opaque reference, with at least one letter; nothing about a person."),
]
DecidedBy = Annotated[Decider, typer.Option(help="Who decided.")]
Holders = Annotated[list[str], typer.Option(help="Kind whose involvement it is about; can be repeated.")]
Askers = Annotated[list[str], typer.Option(help="Kind that may (not) see it; can be repeated.")]
Purposes = Annotated[list[str], typer.Option(help="Purpose code; can be repeated.")]
HolderOins = Annotated[
    list[str] | None, typer.Option(help="Only this organisation of the holding kinds; can be repeated.")
]
AskerOins = Annotated[
    list[str] | None, typer.Option(help="Only this organisation of the asking kinds; can be repeated.")
]
Since = Annotated[
    datetime | None,
    typer.Option(formats=DAY_FORMATS, metavar=DAY, help="First day; today if it is left out."),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        formats=DAY_FORMATS,
        metavar=DAY,
        help="Last day: the day before the birthday that changes who decides.",
    ),
]
Repeated = Annotated[
    str, typer.Option("--message-id", help="UUID of the call; the same one again changes nothing.")
]

_SAID = {"permit": "toestemming", "object": "bezwaar", "withdrawn": "ingetrokken"}
_DECIDED = {
    "subject": "betrokkene",
    "authority-holders": "gezagsdragers",
    "subject-and-authority-holders": "betrokkene en gezagsdragers",
    "undetermined": "onbepaald",
}


def _stating(done: str, *, objects: bool) -> Callable[..., None]:
    """Return the command that records a statement: consent and an objection take the same options."""

    def state(  # noqa: PLR0913 - its options
        reference: Reference,
        decided_by: DecidedBy,
        holder: Holders,
        asker: Askers,
        purpose: Purposes,
        holder_oin: HolderOins = None,
        asker_oin: AskerOins = None,
        since: Since = None,
        until: Until = None,
        message_id: Repeated = "",
        config: PartnerConfig = None,
        professional: Acting = "",
        role: ActingRole = "",
        mandate: ActingMandate = "",
        *,
        json: Json = False,
    ) -> None:
        caller = Caller.of(config, professional=professional, role=role, mandate=mandate)
        said = _Said(reference, decided_by, message_id, objects=objects)
        scope = _scope((holder, asker, purpose), (holder_oin, asker_oin), since, until)
        tell_receipt(_state(said, scope, caller), f"{done} {reference} is vastgelegd.", json=json)

    return state


_REPLACES = "or replace what stands under REFERENCE. The BSN is read from standard input."
app.command("record", help=f"Record consent, {_REPLACES}")(_stating("Toestemming", objects=False))
app.command("object", help=f"Record an objection, {_REPLACES}")(_stating("Bezwaar", objects=True))


@app.command("withdraw")
def withdraw(
    reference: Reference,
    message_id: Repeated = "",
    config: PartnerConfig = None,
    professional: Acting = "",
    role: ActingRole = "",
    mandate: ActingMandate = "",
    *,
    json: Json = False,
) -> None:
    """Withdraw what you recorded under REFERENCE, consent or objection."""
    caller = Caller.of(config, professional=professional, role=role, mandate=mandate)

    async def call() -> Receipt:
        async with index_of(caller.settings) as index:
            return await index.consents.withdraw(
                reference, professional=caller.professional, message_id=message_id
            )

    with ending_as_the_index_says():
        receipt = asyncio.run(call())
    tell_receipt(receipt, f"{reference} is ingetrokken.", json=json)


@app.command("list")
def list_own(
    config: PartnerConfig = None,
    professional: Acting = "",
    role: ActingRole = "",
    mandate: ActingMandate = "",
    *,
    fhir: Annotated[
        bool,
        typer.Option(
            "--fhir", help="Print a FHIR R4 Bundle of Consent resources, which holds the person's pseudonym."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """List what you recorded yourself about a person. The BSN is read from standard input; the look is on record.

    With `--fhir` each statement names the person by the pseudonym that was asked with. That identifies a person, and a
    partner that has it can ask about the person without a BSN: keep what is printed nowhere.
    """
    from gateway.cli.bsn_input import read_bsn

    caller = Caller.of(config, professional=professional, role=role, mandate=mandate)
    bsn = read_bsn()

    async def call() -> OwnConsents:
        subject = await pseudonyms_of(caller.settings, bsn)
        async with index_of(caller.settings) as index:
            return await index.consents.own(subject, professional=caller.professional)

    with ending_as_the_index_says():
        found = asyncio.run(call())
    if fhir:
        print_json(_bundle(found))
    elif json:
        print_json(
            {
                "consents": [_as_json(each) for each in found.consents],
                "receipt": receipt_as_json(found.receipt),
            }
        )
    else:
        _show(found)


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said under a reference."""

    reference: str
    decided_by: Decider
    message_id: str
    objects: bool


def _scope(
    codes: tuple[list[str], list[str], list[str]],
    oins: tuple[list[str] | None, list[str] | None],
    since: datetime | None,
    until: datetime | None,
) -> ConsentScope:
    from gateway.clock import day_of, now
    from verwijsindex.client import ConsentScope

    holders, askers, purposes = codes
    return ConsentScope(
        holder_kinds=holders,
        asking_kinds=askers,
        purposes=[purpose.replace("_", "-") for purpose in purposes],
        since=day_of(now()) if since is None else since.date(),
        until=None if until is None else until.date(),
        holder_oins=oins[0] or [],
        asking_oins=oins[1] or [],
    )


def _state(said: _Said, scope: ConsentScope, caller: Caller) -> Receipt:
    from gateway.cli.bsn_input import read_bsn

    bsn = read_bsn()
    with ending_as_the_index_says():
        return asyncio.run(_send(said, scope, caller, bsn))


async def _send(said: _Said, scope: ConsentScope, caller: Caller, bsn: Bsn) -> Receipt:
    from verwijsindex import client

    statement = client.ConsentStatement(
        reference=said.reference,
        subject=await pseudonyms_of(caller.settings, bsn, registers=True),
        decided_by=client.Decider(said.decided_by.value),
        scope=scope,
    )
    async with index_of(caller.settings) as index:
        call = index.consents.object if said.objects else index.consents.record
        return await call(statement, professional=caller.professional, message_id=said.message_id)


def _as_json(consent: OwnConsent) -> dict[str, Any]:
    scope = consent.scope
    return {
        "reference": consent.reference,
        "effect": consent.effect.value,
        "decided_by": consent.decided_by.value,
        "counts": consent.counts,
        "holder_kinds": list(scope.holder_kinds),
        "asking_kinds": list(scope.asking_kinds),
        "purposes": list(scope.purposes),
        "holder_oins": list(scope.holder_oins),
        "asking_oins": list(scope.asking_oins),
        "since": scope.since.isoformat(),
        "until": None if scope.until is None else scope.until.isoformat(),
    }


def _bundle(found: OwnConsents) -> dict[str, Any]:
    import orjson

    entries = [{"resource": orjson.loads(each.fhir)} for each in found.consents]
    bundle = {"resourceType": "Bundle", "type": "collection"}
    return bundle | ({"entry": entries} if entries else {})


def _show(found: OwnConsents) -> None:
    if not found.consents:
        print_line("Zelf vastgelegd: niets")
    for each in found.consents:
        scope = each.scope
        print_facts(
            f"{each.reference}: {_SAID[each.effect]}",
            [
                ("telt nu", "ja" if each.counts else "nee"),
                ("besloten door", _DECIDED[each.decided_by]),
                ("betrokkenheid van", ", ".join([*scope.holder_kinds, *scope.holder_oins])),
                ("zichtbaar voor", ", ".join([*scope.asking_kinds, *scope.asking_oins])),
                ("doelen", ", ".join(scope.purposes)),
                ("vanaf", dutch_day(scope.since)),
                ("tot en met", "" if scope.until is None else dutch_day(scope.until)),
            ],
        )
        print_line()
    print_line(f"Vastgelegd als {found.receipt.record_id}.", style="dim")
