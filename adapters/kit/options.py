"""The `[adapter]` table of a partner's settings: what the kit itself reads, and the base for an adapter's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from gateway.errors import ConfigurationError

LARGEST_EXPORT_BYTES = 1 << 30
"""An export of a region's partner is a few megabytes; a gigabyte is a mistake or an attack."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("must be a time zone that this machine knows, like Europe/Amsterdam") from None
    return name


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True)

    @classmethod
    def of(cls, table: Mapping[str, object]) -> Self:
        """Check an `[adapter]` table; ConfigurationError names each option that is wrong."""
        return _checked(cls, table)


class KitOptions(_Options):
    """What the kit reads of the table; an adapter's own options beside it are the adapter's to check.

    `inbox` is relative to the partner's settings file; files go to the folder `done` beside it once they are read.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    inbox: Path | None = None
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "Europe/Amsterdam"
    scan_seconds: float = Field(2.0, gt=0, le=3600)
    """How often the inbox is looked at when the adapter keeps running."""
    largest_export_bytes: int = Field(LARGEST_EXPORT_BYTES, ge=1)
    mllp: dict[str, Any] | None = None

    @property
    def zone(self) -> tzinfo:
        """The partner's time zone: it decides which day it is."""
        return ZoneInfo(self.time_zone)


class AdapterOptions(KitOptions):
    """Base for the options of one adapter: closed, so that a misspelled option is refused at the start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    desk: str | None = None
    """Contact desk for records that name none; without it the manifest's `default_desk`."""


AnyOptions = TypeVar("AnyOptions", bound=BaseModel)


def _checked(model: type[AnyOptions], table: Mapping[str, object]) -> AnyOptions:
    try:
        return model.model_validate(dict(table))
    except ValidationError as error:
        # The values stay out: an option may be a secret.
        rules = "; ".join(f"adapter.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(rules) from None
