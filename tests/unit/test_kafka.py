"""What the Kafka client drops is trouble, what was cancelled stays cancelled, and nobody waits for its end."""

import asyncio

import pytest
from aiokafka.errors import KafkaError
from pydantic import SecretStr

from services.intake.settings import IntakeSettings
from services.processing.settings import ProcessingSettings
from services.reporting.settings import ReportingSettings
from shared.service import kafka
from shared.service.kafka import WorkDropped, connection, dropped_work_is_trouble
from shared.service.settings import ServiceSettings


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (IntakeSettings, "motcua-intake"),
        (ProcessingSettings, "motcua-processing"),
        (ReportingSettings, "motcua-reporting"),
    ],
)
def test_the_brokers_log_names_each_service(settings: type[ServiceSettings], name: str) -> None:
    assert connection(settings(api_key=SecretStr("a-key-for-this-test-only")))["client_id"] == name


async def wait_for(future: "asyncio.Future[None]") -> None:
    with dropped_work_is_trouble():
        await future


async def test_a_future_that_the_client_cancelled_is_trouble_to_be_tried_again() -> None:
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    with pytest.raises(WorkDropped) as dropped:
        await wait_for(future)
    assert isinstance(dropped.value, KafkaError)
    assert dropped.value.retriable


async def test_who_is_cancelled_ends() -> None:
    waiting = asyncio.create_task(wait_for(asyncio.get_running_loop().create_future()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_time_limit_stays_one() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await wait_for(asyncio.get_running_loop().create_future())


async def test_nobody_waits_for_a_client_that_does_not_end_and_it_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka, "LET_GO_WITHIN_SECONDS", 0.01)
    answered, ended = asyncio.Event(), asyncio.Event()

    async def end() -> None:
        await answered.wait()
        ended.set()

    async with asyncio.timeout(10):
        await kafka.let_go(end)
        assert not ended.is_set()
        answered.set()
        await ended.wait()


async def test_what_goes_wrong_at_the_end_of_a_client_is_raised() -> None:
    async def end() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await kafka.let_go(end)
