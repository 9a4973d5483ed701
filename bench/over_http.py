"""Reporting as a process of its own on a filled read model, asked over HTTP; it needs no broker to serve figures."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryFile
from typing import IO

import aiohttp

from bench.generated import CUT
from tests.support.ports import free_port_base

KEY = "the-key-of-this-benchmark"
WITHIN_SECONDS = 60.0


@asynccontextmanager
async def reporting(database_url: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the service, once it serves; the service ends with it."""
    port = free_port_base(1)
    settings = {
        "PORT": port,
        "API_KEY": KEY,
        "DATABASE_URL": database_url,
        "CLOCK": CUT.isoformat(),
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
    }
    environment = {f"MOTCUA_REPORTING_{name}": str(value) for name, value in settings.items()} | {
        "MOTCUA_REPORTING_LOG_LEVEL": "ERROR"
    }
    headers = {"Authorization": f"Bearer {KEY}", "Sec-Fetch-Site": "same-origin"}
    with TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.reporting", env=os.environ | environment, stderr=log
        )
        try:
            async with aiohttp.ClientSession(
                f"http://127.0.0.1:{port}",
                headers=headers,
                cookie_jar=aiohttp.CookieJar(unsafe=True),
                raise_for_status=True,
            ) as client:
                await _until_it_serves(client, log)
                await client.post("/session", data={"key": KEY, "to": "/"}, allow_redirects=False)
                yield client
        finally:
            process.terminate()
            await process.wait()


async def _until_it_serves(client: aiohttp.ClientSession, log: IO[bytes]) -> None:
    give_up = time.monotonic() + WITHIN_SECONDS
    while True:
        try:
            await client.get("/healthz/live")
        except aiohttp.ClientConnectionError:
            assert time.monotonic() < give_up, f"reporting does not serve:\n{_end_of(log)}"
            await asyncio.sleep(0.1)
        else:
            return


def _end_of(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode()[-3000:]


async def get(client: aiohttp.ClientSession, path: str) -> bytes:
    async with client.get(path) as answer:
        return await answer.read()
