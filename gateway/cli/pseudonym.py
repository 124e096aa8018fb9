"""`verwijsindex pseudonym`: the pseudonym that a call without this project's client needs."""

from __future__ import annotations

import asyncio
import base64
import sys

from gateway.cli.bsn_input import read_bsn
from gateway.cli.options import Json, PartnerConfig
from gateway.cli.output import print_json

WARNING = "this stands for one person in the index: handle it like a BSN, and keep it nowhere"


def pseudonym(config: PartnerConfig = None, *, json: Json = False) -> None:
    """Print the pseudonym of a person in base64, the form of `bytes` in JSON. The BSN is read from standard input.

    What it prints identifies a person: it belongs in the one call that needs it.
    """
    from gateway.pseudonyms.client import open_pseudonymiser
    from gateway.settings import load_partner_settings

    settings = load_partner_settings(config)
    bsn = read_bsn()
    [found] = asyncio.run(open_pseudonymiser(settings.pseudonyms).pseudonymise([bsn]))
    text = base64.b64encode(found.reveal()).decode("ascii")
    sys.stderr.write(f"verwijsindex: {WARNING}\n")
    if json:
        print_json({"pseudonym": text})
    else:
        sys.stdout.write(f"{text}\n")
