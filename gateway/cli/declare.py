"""`verwijsindex declare`: declare break-glass by hand, as a partner."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.asking import Caller, ending_as_the_index_says, index_of, pseudonyms_of, receipt_as_json
from gateway.cli.options import Acting, ActingMandate, ActingRole, Json, PartnerConfig
from gateway.cli.output import print_json, print_line
from gateway.clock import day_of, dutch_time
from gateway.domain.dutch import dutch_day
from gateway.errors import InvalidInput

if TYPE_CHECKING:
    from gateway.domain import Bsn
    from verwijsindex.client import Declared

MOST_READ = 8_192
"""Characters of the explanation that are read: more than the index takes, so that what is too long is refused there."""


def declare(  # noqa: PLR0913 - its options
    purpose: Annotated[str, typer.Option(help="Purpose code of the convenant, for instance crisis.")],
    ground: Annotated[str, typer.Option(help="Code of the ground, for instance acute-danger.")],
    config: PartnerConfig = None,
    professional: Acting = "",
    role: ActingRole = "",
    mandate: ActingMandate = "",
    *,
    own_case: Annotated[
        bool,
        typer.Option("--own-case", help="The asker is this person or of the household: refused, on record."),
    ] = False,
    json: Json = False,
) -> None:
    """Declare an emergency: your lookups that name the declaration show more, for a short time. It is reviewed.

    The first line of standard input is the BSN, what follows is the explanation: why it is necessary, in your own
    words, for the privacy officers who review it. Neither belongs on a command line. Who declares comes from `[lookup]`
    in the partner's settings unless said otherwise.
    """
    from gateway.cli.bsn_input import read_bsn

    caller = Caller.of(config, professional=professional, role=role, mandate=mandate)
    bsn = read_bsn()
    explanation = read_explanation()
    own = own_case or caller.is_own_case(bsn)
    with ending_as_the_index_says():
        declared = asyncio.run(
            _declare(
                caller,
                bsn,
                purpose=purpose.replace("_", "-"),
                own_case=own,
                ground=ground,
                explanation=explanation,
            )
        )
    if json:
        print_json(_as_json(declared))
    else:
        _show(declared)


def read_explanation() -> str:
    """Return what is left on standard input, without the white space around it.

    Raises:
        InvalidInput: nothing is left.

    """
    if sys.stdin.isatty():
        sys.stderr.write("Toelichting (afsluiten met Ctrl-D): ")
        sys.stderr.flush()
    text = sys.stdin.read(MOST_READ).strip()
    if not text:
        raise InvalidInput.at("explanation", "must follow the BSN on standard input")
    return text


async def _declare(
    caller: Caller,
    bsn: Bsn,
    *,
    purpose: str,
    own_case: bool,
    ground: str,
    explanation: str,
) -> Declared:
    subject = await pseudonyms_of(caller.settings, bsn)
    async with index_of(caller.settings) as index:
        return await index.break_glass.declare(
            subject,
            purpose=purpose,
            professional=caller.professional,
            own_case=own_case,
            ground=ground,
            explanation=explanation,
        )


def _as_json(declared: Declared) -> dict[str, Any]:
    return {
        "declaration_id": declared.id,
        "expires_at": declared.expires_at.isoformat(),
        "review_due": declared.review_due.isoformat(),
        "receipt": receipt_as_json(declared.receipt),
    }


def _show(declared: Declared) -> None:
    print_line(
        f"Verklaring {declared.id}\n"
        f"geldt tot {dutch_time(declared.expires_at)}; stel de vraag nu met\n"
        f"  verwijsindex lookup … --declaration {declared.id}"
    )
    print_line(
        "\nDe functionarissen gegevensbescherming zijn ingelicht; uiterlijk "
        f"{dutch_day(day_of(declared.review_due))} is dit getoetst.",
        style="dim",
    )
