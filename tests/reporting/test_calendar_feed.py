"""Days announced late reach the follow-up list over their topic,
and nothing that happens to it keeps the list from being given."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from motcua.stack.broker import Node
from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.intake import calendar
from services.reporting.intake.calendar import AnnouncementFold, CalendarFeed
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model.store import migrate, open_engine
from services.reporting.settings import ReportingSettings
from shared.catalogue import Catalogue
from shared.contract.announcements import AnnouncedDaysV1, AnnouncementV1
from shared.contract.envelope import encode
from shared.contract.status import decode_dead_letter
from shared.contract.topics import ANNOUNCEMENTS, DEAD_LETTERS
from shared.service.dead_letters import CONTRADICTORY, MALFORMED, Unusable, usable_announcement
from shared.service.kafka import ensure_topics
from shared.service.pacing import Backoff
from tests.builders.events import received
from tests.builders.times import at
from tests.reporting.delivery import Sent, Topic, statuses
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, KEY, service
from tests.support.wait import wait_until_async

WEDNESDAY = at("2026-11-18 15:00")
THURSDAY = date(2026, 11, 19)
WITHIN_S = 60.0


def announcement(
    number: int, day: date = THURSDAY, *, works: bool = False, applies_to: tuple[str, ...] = ()
) -> AnnouncementV1:
    return AnnouncementV1(
        number=number,
        id=f"decree-{number}",
        source="Công điện 12/CĐ-UBND",
        announced_at=WEDNESDAY,
        recordedtime=WEDNESDAY,
        days=(AnnouncedDaysV1(first=day, works=works, name="Nghỉ bão"),),
        applies_to=applies_to,
    )


def record(one: AnnouncementV1) -> tuple[bytes, bytes]:
    return b"%d" % one.number, encode(one)


@dataclass
class Timer:
    """The clock of `as_of`, which a test moves; every look asks it before it looks."""

    now: datetime = WEDNESDAY
    asked: int = 0

    def __call__(self) -> datetime:
        self.asked += 1
        return self.now


@dataclass
class Following:
    """A feed that follows, what it counted as unreadable, and its clock."""

    feed: CalendarFeed
    timer: Timer
    pauses: Sequence[float]  # after looks that failed
    unreadable: list[str] = field(default_factory=list)

    def works(self, day: date = THURSDAY, department: str = "H59.15") -> bool:
        return self.feed.known.catalogue.calendar(department).is_working_day(day)

    async def knows(self, *, works: bool, day: date = THURSDAY, department: str = "H59.15") -> None:
        async def is_so() -> bool:
            return self.feed.known.as_of is not None and self.works(day, department) == works

        await wait_until_async(is_so, WITHIN_S, f"{day} is {'worked' if works else 'off'}")

    async def looks_again(self) -> None:
        """Until whole looks have begun and ended from now on:
        one may be under way, and one may ask the clock for a dead letter."""
        enough = self.timer.asked + 4

        async def is_so() -> bool:
            return self.timer.asked >= enough

        await wait_until_async(is_so, WITHIN_S, "the feed looks again")

    async def fails_again(self) -> None:
        """Until the feed could not look twice from now on."""
        enough = len(self.pauses) + 2

        async def is_so() -> bool:
            return len(self.pauses) >= enough

        await wait_until_async(is_so, WITHIN_S, "the feed can't look")

    async def is_complete_at(self, instant: datetime) -> None:
        self.timer.now = instant

        async def is_so() -> bool:
            return self.feed.known.as_of == instant

        await wait_until_async(is_so, WITHIN_S, f"announcements are complete at {instant}")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """It looks often; the pauses after looks that failed."""
    made: list[float] = []

    class NotedBackoff(Backoff):
        def next_s(self) -> float:
            made.append(super().next_s())
            return made[-1]

    monkeypatch.setattr(calendar, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(calendar, "Backoff", NotedBackoff)
    return made


def settings(bootstrap: str) -> ReportingSettings:
    return ReportingSettings(api_key=SecretStr(KEY), kafka_bootstrap=bootstrap)


@asynccontextmanager
async def following(bootstrap: str, catalogue: Catalogue, pauses: Sequence[float] = ()) -> AsyncIterator[Following]:
    timer, stopping, unreadable = Timer(), asyncio.Event(), list[str]()
    feed = CalendarFeed(settings(bootstrap), catalogue, timer, unreadable.append)
    task = asyncio.create_task(feed.run(stopping))
    try:
        yield Following(feed, timer, pauses, unreadable)
        assert not task.done(), task
    finally:
        stopping.set()
        await task


async def write(bootstrap: str, *pairs: tuple[bytes, bytes | None]) -> None:
    await ensure_topics(settings(bootstrap))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        for key, value in pairs:
            await producer.send_and_wait(ANNOUNCEMENTS.name, value, key=key, partition=0)
    finally:
        await producer.stop()


async def delete(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([ANNOUNCEMENTS.name])
    finally:
        await admin.close()


async def is_there(bootstrap: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return ANNOUNCEMENTS.name in await admin.list_topics()
    finally:
        await admin.close()


async def letters(bootstrap: str) -> list[Any]:
    consumer = AIOKafkaConsumer(DEAD_LETTERS.name, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        fetched = await consumer.getmany(timeout_ms=3000)
        return [decode_dead_letter(one.value) for of_partition in fetched.values() for one in of_partition]
    finally:
        await consumer.stop()


@pytest.mark.broker
async def test_an_announced_day_is_known_where_it_was_announced_for(fresh_broker: str, shipped: Catalogue) -> None:
    async with following(fresh_broker, shipped) as told:
        await told.knows(works=True)
        await write(fresh_broker, record(announcement(1, applies_to=("H59.15",))))
        await told.knows(works=False)
        assert told.works(department="H59.02"), "it was announced for one department"
        assert told.feed.known.as_of == WEDNESDAY
    async with following(fresh_broker, shipped) as told:
        await told.knows(works=False)


@pytest.mark.broker
async def test_of_two_announcements_for_a_day_the_higher_number_holds_wherever_it_stands(
    fresh_broker: str, shipped: Catalogue
) -> None:
    async with following(fresh_broker, shipped) as told:
        first, second = announcement(1), announcement(2, works=True)
        await write(fresh_broker, record(second), record(first), record(first))
        await told.knows(works=True)
        await write(fresh_broker, record(announcement(3)), record(second))
        await told.knows(works=False)
        await write(fresh_broker, (b"3", None))
        await told.knows(works=True)


@pytest.mark.broker
async def test_what_was_known_is_kept_and_told_as_old_while_the_broker_is_away(
    fresh_node: Node, shipped: Catalogue, pauses: list[float]
) -> None:
    async with following(fresh_node.bootstrap, shipped, pauses) as told:
        await write(fresh_node.bootstrap, record(announcement(1)))
        await told.knows(works=False)
        await told.is_complete_at(at("2026-11-18 15:30"))
        fresh_node.kill()
        await told.fails_again()
        known_at, told.timer.now = told.feed.known.as_of, at("2026-11-18 16:00")
        await told.fails_again()
        assert (told.works(), told.feed.known.as_of) == (False, known_at)
        await asyncio.to_thread(fresh_node.start)
        await write(fresh_node.bootstrap, record(announcement(2, date(2026, 11, 20))))
        await told.knows(works=False, day=date(2026, 11, 20))
        await told.is_complete_at(at("2026-11-18 16:30"))


@pytest.mark.broker
async def test_what_a_remade_topic_lacks_is_kept_and_told_as_old_until_it_is_there_again(
    fresh_broker: str, shipped: Catalogue
) -> None:
    async with following(fresh_broker, shipped) as told:
        await write(fresh_broker, record(announcement(1)), record(announcement(2, date(2026, 11, 20))))
        await told.knows(works=False, day=date(2026, 11, 20))
        await delete(fresh_broker)
        await wait_until_async(lambda: is_there(fresh_broker), WITHIN_S, "the feed makes the topic again")
        known_at, told.timer.now = told.feed.known.as_of, at("2026-11-18 16:00")
        await told.looks_again()
        assert (told.works(), told.feed.known.as_of) == (False, known_at)
        await write(fresh_broker, record(announcement(2, date(2026, 11, 20))), record(announcement(1)))
        await told.is_complete_at(at("2026-11-18 16:30"))
        assert not told.works()


@pytest.mark.broker
async def test_a_record_that_nobody_can_read_is_a_dead_letter_once_and_stops_nothing(
    fresh_broker: str, shipped: Catalogue
) -> None:
    async with following(fresh_broker, shipped) as told:
        poison = [(b"2", b"{not json"), (b"9", encode(announcement(8))), (b"no number", b"z" * 500_000)]
        await write(fresh_broker, record(announcement(1)), *poison)
        await wait_until_async(lambda: counted(told, 3), WITHIN_S, "three records are put aside")
        assert not told.works()
        assert told.feed.known.as_of in (None, WEDNESDAY)
        told.timer.now = at("2026-11-18 16:00")
        await told.looks_again()
        assert told.feed.known.as_of != told.timer.now, "numbers 2 and 9 are there and cannot be read"
        await write(fresh_broker, record(announcement(2, date(2026, 11, 20))), (b"9", None), (b"no number", None))
        await told.knows(works=False, day=date(2026, 11, 20))
        await told.is_complete_at(at("2026-11-18 16:30"))
        assert sorted(told.unreadable) == [CONTRADICTORY, MALFORMED, MALFORMED]
    put_aside = await letters(fresh_broker)
    assert {(one.topic, one.partition, one.offset, one.reason) for one in put_aside} == {
        (ANNOUNCEMENTS.name, 0, 1, MALFORMED),
        (ANNOUNCEMENTS.name, 0, 2, CONTRADICTORY),
        (ANNOUNCEMENTS.name, 0, 3, MALFORMED),
    }
    assert len(put_aside) == 3


async def counted(told: Following, records: int) -> bool:
    return len(told.unreadable) == records


async def test_without_a_broker_the_catalogue_is_as_it_is(shipped: Catalogue, pauses: list[float]) -> None:
    async with following(f"127.0.0.1:{free_port_base(1)}", shipped, pauses) as told:
        await told.fails_again()
        assert (told.feed.known.catalogue, told.feed.known.as_of) == (shipped, None)


def test_a_number_that_is_missing_is_told() -> None:
    fold = AnnouncementFold()
    for number in (1, 3):
        assert fold.take(Sent(*record(announcement(number)))) is None
    assert fold.lacking({}) == {2}
    fold.take(Sent(*record(announcement(2))))
    assert fold.lacking({number: announcement(number) for number in (1, 2, 3)}) == set()
    assert fold.lacking({4: announcement(4)}) == {4}
    fold.take(Sent(b"4", None))
    assert fold.lacking({4: announcement(4)}) == set()


RUN = {"first": "2026-11-19", "works": False, "name": "x"}


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 0},
        {"number": 2**53},
        {"number": 2},
        {"announced_at": "9999-12-31T00:00:00Z"},
        {"recordedtime": "2026-11-18T15:00:00"},
        {"days": [RUN | {"first": "0001-01-01"}]},
        {"days": [RUN | {"last": "2999-12-31"}]},
        {"days": [RUN | {"last": "2026-11-18"}]},
        {"days": [RUN, RUN]},
        {"days": None},
    ],
)
def test_an_announcement_that_no_calendar_can_take_is_unusable(changed: dict[str, Any]) -> None:
    good = msgspec.json.decode(encode(announcement(1)))
    assert usable_announcement(b"1", msgspec.json.encode(good)) == announcement(1)
    wrong = good | changed
    with pytest.raises(Unusable):
        usable_announcement(b"%d" % (1 if wrong["number"] == 2 else wrong["number"]), msgspec.json.encode(wrong))


@pytest.mark.broker
async def test_a_day_outside_the_catalogues_years_leaves_it_as_it_is(fresh_broker: str, shipped: Catalogue) -> None:
    async with following(fresh_broker, shipped) as told:
        await write(fresh_broker, record(announcement(1)))
        await told.knows(works=False)
        await write(fresh_broker, record(announcement(2, date(2040, 1, 2))))
        await told.looks_again()
        known_at, told.timer.now = told.feed.known.as_of, at("2026-11-18 16:00")
        await told.looks_again()
        assert (told.works(), told.feed.known.as_of) == (False, known_at)


@pytest.fixture
async def read_model(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/reporting.db")
    await migrate(engine)
    yield engine
    await engine.dispose()


@pytest.mark.broker
async def test_the_list_reaches_further_over_a_day_off_that_intake_announced(
    tmp_path: Path, read_model: AsyncEngine, shipped: Catalogue, fresh_broker: str
) -> None:
    friday = statuses("H59.15-261116-0001", (received(at("2026-11-16"), due_at=at("2026-11-20 14:00")),))
    monday = statuses("H59.15-261116-0002", (received(at("2026-11-16"), due_at=at("2026-11-23 14:00")),))
    await Topic(read_model).deliver([*friday, *monday])
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/intake.db",
        "KAFKA_BOOTSTRAP": fresh_broker,
        "CLOCK": WEDNESDAY.isoformat(),
        "DRAIN_SECONDS": "0",
    }
    with service("intake", free_port_base(1), environment, tmp_path / "intake.log") as intake:
        body = {"source": "Công điện 12/CĐ-UBND", "days": [{"day": "2026-11-19", "works": False, "name": "Nghỉ bão"}]}
        async with httpx.AsyncClient(base_url=intake.url, headers=HEADERS) as client:
            answer = await client.post("/v1/calendar/announcements", json=body)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        async with following(fresh_broker, shipped) as told:
            await told.knows(works=False)
            registry, gauges = CollectorRegistry(), FigureGauges(read_model, lambda: WEDNESDAY, None)
            health = ProjectorHealth(assigned=True)
            wired = Reporting(
                read_model, shipped, lambda: WEDNESDAY, SecretStr(KEY), health, registry, gauges, calendar=told.feed
            )
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(create_app(wired)), base_url="http://reporting", headers=HEADERS
            ) as client:
                found = (await client.get("/v1/attention?within=2d")).json()
    assert [(one["days"], one["working_hours"]) for one in found["dossiers"]] == [(1, "7.00"), (2, "15.00")]
    assert found["departments"][0]["until"] == at("2026-11-23 15:00").isoformat()
    assert found["calendar"]["source"] == "intake"
    assert datetime.fromisoformat(found["calendar"]["as_of"]).tzinfo is not None
