"""What a police unit may set under `[adapter]`."""

from __future__ import annotations

from pydantic import Field

from adapters.kit.options import AdapterOptions

ACTIVE_DAYS = 365


class PolitieOptions(AdapterOptions):
    """The options of this adapter, beside those of the kit."""

    active_days: int = Field(ACTIVE_DAYS, ge=1, le=3650)
    """How long after an incident the police count as involved. Unverified: the retention rules decide."""
    registered_roles: tuple[str, ...] | None = None
    """Roles that are registered, in place of the manifest's list."""
    unregistered_roles: tuple[str, ...] | None = None
    """Roles that are never registered, in place of the manifest's list."""
