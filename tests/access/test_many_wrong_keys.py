"""After many wrong keys from one place the key that people chose is not looked at from there; keys of ours are."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from shared.access.folder import KeyFolder
from shared.access.keys import ApiKey, digest_of, new_token
from shared.catalogue import Catalogue
from shared.service.keyring import KeyRing
from shared.service.wrong_keys import MOST_WRONG
from tests.access.login_site import KEY, Site, site_with
from tests.support.browser import OWN_PAGE
from tests.support.oidc_provider import PUBLIC_URL

ATTACKER, CLERK = ("192.0.2.1", 1), ("192.0.2.2", 1)


@pytest.fixture
def token(tmp_path: Path) -> str:
    key_id, made = new_token()
    with KeyFolder(tmp_path).changing() as keys:
        keys[key_id] = ApiKey(
            id=key_id, name="Quầy", digest=digest_of(made), grants=("compiler@*",), created_at=datetime.now(UTC)
        )
    return made


@pytest.fixture
def site(token: str, tmp_path: Path, shipped: Catalogue) -> Site:
    return site_with(None, shipped, keys=KeyRing(tmp_path, "reporting"))


async def signed_in(site: Site, client: tuple[str, int], key: str) -> httpx.Response:
    transport = httpx.ASGITransport(site.application, client=client)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=OWN_PAGE) as browser:
        return await browser.post("/session", data={"key": key})


async def test_nobody_is_locked_out_by_what_others_try(site: Site, token: str) -> None:
    for number in range(MOST_WRONG):
        assert (await signed_in(site, ATTACKER, f"guess-{number}")).status_code == 401
    assert (await signed_in(site, ATTACKER, KEY)).status_code == 429, (
        "or the attacker would learn which guess was right"
    )
    assert (await signed_in(site, ATTACKER, "guess")).status_code == 429
    assert (await signed_in(site, CLERK, KEY)).status_code == 303, "elsewhere nobody has guessed"
    assert (await signed_in(site, ATTACKER, token)).status_code == 303, "a key of 256 bits can't be guessed"
