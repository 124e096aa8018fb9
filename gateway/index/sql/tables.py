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
from gateway.metering.sql import meters

_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def _identity() -> list[Column[str]]:
    return [
        Column("partner", String(20), primary_key=True),
        Column("reference", String(64), primary_key=True),
    ]


def _version() -> list[Column[object]]:
    """What orders versions: the later `recorded_at` counts, then the greater message id."""
    return [Column("recorded_at", Moment, nullable=False), Column("message_id", String(64), nullable=False)]


def _first() -> Column[object]:
    """When the first of its versions was recorded: merges of before that do not move it."""
    return Column("first_recorded_at", Moment, nullable=False)


def _place(*, primary_key: bool) -> Column[int]:
    """Which of the persons in one fact: 0, and in a household from 0 on."""
    return Column("place", Integer, primary_key=primary_key, autoincrement=False, nullable=False)


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
    # The newest epoch it names; NULL where it names nobody.
    Column("epoch", Integer),
    *_version(),
    Column("body", LargeBinary, nullable=False),
    Index(None, "partner", "reference"),
    sqlite_autoincrement=True,
)

involvements = Table(
    "involvements",
    metadata,
    *_identity(),
    Column("phase", String(16), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Column("desk", String(64), nullable=False),
    Column("secrecy", String(1), nullable=False),
    Column("shielded", Boolean, nullable=False),
    *_version(),
    _first(),
)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("fact", String(20), primary_key=True),
    *_identity(),
    _place(primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("subject", LargeBinary(32), index=True),
    Column("stated", LargeBinary(32), index=True),
)
"""Who each current fact is about, a row an epoch: sealed pseudonyms. `fact` is the table the fact stands in.

`stated` is whom the partner named; `subject` is for whom that counts after the partner's merges, and the only one
by which a fact is found. Each is NULL where that person has no pseudonym under the epoch. A merge has its old
person at place 0 and its new one at place 1, as `stated` only: nobody is found through a merge.
"""

merges = Table(
    "merges",
    metadata,
    *_identity(),
    Column("undone", Boolean, nullable=False),
    *_version(),
)

households = Table(
    "households",
    metadata,
    *_identity(),
    Column("suppressed", Boolean, nullable=False),
    *_version(),
    _first(),
)

household_members = Table(
    "household_members",
    metadata,
    *_identity(),
    _place(primary_key=True),
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
    Column("effect", String(16), nullable=False),
    Column("decided_by", String(40), nullable=False),
    Column("holder_kinds", LargeBinary, nullable=False),
    Column("asking_kinds", LargeBinary, nullable=False),
    Column("purposes", LargeBinary, nullable=False),
    # OINs, as JSON; NULL is every organisation of the kinds.
    Column("holders", LargeBinary),
    Column("askers", LargeBinary),
    Column("since", Date, nullable=False),
    Column("until", Date),
    *_version(),
    _first(),
)

convenants = Table(
    "convenants",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("content_hash", String(64), nullable=False, unique=True),
    Column("content", LargeBinary, nullable=False),
    Column("starts", Date, nullable=False),
    Column("laid_down_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

convenant_acts = Table(
    "convenant_acts",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("content_hash", String(64), nullable=False),
    Column("partner", String(20), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("at", Moment, nullable=False),
    Column("kid", String(128), nullable=False),
    Column("document", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

declarations = Table(
    "declarations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("partner", String(20), nullable=False),
    Column("declared_at", Moment, nullable=False, index=True),
    Column("review_due", Moment, nullable=False),
    # NULL until it was reviewed.
    Column("reviewed_at", Moment),
    Column("outcome", String(16)),
    Column("reviewer", String(64)),
    Column("escalated_at", Moment),
    # What never changes, as JSON; the explanation in it is sealed.
    Column("body", LargeBinary, nullable=False),
)

declaration_uses = Table(
    "declaration_uses",
    metadata,
    Column("record_id", String(36), primary_key=True),
    Column("declaration", String(36), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    # OINs of the partners that the answer showed, as JSON.
    Column("shown", LargeBinary, nullable=False),
)

refusals = Table(
    "refusals",
    metadata,
    *_identity(),
    # The person's sealed pseudonyms, as JSON.
    Column("person", LargeBinary, nullable=False),
    Column("ground", String(64), nullable=False),
    Column("review_on", Date, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("closed_at", Moment),
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

FACT_TABLES = {involvements.name: involvements, household_members.name: households, consents.name: consents}
"""In which table the fact stands whose persons `subject_keys.fact` names."""

__all__ = [
    "FACT_TABLES",
    "audit_records",
    "claims",
    "consents",
    "convenant_acts",
    "convenants",
    "declaration_uses",
    "declarations",
    "household_members",
    "households",
    "involvements",
    "merges",
    "meters",
    "outgoing",
    "partners",
    "position",
    "refusals",
    "subject_keys",
    "versions",
]
