"""What stands beside sealed bytes in intake's database is changed: each change is named, and nothing is told by it."""

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import Column, Float, Integer, Table, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.log import standings
from services.intake.log.tables import DOSSIERS, EVENT_LOG
from shared.auditing.entries import Act, AuditEntry
from shared.auditing.verification import AuditVerification
from shared.service.audit import AUDIT
from tests.intake.conftest import Start
from tests.intake.sending import Sender, cloud_event, received

TAMPERINGS = 25  # of each table
AUDIT_COLUMNS = [column.name for column in AUDIT.c if column.name not in ("number", "entry")]
LOG_COLUMNS = ("event_id", "dossier", "sequence", "added", "recorded_at")


def code(number: int) -> str:
    return f"H59.15-231208-{number:04d}"


@pytest.fixture
async def office(intake: Sender) -> Sender:
    """Ten dossiers, some with a life behind them, and an audit of several commits."""
    for number in range(1, 11):
        await intake.bulk(received(code(number), online_level="full"))
    for number in range(1, 6):
        await intake.bulk(
            cloud_event("processing_started", "2023-12-09T08:00", code(number), event_id=f"started-{number}"),
            cloud_event("extended", "2023-12-10T10:00", code(number), event_id=f"extended-{number}",
                        due_at="2024-01-15T17:00:00+07:00", legal_ground="Điều 15"),
        )  # fmt: skip
    await intake.service.applicants._audit.write_alone(AuditEntry(Act.APPLICANT_SEEN, "p-1"))
    return intake


async def let_change(connection: AsyncConnection) -> None:
    """Whoever owns the database takes the guards of the audit away."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        await connection.execute(text("GRANT UPDATE ON audit TO CURRENT_USER"))
        return
    for (name,) in (await connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))).all():
        await connection.execute(text(f"DROP TRIGGER {name}"))


async def rows_of(intake: Sender, table: Table) -> Sequence[Any]:
    async with intake.service.database.reader.connect() as connection:
        return (await connection.execute(select(table).order_by(*table.primary_key))).all()


async def put(intake: Sender, table: Table, row: Any, **values: Any) -> None:
    async with intake.service.database.writer.begin() as connection:
        await let_change(connection)
        keys = [column == row._mapping[column.name] for column in table.primary_key]
        await connection.execute(table.update().where(*keys).values(values))


async def wrong_entries(intake: Sender) -> list[str]:
    verification = AuditVerification()
    for line in (await intake.http.get("/v1/audit")).content.splitlines():
        verification.take(line)
    return [finding.sentence for finding in verification.findings() if not finding.holds]


async def differences(intake: Sender) -> list[tuple[str, str]]:
    lines = [msgspec.json.decode(line) for line in (await intake.http.get("/v1/log/consistency")).content.splitlines()]
    *told, end = lines
    found = [(line["about"], line["detail"]) for line in told if "about" in line]
    assert end["differences"] == len(found)
    return found


def another(row: Any, column: Column[Any], chance: random.Random) -> Any:
    """Another value for the column."""
    value = row._mapping[column.name]
    if isinstance(column.type, Float):
        return (value or 0.0) + chance.choice([-86_400.0, 0.5, 86_400.0])
    if isinstance(column.type, Integer):
        return (value or 0) + chance.randint(1_000, 9_000)
    return f"{(value or 'xx')[:-2]}#{chance.randint(1, 9)}"


async def test_nothing_is_wrong_with_what_nobody_changed(office: Sender) -> None:
    assert await wrong_entries(office) == []
    assert await differences(office) == []


async def test_a_changed_column_of_the_audit_is_named_with_its_entry(office: Sender) -> None:
    rows = await rows_of(office, AUDIT)
    for seed in range(TAMPERINGS):
        chance = random.Random(seed)
        row, name = chance.choice(rows), chance.choice(AUDIT_COLUMNS)
        value = another(row, AUDIT.c[name], chance)
        await put(office, AUDIT, row, **{name: value})
        (said,) = await wrong_entries(office)
        named = f"intake: entry {row.number}: beside it in the database the column {name} says {value}"
        assert said.startswith(named), (seed, said)
        await put(office, AUDIT, row, **{name: row._mapping[name]})
    assert await wrong_entries(office) == []


async def test_a_search_of_the_audit_tells_of_a_changed_column(office: Sender) -> None:
    row = (await rows_of(office, AUDIT))[3]
    await put(office, AUDIT, row, who="key:nobody", first=None)
    answer = (await office.http.get("/v1/audit", params={"who": "key:nobody"})).content.splitlines()
    assert msgspec.json.decode(answer[1]) == {
        "chain": "intake",
        "number": 4,
        "fault": "the column who says key:nobody, the entry itself settings; the column first says None, the entry "
        "itself 3",
    }


async def test_a_changed_column_of_the_log_is_named_with_its_position(office: Sender) -> None:
    rows = await rows_of(office, EVENT_LOG)
    for seed in range(TAMPERINGS):
        chance = random.Random(seed)
        row, name = chance.choice(rows), chance.choice(LOG_COLUMNS)
        value = code(900 + seed) if name == "dossier" else another(row, EVENT_LOG.c[name], chance)
        await put(office, EVENT_LOG, row, **{name: value})
        found = await differences(office)
        assert any(f"position {row.position}: the column {name}" in detail for _, detail in found), (seed, found)
        await put(office, EVENT_LOG, row, **{name: row._mapping[name]})
    assert await differences(office) == []


async def test_a_changed_row_of_the_table_of_dossiers_is_named_and_made_anew(office: Sender, start: Start) -> None:
    rows = await rows_of(office, DOSSIERS)
    for seed in range(TAMPERINGS):
        chance = random.Random(seed)
        row, column = chance.choice(rows), chance.choice([each for each in DOSSIERS.c if not each.primary_key])
        value = another(row, column, chance)
        await put(office, DOSSIERS, row, **{column.name: value})
        ((about, detail),) = await differences(office)
        assert (about, f"the table dossiers says {column.name} {value}, the log" in detail) == (row.code, True), detail
        await put(office, DOSSIERS, row, **{column.name: row._mapping[column.name]})
    async with office.service.database.writer.begin() as connection:
        await connection.execute(DOSSIERS.delete().where(DOSSIERS.c.code == code(2)))
        await connection.execute(DOSSIERS.insert().values(dict(rows[2]._mapping) | {"code": code(77)}))
    told = dict(await differences(office))
    assert set(told) == {code(2), code(77)}
    assert all("empty that table and start intake" in detail for detail in told.values())
    async with office.service.database.writer.begin() as connection:
        await connection.execute(DOSSIERS.delete())
    async with start() as again:
        assert await differences(again) == []
        assert await rows_of(again, DOSSIERS) == rows


@pytest.mark.parametrize("page_events", [1, 2, 3, 1000])
async def test_pages_end_anywhere(office: Sender, monkeypatch: pytest.MonkeyPatch, page_events: int) -> None:
    monkeypatch.setattr(standings, "PAGE_EVENTS", page_events)
    assert await differences(office) == []
    (row, *_) = await rows_of(office, DOSSIERS)
    async with office.service.database.writer.begin() as connection:
        for number in (11, 5):
            gone = dict(row._mapping) | {"code": code(number) + "9"}
            await connection.execute(DOSSIERS.insert().values(gone))
    assert sorted(about for about, _ in await differences(office)) == [code(5) + "9", code(11) + "9"]


async def test_nothing_is_told_or_taken_of_a_dossier_whose_rows_were_changed(office: Sender) -> None:
    """Its events stand under another code: it is not said to be unknown, and the other one is not told of either."""
    of_two = [row for row in await rows_of(office, EVENT_LOG) if row.dossier == code(2)]
    for row in of_two:
        await put(office, EVENT_LOG, row, dossier=code(2) + "9")
    for asked in (code(2), code(2) + "9"):
        answer = await office.http.get(f"/v1/dossiers/{asked}")
        assert (answer.status_code, answer.json()["code"]) == (503, "log_disagrees"), answer.text
        assert "motcua verify" in answer.json()["detail"]
    resolved = {"event": "resolved", "occurred_at": "2023-12-12T08:00:00+07:00"}
    sent = await office.http.post(f"/v1/dossiers/{code(2)}9/events", json=resolved)
    assert (sent.status_code, sent.json()["code"]) == (503, "log_disagrees"), sent.text
    assert (await office.http.get(f"/v1/dossiers/{code(3)}")).status_code == 200
    await office.bulk(cloud_event("resolved", "2023-12-12T08:00", code(3), event_id="resolved-3"))
    assert {about for about, _ in await differences(office)} == {code(2), code(2) + "9"}


async def test_a_gap_in_the_numbers_is_not_told_of(office: Sender) -> None:
    row = next(row for row in await rows_of(office, EVENT_LOG) if (row.dossier, row.sequence) == (code(2), 2))
    await put(office, EVENT_LOG, row, sequence=9)
    answer = await office.http.get(f"/v1/dossiers/{code(2)}")
    assert (answer.status_code, answer.json()["code"]) == (503, "log_disagrees")
