"""The demo's site: that of `init`, with two organisations of one kind beside the usual partners."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.cli.demo.backends import Backends, fresh_oin_series
from gateway.cli.trial_site import TRIAL_PARTNERS, SiteTerms, TrialPartner, free_port, make_site
from gateway.domain import Desk, Oin

YOUTH_CARE = "jeugd_ggz"
_ADAPTERS: Mapping[str, str] = {YOUTH_CARE: "ggz"}
"""Kinds that keep their records as another kind does, with the adapter of that kind."""


def _youth_care(number: int, side: str) -> TrialPartner:
    return TrialPartner(
        number=number,
        kind=YOUTH_CARE,
        folder=f"{YOUTH_CARE}_{side.lower()}",
        name=f"Jeugd-ggz Voorbeeldregio {side}",
        core_tasks=("Geestelijke gezondheidszorg voor jongeren",),
        desks=(Desk(code="aanmeldbureau", name=f"Aanmelding {side}", telephone=f"+318800000{number}0"),),
        role="behandelaar",
        adapter_settings='desk = "aanmeldbureau"\ntime_zone = "Europe/Amsterdam"\n',
    )


PARTNERS = {
    partner.folder: partner for partner in (*TRIAL_PARTNERS, _youth_care(4, "Oost"), _youth_care(5, "West"))
}
"""By folder, which is also what the stories call them."""


def adapter_of(partner: TrialPartner) -> str:
    """Return the kind whose adapter reads the partner's records."""
    return _ADAPTERS.get(partner.kind, partner.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSite:
    """Where everything is. `made` is what `init --json` prints."""

    folder: Path
    terms: SiteTerms
    made: Mapping[str, Any] = field(repr=False)

    @classmethod
    async def make(
        cls, folder: Path, backends: Backends, *, store_url: str, pseudonym_store_url: str
    ) -> DemoSite:
        """Make the site in a new folder: keys, settings, stores, a signed convenant."""
        terms = SiteTerms(
            port=free_port(),
            pseudonym_port=free_port(),
            store_url=store_url,
            pseudonym_store_url=pseudonym_store_url,
            bus_url=backends.bus_url,
            oin_series=fresh_oin_series(),
            partners=tuple(PARTNERS.values()),
        )
        made = await asyncio.to_thread(make_site, folder, terms)
        return cls(folder=folder, terms=terms, made=made)

    @property
    def index_config(self) -> str:
        """The settings of the index."""
        return str(self.made["index_config"])

    @property
    def custodian_config(self) -> str:
        """The settings of the pseudonym service."""
        return str(self.made["pseudonym_service"]["config"])

    @property
    def convenant(self) -> Path:
        """The file of the convenant."""
        return Path(self.made["convenant"])

    def config(self, partner: str) -> str:
        """Return the settings of a partner, by its folder."""
        return str(self.made["partners"][partner]["config"])

    @property
    def oins(self) -> Mapping[str, Oin]:
        """The OINs of the partners, by folder."""
        return {name: self.terms.oin(partner.number) for name, partner in PARTNERS.items()}
