"""How far each stage is, read from outside as an operator would."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import msgspec

from motcua.client import Services
from shared.contract.http.log import LogHead

LOOK_AGAIN_SECONDS = 0.05
GIVE_UP_SECONDS = 300.0


async def until(reached: Callable[[], Awaitable[bool]], what: str) -> float:
    """Wait for a condition; the monotonic instant at which it was first seen to hold."""
    give_up = time.monotonic() + GIVE_UP_SECONDS
    while not await reached():
        assert time.monotonic() < give_up, f"gave up after {GIVE_UP_SECONDS} s waiting until {what}"
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    return time.monotonic()


class Stages:
    """Counts per stage, over HTTP."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._client = httpx.AsyncClient(headers=services.headers, trust_env=False, timeout=30)

    async def intake_ready(self) -> bool:
        try:
            return (await self._client.get(f"{self._services.intake}/healthz/ready")).is_success
        except httpx.TransportError:
            return False

    async def relayed(self) -> int:
        return (await self._head()).relayed

    async def processed(self) -> int:
        return await self._counter(self._services.processing, "motcua_events_processed_total")

    async def projected(self) -> int:
        return await self._counter(self._services.reporting, "motcua_projected_statuses_total")

    async def close(self) -> None:
        await self._client.aclose()

    async def _head(self) -> LogHead:
        answer = await self._client.get(f"{self._services.intake}/v1/log/head")
        return msgspec.json.decode(answer.raise_for_status().content, type=LogHead)

    async def _counter(self, url: str, name: str) -> int:
        try:
            text = (await self._client.get(f"{url}/metrics")).raise_for_status().text
        except httpx.TransportError:
            return 0  # still starting
        return int(sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)", text, re.MULTILINE)))


def peak_memory_mib(pid: int) -> float:
    """The most memory a process ever held (VmHWM), in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    kib = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert kib is not None
    return int(kib[1]) / 1024


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
