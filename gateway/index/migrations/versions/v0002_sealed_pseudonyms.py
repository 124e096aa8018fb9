"""Who a fact is about moves to a table of its own: sealed pseudonyms, a row an epoch."""

import sqlalchemy as sa
from alembic import op

from gateway.errors import ConfigurationError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _refuse_facts_of_the_shared_key()
    op.create_table(
        "subject_keys",
        sa.Column("fact", sa.String(length=20), nullable=False),
        sa.Column("partner", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint(
            "fact", "partner", "reference", "place", "epoch", name=op.f("pk_subject_keys")
        ),
    )
    with op.batch_alter_table("subject_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subject_keys_subject"), ["subject"], unique=False)
    for table in ("involvements", "consents"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_index(batch_op.f(f"ix_{table}_subject"))
            batch_op.drop_column("subject")
    with op.batch_alter_table("versions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("epoch", sa.Integer(), nullable=True))
    op.drop_table("household_members")
    op.create_table(
        "household_members",
        sa.Column("partner", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["partner", "reference"],
            ["households.partner", "households.reference"],
            name=op.f("fk_household_members_partner_reference"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("partner", "reference", "place", name=op.f("pk_household_members")),
    )


def _refuse_facts_of_the_shared_key() -> None:
    """Facts of the first schema have pseudonyms of the shared key, which nobody can turn into others."""
    if op.get_bind().execute(sa.text("SELECT COUNT(*) FROM versions")).scalar_one():
        raise ConfigurationError(
            "the store holds facts made with the shared pseudonym key of a trial; they cannot be carried over: "
            "make the trial site anew with `verwijsindex init`"
        )
