"""The explanation of a receipt: each step as a compiler can check it on a paper calendar,
and the same deadline as the one that counts."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.explanation.steps import length
from shared.catalogue import CalendarEntry
from shared.domain.localtime import LOCAL
from shared.domain.terms import Term, TermUnit
from tests.builders.times import at
from tests.intake.explained import SHIPPED, Office, steps, texts, with_procedure
from tests.intake.sending import cloud_event, received


def hours(amount: int) -> dict[str, Any]:
    return {"amount": amount, "unit": "working_hours"}


def test_a_term_in_working_days_is_told_day_by_day_across_a_weekend_tet_and_a_swapped_saturday() -> None:
    view = Office().takes(received(time="2024-04-26T10:00", term={"amount": 3, "unit": "working_days"})).view()
    assert texts(view, "received", "start", "interval", "deadline") == [
        "Received Fri 2024-04-26 10:00 (online) by H59.15; the clock starts.",
        "Fri 2024-04-26: not counted, the day of receipt.",
        "Sat 2024-04-27: not counted, weekend.",
        "Sun 2024-04-28: not counted, weekend.",
        f"Mon 2024-04-29: not counted, {name_of('2024-04-29')}.",
        f"Tue 2024-04-30: not counted, {name_of('2024-04-30')}.",
        f"Wed 2024-05-01: not counted, {name_of('2024-05-01')}.",
        "Thu 2024-05-02: counted, working day 1 of 3.",
        "Fri 2024-05-03: counted, working day 2 of 3.",
        f"Sat 2024-05-04: counted, working day 3 of 3 (swapped to work: {name_of('2024-05-04')}).",
        "Due Sat 2024-05-04 10:00: 3 working days after the day of receipt, at the same time of day.",
    ]


def name_of(day: str) -> str:
    (entry,) = SHIPPED.entries(date.fromisoformat(day), date.fromisoformat(day))
    return entry.name


def test_a_term_in_hours_is_told_by_day_with_tet_by_its_name_and_nights_left_out() -> None:
    view = Office().takes(received(time="2024-02-07T12:31", term=hours(4))).view()
    assert texts(view, "start") == [
        "Counting starts Wed 2024-02-07 13:30, the next opening: received Wed 2024-02-07 12:31, outside working hours."
    ]
    assert texts(view, "interval") == [
        "Wed 2024-02-07: counted 13:30–17:00, 3 h 30 min.",
        "Thu 2024-02-08: not counted, Tết Nguyên đán Giáp Thìn.",
        "Fri 2024-02-09: not counted, Tết Nguyên đán Giáp Thìn.",
        "Sat 2024-02-10: not counted, Tết Nguyên đán Giáp Thìn.",
        "Sun 2024-02-11: not counted, Tết Nguyên đán Giáp Thìn.",
        "Mon 2024-02-12: not counted, Tết Nguyên đán Giáp Thìn.",
        "Tue 2024-02-13: not counted, Tết Nguyên đán Giáp Thìn.",
        "Wed 2024-02-14: not counted, Tết Nguyên đán Giáp Thìn.",
        "Thu 2024-02-15: counted 07:00–07:30, 30 min.",
    ]
    assert steps(view, "deadline")[0].due_at == at("2024-02-15 07:30")


def test_hours_within_one_day_show_the_lunch_break() -> None:
    view = Office().takes(received(time="2023-12-08T08:31", term=hours(4))).view()
    assert [(step.counted, step.text) for step in steps(view, "start", "interval")] == [
        (None, "Counting starts at once, Fri 2023-12-08 08:31: within working hours."),
        (True, "Fri 2023-12-08: counted 08:31–11:30, 2 h 59 min."),
        (False, "Fri 2023-12-08: not counted, outside working hours."),
        (True, "Fri 2023-12-08: counted 13:30–14:31, 1 h 1 min."),
    ]


def test_full_days_in_a_row_of_a_long_term_in_hours_are_one_step() -> None:
    view = Office().takes(received(time="2023-12-11T07:00", term=hours(48))).view()
    assert texts(view, "interval") == [
        "Mon 2023-12-11 to Fri 2023-12-15: counted 07:00–11:30 and 13:30–17:00 each day, 5 days, 40 h.",
        "Sat 2023-12-16: not counted, weekend.",
        "Sun 2023-12-17: not counted, weekend.",
        "Mon 2023-12-18: counted 07:00–11:30 and 13:30–17:00, 8 h.",
    ]


def test_a_term_that_ends_on_a_day_off_says_how_it_was_moved() -> None:
    view = Office().takes(received(time="2024-02-05T08:31", term={"amount": 4, "unit": "calendar_days"})).view()
    intervals = texts(view, "interval")
    assert intervals[:2] == [
        "From Mon 2024-02-05 08:31: 4 calendar days, days off among them, end on Fri 2024-02-09.",
        "Fri 2024-02-09: not a working day, Tết Nguyên đán Giáp Thìn.",
    ]
    assert intervals[-1] == "Thu 2024-02-15: the first working day after; the deadline moves there."
    assert "ending on a day off (Fri 2024-02-09 08:31) and moved to the next working day" in texts(view, "deadline")[0]


def test_calendar_days_that_end_on_a_saturday_are_told_as_on_paper() -> None:
    view = Office().takes(received(time="2023-05-25T14:40", term={"amount": 30, "unit": "calendar_days"})).view()
    assert [(step.counted, step.text) for step in steps(view, "interval")] == [
        (True, "From Thu 2023-05-25 14:40: 30 calendar days, days off among them, end on Sat 2023-06-24."),
        (False, "Sat 2023-06-24: not a working day, weekend."),
        (False, "Sun 2023-06-25: not a working day, weekend."),
        (False, "Mon 2023-06-26: the first working day after; the deadline moves there."),
    ]


def test_a_month_that_ends_on_a_working_day_is_one_step() -> None:
    view = Office().takes(received(time="2023-01-31T14:40", term={"amount": 1, "unit": "months"})).view()
    assert texts(view, "interval") == [
        "From Tue 2023-01-31 14:40: 1 month, days off among them, ends on Tue 2023-02-28."
    ]


def test_days_before_a_closed_intake_opens_are_not_days_after_the_term() -> None:
    office = Office(with_procedure(closing_hour=time(15), term=Term(1, TermUnit.CALENDAR_DAYS)))
    view = office.takes(received(time="2023-12-09T10:00")).view()
    assert texts(view, "interval") == [
        "Sat 2023-12-09: not counted, weekend.",
        "Sun 2023-12-10: not counted, weekend.",
        "From Mon 2023-12-11 07:00: 1 calendar day, days off among them, ends on Tue 2023-12-12.",
    ]


def test_each_holiday_in_a_row_is_told_by_its_own_name() -> None:
    view = Office().takes(received(time="2023-04-28T10:00", term={"amount": 1, "unit": "working_days"})).view()
    assert texts(view, "interval")[1:] == [
        "Sat 2023-04-29: not counted, Giỗ Tổ Hùng Vương.",
        "Sun 2023-04-30: not counted, Ngày Chiến thắng.",
        "Mon 2023-05-01: not counted, Quốc tế Lao động.",
        "Tue 2023-05-02: not counted, Giỗ Tổ Hùng Vương (nghỉ bù).",
        "Wed 2023-05-03: not counted, Ngày Chiến thắng (nghỉ bù).",
        "Thu 2023-05-04: counted, working day 1 of 1.",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 min"),
        (47, "47 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (7 * 3600, "7 h"),
        (7 * 3600 + 47, "7 h 0 min 47 s"),
        (7 * 3600 + 47 * 60, "7 h 47 min"),
    ],
)
def test_seconds_are_not_taken_for_minutes(seconds: int, words: str) -> None:
    assert length(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize("level", ["full", "partial"])
def test_an_online_receipt_says_full_or_partial(level: str) -> None:
    view = Office().takes(received(online_level=level)).view()
    assert texts(view, "received") == [f"Received Fri 2023-12-08 08:31 (online, {level}) by H59.15; the clock starts."]


def test_the_answer_names_procedure_field_and_department_when_the_catalogue_does() -> None:
    office = Office().takes(received())
    procedure = SHIPPED.procedures["2.000635"]
    named = office.view()
    assert (named.procedure_name, named.field) == (procedure.name, procedure.field)
    assert named.department_name == SHIPPED.departments["H59.15"].name
    bare = replace(SHIPPED, departments={}, versions=())
    unknown = office.view(catalogue_at=lambda _: bare)
    assert (unknown.procedure_name, unknown.field, unknown.department_name) == (None, None, None)


RULES = [
    {"term": Term(2, TermUnit.WORKING_DAYS)},
    {"term": Term(2, TermUnit.CALENDAR_DAYS)},
    {"term": Term(1, TermUnit.MONTHS)},
    {"term": Term(4, TermUnit.WORKING_HOURS)},
    {"term": None, "same_day": True},
    {"term": Term(2, TermUnit.WORKING_DAYS), "closing_hour": time(17)},
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("received_at", ["2023-12-08T00:00", "2023-12-08T17:00", "2023-12-09T00:00"])
def test_a_receipt_at_midnight_or_at_closing_has_no_step_without_time(rule: dict[str, Any], received_at: str) -> None:
    view = Office(with_procedure(**rule)).takes(received(time=received_at)).view()
    empty = [step.text for step in steps(view, "interval") if step.at == step.until]
    assert [
        text for text in empty if ": counted, working day" not in text and "the deadline moves there" not in text
    ] == []
    assert "00:00 to 00:00" not in " ".join(texts(view, "interval"))


def test_a_receipt_after_the_closing_hour_says_from_when_it_counts() -> None:
    office = Office(with_procedure(closing_hour=time(15), term=Term(1, TermUnit.WORKING_DAYS)))
    view = office.takes(received(time="2023-12-08T15:30")).view()
    assert texts(view, "start") == [
        (
            "Counting starts Mon 2023-12-11 07:00, the next opening: "
            "received Fri 2023-12-08 15:30, and the procedure's intake closes at 15:00 of a working day."
        )
    ]
    assert texts(view, "interval") == [
        "Fri 2023-12-08: not counted, the procedure's intake is closed.",
        "Sat 2023-12-09: not counted, weekend.",
        "Sun 2023-12-10: not counted, weekend.",
        "Mon 2023-12-11: not counted, the day of receipt.",
        "Tue 2023-12-12: counted, working day 1 of 1.",
    ]
    assert view.due_at == at("2023-12-12 07:00")


def test_a_same_day_answer_carries_a_date_and_no_term() -> None:
    office = Office(with_procedure(term=None, same_day=True, closing_hour=time(15)))
    view = office.takes(received(time="2023-12-08T14:00"), cloud_event("resolved", "2023-12-08T18:00")).view()
    assert (view.term, view.due_at) == (None, at("2023-12-08 17:00"))
    assert texts(view, "deadline") == ["Due Fri 2023-12-08 17:00: answered the same day, when the last session closes."]
    assert view.timeliness == "on_time"  # judged by dates
    next_day = Office(office.catalogue).takes(received(time="2023-12-08T15:01")).view()
    assert next_day.due_at == at("2023-12-11 17:00")


def test_a_date_that_the_sender_gave_is_told_as_that() -> None:
    given = {"due_at": "2023-12-20T08:00:00+07:00"}
    bare = Office().takes(received(**given)).view()
    assert (texts(bare, "interval"), texts(bare, "deadline")) == (
        [],
        ["Due Wed 2023-12-20 08:00: the date came with the event, nothing was counted."],
    )
    days = {"amount": 5, "unit": "working_days"}
    other = Office().takes(received(**given, term=days)).view()
    assert texts(other, "deadline")[0].endswith("at the same time of day would give Fri 2023-12-15 08:31.")
    same = Office().takes(received(due_at="2023-12-15T08:31:00+07:00", term=days)).view()
    assert texts(same, "deadline")[0].endswith(
        "and the count gives the same: 5 working days after the day of receipt, at the same time of day."
    )
    assert len(texts(same, "interval")) == 8


def test_a_calendar_that_has_changed_since_is_told_honestly() -> None:
    office = Office().takes(received())
    changed = SHIPPED.with_entries([CalendarEntry(date(2023, 12, 13), works=False, name="Nghỉ bù", source="a decree")])
    view = office.view(catalogue_at=lambda _: changed)
    assert "Wed 2023-12-13: not counted, Nghỉ bù." in texts(view, "interval")
    assert texts(view, "deadline") == [
        (
            "Due Fri 2023-12-15 08:31: that is what the event carries; today's calendar gives Mon 2023-12-18 08:31 "
            "(5 working days after the day of receipt, at the same time of day)."
        )
    ]


def test_a_department_that_the_catalogue_no_longer_has_is_still_explained() -> None:
    office = Office().takes(received())
    without = replace(
        SHIPPED, departments={code: found for code, found in SHIPPED.departments.items() if code != "H59.15"}
    )
    view = office.view(catalogue_at=lambda _: without)
    assert "H59.15 is not in the catalogue: counted with the usual hours" in texts(view, "deadline")[0]
    assert view.explanation[-2].due_at == at("2023-12-15 08:31")


def test_days_that_the_calendar_does_not_know_are_not_guessed() -> None:
    office = Office().takes(received())
    short = replace(SHIPPED, calendar_last_day=date(2023, 12, 12))
    view = office.view(catalogue_at=lambda _: short)
    assert (texts(view, "interval"), "nothing can be counted here" in texts(view, "deadline")[0]) == ([], True)


@given(
    st.datetimes(datetime(2023, 1, 1), datetime(2024, 6, 30)),  # noqa: DTZ001 - the offset is put on next
    st.integers(1, 30),
    st.sampled_from(TermUnit),
    st.none() | st.sampled_from([time(11), time(15)]),
)
def test_the_last_interval_ends_at_the_deadline(
    naive: datetime, amount: int, unit: TermUnit, closing_hour: time | None
) -> None:
    amount = min(amount, 6) if unit is TermUnit.MONTHS else amount
    office = Office(with_procedure(term=Term(amount, unit), closing_hour=closing_hour))
    event = received() | {"time": naive.replace(tzinfo=LOCAL, microsecond=0).isoformat()}
    view = office.takes(event).view()
    intervals = steps(view, "interval")
    assert intervals[-1].until == view.due_at
    if unit is TermUnit.WORKING_DAYS:
        assert sum(step.counted is True for step in intervals) == amount
    assert texts(view, "deadline")[0].count("today's calendar") == 0
