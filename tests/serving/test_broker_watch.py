"""The broker is asked whether anybody posts or not: what it says is shown while it says so; asking changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from pydantic import SecretStr

from services.processing.settings import ProcessingSettings
from shared.contract.topics import DEAD_LETTERS, EVENTS, TOPICS
from shared.service import broker_watch
from shared.service.broker_watch import BrokerWatch
from shared.service.kafka import ensure_topics
from shared.service.publisher import Publisher
from tests.support.wait import wait_until_async

WITHIN_S = 30.0


def shown(watch: BrokerWatch) -> dict[str, dict[str, float]]:
    return {
        family.name: {",".join(sample.labels.values()): sample.value for sample in family.samples}
        for family in watch.collect()
    }


def settings(broker: str) -> ProcessingSettings:
    return ProcessingSettings(api_key=SecretStr("a-key-for-this-test-only"), kafka_bootstrap=broker)


@asynccontextmanager
async def watching(watch: BrokerWatch) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    running = asyncio.create_task(watch.run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await running


@pytest.mark.broker
async def test_topics_are_counted_as_soon_as_they_are_made_and_made_by_nobody_who_asks(
    fresh_broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_watch, "SOON_S", 0.05)
    monkeypatch.setattr(broker_watch, "LOOK_EVERY_S", 0.05)
    watch = BrokerWatch(settings(fresh_broker))
    async with watching(watch):

        async def heard() -> bool:
            return watch.is_heard

        await wait_until_async(heard, WITHIN_S, "the broker answers")
        assert watch.ends(EVENTS.name) is None, "there is no such topic yet"
        admin = AIOKafkaAdminClient(bootstrap_servers=fresh_broker)
        await admin.start()
        assert not set(await admin.list_topics()) & {topic.name for topic in TOPICS}
        await admin.close()
        await ensure_topics(settings(fresh_broker))
        publisher = Publisher({"bootstrap_servers": fresh_broker})
        await publisher.start()
        await publisher.publish(DEAD_LETTERS.name, {1: [(b"k", b"{}"), (b"k", b"{}")], 2: [(b"k", b"{}")]})
        await publisher.stop()

        async def counted() -> bool:
            return shown(watch)["motcua_dead_letters_in_topic"] == {"": 3}

        await wait_until_async(counted, WITHIN_S, "the dead letters are counted, whoever wrote them")
        assert shown(watch)["motcua_topic_records"] == {
            topic.name: 3 if topic is DEAD_LETTERS else 0 for topic in TOPICS
        }
        assert watch.ends(DEAD_LETTERS.name) == {0: 0, 1: 2, 2: 1, 3: 0}


async def test_a_broker_that_is_away_is_asked_again_after_a_bug_too_and_nothing_is_said_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(broker_watch, "FIRST_PAUSE_S", 0.01)
    watch, asked = BrokerWatch(settings("127.0.0.1:1")), 0
    asking = watch._asking

    def counted() -> AbstractAsyncContextManager[AIOKafkaConsumer]:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise ZeroDivisionError
        return asking()

    async def often() -> bool:
        return asked > 3

    monkeypatch.setattr(watch, "_asking", counted)
    async with watching(watch):
        await wait_until_async(often, WITHIN_S, "it is asked again")
    assert not any(shown(watch).values())


def test_what_it_said_is_not_shown_once_it_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = BrokerWatch(settings("127.0.0.1:1"))
    watch.heard({})
    heard_at = shown(watch)["motcua_broker_heard_timestamp_seconds"]
    heard_before = watch.is_heard
    monkeypatch.setattr(broker_watch, "SILENT_AFTER_S", 0.0)
    assert (heard_before, watch.is_heard) == (True, False)
    assert shown(watch)["motcua_topic_records"] == {}
    assert shown(watch)["motcua_broker_heard_timestamp_seconds"] == heard_at, "when that was is shown on"
