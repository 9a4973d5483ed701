"""Freezing: figures of what was known at an instant, once everything is counted that intake had recorded by then."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.figures.gauges import LedgerTotals, StoredEvents, ledger_totals, received_less_counted
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.report import Report, gathered_in
from services.reporting.intake.client import UNANSWERED, IntakeLog
from services.reporting.publishing.documents import Members, members_of
from services.reporting.publishing.refusals import (
    CompletenessUnknown,
    FiguresDisagree,
    IdentityBroken,
    PeriodNotEnded,
    PipelineBehind,
)
from services.reporting.read_model.store import answering
from shared.catalogue import Catalogue
from shared.contract.http.log import LogHead
from shared.contract.http.published_documents import CountedLog

MOST_ROWS = 10_000  # of one table
SETTLES_S = 0.5  # after an instant: what was recorded by it is in the log, whosever clock is a little behind
COUNTED_WITHIN_S = 20.0
LOOK_AGAIN_S = 0.2
SECOND = timedelta(seconds=1)
UNKNOWN_ADDRESS = (
    "reporting does not know intake's address, so nobody can say whether all that was recorded is counted; "
    "set MOTCUA_REPORTING_INTAKE_URL"
)


@dataclass(frozen=True, slots=True)
class Freezing:
    """What it takes to freeze; `pause` waits, for tests do not."""

    engine: AsyncEngine
    catalogue: Catalogue
    recording_clock: Callable[[], datetime]
    intake: IntakeLog | None
    counted_within_s: float = COUNTED_WITHIN_S
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def figures(self, query: FigureQuery, by: Sequence[Dimension]) -> Members:
        """The members of FrozenFigures: the query's figures by each dimension, of what was known at its instant, or
        is known now. Raises a NotPublished, OldRules or TooManyRows."""
        if self.intake is None:
            raise CompletenessUnknown(UNKNOWN_ADDRESS)
        if query.known_at is None:
            query = replace(query, known_at=end_of_second(self.recording_clock()))
        assert query.known_at is not None
        waiting = query.known_at + timedelta(seconds=SETTLES_S) - self.recording_clock()
        await self.pause(max(0.0, waiting.total_seconds()))
        until = time.monotonic() + self.counted_within_s
        while True:
            async with answering(self.engine) as connection:
                behind, log = await _counted(connection, self.intake)
                if log is not None:
                    of_office, *found = [
                        await gathered_in(connection, replace(query, by=dimensions), self.catalogue, MOST_ROWS)
                        for dimensions in ((), *((dimension,) for dimension in by))
                    ]
                    reports = [sums.report() for sums in found]
                    _check_identities(reports)
                    _check_totals(of_office.report(), reports)
                    return members_of(reports, found[0].open_before, log, self.catalogue)
            if time.monotonic() >= until:
                raise PipelineBehind(f"{behind}; try again in a while (`motcua verify` says what is missing)")
            await self.pause(LOOK_AGAIN_S)


def end_of_second(instant: datetime) -> datetime:
    """What is known is exact to the second: of a dossier's events recorded within one a batch keeps the last."""
    return instant.replace(microsecond=0) + SECOND - timedelta(microseconds=1)


def check_ended(query: FigureQuery, now: datetime) -> None:
    """Raises PeriodNotEnded unless the whole period lies behind, and is judged as at its end or later."""
    if query.last >= now.date():
        raise PeriodNotEnded(
            f"the period ends on {query.last} and today is {now.date()}; publish it from the day after, or as it "
            "stands with `provisional`"
        )
    if query.as_of.date() < query.last:
        raise PeriodNotEnded(
            f"judged as at {query.as_of.date()} the days up to {query.last} are not counted; leave `as_of` out, or "
            "publish it with `provisional`"
        )


async def _counted(connection: AsyncConnection, intake: IntakeLog) -> tuple[str, CountedLog | None]:
    """What is not counted yet, or the log that is counted to its end.

    Intake is asked after the state was fixed that the connection reads: when both have the same number of events, the
    state has every event that the log had until then. Raises CompletenessUnknown, FiguresDisagree.
    """
    ledger = await ledger_totals(connection)
    try:
        head: LogHead = await intake.head()
    except UNANSWERED as wrong:
        raise CompletenessUnknown(
            f"intake at {intake.url} does not say how far its log goes ({wrong!r}), so nobody knows whether all that "
            "was recorded is counted; try again when it answers"
        ) from wrong
    if ledger is None:
        return "a partition of the status topic is being read from its beginning", None
    if head.relayed < head.position:
        return f"intake has {head.position - head.relayed} positions of its log to hand on", None
    if ledger.numbers != head.events:
        return f"intake has recorded {head.events} events, and {ledger.numbers} of them are counted", None
    await _check_agreement(connection, ledger)
    set_aside = max(ledger.numbers - ledger.events, 0)
    return "", CountedLog(events=head.events, position=head.position, set_aside=set_aside)


async def _check_agreement(connection: AsyncConnection, ledger: LedgerTotals) -> None:
    missing = await StoredEvents().missing(connection, ledger)
    if missing:
        raise FiguresDisagree(
            f"the ledger holds {abs(missing)} events {'more' if missing > 0 else 'less'} than the dossiers that are "
            "counted; run `motcua verify`, then `motcua rebuild`"
        )
    if difference := await received_less_counted(connection):
        raise FiguresDisagree(
            f"{abs(difference)} dossiers {'more' if difference > 0 else 'less'} are stored than the figures count; run "
            "`motcua verify`, then `motcua rebuild`"
        )


def _check_identities(reports: Sequence[Report]) -> None:
    for report in reports:
        for identity in report.identities:
            if not identity.holds:
                where = identity.column or identity.row
                raise IdentityBroken(
                    f"the identity {identity.name} does not hold: it is off by {identity.difference} ({where}); run "
                    "`motcua verify`, then `motcua rebuild`"
                )


def _check_totals(of_office: Report, reports: Sequence[Report]) -> None:
    """The office's figures and those by department, by level … are sums of their own in the read model."""
    for report in reports:
        for column, amount in of_office.total.items():
            if difference := report.total[column] - amount:
                (by,) = report.query.by
                raise FiguresDisagree(
                    f"the figures by {by.value} and those of the whole office differ by {difference} ({column}); run "
                    "`motcua verify`, then `motcua rebuild`"
                )
