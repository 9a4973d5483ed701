"""The business gauges of contract.md §5, computed when they are scraped and kept for a moment.

Among them are counts that must agree although nobody made one from the other: the ledger's marks, the stored dossiers,
the sums, intake's log.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

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
from shared.domain.fields import Channel
from shared.service.clock import Clock
from shared.service.sql import is_transient

FRESH_FOR_S = 1.0
REFRESHED_WITHIN_S = 5.0
WORK_SHARE = 10  # computing may take a tenth of the time: a slow database is asked less often
COUNTING_SHARE = 100  # the count of all dossiers' events may take a hundredth of the time
ALL_DEPARTMENTS = "all"  # the label of the whole office

log = structlog.get_logger()
ByDepartment = Mapping[str, GroupSums]


class FigureGauges(Collector):
    """Families of the last refresh; `refresh` before an exposition makes them current."""

    def __init__(
        self, engine: AsyncEngine, clock: Clock, year: int | None, accepted: AcceptedEvents | None = None
    ) -> None:
        self._engine, self._clock, self._year = engine, clock, year
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

        What can't be known (the database is away, the model is of other rules) is absent, and the rest is shown.
        """
        async with self._refreshing:
            started = time.monotonic()
            if started < self._fresh_until:
                return
            try:
                async with asyncio.timeout(REFRESHED_WITHIN_S):
                    self._families = [*await self._computed(), _current(by_own_rules=True)]
            except OldRules:
                self._families = [_current(by_own_rules=False)]
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("gauges_unknown", error=repr(error))
                self._families = []
            ended = time.monotonic()
            self._fresh_until = ended + max(FRESH_FOR_S, WORK_SHARE * (ended - started))

    async def _computed(self) -> list[GaugeMetricFamily]:
        now = self._clock()
        year = self._year or now.year
        of_year = FigureQuery(first=date(year, 1, 1), last=date(year, 12, 31), as_of=now, by=(Dimension.DEPARTMENT,))
        of_month = replace(of_year, first=of_year.cut.replace(day=1))
        accepted = None if self._accepted is None else await self._accepted.quiet()
        async with answering(self._engine) as connection:
            in_year, in_month = await range_sums(connection, of_year), await range_sums(connection, of_month)
            ledger = await ledger_totals(connection)
            differences = {
                "figures": await self._stored_events.missing(connection, ledger),
                "sums": await received_less_counted(connection),
                "accepted": None if accepted is None or ledger is None else accepted - ledger.numbers,
            }
        departments, months = (
            dict(sorted(group_sums(read, lambda one: one.department or "").items())) for read in (in_year, in_month)
        )
        whole = group_sums(in_year, lambda _one: None).get(None, GroupSums())
        return [
            _received("motcua_dossiers_received", "dossiers to handle in the year to date", departments),
            _resolved("motcua_dossiers_resolved", "dossiers resolved in the year to date", departments),
            _received("motcua_month_dossiers_received", "dossiers to handle in the month to date", months),
            _resolved("motcua_month_dossiers_resolved", "dossiers resolved in the month to date", months),
            _in_progress(departments),
            _awaiting_acceptance(departments),
            _online_ratio(departments, whole),
            _form(whole),
            _differences(differences),
        ]


def _received(name: str, meaning: str, departments: ByDepartment) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=["department", "channel", "carried_over"])
    for department, group in departments.items():
        for channel in Channel:
            family.add_metric([department, channel.value, "true"], group.sums.before.get((Measure.OPEN, channel), 0))
            family.add_metric(
                [department, channel.value, "false"], group.sums.within.get((Measure.RECEIVED, channel), 0)
            )
    return family


def _resolved(name: str, meaning: str, departments: ByDepartment) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=["department", "timeliness"])
    for department, group in departments.items():
        figures = group.figures
        for timeliness in ("early", "on_time", "overdue", "no_deadline"):
            family.add_metric([department, timeliness], figures[f"resolved_{timeliness}"])
    return family


def _in_progress(departments: ByDepartment) -> GaugeMetricFamily:
    """Four disjoint classes: overdue wins over suspended, suspended over due soon, the rest is within."""
    meaning = "dossiers in progress at the end of the year to date; due soon: today or tomorrow"
    family = GaugeMetricFamily("motcua_dossiers_in_progress", meaning, labels=["department", "timeliness"])
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
    meaning = "online applications that are neither received nor declined at the end of the year to date"
    family = GaugeMetricFamily("motcua_dossiers_awaiting_acceptance", meaning, labels=["department", "late"])
    for department, group in departments.items():
        figures = group.figures
        late = figures["awaiting_acceptance_late"]
        family.add_metric([department, "true"], late)
        family.add_metric([department, "false"], figures["awaiting_acceptance"] - late)
    return family


def _online_ratio(departments: ByDepartment, whole: GroupSums) -> GaugeMetricFamily:
    meaning = "online dossiers of all to handle in the year to date; absent where there are none"
    family = GaugeMetricFamily("motcua_dossiers_online_ratio", meaning, labels=["department"])
    for department, group in [*departments.items(), (ALL_DEPARTMENTS, whole)]:
        figures = group.figures
        if figures["received_total"]:
            family.add_metric([department], figures["received_online"] / figures["received_total"])
    return family


def _form(whole: GroupSums) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "motcua_form_ii06a", "the total row of form II.06a for the year to date", labels=["column"]
    )
    for column, count in whole.figures.items():
        family.add_metric([column], count)
    return family


def _differences(differences: Mapping[str, int | None]) -> GaugeMetricFamily:
    meaning = (
        "figures: the ledger's events less those of the stored dossiers; "
        "sums: received dossiers stored less those counted; "
        "accepted: intake's events less those the ledger has read; "
        "anything but 0 is wrong, absent where it can't be known"
    )
    family = GaugeMetricFamily("motcua_reconciliation_difference", meaning, labels=["stage"])
    for stage, missing in differences.items():
        if missing is not None:
            family.add_metric([stage], missing)
    return family


def _current(*, by_own_rules: bool) -> GaugeMetricFamily:
    meaning = "1 when the read model was made by this version's rules, 0 when figures wait for a rebuild"
    return GaugeMetricFamily("motcua_read_model_current", meaning, by_own_rules)


async def received_less_counted(connection: AsyncConnection) -> int:
    """Received dossiers that are stored, less those that the figures count."""
    stored = select(func.count(dossiers.c.received_day)).scalar_subquery()
    of_all = (sums.c.procedure == ALL, sums.c.department == ALL, sums.c.measure == MEASURE_CODES[Measure.RECEIVED])
    counted = select(func.coalesce(func.sum(sums.c.amount), 0)).where(
        sums.c.span.in_(covering(FIRST_DAY, LAST_DAY)), *of_all
    )
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
    """The ledger's events less those of the stored dossiers, counted seldom, for that reads the whole table."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._known: int | None = None
        self._again_at = 0.0

    async def missing(self, connection: AsyncConnection, ledger: LedgerTotals | None) -> int | None:
        """None where it can't be known; both counts are of the connection's one state."""
        started = self._elapsed()
        if ledger is None:
            self._known, self._again_at = None, 0.0
        elif started >= self._again_at:
            stored = (await connection.execute(select(func.coalesce(func.sum(dossiers.c.sequence), 0)))).scalar_one()
            self._known, ended = ledger.events - int(stored), self._elapsed()
            self._again_at = ended + COUNTING_SHARE * (ended - started)
        return self._known
