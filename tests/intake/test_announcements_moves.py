"""What an announcement does to one open dossier: a pure function of its events and the calendar before and after."""

from datetime import date, datetime
from typing import Any, NamedTuple

import pytest
from msgspec import Raw

from services.intake.accepting.computing import due_by_catalogue
from services.intake.announcements.moves import CalendarChange, Move, MoveOutcome, move_of, reason
from services.intake.log.history import HistoryEntry, history
from shared.catalogue import CalendarEntry, Catalogue, load
from shared.contract.envelope import CloudEvent, encode, event_type
from shared.contract.http.announcements import AnnouncedDay
from shared.domain import events as domain
from shared.domain.errors import Refusal
from shared.domain.fields import Channel, CorrectableField
from shared.domain.terms import Term, TermUnit

BASE = load()
CODE = "H59.15-231208-0001"
OFF = AnnouncedDay(date(2023, 12, 13), works=False, name="Nghỉ bão")
SATURDAY = AnnouncedDay(date(2023, 12, 16), works=True, name="Làm bù")
FIVE_DAYS = Term(5, TermUnit.WORKING_DAYS)
NOW = "2023-12-11T09:00"  # a Monday; received on Friday 8 December


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+07:00")


class Fact(NamedTuple):
    """An event, when it happened, and whether the deadline in it is intake's own."""

    event: domain.Event
    occurred_at: datetime
    due_computed: bool


def logged(facts: list[Fact]) -> list[HistoryEntry]:
    """The history of the dossier to which these happened."""
    return history(CODE, [(envelope(fact), "due_at" if fact.due_computed else "") for fact in facts])


def envelope(fact: Fact) -> bytes:
    kind, data = fact.event.kind.value, Raw(encode(fact.event))
    event = CloudEvent(
        specversion="1.0",
        id="e",
        source="/counters/07",
        type=event_type(kind),
        subject=CODE,
        time=fact.occurred_at,
        data=data,
    )
    return encode(event)


def entries(*days: AnnouncedDay) -> list[CalendarEntry]:
    return [CalendarEntry(each.day, each.works, each.name, "decree") for each in days]


def with_days(catalogue: Catalogue, *days: AnnouncedDay) -> Catalogue:
    return catalogue.with_entries(entries(*days))


def announced(*days: AnnouncedDay, before: Catalogue = BASE) -> CalendarChange:
    after = with_days(before, *days)
    return CalendarChange(entries(*days), before, after, after)


def receipt(
    due: str = "2023-12-15T08:31", term: Term | None = FIVE_DAYS, *, own: bool = True, when: str = "2023-12-08T08:31"
) -> Fact:
    event = domain.Received(
        department="H59.15", procedure="2.000635", channel=Channel.ONLINE, due_at=at(due), term=term
    )
    return Fact(event, at(when), own)


def pause(when: str) -> Fact:
    return Fact(domain.SupplementRequested(), at(when), due_computed=False)


def resumed(when: str, due: str | None, *, own: bool = True) -> Fact:
    return Fact(domain.Supplemented(due_at=None if due is None else at(due)), at(when), own)


def extended(when: str, due: str, *, own: bool = False) -> Fact:
    return Fact(domain.Extended(due_at=at(due)), at(when), own)


def corrected(when: str, old: str, new: str) -> Fact:
    fact = domain.Corrected(field=CorrectableField.DUE_AT, old_value=at(old).isoformat(), new_value=at(new).isoformat())
    return Fact(fact, at(when), due_computed=False)


def move(facts: list[Fact], change: CalendarChange, now: str = NOW) -> Move | None:
    return move_of(logged(facts), change, at(now))


def new_due(facts: list[Fact], change: CalendarChange, now: str = NOW) -> datetime | None:
    """The deadline that it moves to; None when it does not move."""
    found = move(facts, change, now)
    return found.new_due_at if found is not None and found.outcome is MoveOutcome.PLANNED else None


def test_a_day_off_within_the_term_moves_the_deadline_later() -> None:
    assert new_due([receipt()], announced(OFF)) == at("2023-12-18T08:31")


def test_a_swapped_saturday_within_the_term_moves_the_deadline_earlier() -> None:
    history = [receipt("2023-12-18T08:31", when="2023-12-11T08:31")]
    assert new_due(history, announced(SATURDAY)) == at("2023-12-16T08:31")


@pytest.mark.parametrize("day", ["2023-12-07", "2023-12-18"])
def test_a_day_before_the_receipt_or_after_the_deadline_moves_nothing(day: str) -> None:
    assert move([receipt()], announced(AnnouncedDay(date.fromisoformat(day), works=False, name="x"))) is None


def test_a_term_in_hours_goes_on_after_the_day_off() -> None:
    hours = receipt("2023-12-12T08:31", Term(16, TermUnit.WORKING_HOURS), when="2023-12-08T08:31")
    monday = AnnouncedDay(date(2023, 12, 11), works=False, name="x")
    assert new_due([hours], announced(monday), "2023-12-08T09:00") == at("2023-12-13T08:31")


def test_calendar_days_move_only_when_they_end_on_the_day_off() -> None:
    ends_there = receipt("2023-12-13T08:31", Term(5, TermUnit.CALENDAR_DAYS))
    ends_later = receipt("2023-12-14T08:31", Term(6, TermUnit.CALENDAR_DAYS))
    assert new_due([ends_there], announced(OFF)) == at("2023-12-14T08:31")
    assert move([ends_later], announced(OFF)) is None


def test_a_pause_before_the_day_off_still_counts_as_long_as_it_was() -> None:
    history = [receipt(), pause("2023-12-11T08:00"), resumed("2023-12-12T08:00", "2023-12-18T08:31")]
    assert new_due(history, announced(OFF), "2023-12-12T09:00") == at("2023-12-19T08:31")


def test_a_day_off_within_a_pause_shortens_what_the_pause_gave() -> None:
    """It was working time that did not count for the dossier; now the day does not count for anybody."""
    history = [receipt(), pause("2023-12-12T08:00"), resumed("2023-12-14T08:00", "2023-12-19T08:31")]
    assert (
        move(history, announced(OFF), "2023-12-14T09:00") is None
    )  # one day later by the term, one earlier by the pause


def test_a_worked_saturday_within_a_pause_that_had_moved_nothing_moves_it() -> None:
    """Paused from Friday evening to Sunday:
    no working time had passed, so intake wrote no deadline into the resumption."""
    history = [
        receipt("2023-12-22T08:31", when="2023-12-15T08:31"),
        pause("2023-12-15T17:30"),
        resumed("2023-12-17T09:00", None, own=False),
    ]
    assert (
        move(history, announced(SATURDAY), "2023-12-18T08:00") is None
    )  # the term ends a day earlier, and the pause gives it back
    given = [receipt("2023-12-22T08:31", when="2023-12-15T08:31", own=False), *history[1:]]
    assert new_due(given, announced(SATURDAY), "2023-12-18T08:00") == at("2023-12-25T08:31")


def test_a_dossier_that_is_suspended_moves_too_and_resumes_from_there() -> None:
    history = [receipt(), pause("2023-12-11T08:00")]
    assert new_due(history, announced(OFF)) == at("2023-12-18T08:31")


def test_a_deadline_that_the_sender_gave_stays() -> None:
    assert move([receipt(own=False)], announced(OFF)) is None


def test_an_extension_stays_and_what_follows_is_computed_from_it() -> None:
    fixed = [receipt(), extended("2023-12-11T08:00", "2023-12-20T08:31")]
    assert move(fixed, announced(OFF)) is None
    paused = [*fixed, pause("2023-12-12T08:00"), resumed("2023-12-14T08:00", "2023-12-22T08:31")]
    assert new_due(paused, announced(OFF), "2023-12-14T09:00") == at("2023-12-21T08:31")


def test_a_correction_stays_whatever_the_wrong_deadline_would_be_by_now() -> None:
    fixed = [receipt(), corrected("2023-12-11T08:00", "2023-12-15T08:31", "2023-12-20T08:31")]
    assert move(fixed, announced(OFF)) is None
    paused = [*fixed, pause("2023-12-12T08:00"), resumed("2023-12-14T08:00", "2023-12-22T08:31")]
    assert new_due(paused, announced(OFF), "2023-12-14T09:00") == at("2023-12-21T08:31")


def test_an_overdue_dossier_stays_and_says_so() -> None:
    found = move([receipt()], announced(OFF), "2023-12-16T00:00")
    assert found is not None
    assert (found.outcome, found.due_at) == (MoveOutcome.OVERDUE, at("2023-12-15T08:31"))
    late_before_the_pause = [receipt(), pause("2023-12-16T08:00")]
    found = move(late_before_the_pause, announced(OFF), "2023-12-17T08:00")
    assert found is not None
    assert found.outcome is MoveOutcome.OVERDUE


def test_a_dossier_paused_in_time_is_not_overdue_however_late_the_decree() -> None:
    history = [receipt(), pause("2023-12-14T08:00")]
    assert new_due(history, announced(OFF), "2024-01-05T08:00") == at("2023-12-18T08:31")


def test_nobody_becomes_overdue_in_hindsight() -> None:
    history = [receipt("2023-12-18T08:31", when="2023-12-11T08:31")]
    found = move(history, announced(SATURDAY), "2023-12-17T08:00")
    assert found is not None
    assert (found.outcome, found.new_due_at) == (MoveOutcome.WOULD_BE_OVERDUE, at("2023-12-16T08:31"))


def test_a_closed_dossier_and_one_without_a_deadline_are_left_alone() -> None:
    closed = [receipt(), Fact(domain.Resolved(), at("2023-12-11T08:00"), due_computed=False)]
    assert move(closed, announced(OFF)) is None
    event = domain.Received(department="H59.15", procedure="2.000635", channel=Channel.ONLINE)
    assert move([Fact(event, at("2023-12-08T08:31"), due_computed=False)], announced(OFF)) is None


def test_only_the_days_of_the_announcement_move_it_not_other_changes_of_the_calendar() -> None:
    """The catalogue's files have another day off by now: that is no announcement, and moves nothing by itself."""
    other_files = with_days(BASE, AnnouncedDay(date(2023, 12, 12), works=False, name="in the files since"))
    far = AnnouncedDay(date(2023, 12, 15), works=True, name="so already")
    assert move([receipt()], announced(far, before=other_files)) is None


def test_the_move_of_an_earlier_announcement_is_computed_anew_by_a_later_one() -> None:
    first = with_days(BASE, OFF)
    history = [receipt(), extended(NOW, "2023-12-18T08:31", own=True)]
    assert due_by_catalogue(logged(history), first) == at("2023-12-18T08:31")
    assert new_due(history, announced(SATURDAY, before=first)) == at("2023-12-16T08:31")


def test_announcements_in_any_order_of_moving_end_at_the_newest_calendar() -> None:
    """The first's move is made only after the second took effect: it goes where both lead."""
    first, both = with_days(BASE, OFF), with_days(BASE, OFF, SATURDAY)
    history = [receipt()]
    assert new_due(history, CalendarChange(entries(OFF), BASE, first, both)) == at("2023-12-16T08:31")
    moved = [*history, extended(NOW, "2023-12-16T08:31", own=True)]
    assert move(moved, CalendarChange(entries(OFF), BASE, first, both)) is None
    assert move(moved, CalendarChange(entries(SATURDAY), first, both, both)) is None


def test_what_can_no_longer_be_computed_stays_and_says_so() -> None:
    history = [receipt("2027-12-30T08:31", when="2027-12-23T08:31")]
    last_week = [AnnouncedDay(date(2027, 12, day), works=False, name="x") for day in range(27, 32)]
    with pytest.raises(Refusal):
        due_by_catalogue(logged(history), with_days(BASE, *last_week))
    found = move(history, announced(*last_week), "2027-12-23T09:00")
    assert found is not None
    assert (found.outcome, found.new_due_at) == (MoveOutcome.CANNOT_BE_COMPUTED, None)


def test_the_reason_names_the_days_that_count_for_the_dossier() -> None:
    days = [OFF, SATURDAY, AnnouncedDay(date(2024, 1, 2), works=False, name="x")]
    found = move([receipt()], announced(OFF))
    assert found is not None
    assert reason(found, entries(*days)) == "2023-12-13 is a day off, 2023-12-16 is worked"


def test_without_a_change_of_calendar_a_long_story_gives_its_own_deadline() -> None:
    story: list[Any] = [
        receipt(),
        pause("2023-12-11T08:00"),
        resumed("2023-12-12T08:00", "2023-12-18T08:31"),
        pause("2023-12-14T16:00"),
        resumed("2023-12-18T08:00", "2023-12-19T10:31"),
    ]
    assert due_by_catalogue(logged(story), BASE) == logged(story)[-1].after.due_at
