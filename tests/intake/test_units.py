"""Units by any of their codes, and units that have ended: what the log keeps, what is a repeat, what is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.catalogue.loading import SHIPPED
from tests.intake.conftest import Start
from tests.intake.sending import CODE, Sender, cloud_event, received

OLDER = "000.00.15.H59"
DEPARTMENTS = """
[[departments]]
code = "H59.15"
name = "Sở Tư pháp"
name_en = "Justice"
[[departments.aliases]]
code = "H59.77"
valid_to = 2023-12-31

[[departments]]
code = "H59.16"
name = "Sở B"
name_en = "B"

[[departments]]
code = "000.00.20.H59"
name = "Trung tâm"
name_en = "Centre"
"""
NEW = {"department": "H59.15", "procedure": "2.000635", "channel": "postal", "received_at": "2023-12-08T08:31:00+07:00"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "catalogue"
    folder.mkdir()
    (folder / "departments.toml").write_text(DEPARTMENTS, encoding="utf-8")
    return folder


@pytest.fixture
async def strict(start: Start, tmp_path: Path) -> AsyncIterator[Sender]:
    """An office with the shipped changes of units that takes no new dossiers for units that have ended."""
    folder = tmp_path / "strict"
    folder.mkdir()
    shipped = (SHIPPED / "units.toml").read_text("utf-8")
    (folder / "units.toml").write_text(shipped.replace("ended_units_take_new_dossiers = true", ""), encoding="utf-8")
    async with start(catalogue=folder) as intake:
        yield intake


async def logged(intake: Sender) -> list[tuple[str, dict[str, Any]]]:
    return [(entry["event"]["subject"], entry["event"]["data"]) for entry in await intake.log()]


@pytest.mark.parametrize("alias", [OLDER, "H59.77", "000.00.77.H59"])
async def test_the_same_event_by_an_alias_is_a_repeat_and_the_log_has_the_units_own_code(
    start: Start, folder: Path, alias: str
) -> None:
    async with start(catalogue=folder) as intake:
        once = received(department=alias, received_by=alias, event_id="once")
        again = received(event_id="once", received_by="H59.15")
        assert (await intake.bulk(once))["accepted"] == 1
        answer = await intake.bulk(again, once, again)
        assert (answer["duplicates"], answer["rejections"]) == (3, [])
        ((_, data),) = await logged(intake)
        assert (data["department"], data["received_by"]) == ("H59.15", "H59.15")
        other = await intake.bulk(received(department="H59.16", event_id="once"))
        assert [each["code"] for each in other["rejections"]] == ["id_reused"]


async def test_a_dossiers_code_stays_as_it_was_sent(intake: Sender) -> None:
    code = f"{OLDER}-231208-0007"
    assert (await intake.bulk(received(code, department=OLDER)))["accepted"] == 1
    assert (await intake.event(code, event="resolved", occurred_at="2023-12-12T08:00:00+07:00")).status_code == 201
    dossier = await intake.dossier(code)
    assert (dossier["code"], dossier["department"], dossier["state"]) == (code, "H59.15", "resolved")
    assert {subject for subject, _ in await logged(intake)} == {code}


async def test_a_new_dossier_by_an_alias_gets_the_next_code_of_its_unit(start: Start, folder: Path) -> None:
    async with start(catalogue=folder) as intake:
        codes = []
        for department in ("H59.15", OLDER, "H59.77", "000.00.20.H59", "H59.20"):
            new = NEW | {"department": department, "procedure": "9.999999", "due_at": "2023-12-20T17:00:00+07:00"}
            answer = (await intake.http.post("/v1/dossiers", json=new)).json()
            codes.append((answer["code"], answer["department"]))
    assert codes == [
        ("H59.15-231208-0001", "H59.15"),
        ("H59.15-231208-0002", "H59.15"),
        ("H59.15-231208-0003", "H59.15"),
        ("000.00.20.H59-231208-0001", "000.00.20.H59"),
        ("000.00.20.H59-231208-0002", "000.00.20.H59"),
    ]


async def test_a_repeated_request_by_its_key_gets_its_first_code(intake: Sender) -> None:
    new, key = NEW | {"department": OLDER}, {"Idempotency-Key": "k"}
    codes = [(await intake.http.post("/v1/dossiers", json=new, headers=key)).json()["code"] for _ in range(2)]
    assert codes == ["H59.15-231208-0001"] * 2


async def test_a_correction_is_of_the_units_own_codes(start: Start, folder: Path) -> None:
    async with start(catalogue=folder) as intake:
        await intake.bulk(received(procedure="9.999999", due_at="2023-12-20T08:00:00+07:00", received_by="H59.16"))
        values: dict[str, Any] = {
            "field": "received_by",
            "old_value": "000.00.16.H59",
            "new_value": "H59.77",
            "reason": "nhập nhầm",
        }
        answer = await intake.event(event="corrected", occurred_at="2023-12-09T08:00:00+07:00", **values)
        assert answer.status_code == 201, answer.text
        values |= {"field": "department", "old_value": "H59.77", "new_value": "H59.20"}
        answer = await intake.event(event="corrected", occurred_at="2023-12-09T09:00:00+07:00", **values)
        assert answer.status_code == 201, answer.text
        kept = [(data["old_value"], data["new_value"]) for _, data in (await logged(intake))[1:]]
        assert kept == [("H59.16", "H59.15"), ("H59.15", "000.00.20.H59")]


async def test_an_alias_outside_its_days_is_nobodys(start: Start, folder: Path) -> None:
    async with start(catalogue=folder) as intake:
        answer = await intake.bulk(received(time="2024-01-02T08:00", department="H59.77"))
        assert [each["code"] for each in answer["rejections"]] == ["unknown_department"]


async def test_the_catalogue_lists_aliases_and_answers_by_them(start: Start, folder: Path) -> None:
    async with start(catalogue=folder) as intake:
        departments = (await intake.http.get("/v1/departments")).json()
        assert {one["code"]: one["aliases"] for one in departments} == {
            "H59.15": [{"code": "H59.77", "valid_from": None, "valid_to": "2023-12-31"}],
            "H59.16": [],
            "000.00.20.H59": [],
        }
        span = {"from": "2023-12-01", "to": "2023-12-08"}
        for alias in (OLDER, "H59.77"):
            procedures = [
                (await intake.http.get("/v1/procedures", params={"department": code, "date": "2023-12-08"})).json()
                for code in (alias, "H59.15")
            ]
            assert procedures[0] == procedures[1]
            assert "2.000635" in {one["code"] for one in procedures[0]}
            assert (await intake.http.get("/v1/calendar", params=span | {"department": alias})).status_code == 200
        stranger = await intake.http.get("/v1/calendar", params=span | {"department": "H59.78"})
        assert stranger.status_code == 422


async def test_an_announcement_is_for_the_unit_whatever_code_it_names(start: Start, folder: Path) -> None:
    async with start(catalogue=folder) as intake:
        places = [OLDER, "H59.15", "000.00.00.H59"]
        day = {"day": "2023-12-13", "works": False, "name": "Nghỉ bão"}
        decree = {"id": "d1", "source": "Quyết định 9", "days": [day], "applies_to": places[:2]}
        answer = await intake.http.post("/v1/calendar/announcements?dry_run=true", json=decree)
        assert answer.status_code == 200, answer.text
        assert answer.json()["applies_to"] == ["H59.15"]
        for place in ("000.00.00.H59", "H59.20"):
            answer = await intake.http.post(
                "/v1/calendar/announcements?dry_run=true", json=decree | {"applies_to": [place]}
            )
            assert answer.status_code == 200, answer.text
            assert answer.json()["applies_to"] == [{"000.00.00.H59": "H59", "H59.20": "000.00.20.H59"}[place]]


def opened(kind: str, day: str, code: str, **data: str) -> dict[str, Any]:
    about = {"department": "H59.15", "procedure": "2.000635", "channel": "online"}
    return cloud_event(kind, f"{day}T08:00", code, **about | data)


@pytest.mark.parametrize("kind", ["received", "submitted"])
async def test_a_new_dossier_for_a_unit_that_has_ended_is_refused_and_told_the_heir(strict: Sender, kind: str) -> None:
    last, first = opened(kind, "2025-06-30", "H59.15-250630-0001"), opened(kind, "2025-07-01", "H59.15-250701-0001")
    answer = await strict.bulk(last, first, opened(kind, "2025-07-01", "H61.15-250701-0001", department="H61.15"))
    assert answer["accepted"] == 2
    (refused,) = answer["rejections"]
    assert (refused["code"], refused["field"]) == ("unit_ended", "data.department")
    for said in (
        "H59.15 (Sở Tư pháp, Trà Vinh) was merged on 2025-07-01 (Nghị quyết 202/2025/QH15)",
        "taken over by H61.15 (Sở Tư pháp, Vĩnh Long)",
        "write H61.15 in data.department",
    ):
        assert said in refused["detail"]


@pytest.mark.parametrize(
    ("department", "procedure", "heir", "others"),
    [
        ("H59.16", "2.001594", "H61.03", "H61.12"),
        ("H59.16", "1.009374", "H61.12", "H61.03"),
        ("H59.16", "9.999999", "H61.12", "H61.03"),
        ("H59.01", "2.002311", "H61.20", ""),
    ],
)
async def test_a_part_of_a_unit_that_was_split_up_has_an_heir_of_its_own(
    strict: Sender, department: str, procedure: str, heir: str, others: str
) -> None:
    due = {"due_at": "2025-08-01T17:00:00+07:00"}
    answer = await strict.bulk(
        opened("received", "2025-07-02", CODE, department=department, procedure=procedure, **due),
        opened("received", "2025-07-02", "H61.12-250702-0001", department=heir, procedure=procedure, **due),
    )
    (refused,) = answer["rejections"]
    assert answer["accepted"] == 1
    assert f"write {heir} in data.department" in refused["detail"]
    assert (f"other procedures by {others}" in refused["detail"]) is bool(others)


async def test_a_place_of_receipt_that_has_ended_is_refused_too(strict: Sender) -> None:
    there = {"department": "H61.15", "received_by": "H59.02"}
    answer = await strict.bulk(opened("received", "2025-07-02", "H61.15-250702-0001", **there))
    assert [(each["code"], each["field"]) for each in answer["rejections"]] == [("unit_ended", "data.received_by")]


async def test_the_dossiers_that_a_unit_had_go_on_after_its_end(intake: Sender) -> None:
    code = "H59.15-250620-0001"
    events = [
        opened("submitted", "2025-06-30", code),
        opened("received", "2025-07-02", code),
        cloud_event("processing_started", "2025-07-02T09:00", code),
        cloud_event("supplement_requested", "2025-07-03T09:00", code, missing="giấy tờ"),
        cloud_event("supplemented", "2025-07-04T09:00", code),
        cloud_event("resolved", "2025-07-07T09:00", code),
    ]
    assert await intake.bulk(*events) == {"accepted": 6, "duplicates": 0, "rejected": 0, "rejections": []}
    assert (await intake.dossier(code))["department"] == "H59.15"


async def test_an_heir_handles_what_it_has_taken_over_from_its_day_on(intake: Sender) -> None:
    early = opened("received", "2025-06-30", "H61.15-250630-0001", department="H61.15")
    strange = opened("received", "2025-07-01", "H61.02-250701-0001", department="H61.02")
    answer = await intake.bulk(early, strange)
    assert [each["code"] for each in answer["rejections"]] == ["wrong_department"] * 2
    assert "that is for H59.15:" in answer["rejections"][0]["detail"]
    assert "that is for H61.15:" in answer["rejections"][1]["detail"]

    async def handled(day: str) -> set[str]:
        answer = await intake.http.get("/v1/procedures", params={"department": "H61.03", "date": day})
        return {one["code"] for one in answer.json() if one["department"] is not None}

    assert await handled("2025-06-30") == set()
    assert await handled("2025-07-01") == {
        "1.004650",
        "1.004628",
        "1.009397",
        "1.000953",
        "2.001594",
        "2.001765",
        "1.003868",
    }


async def test_the_shipped_catalogue_takes_new_dossiers_for_the_units_of_its_examples(intake: Sender) -> None:
    answer = await intake.bulk(
        opened("received", "2025-07-02", CODE), opened("submitted", "2026-07-02", CODE[:-1] + "2")
    )
    assert (answer["accepted"], answer["rejections"]) == (2, [])
