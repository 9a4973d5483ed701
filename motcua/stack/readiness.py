"""Waits until services say that they are ready."""

import asyncio

import httpx

from motcua.stack.errors import NotReady
from motcua.stack.layout import Layout

LOOK_AGAIN_S = 0.05


async def wait_until_ready(layout: Layout, within: float) -> None:
    """Return when each service answers 200 at /healthz/ready."""
    urls = layout.urls
    waiting = set(urls)
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        try:
            async with asyncio.timeout(within):
                while waiting:
                    waiting -= {service for service in waiting if await _ready(client, urls[service])}
                    await asyncio.sleep(LOOK_AGAIN_S)
        except TimeoutError:
            raise NotReady({service: layout.log(service) for service in sorted(waiting)}, within) from None


async def _ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        answer = await client.get(f"{url}/healthz/ready")
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK
