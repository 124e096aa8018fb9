"""What the commands have in common that call the index as a partner: who acts, the person, the connection, the end."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.output import Exit, print_json, print_line

if TYPE_CHECKING:
    from gateway.domain import Bsn
    from gateway.settings import PartnerSettings
    from verwijsindex.client import IndexClient, Professional, Receipt, SubjectPseudonym


@dataclass(frozen=True, slots=True)
class Caller:
    """The partner in whose name a command calls the index, and the professional who acts."""

    settings: PartnerSettings
    professional: Professional

    @classmethod
    def of(cls, config: Path | None, *, professional: str = "", role: str = "", mandate: str = "") -> Caller:
        """Return the partner of these settings; who acts is what its `[lookup]` says, unless said otherwise.

        Raises:
            ConfigurationError: the settings cannot be used.

        """
        from gateway.settings import load_partner_settings
        from verwijsindex.client import Professional

        settings = load_partner_settings(config)
        who = Professional(
            id=professional or settings.lookup.professional,
            role=role or settings.lookup.role,
            mandate=mandate or settings.lookup.mandate,
        )
        return cls(settings, who)

    def is_own_case(self, bsn: Bsn) -> bool:
        """Tell whether the partner's list of own cases names who acts with this person.

        Raises:
            ConfigurationError: the list cannot be used.

        """
        from gateway.agent.staff import StaffList

        return StaffList(self.settings.own_case.staff).names(self.professional.id, bsn)


async def pseudonyms_of(
    settings: PartnerSettings, bsn: Bsn, *, registers: bool = False
) -> list[SubjectPseudonym]:
    """Return the person's pseudonym under every current epoch; the BSN goes nowhere.

    `registers`: for something that the index keeps, not for a question; the custodian's log tells them apart.

    Raises:
        ConfigurationError: the service, the certificate or the pinned keys cannot be used.
        Unavailable: the pseudonym service is away.

    """
    from gateway.pseudonyms.client import open_pseudonymiser
    from gateway.pseudonyms.ports import EvaluationPurpose
    from verwijsindex.client import SubjectPseudonym

    purpose = EvaluationPurpose.REGISTRATION if registers else EvaluationPurpose.LOOKUP
    async with open_pseudonymiser(settings.pseudonyms, settings.tls) as pseudonymiser:
        [subject] = await pseudonymiser.pseudonymise([bsn], purpose=purpose)
    return [SubjectPseudonym(value=each.reveal(), epoch=each.epoch) for each in subject.pseudonyms]


@asynccontextmanager
async def index_of(settings: PartnerSettings) -> AsyncIterator[IndexClient]:
    """Connect to the index in the partner's name while the block runs."""
    from verwijsindex.client import connect

    async with connect(
        settings.index.address,
        certificate=settings.tls.certificate,
        key=settings.tls.key,
        trusted_ca=settings.tls.trusted_ca,
        server_name=settings.index.server_name,
    ) as index:
        yield index


@contextmanager
def ending_as_the_index_says() -> Iterator[None]:
    """End the command with one line and its exit code where the index refuses or is away."""
    from verwijsindex.client import IndexUnavailable, LookupRefused

    try:
        yield
    except IndexUnavailable as error:
        _end(f"the index gives no answer now ({error.reason}); try again later", Exit.UNAVAILABLE)
    except LookupRefused as error:
        _end(f"{error} ({error.reason})", Exit.REFUSED)


def receipt_as_json(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as the JSON of every command that gets one."""
    return {"record_id": receipt.record_id, "consistency_token": receipt.consistency_token.hex()}


def tell_receipt(receipt: Receipt, text: str, *, json: bool) -> None:
    """Say what was done, and under which id it stands in the access log."""
    if json:
        print_json({"receipt": receipt_as_json(receipt)})
    else:
        print_line(text)
        print_line(f"Vastgelegd als {receipt.record_id}.", style="dim")


def _end(text: str, code: Exit) -> None:
    sys.stderr.write(f"verwijsindex: {text}\n")
    raise typer.Exit(int(code))
