"""`verwijsindex convenant status`: which version is in force, what is to come, and who signed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.options import IndexConfig, Json
from gateway.cli.output import Exit, print_facts, print_json, print_line
from gateway.clock import dutch_time
from gateway.domain.dutch import dutch_day

if TYPE_CHECKING:
    from datetime import date

    from gateway.agreement.remarks import Remark
    from gateway.agreement.standing import Standing, VersionStanding
    from gateway.domain import Oin, Partner
    from gateway.settings import IndexSettings

_STATES = {
    "in-force": "van kracht",
    "scheduled": "gepland",
    "waiting": "wacht op handtekeningen",
    "revoked": "ingetrokken",
    "replaced": "vervangen",
    "expired": "verlopen",
    "without-signatories": "zonder ondertekenaars",
}


_SAID = {"signed": "getekend", "revoked": "ingetrokken", "missing": "moet nog tekenen"}


@dataclass(frozen=True, slots=True)
class _Found:
    """The agreement as it stands now."""

    stands: Standing
    remarks: tuple[Remark, ...]
    last_day: date | None
    partners: Mapping[Oin, Partner]


def status(config: IndexConfig = None, *, json: Json = False) -> None:
    """Show every version of the convenant and who signed it, and check each signature against the directory again.

    Ends with 0 where a version is in force, 1 where there is also something to look at, 77 where none is in force.
    """
    from gateway.settings import load_index_settings

    found = asyncio.run(_read(load_index_settings(config)))
    if json:
        print_json(_as_json(found))
    else:
        _show(found)
    if found.stands.in_force is None:
        raise typer.Exit(int(Exit.REFUSED))
    if found.remarks:
        raise typer.Exit(int(Exit.FINDINGS))


async def _read(settings: IndexSettings) -> _Found:
    from gateway.agreement.remarks import last_day, remarks
    from gateway.agreement.standing import standing
    from gateway.bootstrap import open_site
    from gateway.clock import now

    async with open_site(settings) as site, site.store.transaction() as tx:
        at = now()
        versions, acts = await tx.agreements.versions(), await tx.agreements.acts()
        partners = {partner.oin: partner for partner in await tx.partners.all()}
    stands = standing(versions, acts, at)
    return _Found(stands, remarks(stands, acts, partners, at), last_day(stands), partners)


def _show(found: _Found) -> None:
    """Print a block for every version, who signed it under it; then what there is to look at, and the conclusion."""
    for each in found.stands.versions:
        _show_version(each, found.partners)
        print_line()
    if found.remarks:
        print_facts("Aandachtspunten", [(each.code.value, each.text) for each in found.remarks])
        print_line()
    current = found.stands.in_force
    if current is None or found.last_day is None:
        print_line("Er is geen convenant van kracht.")
    else:
        print_line(f"Van kracht: {_name(current)}, tot en met {dutch_day(found.last_day)}.")


def _show_version(each: VersionStanding, partners: Mapping[Oin, Partner]) -> None:
    convenant = each.version.convenant
    print_facts(
        f"Convenant {_name(each)}: {_STATES[each.state]}",
        [
            ("gaat in", dutch_day(each.version.starts)),
            ("geldig tot en met", dutch_day(convenant.valid_until)),
            ("neergelegd", dutch_time(each.version.laid_down_at)),
        ],
    )
    # Whole on one line: it is there to be compared.
    print_line(f"  sha256:{convenant.content_hash}")
    signatures = [_signature(said) for said in _said(each, partners)]
    print_facts("  Handtekeningen", signatures or [("geen", "er is niemand die moet tekenen")], indent=4)


def _signature(said: Mapping[str, Any]) -> tuple[str, str]:
    since = f" op {dutch_time(datetime.fromisoformat(said['since']))}" if said["since"] else ""
    told = [f"{_SAID[said['state']]}{since}"]
    if not said["signatory"]:
        told.append("is toegetreden, hoefde niet te tekenen")
    return said["organisation"], "; ".join([said["name"] or "geen partner", *told])


def _as_json(found: _Found) -> dict[str, Any]:
    current = found.stands.in_force
    return {
        "in_force": None if current is None else current.version.convenant.identity,
        "last_day": None if found.last_day is None else str(found.last_day),
        "versions": [
            {
                "convenant": each.version.convenant.name,
                "version": each.version.convenant.version,
                "sha256": each.version.convenant.content_hash,
                "state": each.state.value,
                "starts": str(each.version.starts),
                "valid_until": str(each.version.convenant.valid_until),
                "notice_days": each.version.convenant.notice_days,
                "laid_down_at": each.version.laid_down_at.isoformat(),
                "effect": None if each.effect is None else each.effect.isoformat(),
                "signatures": _said(each, found.partners),
            }
            for each in found.stands.versions
        ],
        "remarks": [{"code": each.code, "text": each.text} for each in found.remarks],
    }


def _said(each: VersionStanding, partners: Mapping[Oin, Partner]) -> list[dict[str, Any]]:
    """Return what every organisation last said of the version, or still must say, by OIN."""
    words = {oin: ("signed", at.isoformat()) for oin, at in each.signed.items()}
    words |= {oin: ("revoked", at.isoformat()) for oin, at in each.revoked.items()}
    words |= dict.fromkeys(each.missing, ("missing", ""))
    return [
        {
            "organisation": oin,
            "name": partners[oin].name if oin in partners else "",
            "signatory": oin in each.version.convenant.signatories,
            "state": state,
            "since": since,
        }
        for oin, (state, since) in sorted(words.items())
    ]


def _name(each: VersionStanding) -> str:
    return f"{each.version.convenant.name} {each.version.convenant.version}"
