"""The schema of the index's database."""

from __future__ import annotations

from pathlib import Path

from gateway.migrating import Schema
from gateway.settings import StoreSettings

SCHEMA = Schema(Path(__file__).with_name("migrations"), command="verwijsindex migrate")


def migrate(settings: StoreSettings) -> tuple[str | None, str]:
    """Bring the schema to the newest revision; return the revisions before and after. See `Schema.migrate`."""
    return SCHEMA.migrate(settings)


def newest_revision() -> str:
    """Return the revision this version of the code needs."""
    return SCHEMA.newest_revision()
