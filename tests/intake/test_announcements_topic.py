"""The topic of announcements says what intake's table says, whatever happens to either,
to the broker or to an instance."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from motcua.stack.broker import Node
from services.intake.relaying import announcements as relaying
from shared.contract.announcements import AnnouncedDaysV1, decode_announcement, in_runs
from shared.contract.envelope import encode
from shared.contract.topics import ANNOUNCEMENTS
from shared.domain.localtime import ONE_DAY
from shared.service.dead_letters import Unusable, usable_announcement
from shared.service.pacing import wait_until as wait_until_event
from tests.intake.conftest import NO_BROKER, Start
from tests.intake.sending import Sender, received
from tests.intake.test_log_and_topic import ON_POSTGRESQL, ON_SQLITE, admin
from tests.intake.test_relay import all_relayed
from tests.support.wait import wait_until_async

PATH = "/v1/calendar/announcements"
PARTITION = TopicPartition(ANNOUNCEMENTS.name, 0)
WITHIN_S = 60.0
DAYS = [{"day": "2026-11-19", "works": False, "name": "Nghỉ bão"}]
BODY = {
    "source": "Quyết định 99/QĐ-TTg",
    "announced_at": "2026-11-18T09:00:00+07:00",
    "days": DAYS,
    "applies_to": ["H59.15"],
}


@pytest.fixture(autouse=True)
def looks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """It looks often; the pause after each look."""
    pauses: list[float] = []

    async def noted(event: asyncio.Event, at_most_s: float) -> None:
        pauses.append(at_most_s)
        await wait_until_event(event, at_most_s)

    monkeypatch.setattr(relaying, "wait_until", noted)
    monkeypatch.setattr(relaying, "LOOK_SECONDS", 0.5)
    monkeypatch.setattr(relaying, "READ_AGAIN_SECONDS", 2.0)
    return pauses


async def announce(intake: Sender, number: int, day: str = "2026-11-19") -> None:
    body = BODY | {"id": f"decree-{number}", "days": [DAYS[0] | {"day": day}]}
    answer = await intake.http.post(PATH, json=body)
    assert answer.status_code == 201, answer.text


async def records(bootstrap: str) -> list[tuple[bytes | None, bytes | None]]:
    """Key and value of every record that the topic has."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        consumer.assign([PARTITION])
        await consumer.seek_to_beginning(PARTITION)
        end = (await consumer.end_offsets([PARTITION]))[PARTITION]
        found: list[Any] = []
        while await consumer.position(PARTITION) < end:
            found += (await consumer.getmany(timeout_ms=500)).get(PARTITION, [])
        return [(record.key, record.value) for record in found]
    finally:
        await consumer.stop()


async def in_force(bootstrap: str) -> dict[bytes | None, str]:
    """What the topic says last under each key: an announcement's id, or that nobody can read it."""
    values: dict[bytes | None, bytes | None] = dict(await records(bootstrap))
    return {key: id_of(key, value) for key, value in values.items() if value is not None}


def id_of(key: bytes | None, value: bytes) -> str:
    try:
        return usable_announcement(key, value).id
    except Unusable as unusable:
        return unusable.detail


async def says(bootstrap: str, *numbers: int) -> None:
    """Wait until the topic has these announcements and no others."""
    wanted = {b"%d" % number: f"decree-{number}" for number in numbers}

    async def is_so() -> bool:
        return await in_force(bootstrap) == wanted

    await wait_until_async(is_so, WITHIN_S, f"the topic says {wanted}")


async def exists(bootstrap: str) -> bool:
    async with admin(bootstrap) as client:
        return ANNOUNCEMENTS.name in await client.list_topics()


async def write(bootstrap: str, *pairs: tuple[bytes, bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        for key, value in pairs:
            await producer.send_and_wait(ANNOUNCEMENTS.name, value, key=key, partition=0)
    finally:
        await producer.stop()


async def delete(bootstrap: str) -> None:
    async with admin(bootstrap) as client:
        await client.delete_topics([ANNOUNCEMENTS.name])


async def lost(bootstrap: str) -> list[tuple[bytes | None, bytes | None]]:
    """The records once the topic is there again after it was deleted, and something is in it."""
    found: list[tuple[bytes | None, bytes | None]] = []

    async def refilled() -> bool:
        found[:] = await records(bootstrap) if await exists(bootstrap) else []
        return bool(found)

    await wait_until_async(refilled, WITHIN_S, "the topic is filled again")
    return found


@pytest.mark.broker
@ON_SQLITE
async def test_an_announcement_is_a_record_under_its_number_once(start: Start, fresh_broker: str) -> None:
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await announce(intake, 1)
        await announce(intake, 2, "2026-11-20")
        await says(fresh_broker, 1, 2)
        listed = (await intake.http.get(PATH)).json()
    for _ in range(2):
        async with start(kafka_bootstrap=fresh_broker) as intake:
            await intake.bulk(received())
            await all_relayed(intake)
            await announced_nothing_new(intake)
    first, second = await records(fresh_broker)
    assert (first[0], second[0]) == (b"1", b"2")
    message = decode_announcement(first[1] or b"")
    assert (message.number, message.id, message.source) == (1, "decree-1", BODY["source"])
    assert message.announced_at.isoformat() == BODY["announced_at"]
    assert message.recordedtime.isoformat() == listed[0]["recorded_at"]
    assert message.days == (AnnouncedDaysV1(first=date(2026, 11, 19), works=False, name="Nghỉ bão"),)
    assert message.applies_to == ("H59.15",)


async def announced_nothing_new(intake: Sender) -> None:
    """Wait until the instance has held the topic against its table."""

    async def agreed() -> bool:
        return intake.service.announcement_relay.has_agreed

    await wait_until_async(agreed, WITHIN_S, "topic and table agree")


@pytest.mark.broker
@ON_SQLITE
async def test_the_topic_has_one_partition_and_is_compacted(start: Start, fresh_broker: str) -> None:
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await announced_nothing_new(intake)
    async with admin(fresh_broker) as client:
        (described,) = await client.describe_topics([ANNOUNCEMENTS.name])
        (configured,) = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, ANNOUNCEMENTS.name)])
    assert len(described["partitions"]) == 1
    (resource,) = configured.resources
    assert {name: value for name, value, *_ in resource[4]}["cleanup.policy"] == "compact"


@pytest.mark.broker
@ON_SQLITE
async def test_what_was_announced_by_a_version_without_the_topic_is_on_it_after_the_upgrade(
    start: Start, fresh_broker: str
) -> None:
    async with start(kafka_bootstrap=NO_BROKER) as intake:  # the version before had the same rows, and told nobody
        for number, day in enumerate(("2026-11-19", "2026-11-20", "2026-11-23"), 1):
            await announce(intake, number, day)
    async with start(kafka_bootstrap=fresh_broker):
        await says(fresh_broker, 1, 2, 3)
    assert [key for key, _ in await records(fresh_broker)] == [b"1", b"2", b"3"]


@pytest.mark.broker
@ON_SQLITE
async def test_a_topic_that_was_deleted_is_made_and_filled_again_with_the_same_bytes(
    start: Start, fresh_broker: str
) -> None:
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await announce(intake, 1)
        await announce(intake, 2, "2026-11-20")
        await says(fresh_broker, 1, 2)
        before = await records(fresh_broker)
        await delete(fresh_broker)
        assert await lost(fresh_broker) == before, "under an instance that runs"
    await delete(fresh_broker)
    async with start(kafka_bootstrap=fresh_broker):
        assert await lost(fresh_broker) == before, "and at a start"


@pytest.mark.broker
@ON_SQLITE
async def test_a_topic_that_forgets_is_filled_again_though_it_ends_where_it_did(
    start: Start, fresh_broker: str
) -> None:
    async with admin(fresh_broker) as client:  # as a broker makes a topic by itself: it deletes what is old
        await client.create_topics([NewTopic(ANNOUNCEMENTS.name, 1, 1, topic_configs={"cleanup.policy": "delete"})])
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await announce(intake, 1)
        await announce(intake, 2, "2026-11-20")
        await says(fresh_broker, 1, 2)
        async with admin(fresh_broker) as client:
            await client.delete_records({PARTITION: RecordsToDelete(before_offset=1)})
        await says(fresh_broker, 1, 2)
    assert [key for key, _ in await records(fresh_broker)] == [b"2", b"1"]


@pytest.mark.broker
@ON_SQLITE
async def test_what_a_stranger_wrote_is_written_over_or_withdrawn(start: Start, fresh_broker: str) -> None:
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await announce(intake, 1)
        await says(fresh_broker, 1)
        another = encode(decode_announcement((await records(fresh_broker))[0][1] or b"")).replace(
            b"decree-1", b"decree-9"
        )
        await write(
            fresh_broker,
            (b"1", b"{not json"),
            (b"7", another.replace(b'"number":1', b'"number":7')),
            (b"no number", b"x"),
        )
        await says(fresh_broker, 1)
        await write(fresh_broker, (b"1", another))
        await says(fresh_broker, 1)


@pytest.mark.broker
@ON_SQLITE
async def test_a_broker_that_is_away_delays_it_and_loses_nothing(start: Start, fresh_node: Node) -> None:
    async with start(kafka_bootstrap=fresh_node.bootstrap) as intake:
        await announce(intake, 1)
        await says(fresh_node.bootstrap, 1)
        fresh_node.kill()
        await announce(intake, 2, "2026-11-20")
        await asyncio.to_thread(fresh_node.start)
        await says(fresh_node.bootstrap, 1, 2)


@pytest.mark.broker
@ON_SQLITE
async def test_a_log_that_is_older_than_its_topic_withdraws_no_announcement(
    start: Start, fresh_broker: str, database_url: str, looks: list[float]
) -> None:
    file = Path(database_url.split("///")[1])
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await intake.bulk(received())
        await announce(intake, 1)
        await all_relayed(intake)
        await says(fresh_broker, 1)
    with closing(sqlite3.connect(file)) as database:  # a backup from before both was put back
        database.executescript("DELETE FROM event_log; DELETE FROM calendar_announcements; DELETE FROM relay_cursor;")
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await wait_until_async(lambda: refused(intake), WITHIN_S, "intake refuses")
        before = len(looks)
        await wait_until_async(lambda: asyncio.sleep(0, len(looks) >= before + 4), WITHIN_S, "it looked four times")
        await says(fresh_broker, 1)
    with closing(sqlite3.connect(file)) as database:  # its events came back, and the announcement is to be made again
        database.executescript("UPDATE relay_cursor SET refusal = NULL;")
    await delete_events(fresh_broker)
    async with start(kafka_bootstrap=fresh_broker):
        await says(fresh_broker)


async def refused(intake: Sender) -> bool:
    return (await intake.http.get("/healthz/ready")).status_code == 503


async def delete_events(bootstrap: str) -> None:
    async with admin(bootstrap) as client:
        await client.delete_topics(["motcua.dossier.events.v1"])


@pytest.mark.broker
@ON_POSTGRESQL
async def test_of_two_instances_either_publishes_and_nothing_is_there_twice_in_effect(
    start: Start, fresh_broker: str
) -> None:
    async with start(kafka_bootstrap=fresh_broker) as one, start(kafka_bootstrap=fresh_broker) as other:
        await announce(one, 1)
        await announce(other, 2, "2026-11-20")
        await says(fresh_broker, 1, 2)
        values: dict[bytes | None, set[bytes | None]] = {}
        for key, value in await records(fresh_broker):
            values.setdefault(key, set()).add(value)
        assert {key: len(different) for key, different in values.items()} == {b"1": 1, b"2": 1}
    async with start(kafka_bootstrap=fresh_broker) as other:
        await announce(other, 3, "2026-11-23")
        await says(fresh_broker, 1, 2, 3)


def test_days_in_a_row_travel_in_one_line_and_come_back_as_they_were() -> None:
    tet = [(date(2026, 2, 16) + timedelta(number), False, "Tết") for number in range(5)]
    swapped = [
        (date(2026, 8, 22), True, "Làm bù"),
        (date(2026, 8, 31), False, "Quốc khánh"),
        (date(2026, 9, 1), True, "Quốc khánh"),
    ]
    long = [(date(2027, 1, 1) + number * ONE_DAY, False, "x") for number in range(400)]
    runs = in_runs([*tet, *swapped, *long])
    assert [(run.first, run.end) for run in runs] == [
        (date(2026, 2, 16), date(2026, 2, 20)),
        *((day, day) for day, _, _ in swapped),
        (date(2027, 1, 1), date(2028, 1, 2)),
        (date(2028, 1, 3), date(2028, 2, 4)),
    ]
