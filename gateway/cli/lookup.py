"""`verwijsindex lookup`: ask the index by hand, as a partner."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import Json, PartnerConfig
from gateway.cli.output import Exit, console, print_json, print_table

if TYPE_CHECKING:
    from gateway.domain import Bsn
    from gateway.settings import PartnerSettings
    from verwijsindex.client import Answer, Professional


def lookup(
    purpose: Annotated[
        str, typer.Option(help="Purpose code of the convenant, for instance coordination-of-care.")
    ],
    config: PartnerConfig = None,
    professional: Annotated[str, typer.Option(help="Who asks: the partner's own id of the person.")] = "",
    role: Annotated[str, typer.Option(help="Role code of the convenant.")] = "",
    mandate: Annotated[str, typer.Option(help="Mandate code of the convenant.")] = "",
    *,
    json: Json = False,
) -> None:
    """Ask who else is involved with a person's household. The BSN is read from standard input.

    Who asks comes from `[lookup]` in the partner's settings unless said otherwise.
    """
    from gateway.cli.bsn_input import read_bsn
    from gateway.settings import load_partner_settings
    from verwijsindex.client import IndexUnavailable, LookupRefused, Professional

    settings = load_partner_settings(config)
    asker = Professional(
        id=professional or settings.lookup.professional,
        role=role or settings.lookup.role,
        mandate=mandate or settings.lookup.mandate,
    )
    bsn = read_bsn()
    try:
        answer = asyncio.run(ask(settings, bsn, purpose=purpose.replace("_", "-"), professional=asker))
    except IndexUnavailable as error:
        _end(f"the index gives no answer now ({error.reason}); try again later", Exit.UNAVAILABLE)
    except LookupRefused as error:
        _end(f"{error} ({error.reason})", Exit.REFUSED)
    if json:
        print_json(answer_as_json(answer))
    else:
        _show(answer)


async def ask(settings: PartnerSettings, bsn: Bsn, *, purpose: str, professional: Professional) -> Answer:
    """Make the pseudonyms on this side and ask; the BSN goes nowhere."""
    from gateway.pseudonyms.client import open_pseudonymiser
    from gateway.pseudonyms.ports import EvaluationPurpose
    from verwijsindex.client import SubjectPseudonym, connect

    async with open_pseudonymiser(settings.pseudonyms, settings.tls) as pseudonymiser:
        [subject] = await pseudonymiser.pseudonymise([bsn], purpose=EvaluationPurpose.LOOKUP)
    async with connect(
        settings.index.address,
        certificate=settings.tls.certificate,
        key=settings.tls.key,
        trusted_ca=settings.tls.trusted_ca,
        server_name=settings.index.server_name,
    ) as index:
        asked = [SubjectPseudonym(value=each.reveal(), epoch=each.epoch) for each in subject.pseudonyms]
        return await index.lookup(asked, purpose=purpose, professional=professional)


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
        "receipt": {
            "record_id": answer.receipt.record_id,
            "consistency_token": answer.receipt.consistency_token.hex(),
        },
    }


def _end(text: str, code: Exit) -> None:
    sys.stderr.write(f"verwijsindex: {text}\n")
    raise typer.Exit(int(code))


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
    console.print(f"\n{answer.notice}\nVastgelegd als {answer.receipt.record_id}.", style="dim")
