"""The oracle: what must be true of the acknowledged events, by a straight loop over them; no code of the product."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.faults.dossiers import ENDED, HERE, LEADS_TO, PAUSE_ENDS, Event
from tests.support.recount import TOTAL, RecountedDossier, recount_dossiers, take

DUE_SOON, OVERDUE, ACCEPTANCE_OVERDUE = "due_soon", "overdue", "acceptance_overdue"
DUE_SOON_BEFORE = timedelta(hours=24)
ALERTED_WITHIN = timedelta(
    seconds=20
)  # how late an alert may be before it is missed: the grace, and a tick of each service
CLOSED = frozenset({"resolved", "returned"}) | ENDED
Alert = tuple[str, str, datetime]  # dossier, threshold, deadline


class Expected:
    """Every dossier after its last acknowledged event."""

    def __init__(self, acknowledged: Iterable[Event]) -> None:
        self.sequences: Counter[str] = Counter()
        self.states: dict[str, str] = {}
        self._dossiers: dict[str, RecountedDossier] = defaultdict(RecountedDossier)
        self._deadlines: dict[str, set[datetime]] = defaultdict(set)  # every one that ever held
        for event in acknowledged:
            self._take(event)

    def _take(self, event: Event) -> None:
        code, kind = event["subject"], event["type"].split(".")[3]
        self.sequences[code] += 1
        self.states[code] = LEADS_TO.get(kind, self.states.get(code, ""))
        dossier = self._dossiers[code]
        take(dossier, event)
        if dossier.deadlines:
            self._deadlines[code].add(dossier.deadlines[-1][1])
        self._deadlines[code].update(waiting.due for waiting in dossier.waitings if waiting.due is not None)

    def figures(self, first: date, last: date) -> dict[str, dict[str, int]]:
        """Every column of the figures by department; a department with nothing but zeros is left out."""
        found = recount_dossiers(self._dossiers.values(), first, last)
        return {department: row for department, row in found.items() if department is not TOTAL and any(row.values())}

    @property
    def closed(self) -> frozenset[str]:
        """The dossiers of which no alert may be given any more."""
        return frozenset(code for code, state in self.states.items() if state in CLOSED)

    def alerts_due(self, at: datetime) -> set[Alert]:
        """What must have been announced by then; a dossier that stands on a threshold just now owes nothing yet."""
        return {alert for code in self._dossiers for alert in self._alert_due(code, at)}

    def _alert_due(self, code: str, at: datetime) -> Iterable[Alert]:
        dossier = self._dossiers[code]
        if self.states[code] == "submitted":
            waits_until = dossier.waitings[-1].due if dossier.waitings else None
            if waits_until is not None and at >= waits_until + ALERTED_WITHIN:
                yield code, ACCEPTANCE_OVERDUE, waits_until
            return
        if self.states[code] in CLOSED or self.states[code] in PAUSE_ENDS or not dossier.deadlines:
            return
        due = dossier.deadlines[-1][1]
        if at >= self._overdue_from(dossier, due) + ALERTED_WITHIN:
            yield code, OVERDUE, due
        elif due - DUE_SOON_BEFORE + ALERTED_WITHIN <= at < self._overdue_from(dossier, due):
            yield code, DUE_SOON, due

    def was_right(self, alert: Alert, at: datetime) -> bool:
        """Whether the alert was for a deadline that its dossier had, and not before its time."""
        code, threshold, due = alert
        if code not in self._dossiers or due not in self._deadlines[code]:
            return False
        if threshold == ACCEPTANCE_OVERDUE:
            return at >= due
        return at >= (self._overdue_from(self._dossiers[code], due) if threshold == OVERDUE else due - DUE_SOON_BEFORE)

    @staticmethod
    def _overdue_from(dossier: RecountedDossier, due: datetime) -> datetime:
        """Terms in hours by the instant, others by the date."""
        return due if dossier.in_hours else datetime.combine(due.date() + timedelta(days=1), time(), HERE)


def lag(expected: Expected, counted: dict[str, dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """The dossiers whose snapshots hold another number of events than were acknowledged: (acknowledged, counted)."""
    pairs = {code: (number, counted.get(code, {}).get("sequence", 0)) for code, number in expected.sequences.items()}
    pairs |= {code: (0, snapshot["sequence"]) for code, snapshot in counted.items() if code not in pairs}
    return {code: pair for code, pair in pairs.items() if pair[0] != pair[1]}
