"""What can be read: why a dossier is due when it is, the catalogue, the log."""

from typing import Any

from tests.intake.conftest import Start
from tests.intake.sending import CODE, Sender, cloud_event, received

STORY = [
    received(),
    cloud_event("processing_started", "2023-12-08T09:00", officer="o-1"),
    cloud_event("supplement_requested", "2023-12-11T08:00", missing="bản sao"),
    cloud_event("supplemented", "2023-12-12T08:00"),
    cloud_event("extended", "2023-12-13T08:00", due_at="2023-12-20T08:31:00+07:00", legal_ground="khoản 3"),
    cloud_event("resolved", "2023-12-21T08:00"),
]


async def test_the_explanation_goes_from_receipt_to_class(intake: Sender) -> None:
    await intake.bulk(*STORY)
    dossier = await intake.dossier()
    steps: list[dict[str, Any]] = dossier["explanation"]
    assert [step["step"] for step in steps] == [
        "received", "deadline", "day_off", "day_off", "pause", "resumed", "extended", "closed", "class",
    ]  # fmt: skip
    assert [step["due_at"] for step in steps if step["step"] in ("deadline", "resumed", "extended")] == [
        "2023-12-15T08:31:00+07:00",
        "2023-12-18T08:31:00+07:00",
        "2023-12-20T08:31:00+07:00",
    ]
    assert steps[2]["at"] == "2023-12-09"
    assert "overdue by by-date/1" in steps[-1]["text"]


async def test_the_history_is_the_log_of_the_dossier(intake: Sender) -> None:
    await intake.bulk(*STORY)
    dossier = await intake.dossier()
    assert [(item["sequence"], item["event"]) for item in dossier["history"]] == [
        (number, event["type"].split(".")[3]) for number, event in enumerate(STORY, 1)
    ]
    assert dossier["suspensions"] == [
        {"kind": "awaiting_supplement", "started_at": "2023-12-11T08:00:00+07:00", "ended_at": "2023-12-12T08:00:00+07:00"}
    ]
    assert (dossier["due_original"], dossier["timeliness"]) == ("2023-12-15T08:31:00+07:00", "overdue")


async def test_an_open_dossier_is_judged_by_the_clock(start: Start) -> None:
    async with start(clock="2023-12-15T23:00:00+07:00") as intake:
        await intake.bulk(received())
        assert (await intake.dossier())["timeliness"] == "within"
    async with start(clock="2023-12-16T00:00:00+07:00") as intake:
        assert (await intake.dossier())["timeliness"] == "overdue"


async def test_a_dossier_that_is_not_there_is_not_found(intake: Sender) -> None:
    for code in (CODE, "15", "%00", f"{CODE}%0A"):
        answer = await intake.http.get(f"/v1/dossiers/{code}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_dossier")


async def test_the_calendar_says_which_days_work_and_why(intake: Sender) -> None:
    days = (await intake.http.get("/v1/calendar", params={"from": "2024-05-03", "to": "2024-05-05"})).json()
    assert [(day["date"], day["working"], day["reason"]) for day in days] == [
        ("2024-05-03", True, "weekday"),
        ("2024-05-04", True, "swapped_to_work"),
        ("2024-05-05", False, "weekend"),
    ]


async def test_a_calendar_beyond_what_is_announced_is_refused(intake: Sender) -> None:
    for period in ({"from": "2090-01-01", "to": "2090-01-02"}, {"from": "2024-05-05", "to": "2024-05-03"}, {"from": "x", "to": "y"}):
        assert (await intake.http.get("/v1/calendar", params=period)).status_code == 422


async def test_the_catalogue_lists_departments_and_procedures(intake: Sender) -> None:
    departments = {found["code"]: found for found in (await intake.http.get("/v1/departments")).json()}
    assert departments["H59.15"]["name"]
    procedures = {found["code"]: found for found in (await intake.http.get("/v1/procedures", params={"department": "H59.15"})).json()}
    assert procedures["2.000635"]["term"] == {"amount": 5, "unit": "working_days"}
    assert all(found["department"] in (None, "H59.15") for found in procedures.values())


async def test_the_log_is_read_in_pages_by_position(intake: Sender) -> None:
    await intake.bulk(*STORY)
    whole = await intake.log()
    assert [entry["position"] for entry in whole] == [1, 2, 3, 4, 5, 6]
    assert await intake.log(after=2, limit=3) == whole[2:5]
    assert (await intake.http.get("/v1/log/head")).json() == {"position": 6, "events": 6, "relayed": 0}
