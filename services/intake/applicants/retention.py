"""Lets go of applicants whose every dossier has been closed for longer than its procedure keeps them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from services.intake.applicants import table
from services.intake.applicants.keeping import ROWS_AT_ONCE, Applicants
from services.intake.log import event_log
from services.intake.log.database import Database
from shared.catalogue import Catalogue
from shared.contract.http.applicants import ExpiryAnswer
from shared.domain.deadline import nominal_day
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import CLOSED, State
from shared.domain.localtime import LOCAL, ONE_DAY, local_date

BY_RETENTION, REASON = "retention", "every dossier has been closed for longer than its procedure keeps applicants"
_ENDED = CLOSED | {State.DECLINED, State.VOIDED}


async def expire(applicants: Applicants, database: Database, catalogue: Catalogue, now: datetime) -> ExpiryAnswer:
    """Say of every applicant until when it is kept, and erase those whose time is over. Raises CannotErase."""
    looked_at = erased = 0
    after = ""
    while True:
        async with database.reader.connect() as connection:
            rows = await table.page(connection, after, ROWS_AT_ONCE)
            codes_of = await table.dossiers_of(connection, [row.pseudonym for row in rows])
            codes = {code for codes in codes_of.values() for code in codes}
            histories = await event_log.histories(connection, codes)
        if not rows:
            return ExpiryAnswer(looked_at=looked_at, erased=erased)
        after, looked_at = rows[-1].pseudonym, looked_at + len(rows)
        now_of = {code: entries[-1].after for code, entries in histories.items()}
        ends: dict[str, float | None] = {}
        for row in rows:
            end = kept_until((now_of[code] for code in codes_of.get(row.pseudonym, ())), catalogue)
            ends[row.pseudonym] = None if end is None else end.timestamp()
        over = [pseudonym for pseudonym, end in ends.items() if end is not None and end <= now.timestamp()]
        changed = {row.pseudonym: ends[row.pseudonym] for row in rows if ends[row.pseudonym] != row.kept_until}
        if changed:
            async with database.writer.begin() as connection:
                await table.keep_until(connection, changed)
        if over:
            gone = await applicants.erase(over, BY_RETENTION, REASON, now)
            erased += sum(was_there for _, was_there in gone)


def kept_until(dossiers: Iterable[Dossier], catalogue: Catalogue) -> datetime | None:
    """The end of the last local day that any of the dossiers needs its applicant; None when no end is known: one is
    open, its procedure says nothing of it, or there is no dossier."""
    ends = []
    for dossier in dossiers:
        opened = dossier.received_at or dossier.submitted_at or dossier.last_occurred_at
        procedure = catalogue.procedure(dossier.procedure, local_date(opened))
        retention = None if procedure is None else procedure.retention
        if retention is None or dossier.state not in _ENDED:
            return None
        closed = dossier.returned_at or dossier.closed_at or dossier.last_occurred_at
        ends.append(nominal_day(closed, retention.in_months))
    return None if not ends else _end_of(max(ends))


def _end_of(day: date) -> datetime:
    return datetime.combine(day + ONE_DAY, time(), LOCAL).astimezone(UTC)
