"""The order of versions is (sequence, version), offsets carry the ledger's mark,
and the model says by which rules it was made."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

EARLIER_RULES = "1"  # what was there before models said so
BESIDE = ("dossiers", "history", "sums", "state", "ahead")


def upgrade() -> None:
    for name in BESIDE:  # an unfinished rebuild was begun by other rules
        op.execute(f"DROP TABLE IF EXISTS rebuild_{name}")
    _order_history_by_sequence()
    for name in ("events", "number", "quarantined", "rules"):
        op.add_column("offsets", sa.Column(name, sa.BigInteger))
    op.create_index("dossiers_sequence", "dossiers", ["sequence"])
    op.add_column("offsets", sa.Column("whole_until", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("model", sa.Column("rules", sa.BigInteger, nullable=False, server_default=EARLIER_RULES))


def _order_history_by_sequence() -> None:
    """A key cannot be changed in SQLite,
    and on PostgreSQL its name depends on whether the table was ever swapped in."""
    columns = _history()
    names = ", ".join(column.name for column in columns)
    op.create_table("history_by_sequence", *columns)
    op.execute(f"INSERT INTO history_by_sequence ({names}) SELECT {names} FROM history")  # noqa: S608 - names of our own
    op.drop_table("history")
    op.rename_table("history_by_sequence", "history")
    op.create_index("history_until", "history", ["until_revision"])
    op.create_index("history_known", "history", ["known_until"])


def _history() -> list[sa.Column[Any]]:
    return [
        sa.Column("code", sa.String(64), primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("department", sa.String(32), nullable=False),
        sa.Column("procedure", sa.String(32), nullable=False),
        sa.Column("channel", sa.SmallInteger, nullable=False),
        sa.Column("received_day", sa.Integer),
        sa.Column("closed_day", sa.Integer),
        sa.Column("returned_day", sa.Integer),
        sa.Column("flags", sa.BigInteger, nullable=False),
        sa.Column("since_revision", sa.BigInteger, nullable=False),
        sa.Column("known_at", sa.BigInteger, nullable=False),
        sa.Column("contributions", sa.LargeBinary, nullable=False),
        sa.Column("listed", sa.LargeBinary, nullable=False),
        sa.Column("until_revision", sa.BigInteger, nullable=False),
        sa.Column("known_until", sa.BigInteger, nullable=False),
    ]
