"""When an alarm about a partner is due: at once, and then once a period while the partner goes on."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.domain import Oin

MOST_REMEMBERED = 10_000
"""More than any index has partners; what is beyond is named every time."""


class Alarms:
    """Remembers, in this process, when each organisation was last named: one that hammers does not fill the log."""

    def __init__(self, repeat: timedelta) -> None:
        self.repeat = repeat
        self._last: dict[Oin, datetime] = {}

    def is_due(self, partner: Oin, now: datetime) -> bool:
        """Tell whether the organisation is to be named now, and take it as named if so."""
        if self._is_recent(self._last.get(partner), now):
            return False
        if len(self._last) >= MOST_REMEMBERED:
            self._last = {oin: last for oin, last in self._last.items() if self._is_recent(last, now)}
        if len(self._last) < MOST_REMEMBERED:
            self._last[partner] = now
        return True

    def _is_recent(self, last: datetime | None, now: datetime) -> bool:
        return last is not None and timedelta(0) <= now - last < self.repeat

    def forget(self, partner: Oin) -> None:
        """Take the partner as not named: what was to be written about it could not be."""
        self._last.pop(partner, None)
