"""A counter for tests: intake with its pages and no broker, bound keys, and browsers that sign in with them."""

import base64
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from services.intake.__main__ import create_app
from services.intake.http.service import Intake
from services.intake.settings import IntakeSettings
from shared.access.folder import KeyFolder
from shared.access.keys import ApiKey, digest_of, new_token
from shared.domain.localtime import LOCAL
from tests.support.browser import OWN_PAGE

KEY = "a-key-for-this-test-only"
JUSTICE, HEALTH, EXTRACT = "H59.15", "H59.02", "2.000635"
NASTY = "<script>alert(1)</script>"
NOW = datetime(2026, 11, 30, 10, tzinfo=LOCAL)
"""A Monday, at which the clock stands still."""
MASTER_KEY = base64.b64encode(bytes(range(32))).decode()


def typed(**changed: str) -> dict[str, str]:
    """The receive form as a clerk fills it in."""
    return {
        "department": JUSTICE,
        "procedure": EXTRACT,
        "channel": "in_person",
        "name": "Nguyễn Thị Hoa",
        "id_number": "084180001234",
    } | changed


@dataclass(frozen=True, slots=True)
class Desk:
    """The application, and a browser that is signed in."""

    application: FastAPI
    http: httpx.AsyncClient
    keys: Path

    @property
    def intake(self) -> Intake:
        found: Intake = self.application.state.intake
        return found

    async def page(self, path: str = "/") -> str:
        answer = await self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def form_key(self) -> str:
        return key_of(await self.page())

    async def receive(self, key: str | None = None, **changed: str) -> httpx.Response:
        return await self.http.post("/receive", data=typed(**changed) | {"key": key or await self.form_key()})

    async def received(self, **changed: str) -> str:
        """The code of one more dossier."""
        answer = await self.receive(**changed)
        assert answer.status_code == 303, answer.text
        location: str = answer.headers["location"]
        return location.rpartition("=")[2]

    async def do(self, code: str, event: str, key: str | None = None, **fields: str) -> httpx.Response:
        sent = {"event": event, "key": key or f"k-{event}-{code}", **fields}
        return await self.http.post(f"/dossiers/{code}/events", data=sent)

    async def head(self) -> int:
        """How many events there are."""
        return int((await self.http.get("/moved?since=-")).text)

    def browser(self) -> httpx.AsyncClient:
        return browser(self.application)

    @asynccontextmanager
    async def of(self, *grants: str) -> AsyncIterator["Desk"]:
        """Another browser, of somebody with a key of these grants."""
        key_id, token = new_token()
        with KeyFolder(self.keys).changing() as keys:
            made = datetime(2026, 1, 1, tzinfo=LOCAL)
            keys[key_id] = ApiKey(id=key_id, name="quầy", digest=digest_of(token), grants=grants, created_at=made)
        async with self.browser() as client:
            assert (await sign_in(client, token)).status_code == 303
            yield Desk(self.application, client, self.keys)


def browser(application: FastAPI) -> httpx.AsyncClient:
    """A client that keeps cookies."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://intake", headers=OWN_PAGE)


async def sign_in(client: httpx.AsyncClient, key: str = KEY) -> httpx.Response:
    return await client.post("/session", data={"key": key, "to": "/"})


@asynccontextmanager
async def open_desk(folder: Path, **settings: Any) -> AsyncIterator[Desk]:
    """Intake over an SQLite file of the folder; opened again, it finds what the last one left."""
    keys = folder / "keys"
    keys.mkdir(exist_ok=True)
    chosen: Mapping[str, Any] = {
        "api_key": SecretStr(KEY),
        "kafka_bootstrap": "127.0.0.1:1",
        "drain_seconds": 0.0,
        "clock": NOW.isoformat(),
        "database_url": f"sqlite+aiosqlite:///{folder}/intake.db",
        "access_dir": keys,
        "applicants_key": SecretStr(MASTER_KEY),
    } | settings
    application = create_app(IntakeSettings(**chosen))
    async with application.router.lifespan_context(application), browser(application) as client:
        assert (await sign_in(client)).status_code == 303
        yield Desk(application, client, keys)


def key_of(page: str) -> str:
    """The key of the first form on a page."""
    first = re.search(r'name="key" value="([^"]+)"', page)
    assert first is not None
    return first[1]


def options_of(page: str, name: str) -> list[str]:
    """The values that a list of the page offers."""
    choices = re.findall(rf'<select [^>]*name="{name}".*?</select>', page, re.DOTALL)[-1]
    return [value for value in re.findall(r'<option value="([^"]*)"', choices) if value]


def actions_of(page: str) -> list[str]:
    """The events that a dossier's page offers."""
    return re.findall(r'name="event" value="([a-z_]+)"', page)


def mistakes_of(page: str) -> dict[str, str]:
    """What is said to be wrong, by field."""
    said = re.findall(r'data-mistake="([a-z_]*)">([^<]+)</p>', page)
    return {name: unescape(what) for name, what in said}
