"""The audit that intake keeps: whose events it took, each decision with both values, in one chain with the log."""

from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import text

from tests.intake.conftest import Start
from tests.intake.sending import CODE, NDJSON, Sender, cloud_event, lines, received


async def kept(intake: Sender) -> list[dict[str, Any]]:
    async with intake.service.database.reader.connect() as connection:
        rows = await connection.execute(text("SELECT entry FROM audit ORDER BY number"))
        return [msgspec.json.decode(bytes(row.entry)) for row in rows]


def code(number: int) -> str:
    return f"H59.15-231208-{number:04d}"


async def test_the_audit_begins_with_what_the_log_held(start: Start) -> None:
    async with start() as intake:
        (begun,) = await kept(intake)
    assert (begun["number"], begun["act"], begun["previous"]) == (1, "audit_begun", None)
    assert begun["details"] == {"positions": [], "events": 0, "events_sha256": sha256(b"").hexdigest()}


async def test_a_call_is_one_entry_that_seals_its_part_of_the_log(intake: Sender) -> None:
    answer = await intake.http.post(
        "/v1/events",
        content=lines(received(code(1)), b"{", received(code(2))),
        headers={"content-type": NDJSON, "X-Request-Id": "counter-7.22"},
    )
    assert answer.headers["X-Request-Id"] == "counter-7.22"
    _, entry = await kept(intake)
    log = (await intake.http.get("/v1/log")).content.splitlines()
    events = [line[line.index(b'"event":') + 8 : -1] for line in log]
    assert entry["details"] == {
        "positions": [[1, 2]],
        "events": 2,
        "events_sha256": sha256(b"".join(event + b"\n" for event in events)).hexdigest(),
    }
    assert (entry["act"], entry["who"], entry["grants"]) == ("events_accepted", "settings", ["admin@*"])
    assert (entry["peer"], entry["requests"]) == ("127.0.0.1", ["counter-7.22"])


async def test_decisions_keep_both_values(intake: Sender) -> None:
    await intake.bulk(
        received(CODE, online_level="full"),
        cloud_event("corrected", "2023-12-08T09:00", field="online_level", old_value="full", new_value="partial",
                    reason="nhầm khi nhập"),
        cloud_event("extended", "2023-12-08T10:00", due_at="2024-01-15T17:00:00+07:00", legal_ground="Điều 15"),
        cloud_event("resolved", "2023-12-11T08:00"),
        cloud_event("reopened", "2023-12-12T08:00", reason="chưa trả", legal_ground="Điều 19"),
        cloud_event("voided", "2023-12-13T08:00", reason="nhập hai lần"),
    )  # fmt: skip
    _, accepted, corrected, extended, reopened, voided = await kept(intake)
    assert accepted["details"]["positions"] == [[1, 6]]
    assert [one["act"] for one in (corrected, extended, reopened, voided)] == [
        "corrected", "extended", "reopened", "voided",
    ]  # fmt: skip
    assert {one["subject"] for one in (corrected, extended, reopened, voided)} == {CODE}
    before = (await intake.log())[0]["event"]["data"]["due_at"]
    values = [
        {name: one["details"][name] for name in ("field", "old", "new", "position")}
        for one in (corrected, extended, reopened, voided)
    ]
    assert values == [
        {"field": "online_level", "old": "full", "new": "partial", "position": 2},
        {"field": "due_at", "old": before, "new": "2024-01-15T17:00:00+07:00", "position": 3},
        {"field": "state", "old": "resolved", "new": "processing", "position": 5},
        {"field": "state", "old": "processing", "new": "voided", "position": 6},
    ]
    assert corrected["details"]["reason"] == "nhầm khi nhập"
    assert reopened["details"]["closed_at"] == "2023-12-11T08:00:00+07:00", "the closing that was none"
    assert (reopened["details"]["reason"], reopened["details"]["legal_ground"]) == ("chưa trả", "Điều 19")
