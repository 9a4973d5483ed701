"""The explanation of what comes after the receipt:
pauses, moves of the deadline, the closing, and the class by each definition."""

from datetime import date, timedelta

import pytest

from services.intake.explanation.steps import clock, length
from shared.catalogue import CalendarEntry
from shared.domain.timeliness import DEFINITIONS
from tests.builders.times import at
from tests.intake.explained import SHIPPED, Office, steps, texts, with_procedure
from tests.intake.sending import CODE, Sender, cloud_event, received


def test_a_pause_tells_what_it_credits_and_where_that_moves_the_deadline() -> None:
    view = (
        Office()
        .takes(
            received(),
            cloud_event("supplement_requested", "2023-12-11T08:00"),
            cloud_event("supplemented", "2023-12-12T10:00"),
        )
        .view()
    )
    paused = [step.step for step in view.explanation].index("pause")
    assert [step.text for step in view.explanation[paused:-1]] == [
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
            "Resumed Tue 2023-12-12 10:00, paused since Mon 2023-12-11 08:00 (awaiting supplement): 10 h of working "
            "time passed and moves the deadline: due Mon 2023-12-18 10:31 instead of Fri 2023-12-15 08:31."
        ),
    ]


def test_a_pause_of_an_overdue_dossier_says_why_it_moves_nothing() -> None:
    pause = (cloud_event("payment_requested", "2023-12-18T08:00"), cloud_event("payment_settled", "2023-12-20T08:00"))
    view = Office().takes(received(), *pause).view()
    assert "was overdue already and stays so" in texts(view, "pause")[0]
    assert texts(view, "resumed")[0].endswith(
        "16 h of working time passed, but the dossier was overdue already when the pause began: "
        "still due Fri 2023-12-15 08:31."
    )
    assert not [text for text in texts(view, "interval") if "credited" in text]


def test_what_does_not_move_the_deadline_says_so() -> None:
    view = (
        Office()
        .takes(
            received(),
            cloud_event("apologised", "2023-12-14T08:00", reason="chờ ý kiến", promised_at="2023-12-30T08:00:00+07:00"),
            cloud_event("forwarded", "2023-12-14T08:00", agency="Bộ Y tế", due_at="2023-12-14T17:00:00+07:00"),
            cloud_event("forwarded", "2023-12-14T08:00", agency="Sở Y tế"),
            cloud_event("forward_answered", "2023-12-15T08:00", agency="Bộ Y tế"),
            cloud_event("forward_answered", "2023-12-15T08:00", agency="Sở Y tế"),
            cloud_event("forward_answered", "2023-12-15T08:00", agency="Sở Y tế"),
            cloud_event(
                "corrected",
                "2023-12-15T08:00",
                field="channel",
                old_value="online",
                new_value="postal",
                reason="gõ nhầm",
            ),
        )
        .view()
    )
    assert texts(view, "apologised", "forwarded", "forward_answered", "corrected") == [
        (
            "Apology Thu 2023-12-14 08:00, the result promised for Sat 2023-12-30 08:00; "
            "it does not move the deadline: still due Fri 2023-12-15 08:31."
        ),
        (
            "Forwarded Thu 2023-12-14 08:00 to Bộ Y tế, to answer by Thu 2023-12-14 17:00; "
            "the dossier's own deadline stays."
        ),
        "Forwarded Thu 2023-12-14 08:00 to Sở Y tế, without a deadline of its own; the dossier's own deadline stays.",
        "Answered Fri 2023-12-15 08:00 by Bộ Y tế: late, its own deadline was Thu 2023-12-14 17:00.",
        "Answered Fri 2023-12-15 08:00 by Sở Y tế: it had no deadline of its own.",
        "Answered Fri 2023-12-15 08:00 by Sở Y tế, from which no answer was waited for.",
        "Corrected Fri 2023-12-15 08:00: channel from online to postal (gõ nhầm).",
    ]
    assert [hop.late for hop in view.hops] == [True, False]
    assert view.due_at == at("2023-12-15 08:31")


def test_extensions_and_corrections_of_the_deadline_tell_old_and_new() -> None:
    view = (
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
                reason="gõ nhầm",
            ),
        )
        .view()
    )
    extended, corrected = texts(view, "extended", "corrected")
    assert extended == (
        "Extended Wed 2023-12-13 08:00 on a legal ground (khoản 3): "
        "due Wed 2023-12-20 08:31 instead of Fri 2023-12-15 08:31."
    )
    assert corrected == (
        "Corrected Thu 2023-12-14 08:00: the deadline, "
        "due Tue 2023-12-19 08:31 instead of Wed 2023-12-20 08:31 (gõ nhầm)."
    )
    assert not view.deadline_corrected_after_closing


def test_a_deadline_corrected_after_the_closing_is_said_to_be() -> None:
    due, right = "2023-12-15T08:31:00+07:00", "2023-12-29T08:31:00+07:00"
    view = (
        Office()
        .takes(
            received(),
            cloud_event("resolved", "2023-12-20T08:00"),
            cloud_event(
                "corrected", "2023-12-21T08:00", field="due_at", old_value=due, new_value=right, reason="gõ nhầm"
            ),
        )
        .view()
    )
    (corrected,) = texts(view, "corrected")
    assert corrected.startswith(
        "Corrected Thu 2023-12-21 08:00: deadline corrected after closing, due Fri 2023-12-29 08:31 instead of "
    )
    assert view.deadline_corrected_after_closing
    assert view.timeliness == "early"


def test_a_return_is_told_with_its_date_and_channel_after_the_closing() -> None:
    resolved, returned = (
        cloud_event("resolved", "2023-12-15T08:00"),
        cloud_event("returned", "2023-12-18T09:10", channel="postal"),
    )
    view = Office().takes(received(), resolved, returned).view()
    assert texts(view, "closed", "returned", "class")[:2] == [
        "Closed Fri 2023-12-15 08:00 as resolved; the clock stops.",
        "Returned Mon 2023-12-18 09:10 (postal): the applicant has the result.",
    ]
    assert steps(view, "returned")[0].at == at("2023-12-18 09:10")


def test_an_answer_on_the_spot_is_returned_and_closed_at_once() -> None:
    view = Office().takes(received(), cloud_event("returned", "2023-12-08T09:00")).view()
    assert texts(view, "returned", "closed") == [
        "Returned Fri 2023-12-08 09:00 (in_person): the applicant has the result.",
        "Closed Fri 2023-12-08 09:00 as returned; the clock stops.",
    ]


@pytest.mark.parametrize(
    ("closed", "words"),
    [
        (
            "2023-12-15T15:00",
            (
                "overdue by half-day/1 (halves of days compared: "
                "due in the morning (until 13:30), closed in the afternoon): closed"
            ),
        ),
        (
            "2023-12-15T09:00",
            (
                "on_time by half-day/1 (halves of days compared: "
                "due in the morning (until 13:30), closed in the morning): closed"
            ),
        ),
        (
            "2023-12-15T06:59",
            (
                "early by half-day/1 (halves of days compared: "
                "due in the morning (until 13:30), closed before the morning): closed"
            ),
        ),
        (
            "2023-12-14T15:00",
            (
                "early by half-day/1 (halves of days compared: "
                "due in the morning (until 13:30), closed Thu 2023-12-14 in the afternoon)"
            ),
        ),
    ],
)
def test_half_days_are_named_with_where_the_day_is_cut(closed: str, words: str) -> None:
    found = Office().takes(received(), cloud_event("resolved", closed)).view("half-day/1")
    assert found.explanation[-1].text.startswith(words)


def test_the_half_day_of_an_open_dossier_is_named() -> None:
    text = Office().takes(received()).view("half-day/1", now=at("2023-12-15 13:00")).explanation[-1].text
    assert text == "Fri 2023-12-15 13:00: within by half-day/1, due Fri 2023-12-15 08:31 in the morning (until 13:30)."


def test_no_term_is_no_deadline_and_a_class_of_its_own() -> None:
    view = Office(with_procedure(term=None)).takes(received(), cloud_event("resolved", "2023-12-20T08:00")).view()
    assert texts(view, "deadline", "class") == [
        "No term and no date were given: the dossier has no deadline and is in no percentage.",
        "no_deadline: a class of its own, in no percentage.",
    ]


def test_each_event_is_told_by_the_calendar_in_force_when_it_was_recorded() -> None:
    decree = at("2023-12-12 12:00")
    changed = SHIPPED.with_entries([CalendarEntry(date(2023, 12, 13), works=False, name="Nghỉ bù", source="a decree")])
    pause = (cloud_event("supplement_requested", "2023-12-13T08:00"), cloud_event("supplemented", "2023-12-14T08:00"))
    office = Office().takes(received(), recorded_at=at("2023-12-08 08:31"))
    office.catalogue = changed
    view = office.takes(*pause, recorded_at=at("2023-12-14 08:00")).view(
        catalogue_at=lambda recorded: SHIPPED if recorded < decree else changed
    )
    assert "Wed 2023-12-13: counted, working day 3 of 5." in texts(view, "interval")
    assert "credited for the pause: Wed 2023-12-13: not counted, Nghỉ bù." in texts(view, "interval")
    assert "1 h of working time passed" in texts(view, "resumed")[0]


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
    view = office.view(definition)
    assert view.explanation[-1].text.startswith(verdict)
    assert (view.definition, view.timeliness) == (definition, verdict.partition(" ")[0])


def test_an_open_dossier_stands_by_the_definition_asked_for() -> None:
    office = Office().takes(received())
    afternoon = at("2023-12-15 15:00")
    assert [office.view(name, now=afternoon).timeliness for name in DEFINITIONS] == ["within", "overdue", "overdue"]


async def test_a_dossier_is_explained_over_http_by_the_definition_asked_for(intake: Sender) -> None:
    await intake.bulk(received(), cloud_event("resolved", "2023-12-15T15:00"))
    view = await intake.dossier()
    assert [step["step"] for step in view["explanation"]] == [
        "received",
        *["interval"] * 8,
        "deadline",
        "closed",
        "class",
    ]
    assert view["explanation"][1] == {
        "step": "interval",
        "at": "2023-12-08T08:31:00+07:00",
        "until": "2023-12-09T00:00:00+07:00",
        "counted": False,
        "due_at": None,
        "text": "Fri 2023-12-08: not counted, the day of receipt.",
    }
    by_instant = (await intake.http.get(f"/v1/dossiers/{CODE}", params={"definition": "instant/1"})).json()
    assert (view["timeliness"], by_instant["timeliness"]) == ("on_time", "overdue")
    unknown = await intake.http.get(f"/v1/dossiers/{CODE}", params={"definition": "by-week/1"})
    assert (unknown.status_code, "choose one of by-date/1" in unknown.json()["detail"]) == (422, True)


OVERNIGHT = (
    cloud_event("supplement_requested", "2023-12-15T15:00"),
    cloud_event("supplemented", "2023-12-18T08:00"),
)


@pytest.mark.parametrize("definition", ["instant/1", "half-day/1"])
def test_a_dossier_paused_when_overdue_by_another_definition_is_told_without_contradiction(definition: str) -> None:
    """By dates it was not overdue when the pause began, so its deadline moves;
    meanwhile it stands overdue by the definition asked for."""
    office = Office().takes(received(), OVERNIGHT[0])
    view = office.view(definition, now=at("2023-12-16 08:00"))
    by_date = "for by by-date/1, by which a pause moves a deadline or not, it was not overdue"
    assert (view.timeliness, texts(view, "pause")[0].partition("and it ")[2]) == (
        "overdue",
        (
            f"was overdue already by {definition} and stays so meanwhile; "
            f"the pause moves its deadline all the same, {by_date}."
        ),
    )
    assert texts(office.view(now=at("2023-12-16 08:00")), "pause")[0].endswith(
        "and it does not become overdue meanwhile."
    )
    resumed = texts(office.takes(OVERNIGHT[1]).view(definition), "resumed")[0]
    assert resumed.endswith(
        f"due Fri 2023-12-15 13:31 instead of Fri 2023-12-15 08:31, {by_date} when the pause began."
    )


def test_a_pause_before_the_deadline_names_the_definition_asked_for() -> None:
    view = Office().takes(received(), cloud_event("supplement_requested", "2023-12-14T15:00")).view("instant/1")
    assert texts(view, "pause")[0].endswith("and it does not become overdue by instant/1 meanwhile.")


def test_a_pause_of_a_dossier_overdue_by_every_definition_says_by_which_nothing_moves() -> None:
    pause = (cloud_event("payment_requested", "2023-12-18T08:00"), cloud_event("payment_settled", "2023-12-20T08:00"))
    view = Office().takes(received(), *pause).view("instant/1")
    assert texts(view, "pause")[0].endswith("and it was overdue already by instant/1 and stays so.")
    assert (
        "was overdue already by by-date/1, by which a pause moves a deadline or not, when the pause began"
        in texts(view, "resumed")[0]
    )


def test_a_fraction_of_a_second_that_decides_is_shown() -> None:
    late = cloud_event("resolved", "2023-12-15T08:31") | {"time": "2023-12-15T08:31:00.000001+07:00"}
    text = Office().takes(received(), late).view("instant/1").explanation[-1].text
    assert (
        text
        == "overdue by instant/1 (instants compared): closed Fri 2023-12-15 08:31:00.000001, due Fri 2023-12-15 08:31."
    )
    assert clock(at("2023-12-15 08:31").replace(second=5, microsecond=250_000)) == "08:31:05.25"
    assert length(timedelta(hours=1, milliseconds=500)) == "1 h 0 min 0.5 s"
