"""Where dossiers were received, in dossiers and sums; and the days on which applications waited to be accepted."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BESIDE = ("dossiers", "history", "sums", "state", "ahead")
KEY = "span, procedure, department, channel, measure"


def upgrade() -> None:
    for name in BESIDE:  # an unfinished rebuild was begun by other rules
        op.execute(f"DROP TABLE IF EXISTS rebuild_{name}")
    for table in ("dossiers", "history"):
        op.add_column(table, sa.Column("received_by", sa.String(32), nullable=False, server_default=""))
        for name in ("submitted_day", "answered_day", "waited_until_day"):
            op.add_column(table, sa.Column(name, sa.Integer))
    for name, columns, where in (
        ("waiting", ["submitted_day", "code"], "submitted_day IS NOT NULL AND waited_until_day IS NULL"),
        ("answered", ["answered_day"], "answered_day IS NOT NULL"),
        ("asked_again", ["waited_until_day"], "waited_until_day > answered_day"),
    ):
        condition = sa.text(where)
        op.create_index(f"dossiers_{name}", "dossiers", columns, sqlite_where=condition, postgresql_where=condition)
    _key_sums_by_place()


def _key_sums_by_place() -> None:
    """A key cannot be changed in SQLite,
    and on PostgreSQL its name depends on whether the table was ever swapped in."""
    op.create_table(
        "sums_by_place",
        sa.Column("span", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("procedure", sa.String(32), primary_key=True),
        sa.Column("department", sa.String(32), primary_key=True),
        sa.Column("channel", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("measure", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("received_by", sa.String(32), primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(f"INSERT INTO sums_by_place SELECT {KEY}, '', amount FROM sums")  # noqa: S608 - names of our own
    op.drop_table("sums")
    op.rename_table("sums_by_place", "sums")
    zero = sa.text("amount = 0")
    op.create_index("sums_zero", "sums", ["span"], sqlite_where=zero, postgresql_where=zero)
