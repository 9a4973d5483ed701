"""Whom it was reminded of what: kept beside the read model, and no rebuild touches it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "follow_up_units",
        sa.Column("department", sa.String(32), primary_key=True),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("round_at", sa.BigInteger, nullable=False),
        sa.Column("digest_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "follow_ups",
        sa.Column("department", sa.String(32), primary_key=True),
        sa.Column("year", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("dossier", sa.String(64), nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("received_by", sa.String(32), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("mail", sa.String(36), nullable=True),
        sa.Column("sent_at", sa.BigInteger, nullable=True),
        sa.Column("moved_at", sa.BigInteger, nullable=True),
        sa.Column("answer", sa.String(32), nullable=True),
        sa.Column("promised_day", sa.Integer, nullable=True),
        sa.Column("answered_at", sa.BigInteger, nullable=True),
        sa.Column("told", sa.LargeBinary, nullable=False),
    )
    op.create_index("follow_ups_id", "follow_ups", ["id"], unique=True)
    op.create_index("follow_ups_made", "follow_ups", ["made_at"])
    op.create_index("follow_ups_mail", "follow_ups", ["mail"])
    unmoved = sa.text("moved_at IS NULL")
    op.create_index("follow_ups_unmoved", "follow_ups", ["dossier"], sqlite_where=unmoved, postgresql_where=unmoved)
    op.create_table(
        "follow_up_deliveries",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("department", sa.String(32), nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.BigInteger, nullable=True),
        sa.Column("sent_at", sa.BigInteger, nullable=True),
        sa.Column("problem", sa.Text, nullable=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    waiting = sa.text("next_try_at IS NOT NULL")
    op.create_index(
        "follow_up_deliveries_waiting",
        "follow_up_deliveries",
        ["next_try_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    given_up = sa.text("next_try_at IS NULL AND sent_at IS NULL")
    op.create_index(
        "follow_up_deliveries_given_up",
        "follow_up_deliveries",
        ["way"],
        sqlite_where=given_up,
        postgresql_where=given_up,
    )
