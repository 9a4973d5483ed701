"""The read model's tables; those that follow from the log can be made a second time beside the live ones."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    and_,
)

from shared.service.audit import audit_table

metadata = MetaData()


@dataclass(frozen=True, slots=True)
class ReadModel:
    """What is derived from the status records: dossiers as they count now and as they counted before, and all sums."""

    dossiers: Table
    history: Table
    sums: Table


def read_model(of: MetaData, prefix: str = "", suffix: str = "") -> ReadModel:
    """The tables under a prefix; `suffix` keeps the names of their indexes apart, which a renamed table keeps."""
    return ReadModel(_dossiers(of, prefix, suffix), _history(of, prefix, suffix), _sums(of, prefix, suffix))


def _version(*, by_version: bool = False) -> list[Column[Any]]:
    """A version of a dossier that counts in its own way: `contributions` are its deltas, with a flag for each measure.

    It counts since the transaction `since_revision` and is known since `known_at` (microseconds); later versions that
    count the same move neither. `listed` is what a list shows of it. `received_by` is the place of receipt, the
    department's own code too. Of an application that waited to be accepted `answered_day` is that of the first answer,
    `waited_until_day` that of the last one, null while it waits. One that counts nowhere has no day.
    """
    return [
        Column("code", String(64), primary_key=True),
        Column("version", BigInteger, nullable=False, primary_key=by_version),
        Column("sequence", BigInteger, nullable=False, primary_key=by_version),
        Column("department", String(32), nullable=False),
        Column("procedure", String(32), nullable=False),
        Column("channel", SmallInteger, nullable=False),
        Column("received_day", Integer, nullable=True),
        Column("closed_day", Integer, nullable=True),
        Column("returned_day", Integer, nullable=True),
        Column("received_by", String(32), nullable=False),
        Column("submitted_day", Integer, nullable=True),
        Column("answered_day", Integer, nullable=True),
        Column("waited_until_day", Integer, nullable=True),
        Column("flags", BigInteger, nullable=False),
        Column("since_revision", BigInteger, nullable=False),
        Column("known_at", BigInteger, nullable=False),
        Column("contributions", LargeBinary, nullable=False),
        Column("listed", LargeBinary, nullable=False),
    ]


def _dossiers(of: MetaData, prefix: str, suffix: str) -> Table:
    """`due_at` is by when somebody is to act (microseconds): the deadline in force of an open dossier, until when an
    application is to be answered or papers are to be brought, whichever is first; null when nothing is due."""
    columns = [
        *_version(),
        Column("due_at", BigInteger, nullable=True),
        Column("snapshot", LargeBinary, nullable=False),
    ]
    table = Table(f"{prefix}dossiers", of, *columns)
    _indexes(table, suffix)
    return table


def _history(of: MetaData, prefix: str, suffix: str) -> Table:
    """Versions that were superseded, by the transaction `until_revision` and by what is known since `known_until`.

    Queries take both from some point on, near the present as a rule: an index by day would read all before it.
    """
    ends = (Column("until_revision", BigInteger, nullable=False), Column("known_until", BigInteger, nullable=False))
    table = Table(f"{prefix}history", of, *_version(by_version=True), *ends)
    Index(f"{table.name}_until{suffix}", table.c.until_revision)
    Index(f"{table.name}_known{suffix}", table.c.known_until)
    return table


def _indexes(table: Table, suffix: str) -> None:
    """Lists go by the day of receipt, those of applications by that of submission.

    They take the closed or answered ones of some days, of open or waiting ones all or the most urgent.

    The sum of all sequences is read when metrics are scraped (gauges.py): rows are wide, an index is not.
    """
    of = table.c
    for name, columns, where in (
        ("received", [of.received_day, of.code], None),
        ("closed", [of.closed_day], of.closed_day.is_not(None)),
        ("open", [of.received_day, of.code], of.closed_day.is_(None)),
        ("waiting", [of.submitted_day, of.code], is_waiting(table)),
        ("answered", [of.answered_day], of.answered_day.is_not(None)),
        ("asked_again", [of.waited_until_day], of.waited_until_day > of.answered_day),
        ("due", [of.due_at], of.due_at.is_not(None)),
        ("known", [of.known_at], None),
        ("sequence", [of.sequence], None),
    ):
        Index(f"{table.name}_{name}{suffix}", *columns, sqlite_where=where, postgresql_where=where)


def is_waiting(table: Table) -> ColumnElement[bool]:
    """It is an application that waits to be accepted; an index has these alone."""
    return and_(table.c.submitted_day.is_not(None), table.c.waited_until_day.is_(None))


def _sums(of: MetaData, prefix: str, suffix: str) -> Table:
    """Sums of deltas over a day, its month and its year; by procedure, by department and of all (sums.py).

    `received_by` is empty: wherever the dossiers were received. Those that were received elsewhere than at their
    department are summed once more, by procedure and by department, under the place.
    """
    table = Table(
        f"{prefix}sums",
        of,
        Column("span", Integer, primary_key=True, autoincrement=False),
        Column("procedure", String(32), primary_key=True),
        Column("department", String(32), primary_key=True),
        Column("channel", SmallInteger, primary_key=True, autoincrement=False),
        Column("measure", SmallInteger, primary_key=True, autoincrement=False),
        Column("received_by", String(32), primary_key=True),
        Column("amount", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    zero = table.c.amount == 0
    Index(f"{table.name}_zero{suffix}", table.c.amount, sqlite_where=zero, postgresql_where=zero)
    return table


LIVE = read_model(metadata)
dossiers, history, sums = LIVE.dossiers, LIVE.history, LIVE.sums

# One row. `generation` is the second (since 1970) in which the tables above were made, or one more than the last one's
# if that is more; `revision` counts the transactions that changed them. Together they name a state of the read model.
# `rules` is the RULES_VERSION by which the tables were derived.
model = Table(
    "model",
    metadata,
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    Column("rules", BigInteger, nullable=False),
)

# How far each partition has been read, with the furthest mark of the ledger that was read (projecting/records.py).
offsets = Table(
    "offsets",
    metadata,
    Column("topic", String(249), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=True),
    Column("number", BigInteger, nullable=True),
    Column("quarantined", BigInteger, nullable=True),
    Column("rules", BigInteger, nullable=True),
    Column("whole_until", BigInteger, nullable=False),
)

# What was published: it follows from nothing else. No rebuild touches it, no row of it changes.
# `place` is the document's in the chain, `number` its publication's, `within` which revision or later note it is (0 for
# the publication itself). `summary` is what a list shows of it, `body` its canonical bytes (shared/publishing).
publications = Table(
    "publications",
    metadata,
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("within", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("summary", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("publications_number", publications.c.number, publications.c.kind, publications.c.within, unique=True)

# Follow-ups (0027): what was sent must not be sent again, so no rebuild touches them either. Instants are microseconds.
# A unit has one row: since when it is followed up, and the latest round and weekly digest that were made for it.
follow_up_units = Table(
    "follow_up_units",
    metadata,
    Column("department", String(32), primary_key=True),
    Column("begun_at", BigInteger, nullable=False),
    Column("round_at", BigInteger, nullable=False),
    Column("digest_at", BigInteger, nullable=False),
)

# A slip: one for each dossier, stage and deadline, which `id` is made of. `told` is what it says, `sequence` the number
# of the dossier's latest event then, `mail` the delivery of the mail that it stands in; a webhook's has the slip's id.
follow_ups = Table(
    "follow_ups",
    metadata,
    Column("department", String(32), primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False),
    Column("dossier", String(64), nullable=False),
    Column("stage", String(32), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("received_by", String(32), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("mail", String(36), nullable=True),
    Column("sent_at", BigInteger, nullable=True),
    Column("moved_at", BigInteger, nullable=True),
    Column("answer", String(32), nullable=True),
    Column("promised_day", Integer, nullable=True),
    Column("answered_at", BigInteger, nullable=True),
    Column("told", LargeBinary, nullable=False),
)
Index("follow_ups_id", follow_ups.c.id, unique=True)
Index("follow_ups_made", follow_ups.c.made_at)
Index("follow_ups_mail", follow_ups.c.mail)
_unmoved = follow_ups.c.moved_at.is_(None)
Index("follow_ups_unmoved", follow_ups.c.dossier, sqlite_where=_unmoved, postgresql_where=_unmoved)

# The outbox: waiting while `next_try_at` is set, then sent or, without `sent_at`, given up. `body` is the same bytes at
# every try. `tried_since` is when somebody had it tried again after it was given up;
# `answers` what the mail server said of each address, where it refused some.
follow_up_deliveries = Table(
    "follow_up_deliveries",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("department", String(32), nullable=False),
    Column("way", String(16), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", BigInteger, nullable=True),
    Column("sent_at", BigInteger, nullable=True),
    Column("problem", Text, nullable=True),
    Column("body", LargeBinary, nullable=False),
    Column("tried_since", BigInteger, nullable=True),
    Column("answers", LargeBinary, nullable=True),
)
_waiting = follow_up_deliveries.c.next_try_at.is_not(None)
GIVEN_UP = and_(follow_up_deliveries.c.next_try_at.is_(None), follow_up_deliveries.c.sent_at.is_(None))
Index(
    "follow_up_deliveries_waiting",
    follow_up_deliveries.c.next_try_at,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
Index(
    "follow_up_deliveries_given_up",
    follow_up_deliveries.c.way,
    sqlite_where=GIVEN_UP,
    postgresql_where=GIVEN_UP,
)

# Who did what when: it follows from nothing else either, and the database refuses to change or to remove a row.
audit_table(metadata)
