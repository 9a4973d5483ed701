"""What happens to the dossiers of a day:
the histories that a read model of any size is multiplied from, made by the domain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from services.reporting.projecting.records import Batch
from services.reporting.read_model.versions import NewVersion
from shared.contract.envelope import encode
from shared.contract.status import status_of
from shared.contract.topics import STATUS
from shared.domain import events
from shared.domain.calendar import WorkingCalendar
from shared.domain.deadline import Deadline, due_after_pause, due_at
from shared.domain.dossier import Dossier
from shared.domain.events import Event
from shared.domain.fields import Channel, OnlineLevel, Outcome
from shared.domain.localtime import LOCAL
from shared.domain.terms import Term, TermUnit
from shared.domain.transitions import apply

CODE, DEPARTMENT, PROCEDURE = "@CODE@", "@DEPARTMENT@", "@PROCEDURE@"
RECORDED_AFTER = timedelta(seconds=2)
WEEK, DAY_OF_HOURS = Term(5, TermUnit.WORKING_DAYS), Term(8, TermUnit.WORKING_HOURS)


class Fate(StrEnum):
    """How a dossier ends; the last two never do."""

    EARLY = "early"
    ON_TIME = "on time"
    ON_THE_SPOT = "on the spot"
    LATE = "late"
    SUPPLEMENTED = "supplemented"
    PAID_LATE = "paid late"
    IN_HOURS = "in hours"
    NO_DEADLINE = "no deadline"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    NOT_COLLECTED = "not collected"
    FORGOTTEN = "forgotten"
    WAITING = "waiting"


Dated = tuple[Event, datetime]
OF_A_THOUSAND: dict[Fate, int] = {
    Fate.EARLY: 380,
    Fate.ON_TIME: 250,
    Fate.ON_THE_SPOT: 120,
    Fate.LATE: 30,
    Fate.SUPPLEMENTED: 60,
    Fate.PAID_LATE: 10,
    Fate.IN_HOURS: 50,
    Fate.NO_DEADLINE: 30,
    Fate.WITHDRAWN: 20,
    Fate.STOPPED: 10,
    Fate.NOT_COLLECTED: 36,
    Fate.FORGOTTEN: 2,
    Fate.WAITING: 2,
}


@dataclass(frozen=True, slots=True)
class Story:
    """The versions of one dossier up to a cut-off, and the dossier at the end."""

    day: date
    channel: Channel
    fate: Fate
    versions: list[NewVersion]
    dossier: Dossier


def stories(days: Sequence[date], calendar: WorkingCalendar, cut: datetime) -> Iterator[Story]:
    """One for every day, channel and fate."""
    for day in days:
        for channel in Channel:
            for number, fate in enumerate(Fate):
                at = datetime.combine(day, time(7, 5 + 4 * number), LOCAL)
                yield _story(
                    day, channel, fate, [event for event in _history(fate, channel, at, calendar) if event[1] <= cut]
                )


def _story(day: date, channel: Channel, fate: Fate, history: list[Dated]) -> Story:
    dossier: Dossier | None = None
    batch = Batch()
    for event, at in history:
        dossier = apply(dossier, CODE, event, at)
        status = status_of(dossier, version=dossier.sequence, recordedtime=at + RECORDED_AFTER, alerted={})
        batch.take(Delivered(encode(status)))
    assert dossier is not None
    return Story(day, channel, fate, batch.versions(CODE), dossier)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A record of the status topic, as the projector reads it."""

    value: bytes
    topic: str = STATUS.name
    partition: int = 0
    offset: int = 0
    key: bytes = CODE.encode()
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 0


def _history(fate: Fate, channel: Channel, at: datetime, calendar: WorkingCalendar) -> list[Dated]:
    term = {Fate.NO_DEADLINE: None, Fate.IN_HOURS: DAY_OF_HOURS}.get(fate, WEEK)
    due = None if term is None else due_at(at, term, calendar)
    level = OnlineLevel.FULL if channel is Channel.ONLINE else None
    received = events.Received(
        department=DEPARTMENT, procedure=PROCEDURE, channel=channel, online_level=level, due_at=due, term=term
    )
    return [(received, at), *_further(fate, channel, at, due or at + timedelta(days=3), calendar)]


def _further(fate: Fate, channel: Channel, at: datetime, due: datetime, calendar: WorkingCalendar) -> list[Dated]:
    started = (events.ProcessingStarted(unit="Phòng Một cửa", officer="o-12"), at + timedelta(minutes=40))
    before = max(due - timedelta(days=2), at + timedelta(hours=1))
    match fate:
        case Fate.EARLY:
            return [started, *_resolved(before, channel)]
        case Fate.ON_TIME | Fate.IN_HOURS | Fate.NO_DEADLINE:
            return [started, *_resolved(due, channel)]
        case Fate.ON_THE_SPOT:
            return [(events.Returned(channel=Channel.IN_PERSON), at + timedelta(minutes=20))]
        case Fate.LATE:
            return [started, *_resolved(due + timedelta(days=2), channel)]
        case Fate.SUPPLEMENTED:
            return [started, *_after_a_pause(at + timedelta(days=1), due, calendar, channel)]
        case Fate.PAID_LATE:
            paid = due + timedelta(days=9)
            asked = (events.PaymentRequested(amount_vnd=50_000), due + timedelta(days=1))
            return [
                started,
                asked,
                (events.PaymentSettled(due_at=due), paid),
                *_resolved(paid + timedelta(hours=1), channel),
            ]
        case Fate.WITHDRAWN:
            return [started, (events.Withdrawn(reason="công dân đề nghị rút"), before)]
        case Fate.STOPPED:
            return [started, (events.Stopped(reason="không bổ sung"), due + timedelta(days=1))]
        case Fate.NOT_COLLECTED:
            return [started, *_resolved(before, channel)[:1]]
        case Fate.FORGOTTEN:
            return [started]
        case Fate.WAITING:
            return [started, (events.SupplementRequested(missing="bản sao"), before)]


def _resolved(at: datetime, channel: Channel) -> list[Dated]:
    """The result, and its return: at the counter within the hour, by post or online the day after."""
    collected = timedelta(minutes=30) if channel is Channel.IN_PERSON else timedelta(days=1)
    return [(events.Resolved(outcome=Outcome.GRANTED), at), (events.Returned(channel=channel), at + collected)]


def _after_a_pause(paused: datetime, due: datetime, calendar: WorkingCalendar, channel: Channel) -> list[Dated]:
    resumed = paused + timedelta(days=6)
    moved = due_after_pause(Deadline(due), paused, resumed, calendar)
    asked = (events.SupplementRequested(missing="bản sao"), paused)
    return [asked, (events.Supplemented(due_at=moved), resumed), *_resolved(moved, channel)]
