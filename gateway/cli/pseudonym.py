"""`verwijsindex pseudonym`: the pseudonyms that a call without this project's client needs."""

from __future__ import annotations

import asyncio
import base64
import sys
from typing import TYPE_CHECKING

import orjson

from gateway.cli.bsn_input import read_bsn
from gateway.cli.options import Json, PartnerConfig
from gateway.cli.output import print_json

if TYPE_CHECKING:
    from gateway.domain import Bsn, Subject
    from gateway.settings import PartnerSettings

WARNING = "this stands for one person in the index: handle it like a BSN, and keep it nowhere"


def pseudonym(config: PartnerConfig = None, *, json: Json = False) -> None:
    """Print the pseudonyms of a person, one for each current epoch, as a call of the index takes them.

    The form is the field `subject` of a LookupRequest in JSON. The BSN is read from standard input. What it
    prints identifies a person: it belongs in the one call that needs it.
    """
    from gateway.settings import load_partner_settings

    settings = load_partner_settings(config)
    subject = asyncio.run(_subject_of(settings, read_bsn()))
    field = [
        {"value": base64.b64encode(each.reveal()).decode("ascii"), "epoch": each.epoch}
        for each in subject.pseudonyms
    ]
    sys.stderr.write(f"verwijsindex: {WARNING}\n")
    if json:
        print_json({"subject": field})
    else:
        sys.stdout.write(f"{orjson.dumps(field).decode('ascii')}\n")


async def _subject_of(settings: PartnerSettings, bsn: Bsn) -> Subject:
    from gateway.pseudonyms.client import open_pseudonymiser
    from gateway.pseudonyms.ports import EvaluationPurpose

    async with open_pseudonymiser(settings.pseudonyms, settings.tls) as pseudonymiser:
        [subject] = await pseudonymiser.pseudonymise([bsn], purpose=EvaluationPurpose.LOOKUP)
    return subject
