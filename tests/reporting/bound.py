"""Reporting with callers who are bound to some departments: whoever gives grants as a key has them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.pages.routes import add_pages
from services.reporting.projecting.metrics import ProjectorHealth
from shared.access.roles import Grant, InvalidGrant, Principal
from shared.catalogue import Catalogue
from shared.service.access import Access
from shared.service.sessions import sessions_of
from tests.support.browser import OWN_PAGE

KEY = "a-key-for-this-test-only"
BASE_URL = "http://reporting"


class GrantsAreKeys(Access):
    """Knows `officer@H59.15` as the key to which that is granted, and nobody else but the key from the settings."""

    def of_key(self, token: str) -> Principal | None:
        try:
            grants = tuple(Grant.parse(grant) for grant in token.split("+"))
        except InvalidGrant:
            return super().of_key(token)
        return Principal(f"key:{token}", token, grants)

    def with_id(self, principal_id: str) -> Principal | None:
        return super().with_id(principal_id) or self.of_key(principal_id.removeprefix("key:"))


def bound(reporting: Reporting) -> Reporting:
    """The same reporting, where grants are keys."""
    access = GrantsAreKeys(reporting.api_key, sessions_of("reporting", reporting.api_key))
    object.__setattr__(reporting, "access", access)
    return reporting


def application(
    engine: AsyncEngine,
    catalogue: Catalogue,
    now: Callable[[], datetime],
    **more: Any,
) -> FastAPI:
    """Reporting with its pages."""
    gauges, health = FigureGauges(engine, now, None), ProjectorHealth(assigned=True)
    reporting = Reporting(
        engine, catalogue, now, SecretStr(KEY), health, CollectorRegistry(), gauges, recording_clock=now, **more
    )
    return add_pages(create_app(bound(reporting)), reporting)


def caller(app: FastAPI, key: str = KEY) -> httpx.AsyncClient:
    """A program with a key."""
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE_URL, headers=headers)


@asynccontextmanager
async def reader(app: FastAPI, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser whose reader has given the key."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE_URL) as client:
        answer = await client.post("/session", data={"key": key, "to": "/"}, headers=OWN_PAGE)
        assert answer.status_code == 303, answer.text
        yield client


async def first_part(app: FastAPI, path: str, key: str) -> tuple[int, bytes]:
    """The status and the beginning of a stream, whose reader leaves then."""
    address, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": address,
        "raw_path": address.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"reporting"), (b"authorization", f"Bearer {key}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("reporting", 80),
    }
    status, body, told = 0, b"", asyncio.Event()

    async def receive() -> dict[str, Any]:
        await told.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal status, body
        status = message.get("status", status)
        body = body or message.get("body", b"")
        if body:
            told.set()

    await app(scope, receive, send)
    return status, body


def listed(codes: Iterable[str]) -> str:
    """As a parameter has several."""
    return ",".join(sorted(codes))
