"""Follow-up as a process: it waits until the figures have all that the broker has, then tells a unit what is overdue;
killed (-9) after a webhook took a slip and before that is written down, it sends the same again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.read_model.sums import microseconds
from services.reporting.read_model.tables import follow_up_units
from services.reporting.settings import ReportingSettings
from shared.catalogue import Catalogue
from shared.contract.topics import STATUS
from shared.service.clock import system_clock
from shared.service.kafka import ensure_topics
from shared.service.sql import writing
from tests.builders.events import event, received
from tests.builders.times import at
from tests.reporting.databases import on_sqlite
from tests.reporting.delivery import statuses
from tests.reporting.follow_up_office import UNIT, FollowedOffice, by_webhook, code, waiting
from tests.support.ports import free_port_base
from tests.support.tethered import tethered
from tests.support.wait import wait_until_async
from tests.support.webhook_receiver import Receiver, webhook_receiver

pytestmark = [on_sqlite, pytest.mark.server, pytest.mark.slow]
WITHIN_S = 60.0
KEY = "a-key-for-this-test-only"
RECIPIENTS = """[[recipients]]
department = "{unit}"
webhook = "{url}"
webhook_secret_file = "secret"
"""


@contextmanager
def reporting(folder: Path, receiver: Receiver, database_url: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """The service with one recipient, killed at the end if it still runs."""
    (folder / "secret").write_text("0123456789abcdef0123456789abcdef\n")
    (folder / "recipients.toml").write_text(RECIPIENTS.format(unit=UNIT, url=receiver.url))
    own = {
        "PORT": str(free_port_base()),
        "API_KEY": KEY,
        "DATABASE_URL": database_url,
        "FOLLOW_UP_RECIPIENTS": str(folder / "recipients.toml"),
        **more,
    }
    environment = os.environ | {f"MOTCUA_REPORTING_{name}": value for name, value in own.items()}
    with (folder / "reporting.log").open("ab") as log:
        process = subprocess.Popen(
            tethered(sys.executable, "-m", "services.reporting"), env=environment, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.broker
async def test_a_unit_is_told_what_is_overdue_once_the_figures_have_all(
    engine: AsyncEngine, database_url: str, fresh_broker: str, tmp_path: Path
) -> None:
    today = system_clock()
    due = today - timedelta(days=5)
    opening = received(today - timedelta(days=30), due_at=due)
    closed = event("resolved", "2023-01-01 08:00")._replace(occurred_at=today - timedelta(days=1))
    records = [
        record
        for number, history in enumerate([(opening,), (opening, closed)])
        for record in statuses(code(number), history)
    ]
    long_ago = microseconds(at("2023-02-06"))
    async with writing(engine) as connection:
        row = {"department": UNIT, "begun_at": long_ago, "round_at": long_ago, "digest_at": long_ago}
        await connection.execute(insert(follow_up_units).values(row))
    await engine.dispose()
    await ensure_topics(ReportingSettings(api_key=KEY, kafka_bootstrap=fresh_broker))
    async with AIOKafkaProducer(bootstrap_servers=fresh_broker) as producer:
        for record in records:
            await producer.send_and_wait(STATUS.name, record.value, key=record.key)
    with (
        webhook_receiver() as receiver,
        reporting(tmp_path, receiver, database_url, KAFKA_BOOTSTRAP=fresh_broker, FOLLOW_UP_ROUNDS="00:00") as process,
    ):

        async def is_told() -> bool:
            assert process.poll() is None, (tmp_path / "reporting.log").read_text()[-3000:]
            return bool(receiver.taken)

        await wait_until_async(is_told, WITHIN_S, "the webhook takes a slip")
        process.terminate()
        assert process.wait(WITHIN_S) == 0
    ((_, body),) = receiver.taken
    assert f'"code":"{code(0)}"'.encode() in body
    assert b'"stage":"overdue"' in body


async def test_a_slip_that_was_taken_is_sent_again_under_the_same_id(
    engine: AsyncEngine, shipped: Catalogue, database_url: str, tmp_path: Path
) -> None:
    running: list[subprocess.Popen[bytes]] = []

    def answer(number: int) -> int | None:
        if number == 1:
            running[0].send_signal(signal.SIGKILL)
            running[0].wait()
        return 204

    with webhook_receiver(answer) as receiver:
        office = FollowedOffice(engine, shipped, by_webhook(receiver.url))
        await office.begin()
        await office.deliver(waiting("2023-02-07 09:00"))
        await office.look_at("2023-02-06 13:31")
        await engine.dispose()
        with reporting(tmp_path, receiver, database_url, KAFKA_BOOTSTRAP="127.0.0.1:1") as process:
            running.append(process)

            async def has_died() -> bool:
                return process.poll() is not None

            await wait_until_async(has_died, WITHIN_S, "the webhook takes the slip")
        log = (tmp_path / "reporting.log").read_text()
        assert (process.returncode, len(receiver.taken)) == (-signal.SIGKILL, 1), log[-3000:]
        (kept,) = await office.slips()
        assert kept.sent_at is None, "nobody wrote it down"
        office.now = system_clock() + timedelta(minutes=1)  # what was held for the one that died is free
        await office.send(office.sending())
    first, second = receiver.taken
    assert receiver.ids == [kept.id, kept.id]
    assert first[1] == second[1]
    assert [kept.sent_at for kept in await office.slips()] == [office.now]
