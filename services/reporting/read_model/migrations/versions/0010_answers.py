"""A mail that some addresses took is sent again to the others alone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("follow_up_deliveries", sa.Column("answers", sa.LargeBinary, nullable=True))
