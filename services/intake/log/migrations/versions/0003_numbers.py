"""The relay's cursor counts the events of each partition, and says how often the log was sent again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "relay_cursor",
        sa.Column("numbers", sa.Text, comment="how many events of each partition, JSON; null when not known"),
    )
    op.add_column(
        "relay_cursor", sa.Column("refusal", sa.Text, comment="why nothing may be accepted; null when nothing is wrong")
    )
    op.add_column(
        "relay_cursor",
        sa.Column("resends", sa.Integer, nullable=False, server_default="0", comment="times it was set back"),
    )


def downgrade() -> None:
    op.drop_column("relay_cursor", "resends")
    op.drop_column("relay_cursor", "refusal")
    op.drop_column("relay_cursor", "numbers")
