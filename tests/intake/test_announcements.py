"""A decree announced late: what it would move is shown, then moved, once, and every later decision knows it."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from services.intake.accepting.candidates import ComputedFrom, Refused
from services.intake.accepting.parsing import parse
from services.intake.log.tables import METADATA
from shared.access.roles import EVERYTHING
from tests.intake.conftest import Start
from tests.intake.sending import APPLICANT_KEY, Sender, cloud_event, lines, received
from tests.support.wait import wait_until_async

PATH = "/v1/calendar/announcements"
NOW = "2023-12-11T09:00:00+07:00"  # a Monday
DECREE = "Quyết định 99/QĐ-TTg ngày 10/12/2023"
OFF = {"day": "2023-12-13", "works": False, "name": "Nghỉ bão"}
SATURDAY = {"day": "2023-12-16", "works": True, "name": "Làm bù"}
BODY = {"id": "decree-99", "source": DECREE, "days": [OFF]}
DUE, MOVED = "2023-12-15T08:31:00+07:00", "2023-12-18T08:31:00+07:00"  # five working days after Friday 8 December 08:31
WITHIN_S = 30.0


def code(number: int, department: str = "H59.15") -> str:
    return f"{department}-231208-{number:04d}"


@pytest.fixture
def at_nine(start: Start) -> Any:
    return start(clock=NOW)


async def announce(
    intake: Sender, expected: int = 201, params: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    answer = await intake.http.post(PATH, json=BODY | changes, params=params)
    assert answer.status_code == expected, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def done(intake: Sender, announcement: str = "decree-99") -> dict[str, Any]:
    """The announcement when all is moved."""

    async def finished() -> dict[str, Any] | None:
        found: dict[str, Any] = (await intake.http.get(f"{PATH}/{announcement}")).json()
        return found if found["state"] == "done" else None

    found = await wait_until_async(finished, WITHIN_S, "all is moved")
    assert found is not None
    return found


async def due(intake: Sender, number: int) -> Any:
    return (await intake.dossier(code(number)))["due_at"]


async def test_a_key_given_twice_is_refused(at_nine: Any) -> None:
    async with at_nine as intake:
        for twice in (b'"source": "b"', b'"s\\u006furce": "b"'):
            body = msgspec.json.encode(BODY)[:-1] + b"," + twice + b"}"
            answer = await intake.http.post(PATH, content=body, headers={"content-type": "application/json"})
            assert (answer.status_code, answer.json()["field"]) == (422, "source"), answer.text
            assert "is given twice" in answer.json()["detail"]


async def test_a_dry_run_shows_what_moves_and_changes_nothing(at_nine: Any) -> None:
    async with at_nine as intake:
        await intake.bulk(received(code(1)), received(code(2)), cloud_event("resolved", "2023-12-11T08:00", code(2)))
        found = await announce(intake, 200, {"dry_run": "true"})
        assert (found["state"], found["open_dossiers_examined"], found["to_move"], found["moved"]) == (
            "dry_run",
            1,
            1,
            0,
        )
        assert found["moves"] == [
            {
                "code": code(1),
                "department": "H59.15",
                "procedure": "2.000635",
                "received_at": "2023-12-08T08:31:00+07:00",
                "due_at": DUE,
                "new_due_at": MOVED,
                "outcome": "planned",
                "reason": "2023-12-13 is a day off",
            }
        ]
        assert (await due(intake, 1), len(await intake.log())) == (DUE, 3)
        assert (await intake.http.get(PATH)).json() == []
        await intake.bulk(received(code(3)))
        assert await due(intake, 3) == DUE


async def test_a_dry_run_says_why_open_dossiers_are_not_affected(at_nine: Any) -> None:
    async with at_nine as intake:
        given = received(code(1), due_at=DUE)
        none = received(code(2, "H90.01"), procedure="1.000001", department="H90.01")
        due_before = received(code(3), term={"amount": 1, "unit": "working_days"})
        closed = (received(code(4), due_at=DUE), cloud_event("resolved", "2023-12-11T08:00", code(4)))
        await intake.bulk(given, none, due_before, *closed, received(code(5)))
        found = await announce(intake, 200, {"dry_run": "true"})
        assert (found["open_dossiers_examined"], found["to_move"], found["stays"]) == (4, 1, {})
        assert found["not_affected"] == {"no_deadline": 1, "given_by_sender": 1, "same_deadline": 1}
        assert (await announce(intake))["not_affected"] is None


async def test_an_announcement_moves_what_the_dry_run_showed(at_nine: Any) -> None:
    async with at_nine as intake:
        await intake.bulk(received(code(1)))
        shown = await announce(intake, 200, {"dry_run": "true"})
        answer = await intake.http.post(PATH, json=BODY)
        assert (answer.status_code, answer.headers["Location"]) == (201, f"{PATH}/decree-99")
        moves = [{**move, "outcome": "moved"} for move in shown["moves"]]
        assert [{**move, "outcome": "moved"} for move in answer.json()["moves"]] == moves
        found = await done(intake)
        assert (found["moves"], found["to_move"], found["moved"], found["open_dossiers_examined"]) == (moves, 1, 1, 1)
        event = (await intake.log())[-1]["event"]
        assert (event["source"], event["type"], event["time"]) == (
            "/intake/calendar",
            "vn.motcua.dossier.extended.v1",
            NOW,
        )
        assert event["data"] == {"due_at": MOVED, "legal_ground": DECREE}
        assert await due(intake, 1) == MOVED


async def test_what_is_received_after_it_is_decided_with_it(at_nine: Any) -> None:
    async with at_nine as intake:
        await announce(intake)
        await intake.bulk(received(code(1)))
        assert await due(intake, 1) == MOVED
        calendar = (await intake.http.get("/v1/calendar", params={"from": "2023-12-13", "to": "2023-12-13"})).json()
        assert (calendar[0]["working"], calendar[0]["name"], calendar[0]["source"]) == (False, "Nghỉ bão", DECREE)
        assert (await done(intake))["to_move"] == 0


async def test_another_instance_decides_with_it_from_that_instant(start: Start) -> None:
    async with start(clock=NOW) as one, start(clock=NOW) as other:
        await other.bulk(received(code(1)))
        await announce(one)
        await other.bulk(received(code(2)))
        assert await due(other, 2) == MOVED
        await done(one)
        assert await due(other, 1) == MOVED


async def test_no_receipt_among_many_keeps_the_old_calendar(at_nine: Any) -> None:
    """Receipts go on while it is announced: each is decided with it, or found by it and moved."""
    async with at_nine as intake:
        numbers = range(1, 121)
        posts = [intake.bulk(received(code(number))) for number in numbers]
        await asyncio.gather(*posts[:60], announce(intake), *posts[60:])
        await done(intake)
        assert {await due(intake, number) for number in numbers} == {MOVED}
        log = await intake.log()
        assert len({entry["event"]["id"] for entry in log}) == len(log)


async def test_the_same_announcement_again_gets_the_same_answer_and_moves_nothing_twice(at_nine: Any) -> None:
    async with at_nine as intake:
        await intake.bulk(received(code(1)))
        await announce(intake)
        first = await done(intake)
        again = await announce(intake, 200)
        assert (again | {"notes": []}, len(await intake.log())) == (first, 2)
        assert [each["id"] for each in (await intake.http.get(PATH)).json()] == ["decree-99"]


@pytest.mark.parametrize("change", [{"source": "another decree"}, {"days": [OFF, SATURDAY]}, {"applies_to": ["H59"]}])
async def test_an_id_with_another_content_is_a_conflict(at_nine: Any, change: dict[str, Any]) -> None:
    async with at_nine as intake:
        await announce(intake)
        found = await announce(intake, 409, **change)
        assert found["code"] == "id_reused"
        assert len((await intake.http.get(PATH)).json()) == 1


async def test_it_holds_for_the_departments_it_names(at_nine: Any) -> None:
    async with at_nine as intake:
        other = received(
            code(2, "H59.16"), department="H59.16", procedure="9.999999", term={"amount": 5, "unit": "working_days"}
        )
        await intake.bulk(received(code(1)), other)
        found = await announce(intake, applies_to=["H59.16"])
        assert found["open_dossiers_examined"] == 1
        await done(intake)
        assert await due(intake, 1) == DUE
        assert (await intake.dossier(code(2, "H59.16")))["due_at"] == MOVED


async def test_a_dossier_that_is_overdue_stays_and_is_told(start: Start) -> None:
    async with start(clock="2023-12-18T09:00:00+07:00") as intake:
        await intake.bulk(received(code(1)))
        found = await announce(intake)
        assert (found["to_move"], found["stays"]) == (0, {"overdue": 1})
        assert (await done(intake))["moves"] == []
        listed = (await intake.http.get(f"{PATH}/decree-99", params={"outcome": "overdue"})).json()["moves"]
        assert [(each["code"], each["due_at"], each["reason"]) for each in listed] == [
            (code(1), DUE, "it is overdue already, and stays so")
        ]
        assert await due(intake, 1) == DUE


async def test_a_later_announcement_computes_moved_deadlines_anew(at_nine: Any) -> None:
    async with at_nine as intake:
        await intake.bulk(received(code(1)))
        await announce(intake)
        await done(intake)
        await announce(intake, id="decree-100", days=[SATURDAY])
        assert (await done(intake, "decree-100"))["moved"] == 1
        assert await due(intake, 1) == "2023-12-16T08:31:00+07:00"
        await announce(intake, id="decree-101", days=[OFF | {"works": True}])
        assert (await done(intake, "decree-101"))["moved"] == 1
        assert await due(intake, 1) == DUE


async def test_moves_come_in_pages_and_the_count_is_of_all(at_nine: Any) -> None:
    async with at_nine as intake:
        await intake.bulk(*(received(code(number)) for number in range(1, 6)))
        for params in ({"dry_run": "true"}, {}):
            found = await announce(intake, 200 if params else 201, {**params, "limit": 2})
            assert (found["to_move"], [each["code"] for each in found["moves"]]) == (5, [code(1), code(2)])
            assert found["next_cursor"] == code(2)
        rest = (await intake.http.get(f"{PATH}/decree-99", params={"cursor": code(2), "limit": 3})).json()
        assert ([each["code"] for each in rest["moves"]], rest["next_cursor"]) == ([code(3), code(4), code(5)], None)


async def test_a_restart_goes_on_where_the_last_one_was(start: Start) -> None:
    """The first stops before it has moved anything; its data folder is what the second one has."""
    async with start(clock=NOW) as intake:
        await intake.bulk(*(received(code(number)) for number in range(1, 4)))
        intake.service.committer.close()  # from here on nothing can be moved
        answer = await intake.http.post(PATH, json=BODY)
        assert answer.json()["to_move"] == 3
    async with start(clock=NOW) as intake:
        assert (await done(intake))["moved"] == 3
        assert {await due(intake, number) for number in (1, 2, 3)} == {MOVED}
        assert len(await intake.log()) == 6


async def test_days_that_are_so_already_are_told_and_do_no_harm(at_nine: Any) -> None:
    async with at_nine as intake:
        friday, sunday = (
            {"day": "2023-12-15", "works": True, "name": "Thứ Sáu"},
            {"day": "2023-12-17", "works": False, "name": "Chủ Nhật"},
        )
        found = await announce(intake, days=[OFF, friday, sunday])
        assert found["notes"] == ["2023-12-15 is a working day already", "2023-12-17 is a day off already"]
        assert [each["day"] for each in found["days"]] == ["2023-12-13", "2023-12-15", "2023-12-17"]


@pytest.mark.parametrize(
    ("change", "field", "word"),
    [
        ({"source": ""}, "source", "it is empty; write at least 1"),
        ({"source": 99}, "source", "it is not a text; write it in quotes"),
        ({"source": "x" * 501}, "source", "shorten it to 500 characters"),
        ({"colour": "red"}, "colour", "choose one of id, source, announced_at, days, applies_to"),
        ({"days": []}, "days", "it is empty; give at least one"),
        ({"days": OFF}, "days", "it is not a list"),
        ({"days": ["2023-12-13"]}, "days.0", "write a day as an object"),
        ({"days": [OFF] * 401}, "days", "it has 401 entries; send at most 400"),
        ({"days": [OFF | {"date": "2023-12-13"}]}, "days.0.date", "choose one of day, first, last, works, name"),
        ({"days": [{"day": "2023-12-13", "name": "x"}]}, "days.0.works", "write false for a day off"),
        ({"days": [{"day": "2023-12-13", "works": False}]}, "days.0.name", "write what the day is called"),
        ({"days": [OFF | {"day": "31/08/2026"}]}, "days.0.day", "2026-08-31"),
        ({"days": [OFF | {"day": 1702425600}]}, "days.0.day", "2026-08-31"),
        ({"days": [OFF | {"works": "no"}]}, "days.0.works", "neither true nor false"),
        ({"days": [OFF | {"first": "2023-12-13", "last": "2023-12-14"}]}, "days.0", "either"),
        ({"days": [{"first": "2023-12-13", "works": False, "name": "x"}]}, "days.0", "either"),
        ({"days": [{"works": False, "name": "x"}]}, "days.0", "either"),
        ({"days": [{"first": "2023-12-14", "last": "2023-12-13", "works": False, "name": "x"}]}, "days.0.last", "swap"),
        (
            {"days": [{"first": "2023-12-14", "last": "2033-12-13", "works": False, "name": "x"}]},
            "days.0.last",
            "check the year",
        ),
        ({"days": [OFF, OFF | {"works": True}]}, "days.1", "keep one"),
        ({"days": [OFF | {"day": "2043-12-13"}]}, "days.0", "calendar.toml"),
        ({"days": [{"day": "2023-12-15", "works": True, "name": "Thứ Sáu"}]}, "days", "nothing would change"),
        ({"applies_to": ["H59", "H5"]}, "applies_to.1", "GET /v1/departments"),
        ({"announced_at": "2023-12-11T10:00:00+07:00"}, "announced_at", "not come yet"),
        ({"announced_at": "2023-12-11T10:00:00"}, "announced_at", "offset"),
        (
            {"announced_at": "0001-01-01T00:00:00+00:00"},
            "announced_at",
            "outside the years 1900-2999; correct the year",
        ),
        (
            {"announced_at": "0001-01-01T00:00:00+14:00"},
            "announced_at",
            "outside the years 1900-2999; correct the year",
        ),
        (
            {"announced_at": "9999-12-31T23:59:59-14:00"},
            "announced_at",
            "outside the years 1900-2999; correct the year",
        ),
        ({"days": [OFF | {"day": "9999-12-31"}]}, "days.0.day", "outside the years 1900-2999; correct the year"),
        ({"days": [OFF | {"day": "0001-01-01"}]}, "days.0.day", "outside the years 1900-2999; correct the year"),
        ({"days": [OFF | {"day": "2999-12-31"}]}, "days.0", "calendar.toml"),
        (
            {"days": [{"first": "2999-01-01", "last": "9999-12-31", "works": False, "name": "x"}]},
            "days.0.last",
            "correct the year",
        ),
        ({"source": " \t"}, "source", "it is blank"),
        ({"source": "QĐ\x00"}, "source", "cannot be seen (U+0000)"),
        ({"source": "QĐ\n99"}, "source", "cannot be seen (U+000A)"),
        ({"days": [OFF | {"name": "\x1b[31mNghỉ"}]}, "days.0.name", "cannot be seen (U+001B)"),
        ({"days": [OFF | {"name": "  "}]}, "days.0.name", "it is blank"),
        ({"id": "a/b"}, "id", "go on with those"),
    ],
)
async def test_what_is_wrong_is_named_field_by_field(
    at_nine: Any, change: dict[str, Any], field: str, word: str
) -> None:
    async with at_nine as intake:
        for params in ({"dry_run": "true"}, {}):
            answer = await intake.http.post(PATH, json=BODY | change, params=params)
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), (
                answer.text
            )
            assert [error["field"] for error in answer.json()["errors"]] == [field]
            assert word in answer.json()["detail"]
        assert (await intake.http.get(PATH)).json() == []


async def test_what_is_no_announcement_is_refused(at_nine: Any) -> None:
    async with at_nine as intake:
        headers = {"content-type": "application/json"}
        assert (await intake.http.post(PATH, content=b"{", headers=headers)).status_code == 422
        assert (await intake.http.post(PATH, content=b"[]", headers=headers)).status_code == 422
        assert (await intake.http.post(PATH, content=b"{}", headers={"content-type": "text/plain"})).status_code == 415
        assert (
            await intake.http.post(PATH, json=BODY, headers={"Authorization": "Bearer another"})
        ).status_code == httpx.codes.UNAUTHORIZED
        assert (await intake.http.get(f"{PATH}/nothing")).json()["code"] == "unknown_announcement"


async def test_the_feed_has_all_that_a_calendar_needs(at_nine: Any) -> None:
    async with at_nine as intake:
        days = [{"first": "2023-12-13", "last": "2023-12-14", "works": False, "name": "Nghỉ bão"}, SATURDAY]
        await announce(intake, days=days, applies_to=["H59"], announced_at="2023-12-10T20:00:00+07:00")
        (listed,) = (await intake.http.get(PATH)).json()
        assert (listed["source"], listed["announced"], listed["applies_to"]) == (DECREE, "2023-12-10", ["H59"])
        assert [(each["day"], each["works"], each["name"]) for each in listed["days"]] == [
            ("2023-12-13", False, "Nghỉ bão"),
            ("2023-12-14", False, "Nghỉ bão"),
            ("2023-12-16", True, "Làm bù"),
        ]


async def test_an_idle_instance_shows_what_another_one_announced(start: Start) -> None:
    async with start(clock=NOW) as one, start(clock=NOW) as idle:
        await announce(one)
        calendar = (await idle.http.get("/v1/calendar", params={"from": "2023-12-13", "to": "2023-12-13"})).json()
        assert calendar[0]["working"] is False


async def test_events_that_come_in_while_it_moves_are_neither_lost_nor_overruled(at_nine: Any) -> None:
    """Half of the dossiers get a deadline from a person at that very time: it stands, whichever was first."""
    async with at_nine as intake:
        numbers = range(1, 101)
        given = "2023-12-29T10:00:00+07:00"
        await intake.bulk(*(received(code(number)) for number in numbers))
        extensions = [
            cloud_event("extended", "2023-12-11T09:00", code(number), due_at=given, legal_ground="x")
            for number in numbers[::2]
        ]
        await asyncio.gather(announce(intake), *(intake.bulk(extension) for extension in extensions))
        found = await done(intake)
        assert [await due(intake, number) for number in numbers] == [given, MOVED] * 50
        assert found["moved"] + found["stays"].get("changed_meanwhile", 0) <= 100
        assert found["moved"] >= 50


async def test_the_explanation_tells_the_day_off_and_the_decree(at_nine: Any) -> None:
    async with at_nine as intake:
        await intake.bulk(received(code(1)))
        await announce(intake)
        await done(intake)
        await intake.bulk(received(code(2)))
        moved, later = await intake.dossier(code(1)), await intake.dossier(code(2))
        assert any(DECREE in step["text"] and step["due_at"] == MOVED for step in moved["explanation"])
        assert any("2023-12-13" in str(step) and "Nghỉ bão" in str(step) for step in later["explanation"])
        first_deadline = next(step["due_at"] for step in moved["explanation"] if step["step"] == "deadline")
        assert first_deadline == DUE


async def test_a_move_computed_from_an_older_dossier_is_refused_softly(at_nine: Any) -> None:
    async with at_nine as intake:
        await intake.bulk(received(code(1)), cloud_event("processing_started", "2023-12-08T09:00", code(1)))
        event = lines(cloud_event("extended", "2023-12-11T09:00", code(1), due_at=MOVED))
        stale = replace(parse(event, APPLICANT_KEY), basis=ComputedFrom(1, frozenset({"due_at"})))
        (outcome,) = await intake.service.committer.submit([stale], EVERYTHING)
        assert isinstance(outcome, Refused)
        assert outcome.refusal.code == "dossier_changed"
        assert len(await intake.log()) == 2


OF_YESTERDAY = ("event_log", "serials", "idempotency_keys", "relay_cursor")


async def test_a_data_folder_of_yesterday_starts_and_can_announce(start: Start) -> None:
    async with start(clock=NOW) as intake:
        await intake.bulk(received(code(1)))
        async with intake.service.database.writer.begin() as connection:
            function = ["DROP FUNCTION audit_is_append_only"] if intake.service.database.is_postgresql else []
            for statement in (
                *(f"DROP TABLE {name}" for name in METADATA.tables if name not in OF_YESTERDAY),
                *function,
                *(f"ALTER TABLE relay_cursor DROP COLUMN {column}" for column in ("numbers", "refusal", "resends")),
                "UPDATE intake_schema_version SET version_num = '0001'",
            ):
                await connection.execute(text(statement))
    async with start(clock=NOW) as intake:
        await announce(intake)
        await done(intake)
        assert await due(intake, 1) == MOVED
