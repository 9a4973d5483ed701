"""Sums of nothing are found by their amount: with the longer key SQLite read the whole table for them at each write.

The index of a table that a rebuild swapped in has another name, and stays beside the new one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX IF EXISTS sums_zero")
    zero = sa.text("amount = 0")
    op.create_index("sums_zero", "sums", ["amount"], sqlite_where=zero, postgresql_where=zero)
