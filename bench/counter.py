"""`make bench-counter`: the counter's pages over 100 thousand dossiers, and receipts of fifty clerks at once."""

import asyncio
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from statistics import quantiles

import aiohttp
import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from bench.machine import machine
from shared.catalogue import load
from shared.domain.localtime import LOCAL
from tests.support.ports import free_port_base

KEY = "the-key-of-this-benchmark"
DOSSIERS, OPEN_OF = 100_000, 20  # one of so many is open still
CLERKS, ROUNDS, THINKING_S = 50, 20, 2.0
LOOKS = 200
WITHIN_S = 60.0
PAGE_BAR_MS, RECEIPT_BAR_MS = 100.0, 50.0
NOW = datetime(2026, 11, 30, 9, tzinfo=LOCAL)


def main() -> None:
    """Measure and print."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as name:
        console.print(f"{machine()}\nfilling the log (not timed) ...")
        asyncio.run(_measure(Path(name), console))


async def _measure(folder: Path, console: Console) -> None:
    async with _intake(folder) as (client, process):
        await _fill(client)
        await client.post("/session", data={"key": KEY, "to": "/"}, allow_redirects=False)
        table = Table(
            "what",
            "requests",
            "p50 ms",
            "p95 ms",
            "worst ms",
            "intake's CPU ms each",
            title=f"{DOSSIERS:,} dossiers in the log",
        )

        async def add(what: str, measured: Awaitable[list[float]]) -> None:
            before = process.cpu_times()
            times = await measured
            now = process.cpu_times()
            spent = (now.user + now.system - before.user - before.system) / len(times)
            table.add_row(what, *_row(times), f"{spent * 1000:.1f}")

        code = re.findall(r'/dossiers/([^"]+)"', await _text(client, "/today"))[0]
        preview = "/receive/deadline?department=H59.15&procedure=2.000635&channel=in_person"
        for path in ("/", "/today", f"/dossiers/{code}", preview):
            await add(path.partition("?")[0], _in_a_row(partial(_text, client, path)))
        await add("receipt, one clerk", _in_a_row(partial(_receive, client)))
        await add(f"receipt, {CLERKS} clerks, one each {THINKING_S:g} s", _clerks(client, spread=True))
        await add(f"receipt, {CLERKS} clerks in one instant", _clerks(client, spread=False))
    console.print(table)
    console.print(f"bars: a page {PAGE_BAR_MS:g} ms, a receipt {RECEIPT_BAR_MS:g} ms")


async def _in_a_row(call: Callable[[], Awaitable[object]]) -> list[float]:
    return [await _timed(call) for _ in range(LOOKS)]


def _row(seconds: list[float]) -> tuple[str, str, str, str]:
    cuts = quantiles(seconds, n=20)
    return str(len(seconds)), f"{cuts[9] * 1000:.1f}", f"{cuts[18] * 1000:.1f}", f"{max(seconds) * 1000:.1f}"


async def _timed(call: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await call()
    return time.perf_counter() - began


async def _text(client: aiohttp.ClientSession, path: str) -> str:
    async with client.get(path) as answer:
        assert answer.status == HTTPStatus.OK, await answer.text()
        return await answer.text()


async def _receive(client: aiohttp.ClientSession) -> None:
    """As the page's script sends a form."""
    number = f"{random.randrange(10**12):012}"  # noqa: S311 - nobody's
    typed = {
        "key": os.urandom(16).hex(),
        "department": "H59.15",
        "procedure": "2.000635",
        "channel": "in_person",
        "name": f"Người nộp {number}",
        "id_number": number,
    }
    async with client.post("/receive", data=typed, headers={"X-Counter": "1"}) as answer:
        assert answer.status == HTTPStatus.OK, await answer.text()


async def _clerks(client: aiohttp.ClientSession, *, spread: bool) -> list[float]:
    async def clerk() -> list[float]:
        times = []
        for _ in range(ROUNDS):
            if spread:
                await asyncio.sleep(random.uniform(0, 2 * THINKING_S))  # noqa: S311 - no secret
            times.append(await _timed(partial(_receive, client)))
        return times

    if spread:
        return [each for times in await asyncio.gather(*(clerk() for _ in range(CLERKS))) for each in times]
    together: list[float] = []
    for _ in range(ROUNDS):
        together += await asyncio.gather(*(_timed(partial(_receive, client)) for _ in range(CLERKS)))
        await asyncio.sleep(0.5)
    return together


def _events() -> Iterator[bytes]:
    """Dossiers of a year, most of them resolved, and those of today."""
    catalogue, dice = load(), random.Random(7)  # noqa: S311 - the same each time
    own = [each for each in catalogue.procedures_on(NOW.date()) if each.department is not None]
    for number in range(DOSSIERS):
        procedure = dice.choice(own)
        at = NOW - timedelta(minutes=dice.randrange(365 * 24 * 60))
        code = f"{procedure.department}-{at:%y%m%d}-{900_000 + number}"
        yield _event(
            "received", code, at, department=procedure.department, procedure=procedure.code, channel="in_person"
        )
        if number % OPEN_OF:
            yield _event("resolved", code, min(at + timedelta(days=dice.randrange(9)), NOW))


def _event(name: str, code: str, at: datetime, **data: object) -> bytes:
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": f"{name}-{code}",
            "source": "/bench",
            "type": f"vn.motcua.dossier.{name}.v1",
            "subject": code,
            "time": at.isoformat(),
            "data": data,
        }
    )


async def _fill(client: aiohttp.ClientSession) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-ndjson"}
    async with client.post("/v1/events", data=b"\n".join(_events()), headers=headers) as answer:
        counted = await answer.json()
        assert counted["rejected"] == 0, counted


@asynccontextmanager
async def _intake(folder: Path) -> AsyncIterator[tuple[aiohttp.ClientSession, psutil.Process]]:
    """A client of intake as a process of its own, with no broker; it ends with it."""
    port = free_port_base(1)
    settings = {
        "PORT": port,
        "API_KEY": KEY,
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/intake.db",
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "CLOCK": NOW.isoformat(),
        "LOG_LEVEL": "ERROR",
        "DRAIN_SECONDS": 0,
        "APPLICANTS_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    }
    environment = {f"MOTCUA_INTAKE_{name}": str(value) for name, value in settings.items()}
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.intake", env=os.environ | environment, stdout=log, stderr=log
        )
        connector = aiohttp.TCPConnector(limit=CLERKS)
        jar = aiohttp.CookieJar(unsafe=True)  # it takes cookies of an address without a name
        timeout = aiohttp.ClientTimeout(total=600)
        own_page = {"Sec-Fetch-Site": "same-origin"}
        url = f"http://127.0.0.1:{port}"
        try:
            async with aiohttp.ClientSession(
                url, headers=own_page, connector=connector, cookie_jar=jar, timeout=timeout
            ) as client:
                await _until_it_serves(client)
                yield client, psutil.Process(process.pid)
        finally:
            process.terminate()
            await process.wait()


async def _until_it_serves(client: aiohttp.ClientSession) -> None:
    give_up = time.monotonic() + WITHIN_S
    while True:
        try:
            async with client.get("/healthz/live") as answer:
                if answer.status == HTTPStatus.OK:
                    return
        except aiohttp.ClientConnectionError:
            assert time.monotonic() < give_up, "intake does not serve"
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    main()
