"""The audit: who did what when. It is kept beside the read model, and no rebuild touches it."""

import sqlalchemy as sa
from alembic import op

from shared.service.audit import APPEND_ONLY

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=True),
        sa.Column("first", sa.BigInteger, nullable=True),
        sa.Column("last", sa.BigInteger, nullable=True),
        sa.Column("entry", sa.LargeBinary, nullable=False),
    )
    for column in ("at", "subject", "last"):
        op.create_index(f"audit_{column}", "audit", [column])
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)
