"""The dossiers as they stand, for the counter's lists; intake fills the table from its log at start."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

OF_FEW = ("applicant", "runs_out_at", "waits_since")


def upgrade() -> None:
    op.create_table(
        "dossiers",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False, comment="the unit that took it in"),
        sa.Column("procedure", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("applicant", sa.Text, comment="the pseudonym"),
        sa.Column("received_at", sa.Float(53), comment="seconds since 1970, as all instants here"),
        sa.Column("due_at", sa.Float(53), comment="the deadline in force"),
        sa.Column(
            "runs_out_at", sa.Float(53), comment="when it becomes overdue; null while its clock stands, and once closed"
        ),
        sa.Column("waits_for", sa.Text, comment="acceptance, supplement, payment, suspended"),
        sa.Column("waits_since", sa.Float(53)),
        sa.Column("waits_until", sa.Float(53), comment="until when it is to be answered, or the applicant has time"),
        comment="each dossier after its latest event, for lists and searches; made of the log, which is the record",
    )
    op.create_index("dossiers_by_receipt", "dossiers", ["received_at"])
    for column in OF_FEW:
        is_there = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"dossiers_by_{column}", "dossiers", [column], sqlite_where=is_there, postgresql_where=is_there)


def downgrade() -> None:
    op.drop_table("dossiers")
