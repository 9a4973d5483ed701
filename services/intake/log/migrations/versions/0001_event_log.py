"""The event log, serials, idempotency keys and the relay's cursor."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "event_log",
        sa.Column(
            "position",
            POSITION,
            primary_key=True,
            autoincrement=False,
            comment="1, 2, 3 ... in commit order, without gaps",
        ),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("dossier", sa.Text, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column(
            "added", sa.Text, nullable=False, comment="fields of the data that intake put in, with commas between them"
        ),
        sa.Column("recorded_at", sa.Float(53), nullable=False, comment="seconds since 1970, the system's clock"),
        sa.Column("event", sa.LargeBinary, nullable=False, comment="the CloudEvent as relayed, JSON"),
        sa.UniqueConstraint("dossier", "sequence"),
    )
    op.create_table(
        "serials",
        sa.Column("agency", sa.Text, primary_key=True),
        sa.Column("day", sa.Text, primary_key=True, comment="yyMMdd"),
        sa.Column("next", sa.Integer, nullable=False),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.Text, primary_key=True, comment="the call and its Idempotency-Key"),
        sa.Column("request_digest", sa.LargeBinary, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
    )
    op.create_table(
        "relay_cursor",
        sa.Column("relay", sa.Text, primary_key=True, comment="the topic"),
        sa.Column("position", POSITION, nullable=False, comment="everything up to here is acknowledged by the broker"),
    )


def downgrade() -> None:
    for table in ("relay_cursor", "idempotency_keys", "serials", "event_log"):
        op.drop_table(table)
