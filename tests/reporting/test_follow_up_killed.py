"""Reporting is killed (-9) after a webhook took a slip and before that is written down: the repeat has the same id."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.catalogue import Catalogue
from shared.service.clock import system_clock
from tests.reporting.follow_up_office import UNIT, FollowedOffice, by_webhook, on_sqlite, waiting
from tests.support.ports import free_port_base
from tests.support.tethered import tethered
from tests.support.wait import wait_until_async
from tests.support.webhook_receiver import webhook_receiver

pytestmark = [on_sqlite, pytest.mark.server, pytest.mark.slow]
WITHIN_S = 60.0
RECIPIENTS = """[[recipients]]
department = "{unit}"
webhook = "{url}"
webhook_secret_file = "secret"
"""


async def test_a_slip_that_was_taken_is_sent_again_under_the_same_id(
    engine: AsyncEngine, shipped: Catalogue, database_url: str, tmp_path: Path
) -> None:
    def answer(number: int) -> int | None:
        if number == 1:
            reporting.send_signal(signal.SIGKILL)
            reporting.wait()
        return 204

    with webhook_receiver(answer) as receiver:
        (tmp_path / "secret").write_text("0123456789abcdef0123456789abcdef\n")
        (tmp_path / "recipients.toml").write_text(RECIPIENTS.format(unit=UNIT, url=receiver.url))
        office = FollowedOffice(engine, shipped, by_webhook(receiver.url))
        await office.begin()
        await office.deliver(waiting("2023-02-07 09:00"))
        await office.look_at("2023-02-06 13:31")
        await engine.dispose()
        own = {
            "PORT": str(free_port_base()),
            "API_KEY": "a-key-for-this-test-only",
            "DATABASE_URL": database_url,
            "KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "FOLLOW_UP_RECIPIENTS": str(tmp_path / "recipients.toml"),
        }
        environment = os.environ | {f"MOTCUA_REPORTING_{name}": value for name, value in own.items()}
        command = tethered(sys.executable, "-m", "services.reporting")
        output = tmp_path / "reporting.log"
        with output.open("ab") as log:
            reporting = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: ASYNC220

        async def has_died() -> bool:
            return reporting.poll() is not None

        await wait_until_async(has_died, WITHIN_S, "the webhook takes the slip")
        assert (reporting.returncode, len(receiver.taken)) == (-signal.SIGKILL, 1), output.read_text()[-3000:]
        (kept,) = await office.slips()
        assert kept.sent_at is None, "nobody wrote it down"
        office.now = system_clock() + timedelta(minutes=1)  # what was held for the one that died is free
        await office.send(office.sending())
    (first, second) = receiver.taken
    assert receiver.ids == [kept.id, kept.id]
    assert first[1] == second[1]
    assert [kept.sent_at for kept in await office.slips()] == [office.now]
