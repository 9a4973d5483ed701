"""A provider that the environment names is the one that a service takes tokens of and offers for log-in."""

from pathlib import Path

import httpx
import pytest

from services.intake.__main__ import create_app
from services.intake.settings import IntakeSettings
from services.processing.settings import ProcessingSettings
from shared.service.access import access_by
from shared.service.settings import settings_of

KEY = "a-key-for-this-test-only"
PUBLIC_URL = "https://tiepnhan.example"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.e30.AAAA"
PROVIDER = {"OIDC_ISSUER": "http://127.0.0.1:9", "OIDC_AUDIENCE": "motcua"}
PAGES = {"OIDC_CLIENT_ID": "pages", "OIDC_NAME": "Tài khoản của tỉnh", "PUBLIC_URL": PUBLIC_URL}


async def test_intakes_pages_offer_the_provider_and_start_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"API_KEY": KEY, "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/intake.db", **PROVIDER, **PAGES}
    for name, value in given.items():
        monkeypatch.setenv(f"MOTCUA_INTAKE_{name}", value)
    application = create_app(settings_of(IntakeSettings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=PUBLIC_URL) as browser:
        page = await browser.get("/")
        assert page.status_code == 401
        assert "Đăng nhập bằng Tài khoản của tỉnh" in page.text
        away = await browser.get("/session/login")
        assert (away.status_code, away.headers["content-type"]) == (503, "text/html; charset=utf-8")
        token = await browser.get(
            "/v1/departments", headers={"Authorization": f"Bearer {'.'.join(3 * ['eyJhbGciOiJSUzI1NiJ9'])}"}
        )
        assert token.status_code == 503


def test_a_service_without_pages_takes_tokens_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"API_KEY": KEY, **PROVIDER}.items():
        monkeypatch.setenv(f"MOTCUA_PROCESSING_{name}", value)
    access = access_by("processing", settings_of(ProcessingSettings))
    assert access.sessions is None
    assert access.provider is not None
    assert access.provider.oidc.audience == "motcua"
