"""From accepted to visible in figures, warm, at a steady rate, seen from outside:
post one at a time, watch the count rise."""

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from statistics import quantiles

import aiohttp  # a lighter client than httpx: it shares the machine with what it measures

from motcua.client import Services

EVENTS_A_SECOND = 200
WARM_UP_SECONDS = 3
SECONDS = 15
LOOK_AGAIN_SECONDS = 0.04
PROCEDURES = (("H59.02", "1.002425"), ("H59.03", "1.004650"), ("H59.15", "2.000635"))  # of three departments
DAY = "2023-12-29"


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from intake's answer until the figures show the event, over `events` events."""

    events: int
    p50: float
    p99: float
    worst: float


async def measure_latency(services: Services) -> Latency:
    """Each posted dossier raises the day's count by one, so the n-th is visible when the count has risen by n."""
    async with aiohttp.ClientSession(headers=services.headers) as client:
        total = EVENTS_A_SECOND * (WARM_UP_SECONDS + SECONDS)
        start = await _received(client, services)
        visible: list[float] = []
        watching = asyncio.create_task(_watch(client, services, start, total, visible))
        accepted = sorted(await _post_steadily(client, services, total))
        await asyncio.wait_for(watching, 60)
    warm = slice(EVENTS_A_SECOND * WARM_UP_SECONDS, None)
    spans = [max(seen - answered, 0) * 1000 for answered, seen in zip(accepted[warm], visible[warm], strict=True)]
    cuts = quantiles(spans, n=100)
    return Latency(len(spans), cuts[49], cuts[98], max(spans))


async def _post_steadily(client: aiohttp.ClientSession, services: Services, total: int) -> list[float]:
    began = time.monotonic()
    posts = []
    for number in range(total):
        await asyncio.sleep(max(began + number / EVENTS_A_SECOND - time.monotonic(), 0))
        posts.append(asyncio.create_task(_post(client, services, number)))
    return list(await asyncio.gather(*posts))


async def _post(client: aiohttp.ClientSession, services: Services, number: int) -> float:
    department, procedure = PROCEDURES[number % len(PROCEDURES)]
    dossier = {
        "department": department,
        "procedure": procedure,
        "channel": "online",
        "online_level": "full",
        "received_at": f"{DAY}T16:00:00+07:00",
    }
    async with client.post(f"{services.intake}/v1/dossiers", json=dossier) as answer:
        assert answer.status == HTTPStatus.CREATED, await answer.text()
        return time.monotonic()


async def _watch(
    client: aiohttp.ClientSession, services: Services, start: int, total: int, visible: list[float]
) -> None:
    while len(visible) < total:
        count = await _received(client, services) - start
        visible.extend([time.monotonic()] * (count - len(visible)))
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _received(client: aiohttp.ClientSession, services: Services) -> int:
    async with client.get(
        f"{services.reporting}/v1/figures", params={"from": DAY, "to": DAY}, raise_for_status=True
    ) as answer:
        return int((await answer.json())["total"]["received_online"])
