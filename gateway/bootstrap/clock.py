"""The clock of every process."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the time: time zone aware, UTC."""
    return datetime.now(UTC)
