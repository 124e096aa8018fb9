"""What the partner's side may ask of the pseudonym service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.domain import Bsn, Pseudonym


class Pseudonymiser(Protocol):
    """Turns BSNs into the pseudonyms of one index. Runs where the BSN is known: at the partner."""

    async def pseudonymise(self, persons: Sequence[Bsn]) -> Sequence[Pseudonym]:
        """Return one pseudonym a BSN, in the same order; the same BSN always gives the same pseudonym.

        Raises:
            Unavailable: the service cannot be reached; nothing was derived.

        """
