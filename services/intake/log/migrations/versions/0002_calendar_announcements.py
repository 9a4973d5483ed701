"""Announced days off and swapped days, and the deadlines they move."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "calendar_announcements",
        sa.Column(
            "number", NUMBER, primary_key=True, autoincrement=False, comment="1, 2, 3 ... in the order of taking effect"
        ),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("content", sa.LargeBinary, nullable=False, comment="source, days and departments, JSON"),
        sa.Column("recorded_at", sa.Float(53), nullable=False, comment="seconds since 1970, the system's clock"),
        sa.Column("position", NUMBER, nullable=False, comment="the log's last event that was decided without it"),
        sa.Column("state", sa.Text, nullable=False, comment="announced, moving, done"),
        sa.Column("examined", sa.Integer, comment="open dossiers looked at; null until then"),
    )
    op.create_table(
        "calendar_moves",
        sa.Column("announcement", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("dossier", sa.Text, primary_key=True),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("procedure", sa.Text, nullable=False),
        sa.Column("received_at", sa.Text, nullable=False, comment="ISO 8601, as the deadlines"),
        sa.Column("due_at", sa.Text, nullable=False, comment="before the announcement"),
        sa.Column("new_due_at", sa.Text, comment="with it; null when it can't be computed"),
        sa.Column("outcome", sa.Text, nullable=False, comment="planned, moved, or why the deadline stays"),
    )


def downgrade() -> None:
    op.drop_table("calendar_moves")
    op.drop_table("calendar_announcements")
