"""Which dead letters somebody dealt with: the letters are in their topic, what was done about them is here."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handled_dead_letters",
        sa.Column("letter", sa.Text, primary_key=True, comment="its id, a digest of its bytes"),
        sa.Column("state", sa.Text, nullable=False, comment="sent_again or done"),
        sa.Column("at", sa.Float(53), nullable=False, comment="seconds since 1970, the system's clock"),
        sa.Column("by", sa.Text, nullable=False, comment="the caller's name"),
        sa.Column("note", sa.Text),
    )


def downgrade() -> None:
    op.drop_table("handled_dead_letters")
