"""The audit of a service in its own database: one chain of entries, appended in the transaction of what they are about.

Nothing here changes or removes an entry, and the database refuses it.
"""

import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Float, Index, LargeBinary, MetaData, String, Table, Text, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.auditing.entries import ITSELF, POSITIONS, Act, AuditEntry, ChainHead, sealed_entry
from shared.contract.envelope import encode
from shared.contract.http.audit import AuditFaultLine
from shared.domain.localtime import LOCAL, ONE_DAY
from shared.sealing import SEAL
from shared.service.acting import acting
from shared.service.clock import Clock, system_clock
from shared.service.sql import Insert, take_lock, writing

PAGE = 500
A_READING_S = 600.0
MOST_READERS = 1_000
APPEND_ONLY = {
    "sqlite": (
        """CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no entry is changed'); END""",
        """CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no entry is removed'); END""",
        # REPLACE fires no trigger of DELETE
        """CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
        WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM audit)
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only: an entry follows the last one'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the audit is append-only: no entry is changed or removed'; END $$""",
        """CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE ON audit
        FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()""",
        """CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()""",
        "REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM CURRENT_USER",
    ),
}
"""What the migration that makes the table has the database say of it, by dialect."""


def audit_table(metadata: MetaData) -> Table:
    """The table: `entry` has the canonical bytes, the other columns are what entries are found by.

    `first` and `last` are the outermost positions of the log that it is about.
    """
    table = Table(
        "audit",
        metadata,
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("sha256", String(64), nullable=False),
        Column("at", Float(53), nullable=False),
        Column("who", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("subject", Text, nullable=True),
        Column("first", BigInteger, nullable=True),
        Column("last", BigInteger, nullable=True),
        Column("entry", LargeBinary, nullable=False),
    )
    Index("audit_at", table.c.at)
    Index("audit_subject", table.c.subject)
    Index("audit_last", table.c.last)
    return table


AUDIT = audit_table(MetaData())
_OF = AUDIT.c
_HEAD = select(_OF.number, _OF.sha256).order_by(_OF.number.desc()).limit(1)
_APPEND = Insert(AUDIT)
_ENTRIES = select(AUDIT).order_by(_OF.number)


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries are asked for: of days, of somebody by id or name, about something, after a number."""

    first_day: date | None = None
    last_day: date | None = None
    who: str | None = None
    subject: str | None = None
    after: int = 0


@dataclass(frozen=True, slots=True)
class Audit:
    """The chain of one service: `app.state.audit`. `lock` orders its entries across instances."""

    chain: str
    writer: AsyncEngine
    reader: AsyncEngine
    lock: int
    clock: Clock = system_clock

    async def write(self, connection: AsyncConnection, *entries: AuditEntry, after: ChainHead | None = None) -> None:
        """Append entries within a transaction that writes; with it they are there, or not at all.

        `after` is the chain's head, for who holds the lock and has read it.
        """
        if not entries:
            return
        if after is None:
            await take_lock(connection, self.lock)
            after = await head_of(connection)
        head, now, rows = after, self.clock(), list[tuple[Any, ...]]()
        for entry in entries:
            by = acting() if entry.by is None else entry.by
            seal = sealed_entry(entry, by, self.chain, head, now)
            head = ChainHead(head.number + 1, seal.sha256)
            outermost = _outermost(entry.details)
            rows.append((*head, now.timestamp(), by.who, by.name, entry.subject, *outermost, seal.body))
        await _APPEND.write(connection, rows)

    async def write_alone(self, *entries: AuditEntry) -> None:
        """Append entries about what changes nothing else in the database, such as that somebody looked."""
        async with writing(self.writer) as connection:
            await self.write(connection, *entries)

    async def begin(
        self, connection: AsyncConnection, before: Callable[[AsyncConnection], Awaitable[Mapping[str, Any]]]
    ) -> None:
        """The first entry, where there is none: what was there `before` the audit."""
        if (await head_of(connection)).number == 0:
            await self.write(connection, AuditEntry(Act.AUDIT_BEGUN, details=await before(connection), by=ITSELF))

    async def head(self) -> ChainHead:
        """The last entry there is."""
        async with self.reader.connect() as connection:
            return await head_of(connection)


class Readings:
    """Who reads something whole, page by page: a reading is an entry when it begins, and each of its pages is not."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._begun: OrderedDict[str, float] = OrderedDict()

    def begins(self, who: str) -> bool:
        """Whether nothing was noted of this caller for a while."""
        now = self._elapsed()
        if now - self._begun.get(who, -A_READING_S) < A_READING_S:
            return False
        self._begun[who] = now
        self._begun.move_to_end(who)
        while len(self._begun) > MOST_READERS:
            self._begun.popitem(last=False)
        return True


async def head_of(connection: AsyncConnection) -> ChainHead:
    """The last entry's number and hash."""
    row = (await connection.execute(_HEAD)).one_or_none()
    return ChainHead() if row is None else ChainHead(*row)


async def entries(
    engine: AsyncEngine, query: AuditQuery, until: int, covering: Sequence[int] = ()
) -> AsyncGenerator[bytes]:
    """The entries asked for up to a number, each a line; of a `subject` those too that cover its positions of the log.

    Page by page, each in a transaction of its own: a slow reader holds nothing up. A line behind an entry says what
    stands beside it and is not what it says.
    """
    wanted = _ENTRIES.where(_OF.number <= until)
    if query.first_day is not None:
        wanted = wanted.where(_OF.at >= _start(query.first_day))
    if query.last_day is not None:
        wanted = wanted.where(_OF.at < _start(query.last_day + ONE_DAY))
    if query.who is not None:
        wanted = wanted.where(or_(_OF.who == query.who, _OF.name == query.who))
    if query.subject is not None:
        numbers = set[int]()
        async with engine.connect() as connection:
            for position in covering:
                numbers |= {msgspec.json.decode(entry)["number"] for entry in await entries_about(connection, position)}
        about = _OF.subject == query.subject
        wanted = wanted.where(or_(about, _OF.number.in_(sorted(numbers))) if numbers else about)
    after = query.after
    while True:
        async with engine.connect() as connection:
            page = (await connection.execute(wanted.where(_OF.number > after).limit(PAGE))).all()
        if not page:
            return
        yield b"".join(part for row in page for part in (row.entry, b"\n", _fault_line(row)))
        after = page[-1].number


def _fault_line(row: Any) -> bytes:
    """What the columns say and the entry beside them does not; nothing where they agree.

    Bytes that are no entry are left to who verifies the chain.
    """
    try:
        entry = msgspec.json.decode(row.entry)
        own = (
            entry["number"],
            entry[SEAL],
            datetime.fromisoformat(entry["at"]).timestamp(),
            *(entry[name] for name in ("who", "name", "subject")),
            *_outermost(entry["details"]),
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return b""
    differing = [
        f"the column {column.name} says {says}, the entry itself {should}"
        for column, says, should in zip(_OF, row, own, strict=False)
        if says != should
    ]
    if not differing:
        return b""
    return encode(AuditFaultLine(chain=entry["chain"], number=entry["number"], fault="; ".join(differing))) + b"\n"


def _outermost(details: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """The first and the last position of the log that an entry is about."""
    positions = details.get(POSITIONS) or [(None, None)]
    return positions[0][0], positions[-1][-1]


async def entries_about(connection: AsyncConnection, position: int) -> list[bytes]:
    """The entries that have the position of the log among theirs, the first one first: some of one commit, whose
    ranges lie between each other."""
    near = (
        select(_OF.number, _OF.first, _OF.entry).where(_OF.last >= position).order_by(_OF.last).limit(PAGE).subquery()
    )
    found = await connection.execute(select(near.c.entry).where(near.c.first <= position).order_by(near.c.number))
    return [entry for entry in found.scalars() if _has(msgspec.json.decode(entry)["details"][POSITIONS], position)]


def _has(positions: Iterable[Sequence[int]], position: int) -> bool:
    return any(each[0] <= position <= each[-1] for each in positions)


def _start(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL).timestamp()
