"""`verwijsindex refusal`: record at the index, as a partner, what is not shared and when that is looked at again."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.asking import Caller, ending_as_the_index_says, index_of, pseudonyms_of, tell_receipt
from gateway.cli.options import DAY, DAY_FORMATS, Acting, ActingMandate, ActingRole, Json, PartnerConfig
from gateway.cli.output import print_json, print_table
from gateway.domain.dutch import dutch_day

if TYPE_CHECKING:
    from verwijsindex.client import Receipt, RecordedRefusal

app = typer.Typer(
    no_args_is_help=True,
    help="Record that something is not shared; only privacy officers of the index see it.",
)

Reference = Annotated[
    str, typer.Argument(help="Your own opaque reference of the decision; nothing about a person.")
]


@app.command("record")
def record(  # noqa: PLR0913 - its options
    reference: Reference,
    ground: Annotated[str, typer.Option(help="Code of the ground, from the convenant.")],
    review_on: Annotated[
        datetime,
        typer.Option(
            formats=DAY_FORMATS, metavar=DAY, help="When the decision is looked at again: within two years."
        ),
    ],
    config: PartnerConfig = None,
    professional: Acting = "",
    role: ActingRole = "",
    mandate: ActingMandate = "",
    *,
    json: Json = False,
) -> None:
    """Record a refusal, or replace the one under REFERENCE. The BSN is read from standard input."""
    from gateway.cli.bsn_input import read_bsn

    caller = Caller.of(config, professional=professional, role=role, mandate=mandate)
    bsn = read_bsn()

    async def call() -> Receipt:
        subject = await pseudonyms_of(caller.settings, bsn, registers=True)
        async with index_of(caller.settings) as index:
            return await index.refusals.record(
                reference,
                subject,
                ground=ground,
                review_on=review_on.date(),
                professional=caller.professional,
            )

    with ending_as_the_index_says():
        receipt = asyncio.run(call())
    tell_receipt(receipt, f"{reference} staat vast als niet gedeeld.", json=json)


@app.command("close")
def close(
    reference: Reference,
    config: PartnerConfig = None,
    professional: Acting = "",
    role: ActingRole = "",
    mandate: ActingMandate = "",
    *,
    json: Json = False,
) -> None:
    """Say that the refusal under REFERENCE no longer stands."""
    caller = Caller.of(config, professional=professional, role=role, mandate=mandate)

    async def call() -> Receipt:
        async with index_of(caller.settings) as index:
            return await index.refusals.close(reference, professional=caller.professional)

    with ending_as_the_index_says():
        receipt = asyncio.run(call())
    tell_receipt(receipt, f"{reference} geldt niet meer.", json=json)


@app.command("list")
def list_own(
    config: PartnerConfig = None,
    professional: Acting = "",
    role: ActingRole = "",
    mandate: ActingMandate = "",
    *,
    json: Json = False,
) -> None:
    """List your own refusals that stand, by the day on which they must be looked at again."""
    caller = Caller.of(config, professional=professional, role=role, mandate=mandate)
    with ending_as_the_index_says():
        found = asyncio.run(_own(caller))
    if json:
        print_json(
            {
                "refusals": [
                    {
                        "reference": each.reference,
                        "ground": each.ground,
                        "review_on": each.review_on.isoformat(),
                    }
                    for each in found
                ]
            }
        )
        return
    print_table(
        "Niet gedeeld",
        ["Kenmerk", "Grond", "Opnieuw bekijken"],
        [[each.reference, each.ground, dutch_day(each.review_on)] for each in found],
    )


async def _own(caller: Caller) -> list[RecordedRefusal]:
    async with index_of(caller.settings) as index:
        return await index.refusals.own(professional=caller.professional)
