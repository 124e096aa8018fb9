"""Who may ask the pseudonym service for what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.domain import Oin
from gateway.errors import NotPermitted, Unauthenticated
from gateway.metering.ports import MeterTerms


@dataclass(frozen=True, slots=True)
class Callers:
    """The index, and the partners with their quotas. Nobody else is served; the index has nothing evaluated."""

    index: Oin
    partners: Mapping[Oin, MeterTerms]

    def terms_of(self, caller: Oin) -> MeterTerms:
        """Return the quota of a partner; Unauthenticated for anybody else."""
        terms = self.partners.get(caller)
        if terms is None:
            raise Unauthenticated(
                "UNKNOWN_PARTNER", "the client certificate names no partner of this pseudonym service"
            )
        return terms

    def require_known(self, caller: Oin) -> None:
        """Raise Unauthenticated unless the caller is a partner or the index."""
        if caller != self.index:
            self.terms_of(caller)

    def require_index(self, caller: Oin) -> None:
        """Raise NotPermitted unless the caller is the index."""
        if caller != self.index:
            raise NotPermitted("INDEX_ONLY", "usage is for the index alone")
