"""The second opinion: the log's dossiers by the rules of the domain, and the figures counted one dossier at a time.

No deltas and no sums over days here, and no code shared with the product's counting.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from math import floor

import msgspec

from motcua.verify.differences import Difference, of_dossier
from shared.contract.envelope import CloudEvent, event_of
from shared.contract.http.log import LogLine
from shared.domain.columns import KEYS
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.domain.fields import UNKNOWN_CHANNEL, Channel, OnlineLevel, Outcome
from shared.domain.lifecycle import State
from shared.domain.localtime import ONE_DAY, local_date
from shared.domain.timeliness import Definition, closed_timeliness
from shared.domain.transitions import apply

LOG = "the log"
Counts = Mapping[str, int]
RowOf = Callable[[Dossier], str]
OUTCOMES = {
    Outcome.REFUSED: "refused",
    Outcome.IN_PART: "granted_in_part",
    Outcome.BY_LAW: "granted_by_law",
    Outcome.NOT_NEEDED: "not_needed",
}
ENDED_WITHOUT_RESULT = (State.WITHDRAWN, State.STOPPED, State.TRANSFERRED)


decode_log_line = msgspec.json.Decoder(LogLine).decode


@dataclass(slots=True)
class Recount:
    """Dossiers after the events taken so far; `faults` are events that the rules or the order of the log do not allow.

    For each instant of `instants` it keeps those that have changed since, as they were known then.
    """

    instants: tuple[datetime, ...] = ()
    dossiers: dict[str, Dossier] = field(default_factory=dict)
    faults: list[Difference] = field(default_factory=list)
    events: int = 0
    position: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    _before: dict[datetime, dict[str, Dossier | None]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def span(self) -> tuple[date, date] | None:
        """The first and the last local day of the log; None while it is empty."""
        if self.first_at is None or self.last_at is None:
            return None
        return local_date(self.first_at), local_date(self.last_at)

    def known_at(self, instant: datetime | None) -> Iterator[Dossier]:
        """The dossiers made of what was recorded until the instant (one of `instants`) inclusive; None: of everything.

        Knowledge of a dossier never goes back: once one of its events counts as later, the following ones do too.
        """
        before = {} if instant is None else self._before[instant]
        for code, dossier in self.dossiers.items():
            known = before.get(code) if code in before else dossier
            if known is not None:
                yield known

    def take(self, line: bytes) -> None:
        """Apply one line of the log."""
        logged = decode_log_line(line)
        event, code = logged.event, logged.event.subject
        if logged.position <= self.position:
            self._fault(code, f"has position {logged.position} after {self.position}")
        self.position = logged.position
        self.events += 1
        before = self.dossiers.get(code)
        try:
            after = apply(before, code, event_of(event), event.time)
        except (Refusal, ValueError) as refusal:
            self._fault(code, f"holds event {event.id} against the rules: {refusal}")
            return
        if event.sequence != after.sequence:
            self._fault(code, f"numbers event {event.id} {event.sequence}, it is the dossier's {after.sequence}th")
        self._remember(code, before, event)
        self.dossiers[code] = after
        self.first_at = min(event.time, self.first_at or event.time)
        self.last_at = max(event.time, self.last_at or event.time)

    def _remember(self, code: str, before: Dossier | None, event: CloudEvent) -> None:
        """Keep the dossier as it was before its first event that was recorded after an instant."""
        if event.recordedtime is None:
            self._fault(code, f"does not say when event {event.id} was recorded")
            return
        for instant in self.instants:
            if event.recordedtime > instant:
                self._before[instant].setdefault(code, before)

    def _fault(self, code: str, detail: str) -> None:
        self.faults.append(of_dossier(LOG, code, detail))


@dataclass(frozen=True, slots=True)
class DatedDossier:
    """A dossier that figures count, with its dates as local days, worked out once for every period asked about.

    One that was never received counts while it waits to be accepted.
    """

    dossier: Dossier
    received: date | None
    closed: date | None
    returned: date | None

    def is_in(self, first: date, last: date) -> bool:
        """Whether any column may count it: one that closed before may have a result that was still to be returned."""
        if self.dossier.acceptances:
            return True
        awaited = self.returned is None or self.returned >= first
        received = self.received is not None and self.received <= last
        return received and (self.closed is None or self.closed >= first or awaited)

    def open_at_end_of(self, day: date) -> bool:
        return self.received is not None and self.received <= day and (self.closed is None or self.closed > day)

    def overdue_at_end_of(self, day: date, definition: Definition) -> bool:
        """Its deadline has passed, and no pause holds it; one that began when it was overdue already does not."""
        due_at = next(
            (change.due_at for change in reversed(self.dossier.deadlines) if local_date(change.at) <= day), None
        )
        deadline = self.dossier.due(due_at)
        if deadline is None or definition.overdue_on(deadline) > day:
            return False
        paused_at = self.paused_at_end_of(day)
        return paused_at is None or paused_at >= definition.overdue_from(deadline)

    def paused_at_end_of(self, day: date) -> datetime | None:
        """When the pause that holds at the end of the day began."""
        for pause in reversed(self.dossier.suspensions):
            if local_date(pause.started_at) <= day:
                return pause.started_at if pause.ended_at is None or local_date(pause.ended_at) > day else None
        return None

    def count_in(self, row: dict[str, int], first: date, last: date, definition: Definition) -> None:
        """Add itself to every column of the period that counts it."""
        self._count_acceptance(row, first, last)
        self._count_receipt(row, first, last)
        if self.closed is not None and first <= self.closed <= last:
            self._count_closing(row, definition)
        if self.open_at_end_of(last):
            row["in_progress_total"] += 1
            row["in_progress_overdue" if self.overdue_at_end_of(last, definition) else "in_progress_within"] += 1
            row["in_progress_suspended"] += self.paused_at_end_of(last) is not None
        channel = self.dossier.return_channel
        if self.returned is not None and channel is not None and first <= self.returned <= last:
            row["returned_total"] += 1
            row[f"returned_{channel.value}"] += 1
        resolved = self.dossier.closed_as is State.RESOLVED and self.closed is not None and self.closed <= last
        row["awaiting_return"] += resolved and (self.returned is None or self.returned > last)

    def _count_receipt(self, row: dict[str, int], first: date, last: date) -> None:
        if self.received is not None and first <= self.received <= last:
            channel = self.dossier.counted_channel
            row["received_total"] += 1
            row[f"received_{channel.value}"] += 1
            row["received_online_full"] += channel is Channel.ONLINE and self.dossier.online_level is OnlineLevel.FULL
            row["received_in_person_or_postal"] += channel is not Channel.ONLINE
            row["received_unknown"] += self.dossier.channel == UNKNOWN_CHANNEL
        elif self.open_at_end_of(first - ONE_DAY):
            row["received_total"] += 1
            row["carried_over"] += 1

    def _count_closing(self, row: dict[str, int], definition: Definition) -> None:
        row["resolved_total"] += 1
        row[f"resolved_{closed_timeliness(self.dossier, definition)}"] += 1
        if self.dossier.outcome in OUTCOMES:
            row[OUTCOMES[self.dossier.outcome]] += 1
        if self.dossier.closed_as in ENDED_WITHOUT_RESULT:
            row[self.dossier.closed_as.value] += 1
        row["stopped_administrative"] += self.dossier.is_administrative

    def _count_acceptance(self, row: dict[str, int], first: date, last: date) -> None:
        """Each waiting that the last day ends in; in time or late is the first answer."""
        if self.dossier.counted_channel is not Channel.ONLINE:
            return
        for number, waiting in enumerate(self.dossier.acceptances):
            answered = None if waiting.answered_at is None else local_date(waiting.answered_at)
            if local_date(waiting.asked_at) <= last and (answered is None or answered > last):
                row["awaiting_acceptance"] += 1
                row["awaiting_acceptance_late"] += waiting.due_at is not None and local_date(waiting.due_at) < last
            if number or waiting.due_at is None or waiting.answered_at is None:
                continue
            if first <= local_date(waiting.answered_at) <= last:
                row["accepted_late" if waiting.answered_at > waiting.due_at else "accepted_in_time"] += 1


def dated(dossiers: Iterable[Dossier]) -> list[DatedDossier]:
    """The dossiers that count: those that were received or waited for it, and were not entered by mistake."""

    def day(instant: datetime | None) -> date | None:
        return None if instant is None else local_date(instant)

    return [
        DatedDossier(dossier, day(dossier.received_at), day(dossier.closed_at), day(dossier.returned_at))
        for dossier in dossiers
        if dossier.state is not State.VOIDED and (dossier.received_at is not None or dossier.acceptances)
    ]


def figures_by_row(
    dossiers: Iterable[DatedDossier], first: date, last: date, definition: Definition, row_of: RowOf
) -> dict[str, Counts]:
    """The counts of the period `first..last` by the definition, for every row that `row_of` names."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(KEYS, 0))
    for dossier in dossiers:
        if dossier.is_in(first, last):
            dossier.count_in(counts[row_of(dossier.dossier)], first, last, definition)
    return dict(counts)


def total_of(rows: Mapping[str, Counts]) -> dict[str, int]:
    """The total row: the sum of the rows."""
    return {key: sum(row[key] for row in rows.values()) for key in KEYS}


def shares_of(row: Counts) -> dict[str, str | None]:
    """The shares of a row in percent, half-up; those of timeliness add up to 100 by the largest. None of nothing."""
    received = row["received_online"] + row["received_in_person"] + row["received_postal"]
    judged = {name: row[f"resolved_{name}"] for name in ("early", "on_time", "overdue")}
    whole = sum(judged.values())
    thousandths = {name: _half_up(Fraction(100_000 * part, whole)) if whole else None for name, part in judged.items()}
    if whole:
        largest = max(judged, key=lambda name: judged[name])
        thousandths[largest] = 100_000 - sum(part or 0 for name, part in thousandths.items() if name != largest)
    return {
        "online_share": _written(_tenths(row["received_online"], row["received_total"]), 1),
        "online_share_of_period": _written(_tenths(row["received_online"], received), 1),
        **{f"{name}_share": _written(part, 3) for name, part in thousandths.items()},
    }


def _tenths(part: int, whole: int) -> int | None:
    return _half_up(Fraction(1000 * part, whole)) if whole else None


def _half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def _written(value: int | None, decimals: int) -> str | None:
    return None if value is None else f"{value // 10**decimals}.{value % 10**decimals:0{decimals}}"
