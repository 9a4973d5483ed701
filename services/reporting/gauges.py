"""The business gauges of contract.md §5, computed when they are scraped and kept for a moment; among them counts that must agree although
nobody made one from the other: the ledger's marks, the stored dossiers, the sums, intake's log.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.figures.grouping import GroupSums, group_sums
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.range_sums import range_sums
from services.reporting.intake import AcceptedEvents
from services.reporting.read_model.store import OldRules, answering
from services.reporting.read_model.sums import ALL, FIRST_DAY, LAST_DAY, MEASURE_CODES, GaugeStock, covering
from services.reporting.read_model.tables import dossiers, offsets, sums
from shared.contract.topics import STATUS
from shared.domain.counting import Measure
from shared.domain.events import Channel
from shared.service.clock import Clock
from shared.service.sql import is_transient

FRESH_FOR_S = 1.0
REFRESHED_WITHIN_S = 5.0
WORK_SHARE = 10  # computing may take a tenth of the time: a slow database is asked less often
ALL_DEPARTMENTS = "all"  # the label of the whole office


log = structlog.get_logger()


class GaugeCounts(NamedTuple):
    """The year's and the month's groups by department, the whole, and what the reconciliation found."""

    year: dict[str, GroupSums]
    month: dict[str, GroupSums]
    whole: GroupSums
    differences: dict[str, int | None]


class FigureGauges(Collector):
    """Families of the last refresh; `refresh` before an exposition makes them current."""

    def __init__(self, engine: AsyncEngine, clock: Clock, year: int | None, accepted: AcceptedEvents | None = None) -> None:
        self._engine = engine
        self._clock = clock
        self._year = year
        self._accepted, self._stored_events = accepted, StoredEvents()
        self._families: list[GaugeMetricFamily] = []
        self._fresh_until = 0.0
        self._refreshing = asyncio.Lock()

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._families

    async def refresh(self) -> None:
        """Compute the figures anew unless they are fresh; concurrent scrapes share one computation.

        What can't be known, for the database is away or the model is of other rules, is absent: the rest of the page must not suffer.
        """
        async with self._refreshing:
            started = time.monotonic()
            if started < self._fresh_until:
                return
            try:
                async with asyncio.timeout(REFRESHED_WITHIN_S):
                    self._families = [*_families(await self._counted()), _current(by_own_rules=True)]
            except OldRules:
                self._families = [_current(by_own_rules=False)]
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("gauges_unknown", error=repr(error))
                self._families = []
            ended = time.monotonic()
            self._fresh_until = ended + max(FRESH_FOR_S, WORK_SHARE * (ended - started))

    async def _counted(self) -> GaugeCounts:
        now = self._clock()
        year = self._year or now.year
        of_year = FigureQuery(first=date(year, 1, 1), last=date(year, 12, 31), as_of=now, by=(Dimension.DEPARTMENT,))
        of_month = replace(of_year, first=of_year.cut.replace(day=1))
        accepted = None if self._accepted is None else await self._accepted.quiet()
        async with answering(self._engine) as connection:
            in_year = await range_sums(connection, of_year)
            in_month = await range_sums(connection, of_month)
            by_marks = await ledger_totals(connection)
            differences = {
                FIGURES: await self._stored_events.missing(connection, by_marks),
                SUMS: await received_less_counted(connection),
                ACCEPTED: None if accepted is None or by_marks is None else accepted - by_marks.numbers,
            }
        return GaugeCounts(
            year=group_sums(in_year, lambda one: one.department or ""),
            month=group_sums(in_month, lambda one: one.department or ""),
            whole=group_sums(in_year, lambda _one: None).get(None, GroupSums()),
            differences=differences,
        )


def _families(counted: GaugeCounts) -> Iterator[GaugeMetricFamily]:
    yield _received("motcua_dossiers_received", "dossiers to handle in the year to date", counted.year)
    yield _resolved("motcua_dossiers_resolved", "dossiers resolved in the year to date", counted.year)
    yield _received("motcua_month_dossiers_received", "dossiers to handle in the month to date", counted.month)
    yield _resolved("motcua_month_dossiers_resolved", "dossiers resolved in the month to date", counted.month)
    yield _in_progress(counted.year)
    yield _online_ratio(counted)
    form = GaugeMetricFamily("motcua_form_ii06a", "the total row of form II.06a for the year to date", labels=["column"])
    for column, count in counted.whole.figures.items():
        form.add_metric([column], count)
    yield form
    difference = GaugeMetricFamily(
        "motcua_reconciliation_difference",
        "figures: the ledger's events less those of the stored dossiers; sums: received dossiers stored less those counted; "
        "accepted: intake's events less those the ledger has read; anything but 0 is wrong, absent where it can't be known",
        labels=["stage"],
    )
    for stage, missing in counted.differences.items():
        if missing is not None:
            difference.add_metric([stage], missing)
    yield difference


def _current(*, by_own_rules: bool) -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "motcua_read_model_current",
        "1 when the read model was made by this version's rules, 0 when figures wait for a rebuild",
        by_own_rules,
    )


def _received(name: str, meaning: str, groups: dict[str, GroupSums]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=["department", "channel", "carried_over"])
    for department, group in sorted(groups.items()):
        for channel in Channel:
            family.add_metric([department, channel.value, "true"], group.sums.before.get((Measure.OPEN, channel), 0))
            family.add_metric([department, channel.value, "false"], group.sums.within.get((Measure.RECEIVED, channel), 0))
    return family


def _resolved(name: str, meaning: str, groups: dict[str, GroupSums]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=["department", "timeliness"])
    for department, group in sorted(groups.items()):
        found = group.figures
        family.add_metric([department, "early"], found["resolved_early"])
        family.add_metric([department, "on_time"], found["resolved_on_time"])
        family.add_metric([department, "overdue"], found["resolved_overdue"])
        family.add_metric([department, "no_deadline"], found["resolved_no_deadline"])
    return family


def _in_progress(groups: dict[str, GroupSums]) -> GaugeMetricFamily:
    """Four disjoint classes: overdue wins over suspended, suspended over due soon (due today or tomorrow), the rest is within."""
    meaning = "dossiers in progress at the end of the year to date; due soon: today or tomorrow"
    family = GaugeMetricFamily("motcua_dossiers_in_progress", meaning, labels=["department", "timeliness"])
    for department, group in sorted(groups.items()):
        found = group.figures
        overdue = found["in_progress_overdue"]
        suspended = found["in_progress_suspended"] - group.gauge_stocks[GaugeStock.SUSPENDED_OVERDUE]
        due_soon = group.gauge_stocks[GaugeStock.DUE_SOON]
        family.add_metric([department, "within"], found["in_progress_total"] - overdue - suspended - due_soon)
        family.add_metric([department, "due_soon"], due_soon)
        family.add_metric([department, "overdue"], overdue)
        family.add_metric([department, "suspended"], suspended)
    return family


def _online_ratio(counted: GaugeCounts) -> GaugeMetricFamily:
    meaning = "online dossiers of all to handle in the year to date; absent where there are none"
    family = GaugeMetricFamily("motcua_dossiers_online_ratio", meaning, labels=["department"])
    for department, group in [*sorted(counted.year.items()), (ALL_DEPARTMENTS, counted.whole)]:
        found = group.figures
        if found["received_total"]:
            family.add_metric([department], found["received_online"] / found["received_total"])
    return family


FIGURES, SUMS, ACCEPTED = "figures", "sums", "accepted"
COUNTING_SHARE = 100  # the count of all dossiers' events may take a hundredth of the time


async def received_less_counted(connection: AsyncConnection) -> int:
    """Received dossiers that are stored, less those that the figures count."""
    stored = select(func.count(dossiers.c.received_day)).scalar_subquery()
    of_all = (sums.c.procedure == ALL, sums.c.department == ALL, sums.c.measure == MEASURE_CODES[Measure.RECEIVED])
    counted = select(func.coalesce(func.sum(sums.c.amount), 0)).where(sums.c.span.in_(covering(FIRST_DAY, LAST_DAY)), *of_all)
    return int((await connection.execute(select(stored - counted.scalar_subquery()))).scalar_one())


@dataclass(frozen=True, slots=True)
class LedgerTotals:
    """Over all partitions, what the ledger's furthest marks say: events held, and events of the log read."""

    events: int
    numbers: int


async def ledger_totals(connection: AsyncConnection) -> LedgerTotals | None:
    """None where it can't be known: a partition without a mark, or one that is being read from its beginning."""
    rows: Sequence[Any] = (await connection.execute(select(offsets).where(offsets.c.topic == STATUS.name))).all()
    if any((row.next_offset and row.events is None) or row.next_offset < row.whole_until for row in rows):
        return None
    return LedgerTotals(sum(row.events or 0 for row in rows), sum(row.number or 0 for row in rows))


class StoredEvents:
    """The ledger's events less those of all stored dossiers, counted one by one; seldom, for that reads the whole table."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._known: int | None = None
        self._again_at = 0.0

    async def missing(self, connection: AsyncConnection, by_marks: LedgerTotals | None) -> int | None:
        """None where it can't be known; both counts are of the connection's one state."""
        started = self._elapsed()
        if by_marks is None:
            self._known, self._again_at = None, 0.0
        elif started >= self._again_at:
            stored = (await connection.execute(select(func.coalesce(func.sum(dossiers.c.sequence), 0)))).scalar_one()
            self._known, ended = by_marks.events - int(stored), self._elapsed()
            self._again_at = ended + COUNTING_SHARE * (ended - started)
        return self._known
