"""The tables of the index. What counts now stands in typed rows; every version ever taken in stands beside them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

# The log shares the database, so that a write and its record are one transaction.
from gateway.audit.sql import audit_records
from gateway.database import Moment, metadata

_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def _identity() -> list[Column[str]]:
    return [
        Column("partner", String(20), primary_key=True),
        Column("reference", String(64), primary_key=True),
    ]


def _version() -> list[Column[object]]:
    """What orders versions: the later `recorded_at` counts, then the greater message id."""
    return [Column("recorded_at", Moment, nullable=False), Column("message_id", String(64), nullable=False)]


claims = Table(
    "claims",
    metadata,
    Column("source", String(20), primary_key=True),
    Column("id", String(160), primary_key=True),
)

versions = Table(
    "versions",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("partner", String(20), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("event", String(32), nullable=False),
    *_version(),
    Column("body", LargeBinary, nullable=False),
    Index(None, "partner", "reference"),
    sqlite_autoincrement=True,
)

involvements = Table(
    "involvements",
    metadata,
    *_identity(),
    Column("subject", LargeBinary(32), nullable=False, index=True),
    Column("phase", String(16), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Column("desk", String(64), nullable=False),
    Column("secrecy", String(1), nullable=False),
    Column("shielded", Boolean, nullable=False),
    *_version(),
)

households = Table(
    "households",
    metadata,
    *_identity(),
    Column("suppressed", Boolean, nullable=False),
    *_version(),
)

household_members = Table(
    "household_members",
    metadata,
    *_identity(),
    Column("subject", LargeBinary(32), primary_key=True, index=True),
    Column("role", String(16)),
    Column("since", Date),
    Column("until", Date),
    ForeignKeyConstraint(
        ["partner", "reference"], ["households.partner", "households.reference"], ondelete="CASCADE"
    ),
)

consents = Table(
    "consents",
    metadata,
    *_identity(),
    Column("subject", LargeBinary(32), nullable=False, index=True),
    Column("effect", String(16), nullable=False),
    Column("decided_by", String(40), nullable=False),
    Column("holder_kinds", LargeBinary, nullable=False),
    Column("asking_kinds", LargeBinary, nullable=False),
    Column("purposes", LargeBinary, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    *_version(),
)

partners = Table(
    "partners",
    metadata,
    Column("oin", String(20), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

outgoing = Table(
    "outgoing",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("topic", String(80), nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

position = Table(
    "position",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)
"""One row: how far the index has come. Its row lock lets one writing transaction in at a time."""

__all__ = [
    "audit_records",
    "claims",
    "consents",
    "household_members",
    "households",
    "involvements",
    "outgoing",
    "partners",
    "position",
    "versions",
]
