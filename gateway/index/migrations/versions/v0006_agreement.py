"""The agreement with its signatures, emergencies, recorded refusals, and consent to organisations by name."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # What stands names no organisation: it is about every one of its kinds.
    for name in ("holders", "askers"):
        op.add_column("consents", sa.Column(name, sa.LargeBinary(), nullable=True))
    op.create_table(
        "convenants",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("laid_down_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_convenants")),
        sa.UniqueConstraint("content_hash", name=op.f("uq_convenants_content_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "convenant_acts",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("partner", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kid", sa.String(length=128), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_convenant_acts")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "declarations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("partner", sa.String(length=20), nullable=False),
        sa.Column("declared_at", sa.BigInteger(), nullable=False),
        sa.Column("review_due", sa.BigInteger(), nullable=False),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("reviewer", sa.String(length=64), nullable=True),
        sa.Column("escalated_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declarations")),
    )
    op.create_index(op.f("ix_declarations_declared_at"), "declarations", ["declared_at"])
    op.create_table(
        "declaration_uses",
        sa.Column("record_id", sa.String(length=36), nullable=False),
        sa.Column("declaration", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_declaration_uses")),
    )
    op.create_index(op.f("ix_declaration_uses_declaration"), "declaration_uses", ["declaration"])
    op.create_table(
        "refusals",
        sa.Column("partner", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("ground", sa.String(length=64), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("partner", "reference", name=op.f("pk_refusals")),
    )
