"""What can be read: why a dossier is due when it is, the catalogue, the log."""

from pathlib import Path

import pytest

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


CALENDAR = """
first_day = 2023-01-01
last_day = 2023-12-31

[[days_off]]
day = 2023-03-15
name = "Ngày của Sở"
source = "a decree"
applies_to = ["H59.15"]
announced = 2023-03-01
"""
DEPARTMENTS = """
[[departments]]
code = "H59.15"
name = "Sở"
name_en = "A"

[[departments.hours]]
first = 2023-06-01
sessions = [["06:30:00", "12:00:00"]]
"""
PROCEDURES = """
[[procedures]]
code = "2.000635"
name = "Cũ"
field = "Lĩnh vực"
level = "province"
term = { amount = 5, unit = "working_days" }
valid_to = 2023-06-30

[[procedures]]
code = "2.000635"
name = "Mới"
field = "Lĩnh vực"
level = "province"
term = { amount = 3, unit = "working_days" }
valid_from = 2023-07-01

[[procedures]]
code = "9.000002"
name = "Đã hết"
field = "Lĩnh vực"
level = "province"
valid_to = 2023-06-30
"""


@pytest.fixture
def dated(tmp_path: Path) -> Path:
    """An office whose rules changed in 2023."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    for name, text in (("calendar", CALENDAR), ("departments", DEPARTMENTS), ("procedures", PROCEDURES)):
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


async def test_the_history_is_the_log_of_the_dossier(intake: Sender) -> None:
    await intake.bulk(*STORY)
    dossier = await intake.dossier()
    assert [(item["sequence"], item["event"]) for item in dossier["history"]] == [
        (number, event["type"].split(".")[3]) for number, event in enumerate(STORY, 1)
    ]
    assert dossier["suspensions"] == [
        {
            "kind": "awaiting_supplement",
            "started_at": "2023-12-11T08:00:00+07:00",
            "ended_at": "2023-12-12T08:00:00+07:00",
            "due_at": None,
        }
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
    days = (await intake.http.get("/v1/calendar", params={"from": "2024-05-01", "to": "2024-05-05"})).json()
    assert [(day["date"], day["working"], day["reason"], bool(day["name"]), bool(day["source"])) for day in days] == [
        ("2024-05-01", False, "day_off", True, True),
        ("2024-05-02", True, "weekday", False, False),
        ("2024-05-03", True, "weekday", False, False),
        ("2024-05-04", True, "swapped_to_work", True, True),
        ("2024-05-05", False, "weekend", False, False),
    ]


async def test_the_calendar_of_a_department_has_its_own_days_off(start: Start, dated: Path) -> None:
    async with start(catalogue=dated) as intake:
        asked = {"from": "2023-03-15", "to": "2023-03-15"}
        (everywhere,) = (await intake.http.get("/v1/calendar", params=asked)).json()
        (own,) = (await intake.http.get("/v1/calendar", params=asked | {"department": "H59.15"})).json()
    assert (everywhere["working"], everywhere["applies_to"]) == (True, [])
    assert own == {
        "date": "2023-03-15",
        "working": False,
        "reason": "day_off",
        "name": "Ngày của Sở",
        "source": "a decree",
        "applies_to": ["H59.15"],
        "announced": "2023-03-01",
    }


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"from": "2090-01-01", "to": "2090-01-02"}, "add that year"),
        ({"from": "2024-05-05", "to": "2024-05-03"}, "to: must lie"),
        ({"from": "x", "to": "y"}, "from"),
        ({"from": "2024-05-05", "to": "2024-05-05", "department": "H59.99"}, "department: 'H59.99'"),
    ],
)
async def test_a_calendar_that_cannot_be_told_is_refused_with_the_field(
    intake: Sender, asked: dict[str, str], word: str
) -> None:
    answer = await intake.http.get("/v1/calendar", params=asked)
    assert (answer.status_code, word in answer.json()["detail"]) == (422, True), answer.text


async def test_the_catalogue_lists_departments_and_procedures(intake: Sender) -> None:
    departments = {found["code"]: found for found in (await intake.http.get("/v1/departments")).json()}
    assert departments["H59.15"]["name"]
    procedures = {
        found["code"]: found
        for found in (await intake.http.get("/v1/procedures", params={"department": "H59.15"})).json()
    }
    assert procedures["2.000635"]["term"] == {"amount": 5, "unit": "working_days"}
    assert all(found["department"] in (None, "H59.15") for found in procedures.values())


async def test_the_catalogue_is_the_one_in_force_at_a_date(start: Start, dated: Path) -> None:
    async with start(catalogue=dated, clock="2023-03-14T08:00:00+07:00") as intake:
        by_day = {
            day: (
                (await intake.http.get("/v1/procedures", params=day)).json(),
                (await intake.http.get("/v1/departments", params=day)).json(),
            )
            for day in (None, (("date", "2023-06-30"),), (("date", "2023-07-01"),))
        }
        wrong = await intake.http.get("/v1/procedures", params={"date": "yesterday"})
    seen = [
        (procedures[0]["term"]["amount"], procedures[0]["valid_to"], departments[0]["sessions"])
        for procedures, departments in by_day.values()
    ]
    assert seen == [
        (5, "2023-06-30", [["07:00:00", "11:30:00"], ["13:30:00", "17:00:00"]]),
        (5, "2023-06-30", [["06:30:00", "12:00:00"]]),
        (3, None, [["06:30:00", "12:00:00"]]),
    ]
    assert (wrong.status_code, "date" in wrong.json()["detail"]) == (422, True)


async def test_a_receipt_goes_by_the_procedure_in_force_that_day(start: Start, dated: Path) -> None:
    async with start(catalogue=dated) as intake:
        old, new = (
            received("H59.15-230630-0001", "2023-06-30T08:00"),
            received("H59.15-230703-0001", "2023-07-03T08:00"),
        )
        await intake.bulk(old, new)
        terms = [(await intake.dossier(event["subject"]))["term"]["amount"] for event in (old, new)]
        ended = await intake.bulk(received("H59.15-230704-0001", "2023-07-04T08:00", procedure="9.000002"))
    assert terms == [5, 3]
    (rejection,) = ended["rejections"]
    assert rejection["code"] == "unknown_procedure"
    assert "was not in force on 2023-07-04" in rejection["detail"]
    assert "2023-06-30" in rejection["detail"]


async def test_the_log_is_read_in_pages_by_position(intake: Sender) -> None:
    await intake.bulk(*STORY)
    whole = await intake.log()
    assert [entry["position"] for entry in whole] == [1, 2, 3, 4, 5, 6]
    assert await intake.log(after=2, limit=3) == whole[2:5]
    assert (await intake.http.get("/v1/log/head")).json() == {"position": 6, "events": 6, "relayed": 0}
