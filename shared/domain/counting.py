"""Counting as algebra: the day-stamped deltas that one dossier adds to the figures (domain §5).

A figure is a sum of deltas over days and dossiers, so any period, grouping or cut-off is a range sum and the identities
hold by construction. A dossier becomes overdue by the passing of days: the delta of that future day is already there.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from shared.domain.deadline import Deadline
from shared.domain.dossier import Acceptance, Dossier
from shared.domain.fields import UNKNOWN_CHANNEL, Channel, OnlineLevel, Outcome
from shared.domain.lifecycle import State
from shared.domain.localtime import ONE_DAY, local_date
from shared.domain.timeliness import BY_DATE, Definition, Timeliness

RULES_VERSION = 4
"""Raise it whenever the same events give another dossier, another status or another figure:
a new derived field, a new column.

What was made by other rules is not read: the processor derives its ledger anew from the events, reporting refuses to
publish figures until its read model is made anew (docs/decisions/0011-nothing-is-skipped.md).
"""


class Measure(StrEnum):
    """What is counted. A flow is summed over the days of a period; a stock over all days up to a cut-off."""

    RECEIVED = "received"
    RECEIVED_ONLINE_FULL = "received_online_full"
    RECEIVED_UNKNOWN = "received_unknown"
    RESOLVED_EARLY = "resolved_early"
    RESOLVED_ON_TIME = "resolved_on_time"
    RESOLVED_OVERDUE = "resolved_overdue"
    RESOLVED_NO_DEADLINE = "resolved_no_deadline"
    REFUSED = "refused"
    GRANTED_IN_PART = "granted_in_part"
    GRANTED_BY_LAW = "granted_by_law"
    NOT_NEEDED = "not_needed"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    STOPPED_ADMINISTRATIVE = "stopped_administrative"
    TRANSFERRED = "transferred"
    ACCEPTED_IN_TIME = "accepted_in_time"
    ACCEPTED_LATE = "accepted_late"
    RETURNED_IN_PERSON = "returned_in_person"
    RETURNED_POSTAL = "returned_postal"
    RETURNED_ONLINE = "returned_online"
    OPEN = "open"
    OPEN_OVERDUE = "open_overdue"
    OPEN_SUSPENDED = "open_suspended"
    AWAITING_RETURN = "awaiting_return"
    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    AWAITING_ACCEPTANCE_LATE = "awaiting_acceptance_late"


STOCKS = frozenset(
    {
        Measure.OPEN,
        Measure.OPEN_OVERDUE,
        Measure.OPEN_SUSPENDED,
        Measure.AWAITING_RETURN,
        Measure.AWAITING_ACCEPTANCE,
        Measure.AWAITING_ACCEPTANCE_LATE,
    }
)
FLOWS = frozenset(Measure) - STOCKS
JUDGED = (Measure.RESOLVED_EARLY, Measure.RESOLVED_ON_TIME, Measure.RESOLVED_OVERDUE, Measure.OPEN_OVERDUE)
"""The measures that a definition of timeliness decides; all others are facts."""


class Delta(NamedTuple):
    """On `day` (local date) the measure changes by `amount`."""

    day: date
    measure: Measure
    amount: int


PlainDelta = tuple[date, Measure, int]  # a Delta without its names, for it is made of every change of every dossier
Span = tuple[date, date | None]  # days from the first (inclusive) to the second (exclusive, None: without end)


class Stretch(NamedTuple):
    """Days from `first` to `end` (exclusive, None: without end) at whose end this deadline and this pause hold.

    `due_on` is the local day of the deadline.
    """

    first: date
    end: date | None
    deadline: Deadline | None
    due_on: date | None
    paused_at: datetime | None


_RESOLVED_AS = {timeliness: Measure(f"resolved_{timeliness.value}") for timeliness in Timeliness}
_OF_OUTCOME = {
    Outcome.REFUSED: Measure.REFUSED,
    Outcome.IN_PART: Measure.GRANTED_IN_PART,
    Outcome.BY_LAW: Measure.GRANTED_BY_LAW,
    Outcome.NOT_NEEDED: Measure.NOT_NEEDED,
}
_RETURNED_BY = {channel: Measure(f"returned_{channel.value}") for channel in Channel}


def contributions(dossier: Dossier, definition: Definition = BY_DATE) -> list[Delta]:
    """Everything the dossier adds to the figures under the definition,
    as deltas with distinct (day, measure) and no zero.

    A dossier that was never received adds no more than its waiting to be accepted, a voided one nothing. The grouping
    (department, procedure, channel) is the dossier's own.
    """
    return [Delta(*each) for each in (*facts(dossier), *judgements(dossier, definition, stretches(dossier)))]


def facts(dossier: Dossier) -> list[PlainDelta]:
    """What the dossier adds under every definition: all measures but the judged ones."""
    if dossier.state is State.VOIDED:
        return []
    waited = dossier.counted_acceptances
    found = _acceptance(waited) if waited else []
    if dossier.received_at is not None:
        found += _facts(dossier, local_date(dossier.received_at))
    # a measure changes twice on one day only where something happened twice
    return _summed(found) if len(dossier.suspensions) > 1 or len(waited) > 1 else found


def _acceptance(acceptances: Sequence[Acceptance]) -> list[PlainDelta]:
    """How long the application waited; in time or late it is by its first answer, so that it is counted once."""
    found: list[PlainDelta] = []
    for each in acceptances:
        answered = _day(each.answered_at)
        found += _stock(Measure.AWAITING_ACCEPTANCE, local_date(each.asked_at), answered)
        if each.due_at is not None:
            late_on = local_date(each.due_at) + ONE_DAY
            if answered is None or late_on < answered:
                found += _stock(Measure.AWAITING_ACCEPTANCE_LATE, late_on, answered)
    first = acceptances[0]
    if first.answered_at is not None and first.due_at is not None:
        judged = Measure.ACCEPTED_LATE if first.is_late(first.answered_at) else Measure.ACCEPTED_IN_TIME
        found.append((local_date(first.answered_at), judged, 1))
    return found


def judgements(dossier: Dossier, definition: Definition, held: Sequence[Stretch]) -> list[PlainDelta]:
    """What the definition adds to the facts, in the JUDGED measures;
    `held` are the dossier's stretches, the same for every definition."""
    if not (held and dossier.counts):
        return []
    found: list[PlainDelta] = []
    for stretch in held:
        span = overdue_span(stretch, definition)
        if span is not None:
            found += _stock(Measure.OPEN_OVERDUE, *span)
    _, closed, deadline, due_on, _ = held[-1]
    if closed is not None and deadline is not None and due_on is not None:
        assert dossier.closed_at is not None, "the last stretch ends with the closing"
        if closed < due_on:  # all definitions agree where the days differ
            timeliness = Timeliness.EARLY
        elif closed > due_on:
            timeliness = Timeliness.OVERDUE
        else:
            timeliness = definition.judge(dossier.closed_at, deadline)
        found.append((closed, _RESOLVED_AS[timeliness], 1))
    return _summed(found) if len(held) > 1 else found


def _summed(deltas: list[PlainDelta]) -> list[PlainDelta]:
    sums: dict[tuple[date, Measure], int] = {}
    for day, measure, amount in deltas:
        key = day, measure
        sums[key] = sums.get(key, 0) + amount
    return [(day, measure, amount) for (day, measure), amount in sums.items() if amount]


def _facts(dossier: Dossier, received: date) -> list[PlainDelta]:
    closed = _day(dossier.closed_at)
    found = [(received, Measure.RECEIVED, 1), *_stock(Measure.OPEN, received, closed)]
    if dossier.online_level is OnlineLevel.FULL and dossier.counted_channel is Channel.ONLINE:
        found.append((received, Measure.RECEIVED_ONLINE_FULL, 1))
    if dossier.channel == UNKNOWN_CHANNEL:
        found.append((received, Measure.RECEIVED_UNKNOWN, 1))
    for pause in dossier.suspensions:
        found += _stock(Measure.OPEN_SUSPENDED, local_date(pause.started_at), _day(pause.ended_at))
    if dossier.returned_at is not None and dossier.return_channel is not None:
        found.append((local_date(dossier.returned_at), _RETURNED_BY[dossier.return_channel], 1))
    if closed is not None:
        found += _closing(dossier, closed)
    return found


def _closing(dossier: Dossier, closed: date) -> list[PlainDelta]:
    found = [(closed, Measure.RESOLVED_NO_DEADLINE, 1)] if dossier.due_at is None else []
    match dossier.closed_as:
        case State.RESOLVED:
            found += _stock(Measure.AWAITING_RETURN, closed, _day(dossier.returned_at))
            if dossier.outcome in _OF_OUTCOME:
                found.append((closed, _OF_OUTCOME[dossier.outcome], 1))
        case State.WITHDRAWN:
            found.append((closed, Measure.WITHDRAWN, 1))
        case State.TRANSFERRED:
            found.append((closed, Measure.TRANSFERRED, 1))
        case State.STOPPED:
            found.append((closed, Measure.STOPPED, 1))
            if dossier.is_administrative:
                found.append((closed, Measure.STOPPED_ADMINISTRATIVE, 1))
    return found


def _day(instant: datetime | None) -> date | None:
    return None if instant is None else local_date(instant)


def _stock(measure: Measure, first: date, end: date | None) -> list[PlainDelta]:
    if end is None:
        return [(first, measure, 1)]
    return [] if first == end else [(first, measure, 1), (end, measure, -1)]


def overdue_span(stretch: Stretch, definition: Definition) -> Span | None:
    """The days of the stretch at whose end the dossier is overdue by the definition and no pause holds it.

    A pause that began when the dossier was overdue already leaves it overdue (domain §3.6, §4).
    """
    first, end, deadline, due_on, paused_at = stretch
    if deadline is None or due_on is None or (end is not None and end <= due_on):
        return None  # no definition is late on a day before the deadline's
    if paused_at is not None and paused_at < definition.overdue_from(deadline):
        return None
    first = max(first, definition.overdue_on(deadline))
    return (first, end) if end is None or first < end else None


def stretches(dossier: Dossier) -> list[Stretch]:
    """The open days of a dossier, cut where its deadline or its pause changes; none for a dossier without either."""
    closed = _day(dossier.closed_at)
    if len(dossier.deadlines) == 1 and not dossier.suspensions:
        only = dossier.deadlines[0]
        return [Stretch(local_date(only.at), closed, dossier.due(only.due_at), local_date(only.due_at), None)]
    changes = _changes(dossier)
    last = len(changes) - 1
    return [
        Stretch(day, closed if index == last else changes[index + 1][0], dossier.due(due_at), _day(due_at), paused_at)
        for index, (day, due_at, paused_at) in enumerate(changes)
    ]


def _changes(dossier: Dossier) -> list[tuple[date, datetime | None, datetime | None]]:
    """(day, deadline in force at its end, start of the pause that holds at its end),
    one entry a day that changed either."""
    if not dossier.deadlines:
        return []
    points: list[tuple[datetime, int, datetime | None]] = [
        (change.at, 0, change.due_at) for change in dossier.deadlines
    ]
    for suspension in dossier.suspensions:
        points.append((suspension.started_at, 1, suspension.started_at))
        if suspension.ended_at is not None:
            points.append((suspension.ended_at, 1, None))
    points.sort(key=lambda point: point[0])  # stable: a resume and its new deadline share an instant
    days: dict[date, tuple[datetime | None, datetime | None]] = {}
    due: datetime | None = None
    paused_at: datetime | None = None
    for at, kind, value in points:
        if kind == 0:
            due = value
        else:
            paused_at = value
        days[local_date(at)] = (due, paused_at)
    return [(day, *held) for day, held in sorted(days.items())]
