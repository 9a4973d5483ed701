"""The explanation of a deadline that a decree moved: which days became others, by whom, and the count over them."""

from typing import Any

from tests.intake.conftest import Start
from tests.intake.sending import Sender, cloud_event, received

NOW = "2023-12-11T09:00:00+07:00"  # a Monday
DECREE = "QĐ 99/QĐ-TTg"
EXTENDED = f"Extended Mon 2023-12-11 09:00 on a legal ground ({DECREE})"
OFF = {"day": "2023-12-13", "works": False, "name": "Nghỉ bão"}
SATURDAY = {"day": "2023-12-16", "works": True, "name": "Làm bù"}
PAUSE = [cloud_event("supplement_requested", "2023-12-08T10:00"), cloud_event("supplemented", "2023-12-11T08:00")]


async def moved(intake: Sender, *days: dict[str, Any], source: str = DECREE) -> None:
    """Announces, and waits until all is moved."""
    announced = await intake.http.post("/v1/calendar/announcements", json={"source": source, "days": list(days)})
    assert announced.json()["to_move"] == 1, announced.text
    while True:
        stepped = (
            intake.service.move_worker.stepped
        )  # before the look: a step between the look and the wait would be missed
        if (await intake.http.get(announced.headers["Location"])).json()["state"] == "done":
            return
        await stepped.wait()


async def later_texts(intake: Sender) -> list[str]:
    """What comes after the first deadline, without how it stands now."""
    explanation = (await intake.dossier())["explanation"]
    first = [step["step"] for step in explanation].index("deadline")
    return [step["text"] for step in explanation[first + 1 : -1]]


async def test_working_days_are_counted_anew_from_the_day_that_became_a_day_off(start: Start) -> None:
    async with start(clock=NOW) as intake:
        await intake.bulk(received())
        await moved(intake, OFF)
        assert await later_texts(intake) == [
            "Wed 2023-12-13 became a day off (Nghỉ bão, QĐ 99/QĐ-TTg): not counted any more.",
            "counted anew: Wed 2023-12-13: not counted, Nghỉ bão.",
            "counted anew: Thu 2023-12-14: counted, working day 3 of 5.",
            "counted anew: Fri 2023-12-15: counted, working day 4 of 5.",
            "counted anew: Sat 2023-12-16: not counted, weekend.",
            "counted anew: Sun 2023-12-17: not counted, weekend.",
            "counted anew: Mon 2023-12-18: counted, working day 5 of 5.",
            f"{EXTENDED}: due Mon 2023-12-18 08:31 instead of Fri 2023-12-15 08:31; counted anew.",
        ]


async def test_a_second_decree_tells_its_own_days_only(start: Start) -> None:
    async with start(clock=NOW) as intake:
        await intake.bulk(received())
        await moved(intake, OFF)
        first = await later_texts(intake)
        await moved(intake, SATURDAY, source="QĐ 100")
        assert (await later_texts(intake))[len(first) :] == [
            "Sat 2023-12-16 became a working day (Làm bù, QĐ 100): counted now.",
            "counted anew: Sat 2023-12-16: counted, working day 5 of 5 (swapped to work: Làm bù).",
            (
                f"{EXTENDED.replace(DECREE, 'QĐ 100')}: due Sat 2023-12-16 08:31 instead of Mon 2023-12-18 08:31; "
                "counted anew."
            ),
        ]


async def test_days_in_a_row_are_told_together_and_others_for_themselves(start: Start) -> None:
    async with start(clock=NOW) as intake:
        await intake.bulk(received())
        await moved(intake, OFF, OFF | {"day": "2023-12-14"}, OFF | {"day": "2023-12-18"})
        assert [text for text in await later_texts(intake) if "became" in text] == [
            "Wed 2023-12-13 to Thu 2023-12-14 became days off (Nghỉ bão, QĐ 99/QĐ-TTg): not counted any more.",
            "Mon 2023-12-18 became a day off (Nghỉ bão, QĐ 99/QĐ-TTg): not counted any more.",
        ]


async def test_hours_are_counted_anew(start: Start) -> None:
    async with start(clock=NOW) as intake:
        await intake.bulk(received(time="2023-12-08T15:00", term={"amount": 20, "unit": "working_hours"}))
        await moved(intake, OFF)
        assert (await later_texts(intake))[:-1] == [
            "Wed 2023-12-13 became a day off (Nghỉ bão, QĐ 99/QĐ-TTg): not counted any more.",
            "counted anew: Wed 2023-12-13: not counted, Nghỉ bão.",
            "counted anew: Thu 2023-12-14: counted 07:00–09:00, 2 h.",
        ]


async def test_of_calendar_days_only_those_at_the_end_are_told(start: Start) -> None:
    async with start(clock=NOW) as intake:
        await intake.bulk(received(term={"amount": 7, "unit": "calendar_days"}))
        await moved(intake, OFF, OFF | {"day": "2023-12-15"}, OFF | {"day": "2023-12-20"})
        assert await later_texts(intake) == [
            "Fri 2023-12-15 became a day off (Nghỉ bão, QĐ 99/QĐ-TTg).",
            "counted anew: From Fri 2023-12-08 08:31: 7 calendar days, days off among them, end on Fri 2023-12-15.",
            "counted anew: Fri 2023-12-15: not a working day, Nghỉ bão.",
            "counted anew: Sat 2023-12-16: not a working day, weekend.",
            "counted anew: Sun 2023-12-17: not a working day, weekend.",
            "counted anew: Mon 2023-12-18: the first working day after; the deadline moves there.",
            f"{EXTENDED}: due Mon 2023-12-18 08:31 instead of Fri 2023-12-15 08:31; counted anew.",
        ]


async def test_with_a_pause_the_days_and_what_was_counted_anew_are_told(start: Start) -> None:
    async with start(clock=NOW) as intake:
        await intake.bulk(received(), *PAUSE)
        await moved(intake, OFF)
        assert (await later_texts(intake))[-2:] == [
            "Wed 2023-12-13 became a day off (Nghỉ bão, QĐ 99/QĐ-TTg): not counted any more.",
            (
                f"{EXTENDED}: due Mon 2023-12-18 16:31 instead of Fri 2023-12-15 16:31; "
                "counted anew from the receipt on, with what its pauses credit."
            ),
        ]


async def test_an_extension_by_a_sender_is_not_counted_anew(start: Start) -> None:
    async with start(clock=NOW) as intake:
        extended = cloud_event("extended", "2023-12-11T09:00", due_at="2023-12-20T08:31:00+07:00", legal_ground=DECREE)
        await intake.bulk(received(), extended)
        (text,) = await later_texts(intake)
        assert text.endswith("due Wed 2023-12-20 08:31 instead of Fri 2023-12-15 08:31.")
