"""Timeliness: its definitions, the class of a closed dossier by each, and how an open one stands (domain §4)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol

from shared.domain.deadline import Deadline
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import State
from shared.domain.localtime import LOCAL, ONE_DAY, local, local_date


class Timeliness(StrEnum):
    """The class of a closed dossier."""

    EARLY = "early"
    ON_TIME = "on_time"
    OVERDUE = "overdue"
    NO_DEADLINE = "no_deadline"


class Definition(Protocol):
    """What early, on time and overdue mean; docs/decisions/0007 says why each of them is as it is.

    A published name never changes its meaning: another reading is another version. All definitions agree where the
    local days differ: a dossier closed on a day before that of its deadline is early, on a later day overdue; an open
    one is overdue at the end of every later day. The counting relies on it.
    """

    @property
    def name(self) -> str: ...

    def judge(self, closed_at: datetime, deadline: Deadline) -> Timeliness:
        """The class of a dossier closed at `closed_at`."""

    def overdue_from(self, deadline: Deadline) -> datetime:
        """The first instant at which an open dossier stands overdue;
        a pause that begins from then on leaves it overdue."""

    def overdue_on(self, deadline: Deadline) -> date:
        """The first local day at whose end an open dossier counts as overdue: the deadline's day or the next."""


@dataclass(frozen=True, slots=True)
class ByDate:
    """Definition `by-date/1`: terms in days or months compare local dates; terms in hours compare
    instants, and the local hour of the deadline is on time. An open dossier is overdue at the end of the
    days after that of its deadline."""

    name: str = "by-date/1"

    def judge(self, closed_at: datetime, deadline: Deadline) -> Timeliness:
        due_at = local(deadline.due_at)
        if deadline.in_hours:
            return _by_span(closed_at, due_at.replace(minute=0, second=0, microsecond=0), due_at)
        closed, due_day = local_date(closed_at), due_at.date()
        if closed == due_day:
            return Timeliness.ON_TIME
        return Timeliness.EARLY if closed < due_day else Timeliness.OVERDUE

    def overdue_from(self, deadline: Deadline) -> datetime:
        return deadline.overdue_from()

    def overdue_on(self, deadline: Deadline) -> date:
        return local_date(deadline.due_at) + ONE_DAY  # by date for terms in hours too


@dataclass(frozen=True, slots=True)
class ByInstant:
    """Definition `instant/1`: before the deadline's very instant is early, at it on time, after it overdue,
    whatever the term."""

    name: str = "instant/1"

    def judge(self, closed_at: datetime, deadline: Deadline) -> Timeliness:
        if closed_at == deadline.due_at:
            return Timeliness.ON_TIME
        return Timeliness.EARLY if closed_at < deadline.due_at else Timeliness.OVERDUE

    def overdue_from(self, deadline: Deadline) -> datetime:
        return local(deadline.due_at) + timedelta.resolution

    def overdue_on(self, deadline: Deadline) -> date:
        return self.overdue_from(deadline).date()


MORNING, AFTERNOON = time(7), time(13, 30)  # opening and the end of the lunch break, by the default hours


@dataclass(frozen=True, slots=True)
class HalfDay:
    """Definition `half-day/1`: the half of the day in which the deadline lies is on time, earlier is early,
    later overdue.

    A local day has the parts [00:00, 07:00), [07:00, 13:30) and [13:30, 24:00): constants of this version, so that
    figures follow from the log alone, whatever hours an office keeps. A term in hours is overdue right after its
    deadline, as in the other definitions.
    """

    name: str = "half-day/1"

    def judge(self, closed_at: datetime, deadline: Deadline) -> Timeliness:
        start, end = _half_of(deadline.due_at)
        return _by_span(closed_at, start, deadline.due_at if deadline.in_hours else end - timedelta.resolution)

    def overdue_from(self, deadline: Deadline) -> datetime:
        return deadline.overdue_from() if deadline.in_hours else _half_of(deadline.due_at)[1]

    def overdue_on(self, deadline: Deadline) -> date:
        if deadline.in_hours:
            return deadline.overdue_from().date()
        due_at = local(deadline.due_at)
        return due_at.date() if due_at.time() < AFTERNOON else due_at.date() + ONE_DAY


def _half_of(instant: datetime) -> tuple[datetime, datetime]:
    """The part of the local day that the instant lies in: its start, and the start of the next."""
    here = local(instant)
    day, clock = here.date(), here.time()
    if clock < MORNING:
        return _at(day, time()), _at(day, MORNING)
    if clock < AFTERNOON:
        return _at(day, MORNING), _at(day, AFTERNOON)
    return _at(day, AFTERNOON), _at(day + ONE_DAY, time())


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, LOCAL)


def _by_span(closed_at: datetime, on_time_from: datetime, on_time_until: datetime) -> Timeliness:
    """The class by a span of time that is on time, both ends included."""
    if closed_at > on_time_until:
        return Timeliness.OVERDUE
    return Timeliness.ON_TIME if closed_at >= on_time_from else Timeliness.EARLY


BY_DATE, INSTANT, HALF_DAY = ByDate(), ByInstant(), HalfDay()
DEFINITIONS: dict[str, Definition] = {definition.name: definition for definition in (BY_DATE, INSTANT, HALF_DAY)}

NEVER_SOON = timedelta(0)


class Standing(StrEnum):
    """How an open dossier stands at an instant."""

    WITHIN = "within"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    SUSPENDED = "suspended"
    NO_DEADLINE = "no_deadline"


def closed_timeliness(dossier: Dossier, definition: Definition = BY_DATE) -> Timeliness | None:
    """The class of a closed dossier; None while it is not closed, and of one that no figure counts."""
    if dossier.closed_at is None or not dossier.counts:
        return None
    deadline = dossier.deadline
    return Timeliness.NO_DEADLINE if deadline is None else definition.judge(dossier.closed_at, deadline)


def standing(dossier: Dossier, now: datetime, due_soon: timedelta) -> Standing | None:
    """How an open dossier stands at `now` by `by-date/1`;
    due soon is `due_soon` or less before the deadline (zero: never).

    None when it is not open. A suspended dossier that was overdue when its pause began stays overdue;
    any other is suspended.
    """
    if not dossier.is_open:
        return None
    due_at, paused_at = dossier.due_at, dossier.suspended_since
    judged_at = paused_at or now
    if due_at is not None and due_at <= judged_at:  # nobody is overdue before the deadline
        deadline = dossier.due(due_at)
        if deadline is not None and judged_at >= deadline.overdue_from():
            return Standing.OVERDUE
    if paused_at is not None:
        return Standing.SUSPENDED
    if due_at is None:
        return Standing.NO_DEADLINE
    return Standing.DUE_SOON if due_soon and now >= due_at - due_soon else Standing.WITHIN


ACCEPTANCE_OVERDUE = "acceptance_overdue"
THRESHOLDS = (Standing.DUE_SOON.value, Standing.OVERDUE.value, ACCEPTANCE_OVERDUE)
"""What is announced of a dossier when time brings it there, each with the deadline that it was reached of."""


def threshold_reached(dossier: Dossier, stands: Standing | None, now: datetime) -> str | None:
    """The last threshold that a dossier that stands so has come to; None before the first, and where none matters."""
    if dossier.state is State.SUBMITTED:
        due_at = dossier.watched_due_at
        return ACCEPTANCE_OVERDUE if due_at is not None and now > due_at else None
    return stands.value if stands is Standing.DUE_SOON or stands is Standing.OVERDUE else None


def timeliness_of(dossier: Dossier, at: datetime) -> str | None:
    """The class once closed, else how the dossier stands at `at`; None before receipt and when declined."""
    judged = closed_timeliness(dossier) or standing(dossier, at, NEVER_SOON)
    return None if judged is None else judged.value
