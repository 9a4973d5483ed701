"""A real OpenID provider, independent of ours: npm's oidc-provider, installed once for every run of this user."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from tests.support.npm import installed
from tests.support.ports import free_port_base
from tests.support.tethered import tethered
from tests.support.wait import wait_until

SOURCES = Path(__file__).parents[1] / "access" / "provider"
AUDIENCE = "https://motcua.example/api"
PAGES, PUBLIC_URL = "pages", "https://motcua.example"
SECRET = "a-secret-for-this-test-only"
WITHIN_S = 30.0
ACCOUNTS: dict[str, dict[str, Any]] = {
    "thu": {"name": "Nguyễn Thị Thu", "motcua_grants": ["officer@H59.15", "compiler@H59.02"]},
    "khách": {"name": "Khách"},
    "nhầm": {"name": "Nhầm", "motcua_grants": ["chief@H59.15"]},
    "program": {"motcua_grants": ["operator@*"]},
    "program-ES256": {"motcua_grants": ["operator@*"]},
    "program-PS256": {"motcua_grants": ["operator@*"]},
    "program-EdDSA": {"motcua_grants": ["operator@*"]},
}


def new_keys(name: str) -> list[Key]:
    """A key of each kind, with ids by the name."""
    return [
        RSAKey.generate_key(2048, {"kid": f"{name}-rsa", "use": "sig"}),
        ECKey.generate_key("P-256", {"kid": f"{name}-ec", "use": "sig"}),
        OKPKey.generate_key("Ed25519", {"kid": f"{name}-ed", "use": "sig"}),
    ]


@dataclass
class RunningProvider:
    """A provider that listens, and the private keys it signs with."""

    port: int
    host: str = "127.0.0.1"
    keys: list[Key] = field(default_factory=lambda: new_keys("first"))

    @property
    def issuer(self) -> str:
        return f"http://{self.host}:{self.port}"

    @cached_property
    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.issuer)

    def control(self, **settings: Any) -> dict[str, int]:
        """Change settings; how often each address was asked for since the last time."""
        asked: dict[str, int] = self.client.post("/control", json=settings).raise_for_status().json()
        return asked

    def use(self, keys: list[Key]) -> None:
        """Sign with the first of each kind from now on, and publish these."""
        self.keys = keys
        self.control(keys=[key.as_dict(private=True) for key in keys])

    def access_token(self, client: str = "program", audience: str = AUDIENCE) -> str:
        """A token that it gives to a program."""
        sent = {"grant_type": "client_credentials", "scope": "api", "resource": audience}
        answer = self.client.post("/token", data=sent, auth=(client, SECRET))
        return str(answer.raise_for_status().json()["access_token"])

    def log_in(self, address: str, name: str = "thu") -> str:
        """Go where the pages send a browser, and log in there: the address that the browser is sent back to."""
        with httpx.Client(base_url=self.issuer) as browser:
            page = browser.get(address, follow_redirects=True).raise_for_status()
            answer = browser.post(page.url, data={"name": name})
            while answer.has_redirect_location and answer.headers["location"].startswith(self.issuer):
                answer = browser.get(answer.headers["location"])
        return answer.headers["location"]


@contextmanager
def running_provider(public_url: str = PUBLIC_URL, host: str = "127.0.0.1") -> Iterator[RunningProvider]:
    """A provider that knows the pages at this address and a few programs, ended at the end."""
    running = RunningProvider(free_port_base(1), host)
    keys = [key.as_dict(private=True) for key in running.keys]
    given = {
        "issuer": running.issuer,
        "port": running.port,
        "secret": SECRET,
        "keys": keys,
        "accounts": ACCOUNTS,
        "audience": AUDIENCE,
        "clients": [*programs(), pages(public_url)],
        "claims_at_userinfo": True,
    }
    with tempfile.TemporaryDirectory(prefix="oidc-provider-") as folder:
        file, log = Path(folder) / "settings.json", Path(folder) / "log"
        file.write_text(json.dumps(given), encoding="utf-8")
        with log.open("wb") as output:
            command = tethered("node", SOURCES / "provider.mjs", file, _installed())
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            wait_until(lambda: _is_ready(process, log), WITHIN_S, "the provider listens")
            yield running
        finally:
            running.client.close()
            process.kill()
            process.wait()


def pages(public_url: str) -> dict[str, Any]:
    """The pages as the provider knows them."""
    return {
        "client_id": PAGES,
        "client_secret": SECRET,
        "redirect_uris": [f"{public_url}/session/callback"],
        "post_logout_redirect_uris": [f"{public_url}/"],
    }


def programs() -> list[dict[str, Any]]:
    """Programs with tokens of their own; a name may end in the algorithm that signs them."""
    program = {
        "client_secret": SECRET,
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "response_types": [],
    }
    return [{"client_id": name, **program} for name in ACCOUNTS if name.startswith("program")]


def _is_ready(process: "subprocess.Popen[bytes]", log: Path) -> bool:
    said = log.read_text("utf-8")
    assert process.poll() is None, f"the provider ended with {process.returncode}:\n{said[-3000:]}"
    return "ready" in said


def _installed() -> Path:
    """oidc-provider as it is locked, and what it needs."""
    return installed(SOURCES, "oidc-provider") / "node_modules" / "oidc-provider" / "lib" / "index.js"
