"""The schema of the index's database."""

from __future__ import annotations

from pathlib import Path

from gateway.migrating import Schema

SCHEMA = Schema(Path(__file__).with_name("migrations"), command="verwijsindex migrate")
