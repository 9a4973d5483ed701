"""The business gauges of contract.md §5, computed when they are scraped and kept for a moment.

Among them are counts that must agree although nobody made one from the other: the ledger's marks, the stored dossiers,
the sums, intake's log.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.figures.attention import DepartmentHorizons
from services.reporting.figures.grouping import GroupSums, group_sums
from services.reporting.figures.query import Dimension, FigureQuery, RangeSum
from services.reporting.figures.range_sums import range_sums
from services.reporting.intake.client import AcceptedEvents
from services.reporting.read_model.contributions import decode_listed
from services.reporting.read_model.store import OldRules, answering
from services.reporting.read_model.sums import (
    ALL,
    FIRST_DAY,
    LAST_DAY,
    MEASURE_CODES,
    GaugeStock,
    covering,
    microseconds,
)
from services.reporting.read_model.tables import dossiers, offsets, sums
from shared.catalogue import Catalogue
from shared.contract.topics import STATUS
from shared.domain.comparison import a_year_before
from shared.domain.counting import Measure
from shared.domain.fields import Channel
from shared.domain.figures import BALANCE
from shared.domain.lifecycle import PAUSED, State
from shared.domain.localtime import local
from shared.service.clock import Clock
from shared.service.exposition import Rendered
from shared.service.figure_metrics import (
    DEPARTMENT_INFO,
    DOSSIERS_AWAITING_ACCEPTANCE,
    DOSSIERS_DUE_UNASSIGNED,
    DOSSIERS_IN_PROGRESS,
    DOSSIERS_ONLINE_RATIO,
    DOSSIERS_RECEIVED,
    DOSSIERS_RESOLVED,
    FIGURES_COMPUTED,
    FORM_II06A,
    LAST_YEAR_DOSSIERS_RECEIVED,
    LAST_YEAR_DOSSIERS_RESOLVED,
    MONTH_DOSSIERS_RECEIVED,
    MONTH_DOSSIERS_RESOLVED,
    READ_MODEL_CURRENT,
)
from shared.service.metric_catalogue import LOG_EVENTS_IN_LEDGER, READ_MODEL_EVENTS, RECONCILIATION
from shared.service.metric_kinds import DeclaredMetric
from shared.service.sql import is_transient

FRESH_FOR_S = 1.0
WAITED_FOR_S = 2.5  # by a scrape; Prometheus gives up after five seconds
COMPUTED_WITHIN_S = 30.0
KEPT_FOR_S = 60.0
WORK_SHARE = 10  # computing may take a tenth of the time: a slow database is asked less often
COUNTING_SHARE = 100  # what reads many rows may take a hundredth of the time
ALL_DEPARTMENTS = "all"  # the label of the whole office
ONE_WORKING_DAY = timedelta(hours=8)
ByDepartment = Mapping[str, GroupSums]
log = structlog.get_logger()


def name_departments(registry: CollectorRegistry, offices: Catalogue) -> None:
    """Say once what departments are called, so that boards show the office's own names and not codes."""
    often = Counter(department.name for department in offices.departments.values())
    named = DEPARTMENT_INFO.gauge(registry)
    for code, department in offices.departments.items():
        province = offices.province_of(code) if often[department.name] > 1 else None
        named.labels(code, department.name if province is None else f"{department.name} ({province.name})").set(1)


class FigureGauges(Collector):
    """Families of the last refresh, written already; `refresh` before an exposition makes them current.

    `offices` is the catalogue with the days off announced so far: without it nobody knows what is due within a working
    day.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        year: int | None,
        accepted: AcceptedEvents | None = None,
        offices: Callable[[], Catalogue] | None = None,
    ) -> None:
        self._engine, self._clock, self._year = engine, clock, year
        self._accepted, self._stored_events = accepted, StoredEvents()
        self._unassigned = None if offices is None else Unassigned(offices)
        self._shown = Rendered(())
        self._computed_at = 0.0
        self._fresh_until = 0.0
        self._refreshing: asyncio.Task[None] | None = None

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Rendered]:
        if time.monotonic() - self._computed_at < KEPT_FOR_S:
            yield self._shown

    async def refresh(self) -> None:
        """Have the figures computed anew unless they are fresh, and wait a moment for that; scrapes share one
        computation, and one that takes longer is shown by the next.

        What can't be known (the database is away, the model is of other rules) is absent, and the rest is shown.
        """
        if time.monotonic() < self._fresh_until:
            return
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh(), name="figure gauges")
        await asyncio.wait({self._refreshing}, timeout=WAITED_FOR_S)

    async def _refresh(self) -> None:
        started = time.monotonic()
        try:
            async with asyncio.timeout(COMPUTED_WITHIN_S):
                shown = await self._computed()
        except OldRules:
            shown = Rendered([READ_MODEL_CURRENT.family(0)])
        except Exception as error:
            shown = Rendered(())
            if is_transient(error):
                log.warning("gauges_unknown", error=repr(error))
            else:  # a bug: what else the service shows is needed all the more
                log.exception("gauges_failed")
        ended = time.monotonic()
        self._shown, self._computed_at = shown, ended
        self._fresh_until = ended + max(FRESH_FOR_S, WORK_SHARE * (ended - started))

    async def _computed(self) -> Rendered:
        now = self._clock()
        year = self._year or now.year
        of_year = FigureQuery(first=date(year, 1, 1), last=date(year, 12, 31), as_of=now, by=(Dimension.DEPARTMENT,))
        of_month = replace(of_year, first=of_year.cut.replace(day=1))
        earlier = replace(of_year, first=a_year_before(of_year.first), last=a_year_before(of_year.cut))
        async with answering(self._engine) as connection:
            in_year, in_month, in_last_year, of_office = [
                await range_sums(connection, query) for query in (of_year, of_month, earlier, replace(of_year, by=()))
            ]
            ledger = await ledger_totals(connection)
            differences = {
                "figures": await self._stored_events.missing(connection, ledger),
                "sums": await received_less_counted(connection),
            }
            unassigned = None if self._unassigned is None else await self._unassigned.by_department(connection, now)
        read = None if ledger is None else ledger.numbers
        differences["form"] = await asyncio.to_thread(contradiction, in_year, of_office)
        differences["accepted"] = None if self._accepted is None else await self._accepted.less(read)
        computed = [
            _differences(differences),
            READ_MODEL_CURRENT.family(1),
            FIGURES_COMPUTED.family(time.time()),
            READ_MODEL_EVENTS.family(self._stored_events.stored),
            LOG_EVENTS_IN_LEDGER.family(read),
            _unassigned_dossiers(unassigned),
        ]
        return await asyncio.to_thread(written, in_year, in_month, in_last_year, computed)


def written(
    in_year: Sequence[RangeSum],
    in_month: Sequence[RangeSum],
    in_last_year: Sequence[RangeSum],
    computed: Sequence[GaugeMetricFamily],
) -> Rendered:
    """Everything as text; beside the loop, for of 190 units it is 12,600 series."""
    departments, months, earlier = (
        dict(sorted(group_sums(read, lambda one: one.department or "").items()))
        for read in (in_year, in_month, in_last_year)
    )
    whole = group_sums(in_year, lambda _one: None).get(None, GroupSums())
    return Rendered(
        [
            _received(DOSSIERS_RECEIVED, departments),
            _resolved(DOSSIERS_RESOLVED, departments),
            _received(MONTH_DOSSIERS_RECEIVED, months),
            _resolved(MONTH_DOSSIERS_RESOLVED, months),
            _received(LAST_YEAR_DOSSIERS_RECEIVED, earlier),
            _resolved(LAST_YEAR_DOSSIERS_RESOLVED, earlier),
            _in_progress(departments),
            _awaiting_acceptance(departments),
            _online_ratio(departments, whole),
            _form(whole),
            *computed,
        ]
    )


def _received(metric: DeclaredMetric, departments: ByDepartment) -> GaugeMetricFamily:
    family = metric.family()
    for department, group in departments.items():
        for channel in Channel:
            family.add_metric([department, channel.value, "true"], group.sums.before.get((Measure.OPEN, channel), 0))
            family.add_metric(
                [department, channel.value, "false"], group.sums.within.get((Measure.RECEIVED, channel), 0)
            )
    return family


def _resolved(metric: DeclaredMetric, departments: ByDepartment) -> GaugeMetricFamily:
    family = metric.family()
    for department, group in departments.items():
        figures = group.figures
        for timeliness in ("early", "on_time", "overdue", "no_deadline"):
            family.add_metric([department, timeliness], figures[f"resolved_{timeliness}"])
    return family


def _in_progress(departments: ByDepartment) -> GaugeMetricFamily:
    """Four disjoint classes: overdue wins over suspended, suspended over due soon, the rest is within."""
    family = DOSSIERS_IN_PROGRESS.family()
    for department, group in departments.items():
        figures = group.figures
        overdue = figures["in_progress_overdue"]
        suspended = figures["in_progress_suspended"] - group.gauge_stocks[GaugeStock.SUSPENDED_OVERDUE]
        due_soon = group.gauge_stocks[GaugeStock.DUE_SOON]
        within = figures["in_progress_total"] - overdue - suspended - due_soon
        classes = {"within": within, "due_soon": due_soon, "overdue": overdue, "suspended": suspended}
        for timeliness, count in classes.items():
            family.add_metric([department, timeliness], count)
    return family


def _awaiting_acceptance(departments: ByDepartment) -> GaugeMetricFamily:
    family = DOSSIERS_AWAITING_ACCEPTANCE.family()
    for department, group in departments.items():
        figures = group.figures
        late = figures["awaiting_acceptance_late"]
        family.add_metric([department, "true"], late)
        family.add_metric([department, "false"], figures["awaiting_acceptance"] - late)
    return family


def _online_ratio(departments: ByDepartment, whole: GroupSums) -> GaugeMetricFamily:
    family = DOSSIERS_ONLINE_RATIO.family()
    for department, group in [*departments.items(), (ALL_DEPARTMENTS, whole)]:
        figures = group.figures
        if figures["received_total"]:
            family.add_metric([department], figures["received_online"] / figures["received_total"])
    return family


def _form(whole: GroupSums) -> GaugeMetricFamily:
    family = FORM_II06A.family()
    for column, count in whole.figures.items():
        family.add_metric([column], count)
    return family


def _unassigned_dossiers(by_department: Mapping[str, int] | None) -> GaugeMetricFamily:
    family = DOSSIERS_DUE_UNASSIGNED.family()
    for department, count in sorted((by_department or {}).items()):
        family.add_metric([department], count)
    return family


def _differences(differences: Mapping[str, int | None]) -> GaugeMetricFamily:
    """Absent where it can't be known."""
    family = RECONCILIATION.family()
    for stage, missing in differences.items():
        if missing is not None:
            family.add_metric([stage], missing)
    return family


async def received_less_counted(connection: AsyncConnection) -> int:
    """Received dossiers that are stored, less those that the figures count."""
    stored = select(func.count(dossiers.c.received_day)).scalar_subquery()
    of_all = (sums.c.procedure == ALL, sums.c.department == ALL, sums.c.measure == MEASURE_CODES[Measure.RECEIVED])
    counted = select(func.coalesce(func.sum(sums.c.amount), 0)).where(
        sums.c.span.in_(covering(FIRST_DAY, LAST_DAY)), *of_all
    )
    return int((await connection.execute(select(stored - counted.scalar_subquery()))).scalar_one())


def contradiction(by_department: Sequence[RangeSum], of_office: Sequence[RangeSum]) -> int:
    """By how much the form contradicts itself at most: received and resolved with in progress in a department's row, or
    a column's departments and the office, which are sums of their own in the read model."""
    departments = group_sums(by_department, lambda one: one.department)
    parts, whole = (group_sums(read, lambda _one: None).get(None, GroupSums()) for read in (by_department, of_office))
    rows = (BALANCE.difference(group.figures) for group in departments.values())
    columns = (amount - whole.figures[key] for key, amount in parts.figures.items())
    stocks = (parts.gauge_stocks[stock] - whole.gauge_stocks[stock] for stock in GaugeStock)
    return max(map(abs, (*rows, *columns, *stocks)), default=0)


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
    """The ledger's events less those of the stored dossiers, counted seldom, for that reads the whole table."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._known: int | None = None
        self.stored: int | None = None
        self._again_at = 0.0

    async def missing(self, connection: AsyncConnection, ledger: LedgerTotals | None) -> int | None:
        """None where it can't be known; both counts are of the connection's one state."""
        started = self._elapsed()
        if ledger is None:
            self._known, self._again_at = None, 0.0
        elif started >= self._again_at:
            counted = (await connection.execute(select(func.coalesce(func.sum(dossiers.c.sequence), 0)))).scalar_one()
            self.stored = int(counted)
            self._known, ended = ledger.events - self.stored, self._elapsed()
            self._again_at = ended + COUNTING_SHARE * (ended - started)
        return self._known


class Unassigned:
    """Open dossiers due within a working day, or overdue, without an officer; looked for seldom when they are many."""

    def __init__(self, offices: Callable[[], Catalogue], elapsed: Callable[[], float] = time.monotonic) -> None:
        self._offices, self._elapsed = offices, elapsed
        self._known: Mapping[str, int] = {}
        self._again_at = 0.0

    async def by_department(self, connection: AsyncConnection, now: datetime) -> Mapping[str, int]:
        """How many each department has, those with none included."""
        started = self._elapsed()
        if started >= self._again_at:
            offices = self._offices()
            horizons = DepartmentHorizons(offices, local(now), ONE_WORKING_DAY)
            due = (
                dossiers.c.due_at <= microseconds(horizons.latest(offices.departments)),
                dossiers.c.closed_day.is_(None),
            )
            rows = (await connection.execute(select(dossiers.c.department, dossiers.c.listed).where(*due))).all()
            self._known = await asyncio.to_thread(_unassigned_of, rows, horizons, offices.departments)
            ended = self._elapsed()
            self._again_at = ended + COUNTING_SHARE * (ended - started)
        return self._known


def _unassigned_of(rows: Sequence[Any], horizons: DepartmentHorizons, departments: Iterable[str]) -> Mapping[str, int]:
    counts = Counter(dict.fromkeys(departments, 0))
    for department, listed in rows:
        facts = decode_listed(listed)
        runs = facts.received_at is not None and State(facts.state) not in PAUSED
        if (
            runs
            and facts.officer is None
            and facts.due_at is not None
            and facts.due_at <= horizons.of(department).reach
        ):
            counts[department] += 1
    return counts
