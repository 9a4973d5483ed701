"""Many senders at once share commits, and none of them can hurt another."""

import asyncio
import random
from typing import cast

from msgspec.structs import replace
from sqlalchemy import event, text

from services.intake.accepting.candidates import Candidate
from services.intake.accepting.parsing import parse
from shared.access.roles import EVERYTHING
from shared.domain.events import Event
from tests.intake.conftest import Start
from tests.intake.sending import APPLICANT_KEY, CODE, Sender, cloud_event, lines, received

SENDERS, DOSSIERS = 8, 30


def code(number: int) -> str:
    return f"H59.15-231208-{number:04d}"


async def test_the_same_events_from_many_senders_at_once_are_counted_once(intake: Sender) -> None:
    stories = [
        [
            received(code(n)),
            cloud_event("processing_started", "2023-12-11T08:00", code(n)),
            cloud_event("resolved", "2023-12-12T08:00", code(n)),
        ]
        for n in range(1, DOSSIERS + 1)
    ]

    async def send(seed: int) -> tuple[int, int, int]:
        """A sender of its own order of dossiers, each dossier's events in order."""
        order = random.Random(seed).sample(stories, len(stories))
        answer = await intake.bulk(*(each for story in order for each in story))
        return answer["accepted"], answer["duplicates"], answer["rejected"]

    answers = await asyncio.gather(*(send(seed) for seed in range(SENDERS)))
    accepted, duplicates, rejected = (sum(column) for column in zip(*answers, strict=True))
    assert (accepted, duplicates, rejected) == (3 * DOSSIERS, 3 * DOSSIERS * (SENDERS - 1), 0)
    log = await intake.log()
    assert [entry["position"] for entry in log] == list(range(1, 3 * DOSSIERS + 1))
    for number in range(1, DOSSIERS + 1):
        own = [entry["event"] for entry in log if entry["event"]["subject"] == code(number)]
        assert [(each["sequence"], each["type"].split(".")[3]) for each in own] == [
            (1, "received"), (2, "processing_started"), (3, "resolved"),
        ]  # fmt: skip


async def test_waiting_requests_share_a_commit(intake: Sender) -> None:
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(intake.service.database.writer.sync_engine, "commit", count)
    candidates = [parse(lines(received(code(number))), APPLICANT_KEY) for number in range(1, 101)]
    await asyncio.gather(*(intake.service.committer.submit([candidate], EVERYTHING) for candidate in candidates))
    assert commits == 1


async def test_an_answer_comes_only_after_its_event_is_committed(intake: Sender) -> None:
    """Looked for by another connection as soon as each answer is there."""

    async def post(number: int) -> bool:
        assert (await intake.cloud_event(received(code(number)), code(number))).status_code == 201
        async with intake.service.database.reader.connect() as connection:
            found = await connection.execute(
                text("SELECT 1 FROM event_log WHERE dossier = :code"), {"code": code(number)}
            )
            return found.scalar() == 1

    assert all(await asyncio.gather(*(post(number) for number in range(1, 51))))


async def test_two_instances_on_one_database_number_the_log_without_gaps(start: Start) -> None:
    async with start() as one, start() as other:
        await asyncio.gather(
            *(
                sender.bulk(*(received(code(100 * batch + n)) for n in range(20)))
                for batch in range(1, 6)
                for sender in (one, other)
            )
        )
        log = await one.log()
        assert [entry["position"] for entry in log] == list(range(1, 101))
        started = [
            s.event(code(101), event="processing_started", occurred_at="2023-12-11T08:00:00+07:00")
            for s in (one, other)
        ]
        assert sorted(answer.json()["sequence"] for answer in await asyncio.gather(*started)) == [2, 3]


async def test_after_a_restart_sequences_ids_and_serials_go_on(start: Start) -> None:
    new = {
        "department": "H59.15",
        "procedure": "2.000635",
        "channel": "postal",
        "received_at": "2023-12-08T08:31:00+07:00",
    }
    first = received("H59.15-231208-0009")
    async with start() as intake:
        await intake.bulk(first)
        await intake.http.post("/v1/dossiers", json=new, headers={"Idempotency-Key": "k"})
    async with start() as intake:
        assert (await intake.bulk(first))["duplicates"] == 1
        assert (await intake.http.post("/v1/dossiers", json=new, headers={"Idempotency-Key": "k"})).json()[
            "code"
        ] == CODE
        assert (await intake.http.post("/v1/dossiers", json=new)).json()["code"] == "H59.15-231208-0002"
        assert (await intake.event(event="processing_started", occurred_at="2023-12-11T08:00:00+07:00")).json()[
            "sequence"
        ] == 2
        assert [entry["position"] for entry in await intake.log()] == [1, 2, 3, 4]


async def test_a_database_that_fails_fails_the_batch_and_the_next_succeeds(intake: Sender) -> None:
    """The log's table is out of reach for a moment: nothing was promised, nothing is lost, sending again works."""
    writer = intake.service.database.writer.sync_engine

    def fail(_connection: object, cursor: object, statement: str, *_rest: object) -> None:
        del cursor
        if statement.startswith("INSERT INTO event_log"):
            raise OSError("the disk is gone")

    event.listen(writer, "before_cursor_execute", fail)
    refused = await intake.cloud_event(received())
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    bulk = await intake.http.post(
        "/v1/events", content=lines(received()), headers={"content-type": "application/x-ndjson"}
    )
    assert (bulk.status_code, bulk.json()["accepted"]) == (503, 0)
    event.remove(writer, "before_cursor_execute", fail)
    assert (await intake.cloud_event(received())).status_code == 201
    assert len(await intake.log()) == 1


async def test_content_the_database_refuses_fails_alone(intake: Sender) -> None:
    """A constraint that one request breaks: its neighbours in the same commit go through."""
    async with intake.service.database.writer.begin() as connection:
        await connection.execute(text("CREATE UNIQUE INDEX one_of_a_kind ON event_log (dossier)"))
    first, second = (
        _receipt(2),
        parse(lines(cloud_event("fee_paid", "2023-12-09T08:00", code(2), amount_vnd=1)), APPLICANT_KEY),
    )
    assert await subjects_logged(intake, [_receipt(1)], [first, second], [_receipt(3)]) == {code(1), code(3)}


async def test_a_request_that_shows_a_bug_fails_alone(intake: Sender) -> None:
    broken = replace(_receipt(2), event=cast("Event", None))
    assert await subjects_logged(intake, [_receipt(1)], [broken], [_receipt(3)]) == {code(1), code(3)}
    assert (await intake.http.get("/healthz/live")).status_code == 200


def _receipt(number: int) -> Candidate:
    return parse(lines(received(code(number))), APPLICANT_KEY)


async def subjects_logged(intake: Sender, *requests: list[Candidate]) -> set[str]:
    """The dossiers in the log after these requests shared a commit, of which the second fails."""
    submit = intake.service.committer.submit
    answers = await asyncio.gather(*(submit(request, EVERYTHING) for request in requests), return_exceptions=True)
    assert [isinstance(answer, BaseException) for answer in answers] == [False, True, False]
    return {entry["event"]["subject"] for entry in await intake.log()}
