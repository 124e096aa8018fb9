"""`verwijsindex lookup`: ask the index by hand, as a partner."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.asking import Caller, ending_as_the_index_says, index_of, pseudonyms_of, receipt_as_json
from gateway.cli.options import Acting, ActingMandate, ActingRole, Json, PartnerConfig
from gateway.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from gateway.domain import Bsn
    from gateway.settings import PartnerSettings
    from verwijsindex.client import Answer, Professional


def lookup(  # noqa: PLR0913 - its options
    purpose: Annotated[
        str, typer.Option(help="Purpose code of the convenant, for instance coordination-of-care.")
    ],
    config: PartnerConfig = None,
    professional: Acting = "",
    role: ActingRole = "",
    mandate: ActingMandate = "",
    declaration: Annotated[
        str, typer.Option(help="Id of your break-glass declaration about this person.")
    ] = "",
    *,
    own_case: Annotated[
        bool,
        typer.Option("--own-case", help="The asker is this person or of the household: refused, on record."),
    ] = False,
    json: Json = False,
) -> None:
    """Ask who else is involved with a person's household. The BSN is read from standard input.

    Who asks comes from `[lookup]` in the partner's settings unless said otherwise. Where the list in `[own_case]` names
    the asker with the person it is an own case without being said.
    """
    from gateway.cli.bsn_input import read_bsn

    caller = Caller.of(config, professional=professional, role=role, mandate=mandate)
    bsn = read_bsn()
    own = own_case or caller.is_own_case(bsn)
    with ending_as_the_index_says():
        answer = asyncio.run(
            ask(
                caller.settings,
                bsn,
                purpose=purpose.replace("_", "-"),
                professional=caller.professional,
                own_case=own,
                declaration=declaration,
            )
        )
    if json:
        print_json(answer_as_json(answer))
    else:
        _show(answer)


async def ask(
    settings: PartnerSettings,
    bsn: Bsn,
    *,
    purpose: str,
    professional: Professional,
    own_case: bool,
    declaration: str = "",
) -> Answer:
    """Make the pseudonyms on this side and ask; the BSN goes nowhere."""
    asked = await pseudonyms_of(settings, bsn)
    async with index_of(settings) as index:
        return await index.lookup(
            asked, purpose=purpose, professional=professional, own_case=own_case, declaration=declaration
        )


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """Return the answer as the JSON the command prints."""
    return {
        "involvements": [
            {
                "partner": involvement.partner_oin,
                "kind": involvement.partner_kind,
                "name": involvement.partner_name,
                "desk": {
                    "code": involvement.desk.code,
                    "name": involvement.desk.name,
                    "telephone": involvement.desk.telephone,
                    "email": involvement.desk.email,
                },
                "since": involvement.since_month,
                "concern": involvement.concern.value,
            }
            for involvement in answer.involvements
        ],
        "notice": answer.notice,
        "receipt": receipt_as_json(answer.receipt),
    }


def _show(answer: Answer) -> None:
    concerns = {"person": "deze persoon", "household": "het huishouden"}
    print_table(
        "Betrokken",
        ["Organisatie", "Bereikbaar via", "Telefoon", "E-mail", "Sinds", "Betreft"],
        [
            [
                line.partner_name,
                line.desk.name,
                line.desk.telephone,
                line.desk.email,
                line.since_month,
                concerns[line.concern.value],
            ]
            for line in answer.involvements
        ],
    )
    print_line(f"\n{answer.notice}\nVastgelegd als {answer.receipt.record_id}.", style="dim")
