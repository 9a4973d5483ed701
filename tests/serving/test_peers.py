"""Who sent a request: the connection's other end, or whom a trusted proxy names; nobody else is believed."""

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from services.intake.settings import IntakeSettings
from shared.service.peers import Peer
from tests.serving.conftest import Serve

FORWARDED = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9", "X-Forwarded-Proto": "https", "Forwarded": "for=192.0.2.1"}


async def _peer(serve: Serve, trusted: str, headers: dict[str, str]) -> Peer:
    async with serve(trusted_proxies=trusted) as site, httpx.AsyncClient() as client:
        return Peer(*(await client.get(f"http://127.0.0.1:{site.port}/peer", headers=headers)).json())


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8", "203.0.113.9"])
async def test_what_a_stranger_says_of_itself_is_not_believed(serve: Serve, trusted: str) -> None:
    assert await _peer(serve, trusted, FORWARDED) == Peer("127.0.0.1", is_https=False)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ("127.0.0.1", "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.0/8, 203.0.113.0/24", "198.51.100.7, 203.0.113.9", "198.51.100.7"),
        ("127.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "2001:DB8:0::7", "2001:db8::7"),
        ("127.0.0.1", "nobody", "nobody"),
        ("127.0.0.1", "x" * 400, f"{'x' * 22}…{'x' * 22}"),
    ],
)
async def test_a_trusted_proxy_names_the_caller_and_the_scheme(
    serve: Serve, trusted: str, forwarded: str, address: str
) -> None:
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"}
    assert await _peer(serve, trusted, headers) == Peer(address, is_https=True)


async def test_a_trusted_proxy_that_says_nothing_is_the_caller_itself(serve: Serve) -> None:
    assert await _peer(serve, "127.0.0.1", {}) == Peer("127.0.0.1", is_https=False)


def test_limits_are_counted_by_the_address_and_of_ipv6_by_the_site() -> None:
    assert [Peer(address, is_https=False).site for address in ("192.0.2.7", "2001:db8:1:2:3::4", "nobody")] == [
        "192.0.2.7",
        "2001:db8:1:2::/64",
        "nobody",
    ]


@pytest.mark.parametrize("wrong", ["*", "proxy", "10.0.0.1/8", "0.0.0.0/0", "::/0"])
def test_a_setting_that_trusts_everybody_or_names_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="name the proxies|no address and no network"):
        IntakeSettings(api_key=SecretStr("a-key-for-tests-only"), trusted_proxies=wrong)
