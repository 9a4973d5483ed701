"""The daily follow-up: which open dossiers need somebody today, in what order, how many each officer has; no I/O."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from heapq import nsmallest

from msgspec.structs import asdict, astuple

from services.reporting.read_model.due import AttentionKind, all_due
from shared.catalogue import Catalogue
from shared.contract.http.attention import AttentionCounts
from shared.domain.calendar import WorkingCalendar
from shared.domain.deadline import Deadline, at_time_of, nominal_day
from shared.domain.dossier import Dossier, Hop
from shared.domain.lifecycle import PAUSED
from shared.domain.localtime import LOCAL, ONE_DAY, local
from shared.domain.terms import Term, TermUnit
from shared.domain.texts import compared
from shared.domain.timeliness import Standing, standing

NEVER_SOON = timedelta(0)
Urgency = tuple[int, timedelta, datetime, str, str]
ByOfficer = dict[str | None, AttentionCounts]
_Counted = tuple[AttentionKind, bool]  # the kind, and whether it is late
_COUNTED_AS: dict[_Counted, str] = {
    (AttentionKind.DUE, True): "overdue",
    (AttentionKind.DUE, False): "due",
    (AttentionKind.ACCEPTANCE, True): "acceptance_late",
    (AttentionKind.ACCEPTANCE, False): "acceptance_due",
    (AttentionKind.SUPPLEMENT, True): "supplement_late",
    (AttentionKind.SUPPLEMENT, False): "supplement_due",
    (AttentionKind.IDLE, True): "idle",
}


def calendar_of(catalogue: Catalogue, department: str) -> WorkingCalendar:
    """The department's calendar, Monday to Friday beyond the announced days; usual hours for an unknown department.

    A guess that is good enough to remind somebody, and never used to judge: the class of a dossier needs no calendar.
    """
    return replace(catalogue.calendar_of(department), first_day=date.min, last_day=date.max)


@dataclass(slots=True)
class WorkingTimeRuler:
    """Measures working time from `now` (local) to many deadlines by a calendar: each day is walked once."""

    calendar: WorkingCalendar
    now: datetime
    # of the day before today, the day before that ...: working days after it up to today, working time since its end
    _past: list[tuple[int, timedelta]] = field(default_factory=list)

    def until(self, due_at: datetime) -> timedelta:
        """Working time left until the deadline; negative: that much has passed since."""
        due = local(due_at)
        if due >= self.now:
            return self.calendar.working_time_between(self.now, due)
        if due.date() == self.now.date():
            return -self.calendar.working_time_between(due, self.now)
        return -(self.calendar.working_time_between(due, _start(due.date() + ONE_DAY)) + self._since(due.date())[1])

    def working_days(self, due_at: datetime) -> int:
        """Working days after today up to the deadline's day; negative: those after the deadline's day up to today."""
        due = local(due_at).date()
        if due < self.now.date():
            return -self._since(due)[0]
        days = (due - self.now.date()).days
        return sum(self.calendar.is_working_day(self.now.date() + timedelta(number)) for number in range(1, days + 1))

    def _since(self, day: date) -> tuple[int, timedelta]:
        """Working days and working time after a past day."""
        wanted = (self.now.date() - day).days
        while len(self._past) < wanted:
            before = self.now.date() - timedelta(len(self._past))
            days, passed = self._past[-1] if self._past else (0, timedelta(0))
            end = min(_start(before + ONE_DAY), self.now)
            passed += self.calendar.working_time_between(_start(before), end)
            self._past.append((days + self.calendar.is_working_day(before), passed))
        return self._past[wanted - 1]


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL)


@dataclass(frozen=True, slots=True)
class UrgentDossier:
    """A dossier to follow up: `left` is working time until `due_at`, `days` working days; negative once passed.

    `due_at` is the deadline, or what the kind has in its place. A dossier that is due today at an hour that has passed
    is not overdue yet (by-date/1), and the most urgent of those due. `hops` are other agencies' answers that are late,
    or due within the time asked for.
    """

    dossier: Dossier
    kind: AttentionKind
    due_at: datetime
    overdue: bool
    left: timedelta
    days: int
    hops: tuple[Hop, ...]

    @property
    def urgency(self) -> Urgency:
        """Sorts the most urgent first: the overdue by how late they are, the others by how much time is left; then
        those where nothing happens."""
        rank = 2 if self.kind is AttentionKind.IDLE else int(not self.overdue)
        return rank, self.left, self.due_at, self.dossier.code, self.kind.value

    @property
    def suspended(self) -> bool:
        return self.dossier.state in PAUSED


class DepartmentHorizon:
    """What a department measures by at an instant, and how far its list reaches."""

    def __init__(self, catalogue: Catalogue, department: str, now: datetime, within: timedelta) -> None:
        calendar = calendar_of(catalogue, department)
        self.ruler = WorkingTimeRuler(calendar, now)
        self.horizon = calendar.add_working_time(now, within)
        # a deadline at night after the horizon's last hour has no more working time left than one at that hour
        self.reach = calendar.add_working_time(now, within + timedelta.resolution) - timedelta.resolution

    def urgent(self, dossier: Dossier) -> Iterator[UrgentDossier]:
        """The dossier once for each kind for which it is listed: late, or due as soon as the list reaches."""
        for kind, due_at in all_due(dossier):
            late = self._is_late(dossier, kind, due_at)
            if late or (late is False and due_at <= self.reach):
                yield self._listed(dossier, kind, due_at, late=late)

    def idle(self, dossier: Dossier, months: int) -> Iterator[UrgentDossier]:
        """The open dossier if nothing has happened to it for so many months; `due_at` is when that was the case."""
        at = dossier.last_occurred_at
        since = at_time_of(at, nominal_day(at, Term(months, TermUnit.MONTHS)))
        if dossier.is_open and since <= self.ruler.now:
            yield self._listed(dossier, AttentionKind.IDLE, since, late=True)

    def _is_late(self, dossier: Dossier, kind: AttentionKind, due_at: datetime) -> bool | None:
        """None while a pause holds what would have been late in it."""
        match kind:
            case AttentionKind.ACCEPTANCE:
                return self.ruler.now > due_at
            case AttentionKind.SUPPLEMENT:
                return self.ruler.now >= Deadline(due_at).overdue_from()
            case _:
                stands = standing(dossier, self.ruler.now, NEVER_SOON)
                return None if stands is Standing.SUSPENDED else stands is Standing.OVERDUE

    def _listed(self, dossier: Dossier, kind: AttentionKind, due_at: datetime, *, late: bool) -> UrgentDossier:
        left, days = self.ruler.until(due_at), self.ruler.working_days(due_at)
        awaited = dossier.hops if kind is AttentionKind.DUE else ()
        # a late hop was due before now, so it lies within reach too
        hops = [
            hop for hop in awaited if hop.answered_at is None and hop.due_at is not None and hop.due_at <= self.reach
        ]
        return UrgentDossier(dossier, kind, due_at, late, left, days, tuple(hops))


class DepartmentHorizons:
    """Those of all departments at one instant."""

    def __init__(self, catalogue: Catalogue, now: datetime, within: timedelta) -> None:
        self._catalogue, self._now, self._within = catalogue, now, within
        self._horizons: dict[str, DepartmentHorizon] = {}

    def of(self, department: str) -> DepartmentHorizon:
        if department not in self._horizons:
            self._horizons[department] = DepartmentHorizon(self._catalogue, department, self._now, self._within)
        return self._horizons[department]

    def urgent(self, dossiers: Iterable[Dossier]) -> list[UrgentDossier]:
        """Those to follow up, in the order given."""
        return [one for dossier in dossiers for one in self.of(dossier.department).urgent(dossier)]

    def idle(self, dossiers: Iterable[Dossier], months: int) -> list[UrgentDossier]:
        """Those to which nothing has happened for so many months."""
        return [one for dossier in dossiers for one in self.of(dossier.department).idle(dossier, months)]

    def latest(self, departments: Iterable[str]) -> datetime:
        """The last instant any of the departments' lists reaches, those that the catalogue does not have included."""
        return max(self.of(department).reach for department in ("", *departments))


class Attention:
    """Counts the dossiers of the list as they are read and keeps one page, so that its length costs no memory."""

    def __init__(self, limit: int, after: Urgency | None = None) -> None:
        self._limit, self._after = limit, after
        self._next: list[UrgentDossier] = []  # one more than the page has
        self._counts: dict[str, dict[str | None, Counter[_Counted]]] = defaultdict(lambda: defaultdict(Counter))

    def take(self, urgent: Iterable[UrgentDossier]) -> None:
        """Count them, and keep the most urgent after the place where the page starts."""
        later = []
        for one in urgent:
            officer = None if one.dossier.officer is None else compared(one.dossier.officer)
            self._counts[one.dossier.department][officer][one.kind, one.overdue] += 1
            if self._after is None or one.urgency > self._after:
                later.append(one)
        self._next = nsmallest(self._limit + 1, [*self._next, *later], key=lambda one: one.urgency)

    @property
    def page(self) -> list[UrgentDossier]:
        """The most urgent first."""
        return self._next[: self._limit]

    @property
    def goes_on(self) -> bool:
        return len(self._next) > self._limit

    def by_department(self) -> dict[str, ByOfficer]:
        """How many each department and officer has, the most overdue first; then by code, without an officer last."""
        counts = {
            code: {name: _counts_of(own) for name, own in officers.items()} for code, officers in self._counts.items()
        }
        departments = sorted(counts, key=lambda code: (*_fewest(total_counts(counts[code].values())), code))
        return {code: _by_officer(counts[code]) for code in departments}


def total_counts(counts: Iterable[AttentionCounts]) -> AttentionCounts:
    """Their sum."""
    added: Counter[str] = Counter()
    for one in counts:
        added.update(asdict(one))
    return AttentionCounts(**{name: added[name] for name in AttentionCounts.__struct_fields__})


def _counts_of(counted: Counter[_Counted]) -> AttentionCounts:
    return AttentionCounts(**{name: counted[kind] for kind, name in _COUNTED_AS.items()})


def _by_officer(counts: ByOfficer) -> ByOfficer:
    return {
        name: counts[name]
        for name in sorted(counts, key=lambda name: (*_fewest(counts[name]), name is None, name or ""))
    }


def _fewest(counts: AttentionCounts) -> tuple[int, ...]:
    return tuple(-number for number in astuple(counts))
