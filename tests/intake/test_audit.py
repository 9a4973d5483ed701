"""The audit that intake keeps: whose events it took, each decision with both values, in one chain with the log."""

import asyncio
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from services.intake.log.database import audit_of
from services.intake.relaying.topic import TopicEvent, restore
from shared.auditing.entries import ITSELF, Act, AuditEntry
from shared.auditing.log_seals import event_in
from shared.domain.localtime import LOCAL, local_date
from shared.sealing import opened
from shared.service.acting import acting
from shared.service.audit import A_READING_S, MOST_READERS, Readings
from tests.access.made_keys import bearer, make_key
from tests.intake.audited import Entry, audited
from tests.intake.conftest import Start
from tests.intake.sending import CODE, NDJSON, Sender, cloud_event, lines, received


async def kept(intake: Sender) -> list[Entry]:
    """The entries of intake's audit, held against its log; without those that say that a test read the log."""
    async with intake.service.database.reader.connect() as connection:
        rows = (await connection.execute(text("SELECT entry FROM audit ORDER BY number"))).scalars().all()
    entries = audited(b"\n".join(map(bytes, rows)), (await intake.http.get("/v1/log")).content)
    return [entry for entry in entries if entry["act"] != "log_read"]


NEW = {"department": "H59.15", "procedure": "2.000635", "channel": "postal", "received_at": "2023-12-08T08:31:00+07:00"}


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


async def test_two_instances_write_one_chain(start: Start) -> None:
    """The head is read under the lock that orders the log: no two entries follow the same one."""
    async with start() as one, start() as other:
        await asyncio.gather(
            *(
                sender.bulk(*(received(code(100 * batch + n)) for n in range(5)))
                for batch in range(1, 9)
                for sender in (one, other)
            ),
            *(sender.http.get("/v1/audit", params={"who": "nobody"}) for sender in (one, other) for _ in range(5)),
        )
        entries = await kept(one)
        assert [one["act"] for one in entries].count("audit_exported") == 10
        assert len(await one.log()) == 40


async def test_a_commit_that_fails_leaves_no_entry(intake: Sender) -> None:
    """Whether it fails before the entry is written, or when it is."""
    writer = intake.service.database.writer.sync_engine
    for statement_begins in ("INSERT INTO event_log", "INSERT INTO audit", "INSERT INTO idempotency_keys"):

        def fail(*given: Any, begins: str = statement_begins) -> None:
            if given[2].startswith(begins):
                raise OSError("the disk is gone")

        event.listen(writer, "before_cursor_execute", fail)
        refused = await intake.cloud_event(received())
        keyed = await intake.http.post("/v1/dossiers", json=NEW, headers={"Idempotency-Key": "k"})
        event.remove(writer, "before_cursor_execute", fail)
        assert keyed.status_code == httpx.codes.SERVICE_UNAVAILABLE
        if refused.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            assert statement_begins == "INSERT INTO idempotency_keys"
    entries = await kept(intake)
    assert [one["act"] for one in entries] == ["audit_begun", "events_accepted"]
    assert len(await intake.log()) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_disk_that_is_full_takes_neither_event_nor_entry(start: Start) -> None:
    """SQLite is given no more pages: what was promised is in the log and in the audit, the rest in neither."""
    async with start() as intake:
        await intake.bulk(received(code(1)))

        def full(connection: Any, _record: object) -> None:
            connection.execute("PRAGMA max_page_count = 1")  # as many as there are

        writer = intake.service.database.writer
        event.listen(writer.sync_engine, "connect", full)
        await writer.dispose()
        answers = [await post(intake, number) for number in range(2, 60)]
        promised = sum(answer.json()["accepted"] for answer in answers)
        assert httpx.codes.SERVICE_UNAVAILABLE in {answer.status_code for answer in answers}
        looked = await intake.http.get("/v1/audit")
        event.remove(writer.sync_engine, "connect", full)
        await writer.dispose()
        entries = await kept(intake)
        assert sum(entry["details"].get("events", 0) for entry in entries) == len(await intake.log()) == 1 + promised
        if looked.status_code != httpx.codes.OK:
            assert looked.status_code == httpx.codes.SERVICE_UNAVAILABLE
            assert "audit_exported" not in {entry["act"] for entry in entries}
        await intake.bulk(*(received(code(number)) for number in range(2, 60)))
        assert len(await kept(intake)) == len(entries) + 1


async def post(intake: Sender, number: int) -> httpx.Response:
    many = [received(code(number), event_id=f"receipt-{number}")]
    many += [cloud_event("forwarded", "2023-12-09T08:00", code(number), agency="x" * 900) for _ in range(20)]
    return await intake.http.post("/v1/events", content=lines(*many), headers={"content-type": NDJSON})


async def test_the_database_refuses_to_change_the_audit(intake: Sender) -> None:
    await intake.bulk(received())
    before = await kept(intake)
    replaced = "INSERT OR REPLACE INTO audit SELECT 1, sha256, at, who, name, subject, first, last, entry FROM audit"
    statements = ["UPDATE audit SET who = 'another'", "DELETE FROM audit", "DELETE FROM audit WHERE number = 2"]
    statements.append("TRUNCATE audit" if intake.service.database.is_postgresql else replaced)
    for statement in statements:
        with pytest.raises(DBAPIError, match="append-only|permission denied"):
            async with intake.service.database.writer.begin() as connection:
                await connection.execute(text(statement))
    assert await kept(intake) == before


async def test_an_installation_from_before_the_audit_begins_with_a_digest_of_its_log(start: Start) -> None:
    async with start() as intake:
        await intake.bulk(*(received(code(number)) for number in range(1, 8)))
        log = (await intake.http.get("/v1/log")).content.splitlines()
        async with intake.service.database.writer.begin() as connection:
            for table in ("audit", "handled_dead_letters"):  # what came with it and after it
                await connection.execute(text(f"DROP TABLE {table}"))
            if intake.service.database.is_postgresql:
                await connection.execute(text("DROP FUNCTION audit_is_append_only"))
            await connection.execute(text("UPDATE intake_schema_version SET version_num = '0006'"))
    async with start() as intake:
        (begun,) = await kept(intake)
        digest = sha256(b"".join(event_in(line) + b"\n" for line in log)).hexdigest()
        assert begun["details"] == {"positions": [[1, 7]], "events": 7, "events_sha256": digest}
        assert (begun["act"], begun["who"]) == ("audit_begun", "service")
        await intake.bulk(received(code(8)))
        await kept(intake)
    async with start() as intake:
        assert [one["act"] for one in await kept(intake)] == ["audit_begun", "events_accepted"], "it begins once"


async def test_entries_are_found_by_dossier_caller_and_day(intake: Sender) -> None:
    await intake.bulk(received(code(1)), received(code(2)))
    await intake.bulk(cloud_event("processing_started", "2023-12-09T08:00", code(2)))
    await intake.bulk(cloud_event("voided", "2023-12-10T08:00", code(1), reason="nhầm"))

    async def asked(**query: str) -> list[tuple[int, str]]:
        answer = await intake.http.get("/v1/audit", params=query)
        assert answer.status_code == httpx.codes.OK, answer.text
        assert answer.headers["content-type"].startswith(NDJSON)
        entries = [opened(line) for line in answer.content.splitlines()]
        return [(entry["number"], entry["act"]) for entry in entries]

    assert await asked(subject=code(1)) == [(2, "events_accepted"), (4, "events_accepted"), (5, "voided")]
    assert await asked(subject=code(2)) == [(2, "events_accepted"), (3, "events_accepted")]
    assert await asked(subject="H59.15-231208-9999") == []
    assert (await asked(who="settings"))[:2] == [(2, "events_accepted"), (3, "events_accepted")]
    assert (await asked(who="the key from the settings"))[0] == (2, "events_accepted")
    assert await asked(who="key:none") == []
    today = str(local_date(datetime.now(LOCAL)))
    assert len(await asked(**{"from": today, "to": today})) == 12
    assert await asked(to="2023-12-31") == []
    assert [number for number, _ in await asked(cursor="10")] == [11, 12, 13, 14]
    wrong = await intake.http.get("/v1/audit", params={"from": "2024-01-02", "to": "2024-01-01"})
    assert (wrong.status_code, wrong.json()["parameter"]) == (422, "to")
    assert (await intake.http.get("/v1/audit", headers={"Authorization": "Bearer another"})).status_code == 401
    last = (await kept(intake))[-1]
    assert (last["act"], last["details"]) == ("audit_exported", {"cursor": 10}), "who looked is an entry too"


async def test_announcing_resending_and_restoring_are_entries(intake: Sender) -> None:
    days = [{"day": "2026-12-03", "works": False, "name": "Nghỉ bão"}]
    answer = await intake.http.post("/v1/calendar/announcements", json={"id": "a1", "source": "CV 12", "days": days})
    assert answer.status_code == httpx.codes.CREATED, answer.text
    await intake.http.post("/v1/calendar/announcements", json={"id": "a1", "source": "CV 12", "days": days})
    await intake.bulk(received())
    assert (await intake.http.post("/v1/log/resend")).json() == {"events": 1}
    row = TopicEvent("e-2", code(2), 1, "", 1.0, lines(received(code(2))))
    assert (await restore(intake.service.database, [row])).restored == 1
    _, announced, accepted, resent, restored = await kept(intake)
    assert (announced["act"], announced["subject"], announced["details"]["days"]) == ("days_announced", "a1", days)
    assert accepted["act"] == "events_accepted"
    assert (resent["act"], resent["details"]) == ("log_resent", {"events": 1})
    assert (restored["act"], restored["details"]["positions"]) == ("log_restored", [[2, 2]])


async def test_what_else_is_written_in_a_transaction_stays_or_goes_with_it(intake: Sender) -> None:
    audit, database = audit_of(intake.service.database), intake.service.database
    async with database.writer.begin() as connection:
        await audit.write(connection, AuditEntry(Act.APPLICANT_ERASED, "p-1"), AuditEntry(Act.APPLICANT_ERASED, "p-2"))
    async with database.writer.connect() as connection:
        await audit.write(connection, AuditEntry(Act.APPLICANT_ERASED, "p-3"))
        await connection.rollback()
    await audit.write_alone(AuditEntry(Act.APPLICANT_SEEN, "p-1"))
    entries = await kept(intake)
    assert [(one["act"], one["subject"]) for one in entries[1:]] == [
        ("applicant_erased", "p-1"), ("applicant_erased", "p-2"), ("applicant_seen", "p-1"),
    ]  # fmt: skip


async def test_a_request_has_an_id_whatever_was_sent(intake: Sender) -> None:
    made = [(await intake.http.get("/healthz/live")).headers["X-Request-Id"] for _ in range(2)]
    assert len(set(made)) == 2
    numbers = ("so-084180001234", "PLANT-084180001234", "0912345678", "n0912.345.678", "084-180-001-234", "x_084180001")
    for sent in ("a" * 65, "with blank", "<script>", "", "a:b", *numbers):
        answer = await intake.http.get("/v1/log/head", headers={"X-Request-Id": sent})
        assert answer.headers["X-Request-Id"] not in (sent, *made)
    for sent in ("7.22-118", "4bf92f3577b34da6a3ce929d0e0e4736", "6fa459ea-ee8a-3ca4-894e-123456789012", "k8s_1764.5"):
        answer = await intake.http.get("/v1/log/head", headers={"X-Request-Id": sent})
        assert answer.headers["X-Request-Id"] == sent
    assert acting() == ITSELF, "nobody's request is at hand"


async def test_who_reads_the_log_is_in_the_audit_once_for_all_pages(start: Start, tmp_path: Path) -> None:
    async with start(access_dir=tmp_path) as intake:
        await intake.bulk(received(code(1)), received(code(2)))
        operator = bearer(make_key(tmp_path, "operator@*"))
        for after in (0, 1, 2):
            page = await intake.http.get(f"/v1/log?after={after}&limit=1", headers=operator)
            assert page.status_code == httpx.codes.OK
        await intake.http.get("/v1/log/head")
        await intake.http.get("/v1/log?after=1")
        entries = [opened(line) for line in (await intake.http.get("/v1/audit")).content.splitlines()]
        read = [entry for entry in entries if entry["act"] == "log_read"]
        assert [entry["details"] for entry in read] == [{"after": 0, "limit": 1}, {"after": 1, "limit": 10_000}]
        assert read[0]["who"].startswith("key:")
        assert read[1]["who"] == "settings"


def test_a_reading_that_goes_on_is_noted_again() -> None:
    now = [0.0]
    readings = Readings(lambda: now[0])
    assert [readings.begins("key:1"), readings.begins("key:1"), readings.begins("key:2")] == [True, False, True]
    now[0] = A_READING_S
    assert readings.begins("key:1")
    for number in range(MOST_READERS):
        readings.begins(f"key:{number + 2}")
    assert readings.begins("key:1"), "who was forgotten is noted again"
