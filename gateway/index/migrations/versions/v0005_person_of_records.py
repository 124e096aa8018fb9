"""Whom a record of the access log is about, sealed, in a column: how many persons were asked about can be counted."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Older records keep none: their persons stand in their bodies, and they count for no window any more.
    op.add_column("audit_records", sa.Column("person", sa.LargeBinary(length=32), nullable=True))
