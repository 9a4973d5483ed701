"""The tables of intake: the log that is the record, and what makes appending to it quick."""

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from shared.service.audit import audit_table


class Bytes(LargeBinary):
    """Both drivers take and give `bytes`; the type's own wrapping costs more than the insert."""

    def bind_processor(self, dialect: Dialect) -> None:
        del dialect

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        del dialect, coltype


METADATA = MetaData()
audit_table(METADATA)
_POSITION = BigInteger().with_variant(Integer, "sqlite")  # SQLite's row id, so that the log is stored in its own order

EVENT_LOG = Table(
    "event_log",
    METADATA,
    Column(
        "position",
        _POSITION,
        primary_key=True,
        autoincrement=False,
        comment="1, 2, 3 ... in commit order, without gaps",
    ),
    Column("event_id", Text, nullable=False, unique=True),
    Column("dossier", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("added", Text, nullable=False, comment="fields of the data that intake put in, with commas between them"),
    Column("recorded_at", Float(53), nullable=False, comment="seconds since 1970, the system's clock"),
    Column("event", Bytes, nullable=False, comment="the CloudEvent as relayed, JSON"),
    UniqueConstraint("dossier", "sequence"),
)
SERIALS = Table(
    "serials",
    METADATA,
    Column("agency", Text, primary_key=True),
    Column("day", Text, primary_key=True, comment="yyMMdd"),
    Column("next", Integer, nullable=False),
)
IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    METADATA,
    Column("key", Text, primary_key=True, comment="the call and its Idempotency-Key"),
    Column("request_digest", Bytes, nullable=False),
    Column("code", Text, nullable=False),
    Column("event_id", Text, nullable=False),
)
RELAY_CURSOR = Table(
    "relay_cursor",
    METADATA,
    Column("relay", Text, primary_key=True, comment="the topic"),
    Column("position", _POSITION, nullable=False, comment="everything up to here is acknowledged by the broker"),
    Column("numbers", Text, comment="how many events of each partition, JSON; null when not known"),
    Column("refusal", Text, comment="why nothing may be accepted; null when nothing is wrong"),
    Column("resends", Integer, nullable=False, server_default="0", comment="times it was set back"),
)
ANNOUNCEMENTS = Table(
    "calendar_announcements",
    METADATA,
    Column(
        "number", _POSITION, primary_key=True, autoincrement=False, comment="1, 2, 3 ... in the order of taking effect"
    ),
    Column("id", Text, nullable=False, unique=True),
    Column("content", Bytes, nullable=False, comment="source, days and departments, JSON"),
    Column("recorded_at", Float(53), nullable=False, comment="seconds since 1970, the system's clock"),
    Column("position", _POSITION, nullable=False, comment="the log's last event that was decided without it"),
    Column("state", Text, nullable=False, comment="announced, moving, done"),
    Column("examined", Integer, comment="open dossiers looked at; null until then"),
)
MOVES = Table(
    "calendar_moves",
    METADATA,
    Column("announcement", _POSITION, primary_key=True, autoincrement=False),
    Column("dossier", Text, primary_key=True),
    Column("department", Text, nullable=False),
    Column("procedure", Text, nullable=False),
    Column("received_at", Text, nullable=False, comment="ISO 8601, as the deadlines"),
    Column("due_at", Text, nullable=False, comment="before the announcement"),
    Column("new_due_at", Text, comment="with it; null when it can't be computed"),
    Column("outcome", Text, nullable=False, comment="planned, moved, or why the deadline stays"),
)
DOSSIERS = Table(
    "dossiers",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("department", Text, nullable=False),
    Column("place", Text, nullable=False, comment="the unit that took it in"),
    Column("procedure", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("applicant", Text, comment="the pseudonym"),
    Column("received_at", Float(53), comment="seconds since 1970, as all instants here"),
    Column("due_at", Float(53), comment="the deadline in force"),
    Column("runs_out_at", Float(53), comment="when it becomes overdue; null while its clock stands, and once closed"),
    Column("waits_for", Text, comment="acceptance, supplement, payment, suspended"),
    Column("waits_since", Float(53)),
    Column("waits_until", Float(53), comment="until when it is to be answered, or the applicant has time"),
    comment="each dossier after its latest event, for lists and searches; made of the log, which is the record",
)
_OF_DOSSIERS = DOSSIERS.c
Index("dossiers_by_receipt", _OF_DOSSIERS.received_at)
for _column in (_OF_DOSSIERS.applicant, _OF_DOSSIERS.runs_out_at, _OF_DOSSIERS.waits_since):
    Index(
        f"dossiers_by_{_column.name}",
        _column,
        sqlite_where=_column.is_not(None),
        postgresql_where=_column.is_not(None),
    )
APPLICANTS = Table(
    "applicants",
    METADATA,
    Column("pseudonym", Text, primary_key=True, comment="as the events carry it"),
    Column("key_id", Text, nullable=False, index=True, comment="the master key that wraps the data key"),
    Column("wrapped_key", Bytes, nullable=False, comment="nonce and data key, by the master key"),
    Column("details", Bytes, nullable=False, comment="nonce and details as JSON, by the data key"),
    Column("as_of", Float(53), nullable=False, comment="when their receipt happened, seconds since 1970"),
    Column("stored_at", Float(53), nullable=False, comment="seconds since 1970, the system's clock"),
    Column("kept_until", Float(53), comment="by the retention of the procedures; null when no end is known"),
)
ERASURES = Table(
    "applicant_erasures",
    METADATA,
    Column("pseudonym", Text, primary_key=True),
    Column("erased_at", Float(53), nullable=False, comment="receipts up to then store nothing; seconds since 1970"),
    Column("erased_by", Text, nullable=False, comment="the caller's id, or retention"),
    Column("reason", Text, nullable=False),
)
HANDLED_DEAD_LETTERS = Table(
    "handled_dead_letters",
    METADATA,
    Column("letter", Text, primary_key=True, comment="its id, a digest of its bytes"),
    Column("state", Text, nullable=False, comment="sent_again or done"),
    Column("at", Float(53), nullable=False, comment="seconds since 1970, the system's clock"),
    Column("by", Text, nullable=False, comment="the caller's name"),
    Column("note", Text),
)
