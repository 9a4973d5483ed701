"""Sums by day, month and year, and for departments and the whole office, in place of the daily table alone."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SPANS = ("day", "day - day % 100", "day - day % 10000")
_GROUPS = (("procedure", "department"), ("''", "department"), ("''", "''"))


def upgrade() -> None:
    op.create_table(
        "sums",
        sa.Column("span", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("procedure", sa.String(32), primary_key=True),
        sa.Column("department", sa.String(32), primary_key=True),
        sa.Column("channel", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("measure", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    for span in _SPANS:
        for procedure, department in _GROUPS:
            op.execute(
                f"INSERT INTO sums SELECT {span}, {procedure}, {department}, channel, measure, SUM(amount) FROM daily "  # noqa: S608 - ours
                "GROUP BY 1, 2, 3, 4, 5 HAVING SUM(amount) <> 0"
            )
    op.create_index("sums_zero", "sums", ["span"], sqlite_where=sa.text("amount = 0"), postgresql_where=sa.text("amount = 0"))
    op.drop_table("daily")


def downgrade() -> None:
    op.create_table(
        "daily",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("department", sa.String(32), primary_key=True),
        sa.Column("procedure", sa.String(32), primary_key=True),
        sa.Column("channel", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("measure", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO daily SELECT span, department, procedure, channel, measure, amount FROM sums WHERE procedure > '' AND span % 100 > 0"
    )
    op.create_index("daily_zero", "daily", ["day"], sqlite_where=sa.text("amount = 0"), postgresql_where=sa.text("amount = 0"))
    op.drop_table("sums")
