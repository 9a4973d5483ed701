"""A log whose file is damaged promises nothing more: what is found once is told, and ends acceptance."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import httpx
from sqlalchemy.exc import DatabaseError

from tests.intake.conftest import Start
from tests.intake.sending import received
from tests.intake.test_log_and_topic import ON_SQLITE
from tests.support.wait import wait_until_async

PAGE = 4096


def damage(file: Path) -> None:
    """All but the first page; what processes have in memory is looked for in the file again."""
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE another (one)")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as opened:
        opened.seek(PAGE)
        opened.write(b"\xff" * (file.stat().st_size - PAGE))


@ON_SQLITE
async def test_a_damaged_log_takes_nothing_more_and_is_not_ready(start: Start, database_url: str) -> None:
    file = Path(database_url.removeprefix("sqlite+aiosqlite:///"))
    async with start() as intake:
        await intake.bulk(*(received(f"H59.15-231208-{number:04}") for number in range(1, 200)))
        assert (await intake.http.get("/healthz/ready")).status_code == httpx.codes.OK
        damage(file)

        async def is_seen() -> bool:
            with suppress(DatabaseError):  # a 500 outside of the test's client
                await intake.http.get("/v1/dossiers/H59.15-231208-0007")
            return (await intake.http.get("/healthz/ready")).status_code == httpx.codes.SERVICE_UNAVAILABLE

        await wait_until_async(is_seen, 10, "the damage is seen")
        assert "is damaged" in (await intake.http.get("/healthz/ready")).text
        new = {"department": "H59.15", "procedure": "2.000635", "channel": "postal"}
        refused = await intake.http.post("/v1/dossiers", json=new)
        assert (refused.status_code, "is damaged" in refused.text) == (503, True)
        assert await intake.metric('motcua_ready{part="database"}') == 0
