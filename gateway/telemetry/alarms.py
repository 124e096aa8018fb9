"""When an alarm about a partner is due: at once, and then once a period while the partner goes on."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.domain import Oin


class Alarms:
    """Remembers, in this process, when each partner was last named: a partner that hammers does not fill the log."""

    def __init__(self, repeat: timedelta) -> None:
        self._repeat = repeat
        self._last: dict[Oin, datetime] = {}

    def is_due(self, partner: Oin, now: datetime) -> bool:
        """Tell whether the partner is to be named now, and take it as named if so. For known partners only."""
        last = self._last.get(partner)
        if last is not None and timedelta(0) <= now - last < self._repeat:
            return False
        self._last[partner] = now
        return True

    def forget(self, partner: Oin) -> None:
        """Take the partner as not named: what was to be written about it could not be."""
        self._last.pop(partner, None)
