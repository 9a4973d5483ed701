"""The explanation: each step as a compiler can check it against a paper calendar, and the same deadline as the one that counts."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.candidates import as_logged
from services.intake.decide import decide
from services.intake.dossier_view import view
from services.intake.parsing import parse
from services.intake.schemas import DossierView, Step
from shared.catalogue import CalendarEntry, Catalogue, load
from shared.domain.definitions import BY_DATE, DEFINITIONS
from shared.domain.dossier import Dossier
from shared.domain.localtime import LOCAL
from shared.domain.terms import Term, TermUnit
from tests.builders.times import at
from tests.intake.sending import APPLICANT_KEY, CODE, Sender, cloud_event, received

SHIPPED = load()
NOW = at("2027-06-01")


@dataclass
class Office:
    """Takes events as intake does, and remembers the log of one dossier."""

    catalogue: Catalogue = SHIPPED
    dossier: Dossier | None = None
    log: list[tuple[bytes, str]] = field(default_factory=list)

    def takes(self, *events: dict[str, Any], recorded_at: datetime = NOW) -> "Office":
        for event in events:
            candidate = parse(msgspec.json.encode(event), APPLICANT_KEY)
            decision = decide(candidate, self.dossier, self.catalogue, NOW)
            self.dossier = decision.dossier
            self.log.append((as_logged(candidate, self.dossier.sequence, recorded_at, decision.stamps), ",".join(decision.stamps)))
        return self

    def tells(
        self, definition: str = BY_DATE.name, catalogue_at: Callable[[datetime], Catalogue] | None = None, now: datetime = NOW
    ) -> DossierView:
        return view(CODE, self.log, catalogue_at or (lambda _: self.catalogue), now, DEFINITIONS[definition])


def steps(told: DossierView, *names: str) -> list[Step]:
    return [step for step in told.explanation if step.step in names]


def texts(told: DossierView, *names: str) -> list[str]:
    return [step.text for step in steps(told, *names)]


def with_procedure(**changes: Any) -> Catalogue:
    """The shipped catalogue with another rule for the procedure of the tests."""
    versions = tuple(replace(found, **changes) if found.code == "2.000635" else found for found in SHIPPED.versions)
    return replace(SHIPPED, versions=versions)


def hours(amount: int) -> dict[str, Any]:
    return {"amount": amount, "unit": "working_hours"}


def test_a_term_in_working_days_is_told_day_by_day_across_a_weekend_tet_and_a_swapped_saturday() -> None:
    told = Office().takes(received(time="2024-04-26T10:00", term={"amount": 3, "unit": "working_days"})).tells()
    assert texts(told, "received", "start", "interval", "deadline") == [
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
    told = Office().takes(received(time="2024-02-07T12:31", term=hours(4))).tells()
    assert texts(told, "start") == [
        "Counting starts Wed 2024-02-07 13:30, the next opening: received Wed 2024-02-07 12:31, outside working hours."
    ]
    assert texts(told, "interval") == [
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
    assert steps(told, "deadline")[0].due_at == at("2024-02-15 07:30")


def test_hours_within_one_day_show_the_lunch_break() -> None:
    told = Office().takes(received(time="2023-12-08T08:31", term=hours(4))).tells()
    assert [(step.counted, step.text) for step in steps(told, "start", "interval")] == [
        (None, "Counting starts at once, Fri 2023-12-08 08:31: within working hours."),
        (True, "Fri 2023-12-08: counted 08:31–11:30, 2 h 59 min."),
        (False, "Fri 2023-12-08: not counted, outside working hours."),
        (True, "Fri 2023-12-08: counted 13:30–14:31, 1 h 1 min."),
    ]


def test_full_days_in_a_row_of_a_long_term_in_hours_are_one_step() -> None:
    told = Office().takes(received(time="2023-12-11T07:00", term=hours(48))).tells()
    assert texts(told, "interval") == [
        "Mon 2023-12-11 to Fri 2023-12-15: counted 07:00–11:30 and 13:30–17:00 each day, 5 days, 40 h.",
        "Sat 2023-12-16: not counted, weekend.",
        "Sun 2023-12-17: not counted, weekend.",
        "Mon 2023-12-18: counted 07:00–11:30 and 13:30–17:00, 8 h.",
    ]


def test_a_term_that_ends_on_a_day_off_says_how_it_was_moved() -> None:
    told = Office().takes(received(time="2024-02-05T08:31", term={"amount": 4, "unit": "calendar_days"})).tells()
    intervals = texts(told, "interval")
    assert intervals[:2] == [
        "Mon 2024-02-05 08:31 to Fri 2024-02-09 08:31: counted, 4 calendar days, with the days off in between.",
        "Fri 2024-02-09: not counted, Tết Nguyên đán Giáp Thìn.",
    ]
    assert intervals[-1] == "Thu 2024-02-15: not counted, the first working day after, to which the deadline moves."
    assert "ending on a day off (Fri 2024-02-09 08:31) and moved to the next working day" in texts(told, "deadline")[0]


def test_a_receipt_after_the_closing_hour_says_from_when_it_counts() -> None:
    office = Office(with_procedure(closing_hour=time(15), term=Term(1, TermUnit.WORKING_DAYS)))
    told = office.takes(received(time="2023-12-08T15:30")).tells()
    assert texts(told, "start") == [
        (
            "Counting starts Mon 2023-12-11 07:00, the next opening: "
            "received Fri 2023-12-08 15:30, and the procedure's intake closes at 15:00 of a working day."
        )
    ]
    assert texts(told, "interval") == [
        "Fri 2023-12-08: not counted, the procedure's intake is closed.",
        "Sat 2023-12-09: not counted, weekend.",
        "Sun 2023-12-10: not counted, weekend.",
        "Mon 2023-12-11: not counted, the day of receipt.",
        "Tue 2023-12-12: counted, working day 1 of 1.",
    ]
    assert told.due_at == at("2023-12-12 07:00")


def test_a_same_day_answer_carries_a_date_and_no_term() -> None:
    office = Office(with_procedure(term=None, same_day=True, closing_hour=time(15)))
    told = office.takes(received(time="2023-12-08T14:00"), cloud_event("resolved", "2023-12-08T18:00")).tells()
    assert (told.term, told.due_at) == (None, at("2023-12-08 17:00"))
    assert texts(told, "deadline") == ["Due Fri 2023-12-08 17:00: answered the same day, when the last session closes."]
    assert told.timeliness == "on_time"  # judged by dates
    next_day = Office(office.catalogue).takes(received(time="2023-12-08T15:01")).tells()
    assert next_day.due_at == at("2023-12-11 17:00")


def test_a_pause_tells_what_it_credits_and_where_that_moves_the_deadline() -> None:
    told = (
        Office()
        .takes(received(), cloud_event("supplement_requested", "2023-12-11T08:00"), cloud_event("supplemented", "2023-12-12T10:00"))
        .tells()
    )
    paused = [step.step for step in told.explanation].index("pause")
    assert [step.text for step in told.explanation[paused:-1]] == [
        (
            "Paused Mon 2023-12-11 08:00, awaiting supplement: "
            "the clock stands; due Fri 2023-12-15 08:31, and it does not become overdue meanwhile."
        ),
        "credited for the pause: Mon 2023-12-11: counted 08:00–11:30 and 13:30–17:00, 7 h.",
        "credited for the pause: Tue 2023-12-12: counted 07:00–10:00, 3 h.",
        "the deadline moves over: Fri 2023-12-15: counted 08:31–11:30 and 13:30–17:00, 6 h 29 min.",
        "the deadline moves over: Sat 2023-12-16: not counted, weekend.",
        "the deadline moves over: Sun 2023-12-17: not counted, weekend.",
        "the deadline moves over: Mon 2023-12-18: counted 07:00–10:31, 3 h 31 min.",
        (
            "Resumed Tue 2023-12-12 10:00, paused since Mon 2023-12-11 08:00 (awaiting supplement): "
            "10 h of working time passed and moves the deadline: due Mon 2023-12-18 10:31 instead of Fri 2023-12-15 08:31."
        ),
    ]


def test_a_pause_of_an_overdue_dossier_says_why_it_moves_nothing() -> None:
    pause = (cloud_event("payment_requested", "2023-12-18T08:00"), cloud_event("payment_settled", "2023-12-20T08:00"))
    told = Office().takes(received(), *pause).tells()
    assert "was overdue already and stays so" in texts(told, "pause")[0]
    assert texts(told, "resumed")[0].endswith(
        "16 h of working time passed, but the dossier was overdue already when the pause began: still due Fri 2023-12-15 08:31."
    )
    assert not [text for text in texts(told, "interval") if "credited" in text]


def test_what_does_not_move_the_deadline_says_so() -> None:
    told = (
        Office()
        .takes(
            received(),
            cloud_event("apologised", "2023-12-14T08:00", promised_at="2023-12-30T08:00:00+07:00"),
            cloud_event("forwarded", "2023-12-14T08:00", agency="Bộ Y tế", due_at="2023-12-14T17:00:00+07:00"),
            cloud_event("forwarded", "2023-12-14T08:00", agency="Sở Y tế"),
            cloud_event("forward_answered", "2023-12-15T08:00", agency="Bộ Y tế"),
            cloud_event("forward_answered", "2023-12-15T08:00", agency="Sở Y tế"),
            cloud_event("forward_answered", "2023-12-15T08:00", agency="Sở Y tế"),
            cloud_event("corrected", "2023-12-15T08:00", field="channel", old_value="online", new_value="postal", reason="gõ nhầm"),
        )
        .tells()
    )
    assert texts(told, "apologised", "forwarded", "forward_answered", "corrected") == [
        (
            "Apology Thu 2023-12-14 08:00, the result promised for Sat 2023-12-30 08:00; "
            "it does not move the deadline: still due Fri 2023-12-15 08:31."
        ),
        "Forwarded Thu 2023-12-14 08:00 to Bộ Y tế, to answer by Thu 2023-12-14 17:00; the dossier's own deadline stays.",
        "Forwarded Thu 2023-12-14 08:00 to Sở Y tế, without a deadline of its own; the dossier's own deadline stays.",
        "Answered Fri 2023-12-15 08:00 by Bộ Y tế: late, its own deadline was Thu 2023-12-14 17:00.",
        "Answered Fri 2023-12-15 08:00 by Sở Y tế: it had no deadline of its own.",
        "Answered Fri 2023-12-15 08:00 by Sở Y tế, from which no answer was waited for.",
        "Corrected Fri 2023-12-15 08:00: channel from online to postal (gõ nhầm).",
    ]
    assert [hop.late for hop in told.hops] == [True, False]
    assert told.due_at == at("2023-12-15 08:31")


def test_extensions_and_corrections_of_the_deadline_tell_old_and_new() -> None:
    told = (
        Office()
        .takes(
            received(),
            cloud_event("extended", "2023-12-13T08:00", due_at="2023-12-20T08:31:00+07:00", legal_ground="khoản 3"),
            cloud_event(
                "corrected",
                "2023-12-14T08:00",
                field="due_at",
                old_value="2023-12-20T08:31:00+07:00",
                new_value="2023-12-19T08:31:00+07:00",
            ),
        )
        .tells()
    )
    extended, corrected = texts(told, "extended", "corrected")
    assert (
        extended == "Extended Wed 2023-12-13 08:00 on a legal ground (khoản 3): due Wed 2023-12-20 08:31 instead of Fri 2023-12-15 08:31."
    )
    assert corrected.endswith("no reason given; due Tue 2023-12-19 08:31 instead of Wed 2023-12-20 08:31.")


def test_a_date_that_the_sender_gave_is_told_as_that() -> None:
    given = {"due_at": "2023-12-20T08:00:00+07:00"}
    bare = Office().takes(received(**given)).tells()
    assert (texts(bare, "interval"), texts(bare, "deadline")) == (
        [],
        ["Due Wed 2023-12-20 08:00: the date came with the event, nothing was counted."],
    )
    days = {"amount": 5, "unit": "working_days"}
    other = Office().takes(received(**given, term=days)).tells()
    assert texts(other, "deadline")[0].endswith("at the same time of day would give Fri 2023-12-15 08:31.")
    same = Office().takes(received(due_at="2023-12-15T08:31:00+07:00", term=days)).tells()
    assert texts(same, "deadline")[0].endswith(
        "and the count gives the same: 5 working days after the day of receipt, at the same time of day."
    )
    assert len(texts(same, "interval")) == 8


def test_no_term_is_no_deadline_and_a_class_of_its_own() -> None:
    told = Office(with_procedure(term=None)).takes(received(), cloud_event("resolved", "2023-12-20T08:00")).tells()
    assert texts(told, "deadline", "class") == [
        "No term and no date were given: the dossier has no deadline and is in no percentage.",
        "no_deadline: a class of its own, in no percentage.",
    ]


def test_a_calendar_that_has_changed_since_is_told_honestly() -> None:
    office = Office().takes(received())
    changed = SHIPPED.with_entries([CalendarEntry(date(2023, 12, 13), works=False, name="Nghỉ bù", source="a decree")])
    told = office.tells(catalogue_at=lambda _: changed)
    assert "Wed 2023-12-13: not counted, Nghỉ bù." in texts(told, "interval")
    assert texts(told, "deadline") == [
        (
            "Due Fri 2023-12-15 08:31: that is what the event carries; today's calendar gives Mon 2023-12-18 08:31 "
            "(5 working days after the day of receipt, at the same time of day)."
        )
    ]


def test_each_event_is_told_by_the_calendar_in_force_when_it_was_recorded() -> None:
    decree = at("2023-12-12 12:00")
    changed = SHIPPED.with_entries([CalendarEntry(date(2023, 12, 13), works=False, name="Nghỉ bù", source="a decree")])
    pause = (cloud_event("supplement_requested", "2023-12-13T08:00"), cloud_event("supplemented", "2023-12-14T08:00"))
    office = Office().takes(received(), recorded_at=at("2023-12-08 08:31"))
    office.catalogue = changed
    told = office.takes(*pause, recorded_at=at("2023-12-14 08:00")).tells(
        catalogue_at=lambda recorded: SHIPPED if recorded < decree else changed
    )
    assert "Wed 2023-12-13: counted, working day 3 of 5." in texts(told, "interval")
    assert "credited for the pause: Wed 2023-12-13: not counted, Nghỉ bù." in texts(told, "interval")
    assert "1 h of working time passed" in texts(told, "resumed")[0]


def test_a_department_that_the_catalogue_no_longer_has_is_still_explained() -> None:
    office = Office().takes(received())
    without = replace(SHIPPED, departments={code: found for code, found in SHIPPED.departments.items() if code != "H59.15"})
    told = office.tells(catalogue_at=lambda _: without)
    assert "H59.15 is not in the catalogue: counted with the usual hours" in texts(told, "deadline")[0]
    assert told.explanation[-2].due_at == at("2023-12-15 08:31")


def test_days_that_the_calendar_does_not_know_are_not_guessed() -> None:
    office = Office().takes(received())
    short = replace(SHIPPED, calendar_last_day=date(2023, 12, 12))
    told = office.tells(catalogue_at=lambda _: short)
    assert (texts(told, "interval"), "nothing can be counted here" in texts(told, "deadline")[0]) == ([], True)


@pytest.mark.parametrize(
    ("definition", "verdict"),
    [
        ("by-date/1", "on_time by by-date/1 (local dates"),
        ("instant/1", "overdue by instant/1 ("),
        ("half-day/1", "overdue by half-day/1 ("),
    ],
)
def test_the_class_is_told_by_the_definition_asked_for(definition: str, verdict: str) -> None:
    office = Office().takes(received(), cloud_event("resolved", "2023-12-15T15:00"))
    told = office.tells(definition)
    assert told.explanation[-1].text.startswith(verdict)
    assert (told.definition, told.timeliness) == (definition, verdict.partition(" ")[0])


def test_an_open_dossier_stands_by_the_definition_asked_for() -> None:
    office = Office().takes(received())
    afternoon = at("2023-12-15 15:00")
    assert [office.tells(name, now=afternoon).timeliness for name in DEFINITIONS] == ["within", "overdue", "overdue"]


@given(
    st.datetimes(datetime(2023, 1, 1), datetime(2024, 6, 30)),  # noqa: DTZ001 - the offset is put on next
    st.integers(1, 30),
    st.sampled_from(TermUnit),
    st.none() | st.sampled_from([time(11), time(15)]),
)
def test_the_last_interval_ends_at_the_deadline(naive: datetime, amount: int, unit: TermUnit, closing_hour: time | None) -> None:
    amount = min(amount, 6) if unit is TermUnit.MONTHS else amount
    office = Office(with_procedure(term=Term(amount, unit), closing_hour=closing_hour))
    event = received() | {"time": naive.replace(tzinfo=LOCAL, microsecond=0).isoformat()}
    told = office.takes(event).tells()
    intervals = steps(told, "interval")
    assert intervals[-1].until == told.due_at
    if unit is TermUnit.WORKING_DAYS:
        assert sum(step.counted is True for step in intervals) == amount
    assert texts(told, "deadline")[0].count("today's calendar") == 0


async def test_a_dossier_is_explained_over_http_by_the_definition_asked_for(intake: Sender) -> None:
    await intake.bulk(received(), cloud_event("resolved", "2023-12-15T15:00"))
    told = await intake.dossier()
    assert [step["step"] for step in told["explanation"]] == ["received", *["interval"] * 8, "deadline", "closed", "class"]
    assert told["explanation"][1] == {
        "step": "interval",
        "at": "2023-12-08T08:31:00+07:00",
        "until": "2023-12-09T00:00:00+07:00",
        "counted": False,
        "due_at": None,
        "text": "Fri 2023-12-08: not counted, the day of receipt.",
    }
    by_instant = (await intake.http.get(f"/v1/dossiers/{CODE}", params={"definition": "instant/1"})).json()
    assert (told["timeliness"], by_instant["timeliness"]) == ("on_time", "overdue")
    unknown = await intake.http.get(f"/v1/dossiers/{CODE}", params={"definition": "by-week/1"})
    assert (unknown.status_code, "choose one of by-date/1" in unknown.json()["detail"]) == (422, True)
