"""The event log in SQL: the rows that a commit reads and appends, those that readers get, and the relay's cursor."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.log.history import (
    CodeSeries,
    HistoryEntry,
    LogDisagrees,
    LoggedEvent,
    LoggedKey,
    LogRow,
    RecentDossiers,
    computed_fields,
    history,
)
from services.intake.log.tables import (
    ANNOUNCEMENTS,
    APPLICANTS,
    DOSSIERS,
    EVENT_LOG,
    IDEMPOTENCY_KEYS,
    RELAY_CURSOR,
    SERIALS,
)
from shared.auditing.entries import EVENTS_SHA256, POSITIONS, ChainHead, ranges
from shared.contract.envelope import encode
from shared.contract.topics import EVENTS
from shared.domain.dossier import Dossier
from shared.service.audit import AUDIT
from shared.service.sql import Insert, Lookup

LEAST_SERIAL_DIGITS = 4
_HIGHEST_MINTED = 999_999
_ROWS_A_STATEMENT = 2000  # a statement has a time limit
_LOG = EVENT_LOG.c
_HEAD = select(func.coalesce(func.max(_LOG.position), 0))
_NEWEST = select(func.coalesce(func.max(ANNOUNCEMENTS.c.number), 0))
_REFUSAL = select(RELAY_CURSOR.c.refusal).where(RELAY_CURSOR.c.relay == EVENTS.name)
_AUDITED = [select(column).order_by(AUDIT.c.number.desc()).limit(1) for column in (AUDIT.c.number, AUDIT.c.sha256)]
_ANY_KEPT = exists(select(APPLICANTS.c.pseudonym))
_HEADS = select(
    *(head.scalar_subquery() for head in (_HEAD, _NEWEST, _REFUSAL)),
    _ANY_KEPT,
    *(head.scalar_subquery() for head in _AUDITED),
)
_BY_ID = Lookup(select(_LOG.event_id, _LOG.event, _LOG.added, _LOG.dossier, _LOG.sequence), _LOG.event_id)
_BYTES_BY_ID = Lookup(select(_LOG.event_id, _LOG.position, _LOG.recorded_at, _LOG.event), _LOG.event_id)
_LATEST = Lookup(select(_LOG.dossier, func.max(_LOG.sequence)).group_by(_LOG.dossier), _LOG.dossier)
_HISTORIES = Lookup(select(_LOG.dossier, _LOG.event, _LOG.added).order_by(_LOG.dossier, _LOG.sequence), _LOG.dossier)
_STANDING = Lookup(select(DOSSIERS.c.code), DOSSIERS.c.code)
_BY_KEY = Lookup(select(IDEMPOTENCY_KEYS), IDEMPOTENCY_KEYS.c.key)
_APPEND = Insert(EVENT_LOG)
_KEYS = Insert(IDEMPOTENCY_KEYS)
_SERIALS = Insert(SERIALS, replacing=("next",))
_CURSOR = Insert(RELAY_CURSOR, replacing=("position", "numbers", "resends"))
_REFUSALS = Insert(RELAY_CURSOR, replacing=("refusal",))
_decode_numbers = msgspec.json.Decoder(tuple[int, ...]).decode


class LogHeads(NamedTuple):
    """The last event's position and the newest announcement's number, 0 for none; why nothing may be added; whether
    details of any applicant are kept; where the audit ends."""

    position: int
    announcement: int
    refusal: str | None
    keeps_applicants: bool
    audit: ChainHead


async def head(connection: AsyncConnection) -> int:
    """The position of the last logged event, 0 of an empty log; positions have no gaps, so it is also their number."""
    last: int = (await connection.execute(_HEAD)).scalar_one()
    return last


async def heads(connection: AsyncConnection) -> LogHeads:
    """Where the log and the announcements end, in one statement."""
    position, announcement, why, any_kept, *audited = (await connection.execute(_HEADS)).one()
    return LogHeads(position, announcement, why, any_kept, ChainHead(*audited) if audited[0] else ChainHead())


async def refusal(connection: AsyncConnection) -> str | None:
    """Why nothing may be added to the log, None when nothing is wrong."""
    return (await connection.execute(_REFUSAL)).scalar()


async def refuse(connection: AsyncConnection, why: str | None) -> None:
    """Let no instance add anything to the log for this reason, or let them again."""
    if await refusal(connection) != why:
        await _REFUSALS.write(connection, [_cursor_row(await cursor(connection), why)])


async def logged_events(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, LoggedEvent]:
    """Those of the ids that are logged."""
    rows = await _BY_ID.rows(connection, ids)
    return {
        event_id: LoggedEvent(event, computed_fields(added), code, sequence)
        for event_id, event, added, code, sequence in rows
    }


class LoggedBytes(NamedTuple):
    """An event as the log has it, and where and since when (seconds since 1970)."""

    position: int
    recorded_at: float
    event: bytes


async def logged_bytes(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, LoggedBytes]:
    """Those of the ids that are logged, as they are."""
    rows = await _BYTES_BY_ID.rows(connection, ids)
    return {event_id: LoggedBytes(*rest) for event_id, *rest in rows}


async def dossiers(connection: AsyncConnection, codes: Iterable[str], recent: RecentDossiers) -> dict[str, Dossier]:
    """Those of the codes that have a dossier, as it is now."""
    latest = {code: recent.get(code, sequence) for code, sequence in await _LATEST.rows(connection, codes)}
    known = {code: dossier for code, dossier in latest.items() if dossier is not None}
    for code, entries in (await histories(connection, latest.keys() - known.keys())).items():
        known[code] = entries[-1].after
    return known


async def histories(connection: AsyncConnection, codes: Iterable[str]) -> dict[str, list[HistoryEntry]]:
    """The history of each of the dossiers; those that are not logged are left out.

    Raises LogDisagrees, also of a dossier that has no event and stands among the dossiers all the same.
    """
    wanted = set(codes)
    found = await _histories(connection, wanted)
    if lacking := wanted - found.keys():
        standing = {code for (code,) in await _STANDING.rows(connection, lacking)}
        found |= await _histories(connection, standing)  # it may have been received in between
        if gone := sorted(standing - found.keys()):
            raise LogDisagrees(gone[0], "none of its events is found")
    return found


async def _histories(connection: AsyncConnection, codes: Iterable[str]) -> dict[str, list[HistoryEntry]]:
    rows = await _HISTORIES.rows(connection, codes)
    return {
        code: history(code, ((event, added) for _, event, added in events))
        for code, events in groupby(rows, key=itemgetter(0))
    }


async def logged_keys(connection: AsyncConnection, keys: Iterable[str]) -> dict[str, LoggedKey]:
    """Those of the Idempotency-Keys that were used."""
    rows = await _BY_KEY.rows(connection, keys)
    return {key: LoggedKey(digest, code, event_id) for key, digest, code, event_id in rows}


async def free_codes(
    connection: AsyncConnection, series: CodeSeries, count: int, taken: set[str], *, skip: int = 0
) -> list[str]:
    """The next `count` codes of the series that no dossier has and that are not `taken`, after leaving out `skip`."""
    row = select(SERIALS.c.next).where(SERIALS.c.agency == series.agency, SERIALS.c.day == series.day)
    serial = ((await connection.execute(row)).scalar() or 1) + skip
    free: list[str] = []
    while len(free) < count:
        codes = [
            f"{series.agency}-{series.day}-{number:0{LEAST_SERIAL_DIGITS}d}" for number in range(serial, serial + count)
        ]
        used = {code for code, _ in await _LATEST.rows(connection, codes)}
        free.extend(code for code in codes if code not in used and code not in taken)
        serial += count
    return free[:count]


async def latest_sequences(connection: AsyncConnection, codes: Iterable[str]) -> dict[str, int]:
    """How many events each of the dossiers has; those that are not logged are left out."""
    return {code: sequence for code, sequence in await _LATEST.rows(connection, codes)}  # noqa: C416 - rows are no pairs


async def bring_back(connection: AsyncConnection, rows: Sequence[LogRow]) -> None:
    """Append rows that the log once had; no code that they used is minted again.

    A code has a dossier now, so it is not free; serials go on behind the highest only so that free ones are statement
    at once. Senders' own codes have any number of digits: those beyond what is minted in a day leave the serials where
    they are.
    """
    for first in range(0, len(rows), _ROWS_A_STATEMENT):
        await _APPEND.write(connection, rows[first : first + _ROWS_A_STATEMENT])
    used: dict[tuple[str, str], int] = {}
    for row in rows:
        agency, day, _ = row.dossier.rsplit("-", 2)
        if (serial := _serial(row.dossier)) <= _HIGHEST_MINTED:
            used[agency, day] = max(used.get((agency, day), 0), serial)
    for (agency, day), serial in used.items():
        statement = select(SERIALS.c.next).where(SERIALS.c.agency == agency, SERIALS.c.day == day)
        stored = (await connection.execute(statement)).scalar() or 1
        await _SERIALS.write(connection, [(agency, day, max(stored, serial + 1))])


async def append(
    connection: AsyncConnection, rows: Sequence[LogRow], used: Mapping[CodeSeries, str], keys: Mapping[str, LoggedKey]
) -> None:
    """Add rows to the log, the last `used` code of each series, and the Idempotency-Keys that came with them."""
    await _APPEND.write(connection, rows)
    await _SERIALS.write(connection, [(series.agency, series.day, _serial(code) + 1) for series, code in used.items()])
    await _KEYS.write(connection, [(key, use.request_digest, use.code, use.event_id) for key, use in keys.items()])


def _serial(code: str) -> int:
    return int(code.rpartition("-")[2])


async def after(connection: AsyncConnection, position: int, limit: int) -> Sequence[Any]:
    """(position, dossier, added, recorded_at, event) of up to `limit` events after `position`, in order."""
    table = EVENT_LOG.c
    statement = select(table.position, table.dossier, table.added, table.recorded_at, table.event)
    return (
        await connection.execute(statement.where(table.position > position).order_by(table.position).limit(limit))
    ).all()


async def recorded_at(connection: AsyncConnection, position: int) -> float | None:
    """When the event at the position was recorded, in seconds since 1970; None where there is none."""
    found: float | None = (
        await connection.execute(select(_LOG.recorded_at).where(_LOG.position == position))
    ).scalar_one_or_none()
    return found


async def positions_of(connection: AsyncConnection, code: str) -> list[int]:
    """Where the dossier's events stand."""
    rows = await connection.execute(select(_LOG.position).where(_LOG.dossier == code).order_by(_LOG.position))
    return list(rows.scalars())


async def sealing(connection: AsyncConnection) -> dict[str, Any]:
    """What the log holds, as an entry of the audit says it: positions, how many events, the digest over them."""
    digest, position, events, found = sha256(), 0, 0, list[list[int]]()
    while rows := await after(connection, position, _ROWS_A_STATEMENT):
        digest.update(b"".join(row.event + b"\n" for row in rows))
        for first, last in ranges([row.position for row in rows]):
            if found and found[-1][1] + 1 == first:
                found[-1][1] = last
            else:
                found.append([first, last])
        position, events = rows[-1].position, events + len(rows)
    return {POSITIONS: found, "events": events, EVENTS_SHA256: digest.hexdigest()}


async def dossier_after(connection: AsyncConnection, code: str, sequence: int) -> Dossier:
    """A dossier as it was right after its event number `sequence`."""
    statement = (
        select(_LOG.event, _LOG.added).where(_LOG.dossier == code, _LOG.sequence <= sequence).order_by(_LOG.sequence)
    )
    return history(code, ((event, added) for event, added in await connection.execute(statement)))[-1].after


class RelayCursor(NamedTuple):
    """How far the log is in Kafka: everything up to `position`, which is so many events of each partition (`numbers`;
    None: not known).

    `resends` counts how often it was set back: who does not know the latest number must not move it.
    """

    position: int = 0
    numbers: tuple[int, ...] | None = None
    resends: int = 0


async def cursor(connection: AsyncConnection) -> RelayCursor:
    """The relay's cursor as it stands."""
    statement = select(RELAY_CURSOR.c.position, RELAY_CURSOR.c.numbers, RELAY_CURSOR.c.resends).where(
        RELAY_CURSOR.c.relay == EVENTS.name
    )
    row = (await connection.execute(statement)).one_or_none()
    return (
        RelayCursor()
        if row is None
        else RelayCursor(row.position, None if row.numbers is None else _decode_numbers(row.numbers), row.resends)
    )


async def relayed(connection: AsyncConnection) -> int:
    """The position up to which everything is known to be in Kafka."""
    return (await cursor(connection)).position


async def move_cursor(connection: AsyncConnection, position: int, numbers: Sequence[int], resends: int) -> bool:
    """Remember that everything up to `position` is in Kafka; whether that was still to be remembered.

    It never moves back, position and numbers never come apart, and one that was set back since is left alone.
    """
    stored = await cursor(connection)
    if stored.resends != resends or stored.position > position:
        return False
    await _CURSOR.write(connection, [_cursor_row(RelayCursor(position, tuple(numbers), resends))])
    return True


async def set_back(connection: AsyncConnection, numbers: tuple[int, ...] | None = None) -> int:
    """Let the relay send everything again; how much that is. A relay at work notices by the count of resends."""
    stored = await cursor(connection)
    await _CURSOR.write(connection, [_cursor_row(RelayCursor(0, numbers, stored.resends + 1))])
    return await head(connection)


def _cursor_row(cursor: RelayCursor, refusal: str | None = None) -> tuple[str, int, str | None, str | None, int]:
    numbers = None if cursor.numbers is None else encode(cursor.numbers).decode()
    return EVENTS.name, cursor.position, numbers, refusal, cursor.resends
