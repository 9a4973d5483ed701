"""The daily follow-up: which open dossiers need somebody today, in what order, and how many each department and officer has."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest

from services.reporting.following.ruler import Ruler, calendar_of
from shared.catalogue import Catalogue
from shared.domain.dossier import Dossier
from shared.domain.hops import Hop
from shared.domain.lifecycle import SUSPENDED
from shared.domain.names import compared
from shared.domain.timeliness import Standing, standing

NEVER_SOON = timedelta(0)
Urgency = tuple[bool, timedelta, datetime, str]


@dataclass(frozen=True, slots=True)
class Followed:
    """A dossier to follow up: `left` is working time until its deadline, `days` working days; negative once they have passed.

    One that is due today at an hour that has passed is not overdue yet (by-date/1), and the most urgent of those due.
    `hops` are other agencies' answers that are late, or due within the time asked for.
    """

    dossier: Dossier
    due_at: datetime
    overdue: bool
    left: timedelta
    days: int
    hops: tuple[Hop, ...]

    @property
    def urgency(self) -> Urgency:
        """Sorts the most urgent first: the overdue by how much working time they are late, then the others by how much is left."""
        return not self.overdue, self.left, self.due_at, self.dossier.code

    @property
    def suspended(self) -> bool:
        return self.dossier.state in SUSPENDED


@dataclass(frozen=True, slots=True)
class Tally:
    """How many are overdue, and how many are due within the time asked for."""

    overdue: int
    due: int


class Desk:
    """What a department measures by at an instant, and how far its list reaches."""

    def __init__(self, catalogue: Catalogue, department: str, now: datetime, within: timedelta) -> None:
        calendar = calendar_of(catalogue, department)
        self.ruler = Ruler(calendar, now)
        self.horizon = calendar.add_working_time(now, within)
        # a deadline at night after the horizon's last hour has no more working time left than one at that hour
        self.reach = calendar.add_working_time(now, within + timedelta.resolution) - timedelta.resolution

    def followed(self, dossier: Dossier) -> Followed | None:
        """The dossier as the list shows it; None when it is not overdue, and suspended or due later than the list reaches."""
        if dossier.due_at is None:
            return None
        stands = standing(dossier, self.ruler.now, NEVER_SOON)
        if stands is not Standing.OVERDUE and (stands is not Standing.WITHIN or dossier.due_at > self.reach):
            return None
        left, days = self.ruler.until(dossier.due_at), self.ruler.working_days(dossier.due_at)
        return Followed(dossier, dossier.due_at, stands is Standing.OVERDUE, left, days, self._awaited(dossier))

    def _awaited(self, dossier: Dossier) -> tuple[Hop, ...]:
        """A late hop was due before now, so it lies within reach too."""
        return tuple(hop for hop in dossier.hops if hop.answered_at is None and hop.due_at is not None and hop.due_at <= self.reach)


class Desks:
    """The desks of all departments at one instant."""

    def __init__(self, catalogue: Catalogue, now: datetime, within: timedelta) -> None:
        self._catalogue, self._now, self._within = catalogue, now, within
        self._desks: dict[str, Desk] = {}

    def desk(self, department: str) -> Desk:
        if department not in self._desks:
            self._desks[department] = Desk(self._catalogue, department, self._now, self._within)
        return self._desks[department]

    def followed(self, dossiers: Iterable[Dossier]) -> list[Followed]:
        """Those to follow up, in the order given."""
        found = (self.desk(dossier.department).followed(dossier) for dossier in dossiers)
        return [one for one in found if one is not None]

    def latest(self, departments: Iterable[str]) -> datetime:
        """The last instant any of the departments' lists reaches, those that the catalogue does not have included."""
        return max(self.desk(department).reach for department in ("", *departments))


class Attention:
    """The list as it is read, some dossiers at a time: it counts all of them and keeps a page, so that its length costs no memory."""

    def __init__(self, limit: int, after: Urgency | None = None) -> None:
        self._limit, self._after = limit, after
        self._next: list[Followed] = []  # one more than the page has
        self._counts: dict[str, dict[str | None, Counter[bool]]] = defaultdict(lambda: defaultdict(Counter))

    def take(self, followed: Iterable[Followed]) -> None:
        """Count them, and keep the most urgent after the place where the page starts."""
        later = []
        for one in followed:
            officer = None if one.dossier.officer is None else compared(one.dossier.officer)
            self._counts[one.dossier.department][officer][one.overdue] += 1
            if self._after is None or one.urgency > self._after:
                later.append(one)
        self._next = nsmallest(self._limit + 1, [*self._next, *later], key=lambda one: one.urgency)

    @property
    def page(self) -> list[Followed]:
        """The most urgent first."""
        return self._next[: self._limit]

    @property
    def goes_on(self) -> bool:
        return len(self._next) > self._limit

    def by_department(self) -> dict[str, dict[str | None, Tally]]:
        """How many each department and officer has, those with the most overdue first; of equals by code, without an officer last."""
        found = {
            code: {name: Tally(overdue=own[True], due=own[False]) for name, own in officers.items()}
            for code, officers in self._counts.items()
        }
        departments = sorted(found, key=lambda code: (*_fewest(together(found[code].values())), code))
        return {code: _by_officer(found[code]) for code in departments}


def together(tallies: Iterable[Tally]) -> Tally:
    """Their sum."""
    found = list(tallies)
    return Tally(overdue=sum(one.overdue for one in found), due=sum(one.due for one in found))


def _by_officer(found: dict[str | None, Tally]) -> dict[str | None, Tally]:
    return {name: found[name] for name in sorted(found, key=lambda name: (*_fewest(found[name]), name is None, name or ""))}


def _fewest(counted: Tally) -> tuple[int, int]:
    return -counted.overdue, -counted.due
