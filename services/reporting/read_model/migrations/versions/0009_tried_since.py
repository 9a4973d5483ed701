"""A delivery that was given up can be tried again, for as long as a new one."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("follow_up_deliveries", sa.Column("tried_since", sa.BigInteger, nullable=True))
