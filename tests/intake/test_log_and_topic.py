"""The log and its copy in Kafka, when one of the two is lost, replaced or set back."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import KafkaConnectionError

from motcua.stack.broker import Node
from motcua.stack.broker import start as start_broker
from services.intake.relaying.topic import LastNumbered, LogAndTopic, compared
from shared.contract.marks import number_header, number_of
from shared.contract.topics import EVENTS
from tests.intake.conftest import Start
from tests.intake.sending import Sender, cloud_event, received
from tests.intake.test_relay import all_relayed, arrived, code, story
from tests.support.wait import wait_until_async

WITHIN_S = 60.0
NEW = {"department": "H59.15", "procedure": "2.000635", "channel": "postal", "received_at": "2023-12-08T08:31:00+07:00"}


ON_SQLITE = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)  # slow, and the database has little part in it
ON_POSTGRESQL = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


def last(number: int, event_id: str = "logged") -> LastNumbered:
    return LastNumbered(number, event_id, "H59.15-231208-0001")


@pytest.mark.parametrize(
    ("relayed", "topic", "found"),
    [
        ((0, 0), {0: None, 1: None}, LogAndTopic.AGREES),
        ((3, 2), {0: last(3), 1: last(2)}, LogAndTopic.AGREES),
        ((3, 2), {0: last(5), 1: last(2)}, LogAndTopic.AGREES),
        ((3, 2), {0: last(3), 1: None}, LogAndTopic.TOPIC_LOST_EVENTS),
        ((3, 2), {0: last(2), 1: last(2)}, LogAndTopic.TOPIC_LOST_EVENTS),
        ((3, 2), {0: None, 1: None}, LogAndTopic.TOPIC_LOST_EVENTS),
        ((3, 2), {0: last(3), 1: last(4, "unknown")}, LogAndTopic.LOG_LOST_EVENTS),
        ((0, 0), {0: last(1, "unknown"), 1: None}, LogAndTopic.LOG_LOST_EVENTS),
        ((3, 2), {0: None, 1: last(4, "unknown")}, LogAndTopic.LOG_LOST_EVENTS),
    ],
)
def test_what_a_comparison_says(
    relayed: tuple[int, ...], topic: dict[int, LastNumbered | None], found: LogAndTopic
) -> None:
    assert compared(relayed, topic, lambda event: event.event_id == "logged") is found


async def numbers(bootstrap: str) -> dict[int, list[int | None]]:
    """The events' numbers in each partition, repeats left out, strangers as None."""
    found: dict[int, list[int | None]] = {}
    for record in await arrived(bootstrap):
        seen, number = found.setdefault(record.partition, []), number_of(record.headers)
        if number is None or number not in seen:
            seen.append(number)
    return found


async def ids(bootstrap: str) -> set[str]:
    return {str(record.value) for record in await arrived(bootstrap)}


@asynccontextmanager
async def admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def started_producer(bootstrap: str) -> AIOKafkaProducer:
    """A young broker on a busy machine may say for a moment that it has no broker."""

    async def started() -> AIOKafkaProducer | None:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        try:
            await producer.start()
        except KafkaConnectionError:
            await producer.stop()
            return None
        return producer

    return await wait_until_async(started, WITHIN_S, "a producer connects")


async def garbage(bootstrap: str) -> None:
    producer = await started_producer(bootstrap)
    try:
        for partition in range(4):
            for _ in range(300):
                await producer.send(EVENTS.name, b"garbage", partition=partition)
        await producer.flush()
    finally:
        await producer.stop()


async def relayed_stories(start: Start, bootstrap: str, first: int, last_one: int) -> None:
    """An intake that takes them, relays them and ends."""
    async with start(kafka_bootstrap=bootstrap) as intake:
        await post_stories(intake, first, last_one)
        await all_relayed(intake)


async def post_stories(intake: Sender, first: int, last_one: int) -> None:
    await intake.bulk(*(each for number in range(first, last_one + 1) for each in story(number)))


@pytest.mark.broker
async def test_events_are_numbered_by_partition_without_gaps_and_keep_their_numbers_when_sent_again(
    start: Start, fresh_broker: str
) -> None:
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await post_stories(intake, 1, 40)
        await all_relayed(intake)
    async with start(kafka_bootstrap=fresh_broker) as intake:
        before = await numbers(fresh_broker)
        answer = await intake.http.post("/v1/log/resend")
        assert answer.json() == {"events": 120}
        await post_stories(intake, 41, 50)

        async def twice() -> bool:
            return len(await arrived(fresh_broker)) >= 120 + 150  # the new ones perhaps once before it begins again

        await wait_until_async(twice, WITHIN_S, "everything is there again, and the new ones")
        await all_relayed(intake)
        observed = await intake.metric('motcua_pipeline_lag_seconds_count{stage="relay"}')
        assert observed == 30, "what is sent again was not late: its age is nobody's waiting"
    after = await numbers(fresh_broker)
    assert {partition: found[: len(before[partition])] for partition, found in after.items()} == before
    assert all(found == list(range(1, len(found) + 1)) for found in after.values())


@ON_SQLITE
@pytest.mark.broker
async def test_a_broker_that_was_emptied_gets_the_whole_log_again(
    start: Start, fresh_node: Node, request: pytest.FixtureRequest
) -> None:
    async with start(kafka_bootstrap=fresh_node.bootstrap) as intake:
        await post_stories(intake, 1, 30)
        await all_relayed(intake)
        before = await ids(fresh_node.bootstrap)
        config = fresh_node.config
        await asyncio.to_thread(fresh_node.stop)
        shutil.rmtree(config.data_dir)
        another = await asyncio.to_thread(start_broker, config.data_dir, config.port, config.controller_port)
        request.addfinalizer(another.stop)
        await post_stories(intake, 31, 32)

        async def all_there() -> bool:
            found = await ids(fresh_node.bootstrap)
            return before < found and len(found) == 96

        await wait_until_async(all_there, WITHIN_S, "the new broker has the old events too")
        assert await intake.metric("motcua_relay_refills_total") >= 1
        assert await intake.metric('motcua_reconciliation_difference{stage="relay"}') == 0
    assert all(found == list(range(1, len(found) + 1)) for found in (await numbers(fresh_node.bootstrap)).values())


@ON_POSTGRESQL
@pytest.mark.broker
async def test_a_topic_that_was_deleted_while_nothing_was_sent_comes_back_whole(
    start: Start, fresh_broker: str
) -> None:
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await post_stories(intake, 1, 10)
        await all_relayed(intake)
        await garbage(fresh_broker)
        async with admin(fresh_broker) as client:
            await client.delete_topics([EVENTS.name])
        await holds(fresh_broker, 30)


async def remake_topic(bootstrap: str) -> None:
    """Delete it and create it again at once, empty."""
    async with admin(bootstrap) as client:
        await client.delete_topics([EVENTS.name])

        async def created() -> bool:
            answer = await client.create_topics([NewTopic(EVENTS.name, 4, 1)])
            return not any(code for _, code, *_ in answer.topic_errors)

        await wait_until_async(created, WITHIN_S, "the topic is made anew")


async def holds(bootstrap: str, events: int) -> None:
    async def all_there() -> bool:
        return sum(len(each) for each in (await numbers(bootstrap)).values()) == events

    await wait_until_async(all_there, WITHIN_S, f"the topic has all {events} events")


@ON_SQLITE
@pytest.mark.broker
async def test_a_topic_remade_before_this_session_sent_anything_is_filled_while_nobody_posts(
    start: Start, fresh_broker: str
) -> None:
    await relayed_stories(start, fresh_broker, 1, 10)
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await remake_topic(fresh_broker)
        await holds(fresh_broker, 30)
        assert await intake.metric("motcua_relay_refills_total") >= 1


@pytest.mark.broker
async def test_a_topic_remade_under_a_relay_that_goes_on_sending_gets_what_came_before_too(
    start: Start, fresh_broker: str
) -> None:
    """The first event sent into it has a number as high as any:
    that the topic has no room for those before it shows the loss."""
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await post_stories(intake, 1, 10)
        await all_relayed(intake)
        await remake_topic(fresh_broker)
        await post_stories(intake, 11, 20)
        await holds(fresh_broker, 60)
        assert await intake.metric("motcua_relay_refills_total") >= 1


@pytest.mark.broker
async def test_old_events_that_a_woken_relay_sent_again_are_no_loss(start: Start, fresh_broker: str) -> None:
    await relayed_stories(start, fresh_broker, 1, 200)
    records = await arrived(fresh_broker)
    producer = await started_producer(fresh_broker)
    try:
        for old in records:
            if (number_of(old.headers) or 0) <= 100:
                await producer.send(EVENTS.name, old.value, old.key, partition=old.partition, headers=list(old.headers))
        await producer.flush()
    finally:
        await producer.stop()
    resent = len(await arrived(fresh_broker))
    assert resent > len(records)
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await post_stories(intake, 201, 201)
        await all_relayed(intake)
        assert await intake.metric("motcua_relay_refills_total") == 0
    assert len(await arrived(fresh_broker)) == resent + 3


@pytest.mark.broker
@ON_SQLITE
async def test_an_event_numbered_beyond_its_place_is_a_strangers(start: Start, fresh_broker: str) -> None:
    """Nothing is refused for its sake, and it does not come into the log."""
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await post_stories(intake, 1, 10)
        await all_relayed(intake)
        record = (await arrived(fresh_broker))[0]
        forged = msgspec.json.encode(msgspec.json.decode(record.value) | {"id": "forged"})
        producer = await started_producer(fresh_broker)
        await producer.send_and_wait(
            EVENTS.name, forged, record.key, record.partition, headers=number_header(4_000_000_000)
        )
        await producer.stop()
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await post_stories(intake, 11, 12)
        await all_relayed(intake)
        assert (await intake.http.get("/healthz/ready")).status_code == 200
        assert (await intake.http.post("/v1/log/restore")).json() == {"restored": 0}
        assert await intake.metric("motcua_relay_refills_total") == 0


@pytest.mark.broker
@ON_SQLITE
async def test_a_topic_with_another_number_of_partitions_gets_nothing_until_it_is_made_anew(
    start: Start, fresh_broker: str
) -> None:
    """Its events would move to other partitions than their dossiers' first ones;
    what is accepted meanwhile waits in the log."""
    await relayed_stories(start, fresh_broker, 1, 10)
    async with admin(fresh_broker) as client:
        await client.create_partitions({EVENTS.name: NewPartitions(7)})
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await post_stories(intake, 11, 12)
        await wait_until_async(lambda: _backlog(intake), WITHIN_S, "what was accepted waits")
        assert len(await arrived(fresh_broker)) == 30
        async with admin(fresh_broker) as client:
            await client.delete_topics([EVENTS.name])
        await holds(fresh_broker, 36)


async def _backlog(intake: Sender) -> bool:
    return await intake.metric("motcua_relay_backlog_events") == 6


@pytest.mark.broker
async def test_strangers_behind_the_last_event_hide_nothing(start: Start, fresh_broker: str) -> None:
    await relayed_stories(start, fresh_broker, 1, 10)
    await garbage(fresh_broker)
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await post_stories(intake, 11, 12)
        await all_relayed(intake)
        assert await intake.metric("motcua_relay_refills_total") == 0
    assert len(await ids(fresh_broker)) == 36 + 1


def backed_up(database_url: str, folder: Path) -> Path:
    """A copy of the log as the documentation says to make one: `VACUUM INTO`."""
    copy = folder / "backup.db"
    with closing(sqlite3.connect(database_url.removeprefix("sqlite+aiosqlite:///"))) as database:
        database.execute("VACUUM INTO ?", (str(copy),))
    return copy


def emptied(folder: Path) -> None:
    for file in folder.glob("intake.db*"):
        file.unlink()


def put_back(backup: Path, folder: Path) -> None:
    emptied(folder)
    backup.rename(folder / "intake.db")


async def refused(intake: Sender) -> dict[str, Any]:
    async def said() -> Any:
        answer = await intake.http.post("/v1/dossiers", json=NEW)
        return answer.json() if answer.status_code == 503 else None

    found: dict[str, Any] = await wait_until_async(said, WITHIN_S, "intake refuses")
    return found


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/intake.db"


@pytest.mark.broker
async def test_a_log_restored_from_a_backup_refuses_until_what_it_lost_is_back(
    start: Start, sqlite_url: str, fresh_broker: str, tmp_path: Path
) -> None:
    own = {"kafka_bootstrap": fresh_broker, "database_url": sqlite_url}
    async with start(**own) as intake:
        await post_stories(intake, 1, 5)
        first = (await intake.http.post("/v1/dossiers", json=NEW)).json()["code"]
        await all_relayed(intake)
        backup = backed_up(sqlite_url, tmp_path)
        lost = (await intake.http.post("/v1/dossiers", json=NEW)).json()["code"]
        await intake.bulk(
            cloud_event("processing_started", "2023-12-11T08:00", lost),
            cloud_event("rated", "2023-12-13T08:00", code(1), score=5),
        )
        await all_relayed(intake)
        whole = await intake.log()
    put_back(backup, tmp_path)

    async with start(**own) as intake:
        problem = await refused(intake)
        assert problem["code"] == "log_behind_topic"
        assert "motcua restore" in problem["detail"]
        ready = await intake.http.get("/healthz/ready")
        assert (ready.status_code, ready.json()["detail"]) == (503, problem["detail"])
        assert (await intake.http.get(f"/v1/dossiers/{first}")).status_code == 200, "reading goes on"
        assert (await intake.http.get(f"/v1/dossiers/{lost}")).status_code == 404
        announcement = {"source": "QĐ 1", "days": [{"day": "2027-12-14", "works": False, "name": "Nghỉ"}]}
        assert (await intake.http.post("/v1/calendar/announcements", json=announcement)).json().get(
            "code"
        ) == "log_behind_topic"
        assert (await intake.http.post("/v1/log/restore")).json() == {"restored": 3}
        by_id = {entry["event"]["id"]: entry["event"] for entry in whole}
        assert {entry["event"]["id"]: entry["event"] for entry in await intake.log()} == by_id
        await all_relayed(intake)
        again = (await intake.http.post("/v1/dossiers", json=NEW)).json()["code"]
        assert int(again[-4:]) > int(lost[-4:]) > int(first[-4:])
        assert (await intake.http.post("/v1/log/restore")).json() == {"restored": 0}
        assert (await intake.http.get("/healthz/ready")).status_code == 200


@pytest.mark.broker
async def test_a_log_that_took_other_events_meanwhile_is_left_alone_and_the_way_out_is_said(
    start: Start, sqlite_url: str, fresh_broker: str, tmp_path: Path
) -> None:
    own = {"kafka_bootstrap": fresh_broker, "database_url": sqlite_url}
    async with start(**own) as intake:
        await post_stories(intake, 1, 3)
        await all_relayed(intake)
        backup = backed_up(sqlite_url, tmp_path)
        await intake.bulk(cloud_event("rated", "2023-12-13T08:00", code(1), score=5))
        await all_relayed(intake)
    put_back(backup, tmp_path)
    async with start(
        database_url=sqlite_url
    ) as intake:  # the broker is away: it accepts, but mints no code that may be taken
        await intake.bulk(cloud_event("rated", "2023-12-13T08:00", code(1), score=1) | {"id": "another"})
        minted = [(await intake.http.post("/v1/dossiers", json=NEW)).json()["code"] for _ in range(3)]
        assert minted == ["H59.15-231208-1001", "H59.15-231208-1002", "H59.15-231208-1003"], (
            "left out once, not for each"
        )
    async with start(**own) as intake:
        await refused(intake)
        answer = await intake.http.post("/v1/log/restore")
        assert (answer.status_code, answer.json()["code"], answer.json()["count"]) == (409, "log_diverged", 1)
        assert answer.json()["conflicts"][0]["dossier"] == code(1)
        assert EVENTS.name in answer.json()["detail"]
        await refused(intake)


@pytest.mark.broker
async def test_a_lost_log_comes_back_whole_with_codes_of_any_length(
    start: Start, sqlite_url: str, fresh_broker: str, tmp_path: Path
) -> None:
    own = {"kafka_bootstrap": fresh_broker, "database_url": sqlite_url}
    long_code = "H59.15-231208-" + "9" * 40
    async with start(**own) as intake:
        await intake.bulk(*(received(f"H59.15-231207-{number:04d}") for number in range(1, 2501)), received(long_code))
        minted = (await intake.http.post("/v1/dossiers", json=NEW)).json()["code"]
        await all_relayed(intake)
        whole = {entry["event"]["id"]: entry["event"] for entry in await intake.log()}
    emptied(tmp_path)
    async with start(**own) as intake:
        await refused(intake)
        assert (await intake.http.post("/v1/log/restore")).json() == {"restored": 2502}
        assert {entry["event"]["id"]: entry["event"] for entry in await intake.log()} == whole
        await all_relayed(intake)

        async def accepted() -> Any:
            answer = await intake.http.post("/v1/dossiers", json=NEW)
            return answer.json()["code"] if answer.status_code == 201 else None

        again = await wait_until_async(accepted, WITHIN_S, "intake accepts again")
        assert (minted, again) == ("H59.15-231208-0001", "H59.15-231208-0002")
