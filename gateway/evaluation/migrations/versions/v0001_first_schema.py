"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_records",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=20), nullable=True),
        sa.Column("person", sa.LargeBinary(length=32), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_records")),
        sa.UniqueConstraint("record_id", name=op.f("uq_audit_records_record_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "meters",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("partner", sa.String(length=20), nullable=False),
        sa.Column("full_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "partner", name=op.f("pk_meters")),
    )
    op.create_table(
        "evaluation_usage",
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("partner", sa.String(length=20), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("evaluations", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "partner", "epoch", "purpose", name=op.f("pk_evaluation_usage")),
    )


def downgrade() -> None:
    op.drop_table("evaluation_usage")
    op.drop_table("meters")
    op.drop_table("audit_records")
