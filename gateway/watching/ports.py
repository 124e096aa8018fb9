"""What the watch needs from outside the index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.watching.model import Evaluated


class UsageSource(Protocol):
    """Whoever counts evaluations."""

    async def since(self, hour: datetime) -> Sequence[Evaluated]:
        """Return what was evaluated from that whole hour (UTC) on, the hour under way included.

        Raises:
            PseudonymsUnavailable: no answer, or none that can be used.
            NotPermitted, Unauthenticated: the other side does not take us for the index.

        """
