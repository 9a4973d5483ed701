"""Applicants, encrypted; and who was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "applicants",
        sa.Column("pseudonym", sa.Text, primary_key=True, comment="as the events carry it"),
        sa.Column("key_id", sa.Text, nullable=False, comment="the master key that wraps the data key"),
        sa.Column(
            "wrapped_key",
            sa.LargeBinary,
            nullable=False,
            comment="nonce and data key, by the master key",
        ),
        sa.Column(
            "details",
            sa.LargeBinary,
            nullable=False,
            comment="nonce and details as JSON, by the data key",
        ),
        sa.Column(
            "as_of",
            sa.Float(53),
            nullable=False,
            comment="when their receipt happened, seconds since 1970",
        ),
        sa.Column("stored_at", sa.Float(53), nullable=False, comment="seconds since 1970, the system's clock"),
        sa.Column("kept_until", sa.Float(53), comment="by the retention of the procedures; null when no end is known"),
    )
    op.create_index("ix_applicants_key_id", "applicants", ["key_id"])
    op.create_table(
        "applicant_erasures",
        sa.Column("pseudonym", sa.Text, primary_key=True),
        sa.Column(
            "erased_at", sa.Float(53), nullable=False, comment="receipts up to then store nothing; seconds since 1970"
        ),
        sa.Column("erased_by", sa.Text, nullable=False, comment="the caller's id, or retention"),
        sa.Column("reason", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("applicant_erasures")
    op.drop_index("ix_applicants_key_id", "applicants")
    op.drop_table("applicants")
