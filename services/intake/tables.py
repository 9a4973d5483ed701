"""The tables of intake: the log that is the record, and what makes appending to it quick."""

from sqlalchemy import BigInteger, Column, Dialect, Float, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint


class Bytes(LargeBinary):
    """Both drivers take and give `bytes`; the type's own wrapping costs more than the insert."""

    def bind_processor(self, dialect: Dialect) -> None:
        del dialect

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        del dialect, coltype


METADATA = MetaData()
_POSITION = BigInteger().with_variant(Integer, "sqlite")  # SQLite's row id, so that the log is stored in its own order

EVENT_LOG = Table(
    "event_log",
    METADATA,
    Column("position", _POSITION, primary_key=True, autoincrement=False, comment="1, 2, 3 ... in commit order, without gaps"),
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
)
