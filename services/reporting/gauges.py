"""The business gauges of contract.md §5, computed when they are scraped and kept for a moment."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.grouping import Group, fold
from services.reporting.measures import Standing
from services.reporting.query import Dimension, FigureQuery
from services.reporting.range_sums import range_sums
from services.reporting.reconciliation import ACCEPTED, FIGURES, SUMS, AcceptedEvents, StoredEvents, marked, received_less_counted
from services.reporting.rules import OldRules, answering
from shared.domain.counting import Measure
from shared.domain.events import Channel
from shared.service.clock import Clock
from shared.service.sql import passes

FRESH_FOR_S = 1.0
REFRESHED_WITHIN_S = 5.0
WORK_SHARE = 10  # computing may take a tenth of the time: a slow database is asked less often
ALL_DEPARTMENTS = "all"  # the label of the whole office


log = structlog.get_logger()


class Counted(NamedTuple):
    """The year's and the month's groups by department, the whole, and what the reconciliation found."""

    year: dict[str, Group]
    month: dict[str, Group]
    whole: Group
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
                if not passes(error):
                    raise
                log.warning("gauges_unknown", error=repr(error))
                self._families = []
            ended = time.monotonic()
            self._fresh_until = ended + max(FRESH_FOR_S, WORK_SHARE * (ended - started))

    async def _counted(self) -> Counted:
        now = self._clock()
        year = self._year or now.year
        of_year = FigureQuery(first=date(year, 1, 1), last=date(year, 12, 31), as_of=now, by=(Dimension.DEPARTMENT,))
        of_month = replace(of_year, first=of_year.cut.replace(day=1))
        accepted = None if self._accepted is None else await self._accepted.quiet()
        async with answering(self._engine) as connection:
            in_year = await range_sums(connection, of_year)
            in_month = await range_sums(connection, of_month)
            by_marks = await marked(connection)
            differences = {
                FIGURES: await self._stored_events.missing(connection, by_marks),
                SUMS: await received_less_counted(connection),
                ACCEPTED: None if accepted is None or by_marks is None else accepted - by_marks.numbers,
            }
        return Counted(
            year=fold(in_year, lambda one: one.department or ""),
            month=fold(in_month, lambda one: one.department or ""),
            whole=fold(in_year, lambda _one: None).get(None, Group()),
            differences=differences,
        )


def _families(counted: Counted) -> Iterator[GaugeMetricFamily]:
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


def _received(name: str, meaning: str, groups: dict[str, Group]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=["department", "channel", "carried_over"])
    for department, group in sorted(groups.items()):
        for channel in Channel:
            family.add_metric([department, channel.value, "true"], group.sums.before.get((Measure.OPEN, channel), 0))
            family.add_metric([department, channel.value, "false"], group.sums.within.get((Measure.RECEIVED, channel), 0))
    return family


def _resolved(name: str, meaning: str, groups: dict[str, Group]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=["department", "timeliness"])
    for department, group in sorted(groups.items()):
        found = group.figures
        family.add_metric([department, "early"], found["resolved_early"])
        family.add_metric([department, "on_time"], found["resolved_on_time"])
        family.add_metric([department, "overdue"], found["resolved_overdue"])
        family.add_metric([department, "no_deadline"], found["resolved_no_deadline"])
    return family


def _in_progress(groups: dict[str, Group]) -> GaugeMetricFamily:
    """Four disjoint classes: overdue wins over suspended, suspended over due soon (due today or tomorrow), the rest is within."""
    meaning = "dossiers in progress at the end of the year to date; due soon: today or tomorrow"
    family = GaugeMetricFamily("motcua_dossiers_in_progress", meaning, labels=["department", "timeliness"])
    for department, group in sorted(groups.items()):
        found = group.figures
        overdue = found["in_progress_overdue"]
        suspended = found["in_progress_suspended"] - group.standings.get(Standing.SUSPENDED_OVERDUE, 0)
        due_soon = group.standings.get(Standing.DUE_SOON, 0)
        family.add_metric([department, "within"], found["in_progress_total"] - overdue - suspended - due_soon)
        family.add_metric([department, "due_soon"], due_soon)
        family.add_metric([department, "overdue"], overdue)
        family.add_metric([department, "suspended"], suspended)
    return family


def _online_ratio(counted: Counted) -> GaugeMetricFamily:
    meaning = "online dossiers of all to handle in the year to date; absent where there are none"
    family = GaugeMetricFamily("motcua_dossiers_online_ratio", meaning, labels=["department"])
    for department, group in [*sorted(counted.year.items()), (ALL_DEPARTMENTS, counted.whole)]:
        found = group.figures
        if found["received_total"]:
            family.add_metric([department], found["received_online"] / found["received_total"])
    return family
