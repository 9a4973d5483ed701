"""The day's lists: what is due, what waits, what came today; within the scope, and asked of the database once."""

from pathlib import Path

import pytest
from sqlalchemy import delete, event, select

from services.intake.log import standings
from services.intake.log.database import write
from services.intake.log.tables import DOSSIERS
from services.intake.pages import lists
from shared.access.roles import Scope
from tests.counter.desk import HEALTH, JUSTICE, NOW, Desk, actions_of, open_desk, options_of
from tests.counter.test_dossiers import submitted


async def numbers(desk: Desk) -> dict[str, int]:
    scope = Scope(None)
    day = await lists.Lists().of_day(desk.intake.database, scope, NOW, desk.intake.catalogue.calendar_of(""))
    return {each.name: each.number for each in day.lists}


async def test_each_dossier_stands_where_it_belongs(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await submitted(desk)
        sent_back = await submitted(desk, "H59.15-261120-0002")
        assert (await desk.do(sent_back, "supplement_requested", missing="ảnh")).status_code == 303
        overdue = await desk.received(received_at="02/11/2026 08:31")
        today = await desk.received(received_at="20/11/2026 08:31")
        soon = await desk.received(received_at="25/11/2026 08:31")
        await desk.received()
        paused = await desk.received()
        assert (await desk.do(paused, "supplement_requested", missing="ảnh")).status_code == 303
        closed = await desk.received()
        assert (await desk.do(closed, "resolved")).status_code == 303
        assert await numbers(desk) == {
            "acceptance": 1,
            "overdue": 1,
            "due_today": 1,
            "due_soon": 1,
            "waiting": 2,
            "received_today": 3,
        }
        page = await desk.page("/today")
        for name, code in (("overdue", overdue), ("due_today", today), ("due_soon", soon), ("waiting", paused)):
            assert f'id="{name}-{code}"' in page, name


@pytest.mark.postgres
async def test_postgresql_lists_finds_and_fills_the_same(tmp_path: Path, postgres_url: str) -> None:
    async with open_desk(tmp_path, database_url=postgres_url) as desk:
        await submitted(desk)
        overdue = await desk.received(received_at="02/11/2026 08:31")
        before = await _rows(desk)
        await write(desk.intake.database, lambda connection: connection.execute(delete(DOSSIERS)))
        await standings.fill(desk.intake.database)
        assert await _rows(desk) == before
        async with desk.of(f"counter@{JUSTICE},received_by:{HEALTH}") as clerk:
            assert f'id="overdue-{overdue}"' in await clerk.page("/today")
            assert overdue in (await clerk.http.post("/find", data={"sought": "084180001234"})).text
        assert f'href="/dossiers/{overdue}"' in await desk.page()
        assert (await numbers(desk))["acceptance"] == 1


async def test_nobody_sees_or_changes_what_lies_outside_the_scope(desk: Desk) -> None:
    own = await desk.received()
    others = await desk.received(department=HEALTH, procedure=await _procedure_of(desk, HEALTH), id_number="1" * 12)
    async with desk.of(f"counter@{JUSTICE}") as clerk:
        page = await clerk.page("/today")
        assert own in page
        assert others not in page
        assert options_of(await clerk.page("/"), "department") == [JUSTICE]
        refused = await clerk.http.get(f"/dossiers/{others}")
        assert refused.status_code == 403
        assert HEALTH in refused.text
        assert (await clerk.http.get(f"/dossiers/{others}/applicant")).status_code == 403
        assert (await clerk.do(others, "resolved")).status_code == 403
        assert (await clerk.receive(department=HEALTH)).status_code == 403
        assert (await clerk.http.post("/find", data={"sought": "1" * 12})).status_code == 404
        assert (await clerk.receive()).status_code == 303
    assert await desk.head() == 3


async def test_a_counter_that_is_bound_as_a_unit_receives_for_every_department_and_sees_its_own(desk: Desk) -> None:
    others = await desk.received()
    async with desk.of(f"counter@received_by:{HEALTH}") as clerk:
        assert len(options_of(await clerk.page("/"), "department")) > 10
        assert options_of(await clerk.page(f"/receive/procedures?department={JUSTICE}"), "received_by") == [HEALTH]
        own = await clerk.received(received_by=HEALTH)
        assert (await clerk.receive(received_by="")).status_code == 403
        page = await clerk.page("/today")
        assert own in page
        assert others not in page


async def test_who_may_only_read_is_offered_nothing_to_do(desk: Desk) -> None:
    code = await desk.received()
    async with desk.of(f"compiler@{JUSTICE}") as reader:
        assert (await reader.http.get("/")).headers["location"] == "/today"
        page = await reader.page(f"/dossiers/{code}")
        assert actions_of(page) == []
        assert "Xem người nộp" not in page
        assert (await reader.do(code, "resolved")).status_code == 403
        assert (await reader.receive("a-key")).status_code == 403
        assert (await reader.http.get(f"/dossiers/{code}/applicant")).status_code == 403
    assert await desk.head() == 1


async def test_the_database_is_asked_for_the_lists_once_until_something_happens(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "LOOK_EVERY_S", 3600.0)  # however long this takes here
    await desk.received()
    asked: list[str] = []

    @event.listens_for(desk.intake.database.reader.sync_engine, "before_cursor_execute")
    def note(*given: object) -> None:
        asked.append(str(given[2]))

    await desk.page("/today")
    assert len([each for each in asked if "FROM dossiers" in each]) >= 6
    asked.clear()
    for _ in range(5):
        await desk.page("/today/lists")
    assert [each for each in asked if "FROM dossiers" in each] == []
    asked.clear()
    for _ in range(20):
        assert (await desk.http.get("/moved?since=1")).status_code == 204
    assert len([each for each in asked if "FROM event_log" in each]) <= 1


async def test_what_one_counter_does_the_others_are_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "LOOK_EVERY_S", 0.0)
    assert (await desk.http.get("/moved?since=0")).status_code == 204
    async with desk.of(f"counter@{JUSTICE}") as clerk:
        code = await clerk.received()
    moved = await desk.http.get("/moved?since=0")
    assert (moved.status_code, moved.text) == (200, "1")
    assert code in await desk.page("/today/lists")


async def test_an_older_installation_gets_its_dossiers_from_its_log(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        code = await desk.received()
        await desk.do(code, "supplement_requested", missing="ảnh")
        await desk.received(name="Trần Văn Ba")
        await submitted(desk)
        before = await _rows(desk)
        assert len(before) == 3
        await write(desk.intake.database, lambda connection: connection.execute(delete(DOSSIERS)))
    async with open_desk(tmp_path) as desk:
        assert await _rows(desk) == before


@pytest.mark.parametrize("page_events", [1, 2, 3, 5])
async def test_pages_of_the_log_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page_events: int) -> None:
    async with open_desk(tmp_path) as desk:
        for number in range(3):
            code = await desk.received(name=f"Người {number}")
            await desk.do(code, "processing_started")
            await desk.do(code, "suspended", ground="chờ ý kiến")
        before = await _rows(desk)
        await write(desk.intake.database, lambda connection: connection.execute(delete(DOSSIERS)))
        monkeypatch.setattr(standings, "PAGE_EVENTS", page_events)
        await standings.fill(desk.intake.database)
        assert await _rows(desk) == before


async def _rows(desk: Desk) -> list[tuple[object, ...]]:
    async with desk.intake.database.reader.connect() as connection:
        return [tuple(row) for row in await connection.execute(select(DOSSIERS).order_by(DOSSIERS.c.code))]


async def _procedure_of(desk: Desk, department: str) -> str:
    return options_of(await desk.page(f"/receive/procedures?department={department}"), "procedure")[0]
