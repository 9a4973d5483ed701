"""A service with one page, for those who log in at a provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.reporting.pages.site import LOOK
from shared.auditing.entries import AuditEntry
from shared.catalogue import Catalogue
from shared.pages.session import session_routes
from shared.pages.site import Pages
from shared.service.access import Access
from shared.service.http import new_application
from shared.service.keyring import KeyRing
from shared.service.oidc.configuration import Oidc
from shared.service.oidc.provider import Provider
from shared.service.sessions import sessions_of
from tests.support.oidc_provider import PUBLIC_URL

KEY = "a-key-for-this-test-only"


@dataclass
class Heard:
    """An audit that is heard and not kept."""

    entries: list[AuditEntry] = field(default_factory=list)

    async def write_alone(self, *entries: AuditEntry) -> None:
        self.entries += entries


@dataclass
class Site:
    """A page, who may see it, and the provider that tells."""

    access: Access
    pages: Pages
    audit: Heard = field(default_factory=Heard)

    @cached_property
    def application(self) -> FastAPI:
        app = new_application(title="t", version="1", description="d", access=self.access)
        app.state.audit = self.audit

        async def home(request: Request) -> Response:
            return self.pages.notice(request, 200, None, f"{request.state.caller.principal.id} is here")

        app.router.routes += [Route("/", self.pages.guarded(home)), *session_routes(self.pages)]
        return app

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client that keeps cookies."""
        transport = httpx.ASGITransport(self.application)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
            yield client


def site_with(
    oidc: Oidc | None, catalogue: Catalogue, public_url: str = PUBLIC_URL, keys: KeyRing | None = None
) -> Site:
    provider = None if oidc is None else Provider(oidc)
    sessions = sessions_of("reporting", SecretStr(KEY), public_url=public_url)
    access = Access(SecretStr(KEY), sessions, keys, provider)
    return Site(access, Pages(catalogue=catalogue, access=access, look=LOOK))
