"""Merges: whom a partner named stands beside for whom that counts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FIRST = (
    "UPDATE {table} SET first_recorded_at = COALESCE((SELECT MIN(versions.recorded_at) FROM versions WHERE "
    "versions.kind = '{table}' AND versions.partner = {table}.partner "
    "AND versions.reference = {table}.reference), recorded_at)"
)


def upgrade() -> None:
    op.create_table(
        "merges",
        sa.Column("partner", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("partner", "reference", name=op.f("pk_merges")),
    )
    with op.batch_alter_table("subject_keys", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stated", sa.LargeBinary(length=32), nullable=True))
        batch_op.alter_column("subject", existing_type=sa.LargeBinary(length=32), nullable=True)
    for table in ("involvements", "households", "consents"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("first_recorded_at", sa.BigInteger(), nullable=True))
        op.execute(_FIRST.format(table=table))
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column("first_recorded_at", existing_type=sa.BigInteger(), nullable=False)
    # Nothing was merged so far: what was stated is what counts.
    op.execute("UPDATE subject_keys SET stated = subject")
    with op.batch_alter_table("subject_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subject_keys_stated"), ["stated"], unique=False)
