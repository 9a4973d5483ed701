"""What is told of a provider is whole and safe, or the service does not start and names the variable that is wrong."""

from pathlib import Path
from typing import Any

import pytest

from services.processing.settings import ProcessingSettings
from services.reporting.settings import ReportingSettings
from shared.service.oidc.configuration import ALGORITHMS, Oidc, OidcClient
from shared.service.secret_files import UnusableSettings
from shared.service.settings import settings_of

KEY = "a-key-for-this-test-only"
ISSUER = "https://login.example/realms/tinh"
WHOLE = {"oidc_issuer": ISSUER, "oidc_client_id": "pages", "public_url": "https://motcua.example/"}


def refusal(**given: Any) -> str:
    with pytest.raises(UnusableSettings) as wrong:
        settings_of(ReportingSettings, api_key=KEY, **given)
    return str(wrong.value)


def test_without_a_provider_there_is_none() -> None:
    assert settings_of(ReportingSettings, api_key=KEY).oidc is None


def test_a_provider_for_tokens_only() -> None:
    settings = settings_of(ProcessingSettings, api_key=KEY, oidc_issuer=ISSUER, oidc_audience="motcua")
    assert settings.oidc == Oidc(issuer=ISSUER, audience="motcua", algorithms=ALGORITHMS)


def test_a_provider_for_the_pages_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("the-secret\n")
    monkeypatch.setenv("MOTCUA_REPORTING_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    settings = settings_of(
        ReportingSettings, api_key=KEY, **WHOLE, oidc_session_minutes=60, oidc_algorithms="ES256, RS256"
    )
    assert settings.oidc is not None
    assert settings.oidc.client == OidcClient(
        client_id="pages", secret="the-secret", public_url="https://motcua.example/", session_s=3600
    )
    assert settings.oidc.client.redirect_uri == "https://motcua.example/session/callback"
    assert settings.oidc.algorithms == ("ES256", "RS256")
    assert settings.oidc.called == "login.example"
    assert "the-secret" not in repr(settings)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS512", "RS256,HS256", "rs256", "", ","])
def test_an_algorithm_that_needs_a_shared_secret_or_nothing_at_all_cannot_be_set(algorithm: str) -> None:
    assert "MOTCUA_REPORTING_OIDC_ALGORITHMS" in refusal(**WHOLE, oidc_algorithms=algorithm)


@pytest.mark.parametrize(
    "address", ["http://login.example", "ftp://login.example", "login.example", "https://", "http://["]
)
def test_nobody_on_the_way_may_speak_for_the_provider(address: str) -> None:
    assert "MOTCUA_REPORTING_OIDC_ISSUER" in refusal(**WHOLE | {"oidc_issuer": address})


@pytest.mark.parametrize(
    "address", ["http://motcua.example", "https://motcua.example/pages", "https://a@motcua.example"]
)
def test_the_pages_address_is_one_that_a_cookie_can_be_kept_for(address: str) -> None:
    assert "MOTCUA_REPORTING_PUBLIC_URL" in refusal(**WHOLE | {"public_url": address})


@pytest.mark.parametrize("left_out", ["oidc_issuer", "public_url"])
def test_a_client_needs_a_provider_and_an_address_to_come_back_to(left_out: str) -> None:
    given = {name: value for name, value in WHOLE.items() if name != left_out}
    said = "MOTCUA_REPORTING_OIDC_CLIENT_ID needs MOTCUA_REPORTING_OIDC_ISSUER and MOTCUA_REPORTING_PUBLIC_URL"
    assert said in refusal(**given)


def test_an_audience_needs_a_provider() -> None:
    assert "MOTCUA_REPORTING_OIDC_AUDIENCE is of no use without" in refusal(oidc_audience="motcua")


def test_an_id_token_can_be_told_from_an_access_token() -> None:
    assert "give the API an audience of its own" in refusal(**WHOLE, oidc_audience="pages")
