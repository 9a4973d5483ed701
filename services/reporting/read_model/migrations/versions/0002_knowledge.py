"""Dossiers keep how they counted before;
the tables are derived, so they are made anew and the status topic is read again."""

import time
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("sums")
    op.drop_table("dossiers")
    op.execute("DELETE FROM offsets")
    _create_dossiers()
    _create_history()
    _create_sums()
    model = op.create_table(
        "model",
        sa.Column("generation", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(model, [{"generation": int(time.time()), "revision": 0}])


def _create_dossiers() -> None:
    op.create_table(
        "dossiers",
        *_version(),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("snapshot", sa.LargeBinary, nullable=False),
    )
    for name, columns, where in (
        ("received", ["received_day", "code"], None),
        ("closed", ["closed_day"], "closed_day IS NOT NULL"),
        ("open", ["received_day", "code"], "closed_day IS NULL"),
        ("due", ["due_at"], "due_at IS NOT NULL"),
        ("known", ["known_at"], None),
    ):
        condition = None if where is None else sa.text(where)
        op.create_index(f"dossiers_{name}", "dossiers", columns, sqlite_where=condition, postgresql_where=condition)


def _create_history() -> None:
    ends = (
        sa.Column("until_revision", sa.BigInteger, nullable=False),
        sa.Column("known_until", sa.BigInteger, nullable=False),
    )
    op.create_table("history", *_version(by_version=True), *ends)
    op.create_index("history_until", "history", ["until_revision"])
    op.create_index("history_known", "history", ["known_until"])


def _version(*, by_version: bool = False) -> list[sa.Column[Any]]:
    return [
        sa.Column("code", sa.String(64), primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False, primary_key=by_version),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("department", sa.String(32), nullable=False),
        sa.Column("procedure", sa.String(32), nullable=False),
        sa.Column("channel", sa.SmallInteger, nullable=False),
        sa.Column("received_day", sa.Integer),
        sa.Column("closed_day", sa.Integer),
        sa.Column("returned_day", sa.Integer),
        sa.Column("flags", sa.BigInteger, nullable=False),
        sa.Column("since_revision", sa.BigInteger, nullable=False),
        sa.Column("known_at", sa.BigInteger, nullable=False),
        sa.Column("contributions", sa.LargeBinary, nullable=False),
        sa.Column("listed", sa.LargeBinary, nullable=False),
    ]


def _create_sums() -> None:
    op.create_table(
        "sums",
        sa.Column("span", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("procedure", sa.String(32), primary_key=True),
        sa.Column("department", sa.String(32), primary_key=True),
        sa.Column("channel", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("measure", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "sums_zero", "sums", ["span"], sqlite_where=sa.text("amount = 0"), postgresql_where=sa.text("amount = 0")
    )
