"""Keys that hold no more and are sent all the same are counted after a few refusals; guesses are not."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from services.processing.app import create_app as worker
from services.processing.http import create_api
from services.processing.settings import ProcessingSettings
from shared.service.clock import system_clock
from shared.service.metric_catalogue import KEY_EXPIRES, LAPSED_KEYS
from shared.service.refusals import WITHIN_S, LapsedKeys, WhyRefused
from tests.access.made_keys import bearer, expired_key, make_key

KEY = "a-key-for-this-test-only"


async def test_a_program_that_did_not_get_its_new_key_is_seen_after_three_refusals(tmp_path: Path) -> None:
    revoked = make_key(tmp_path, "counter@H59.15", revoked=True)
    expired, other = expired_key(tmp_path, "operator@*"), expired_key(tmp_path, "officer@H59.02")
    app = create_api(worker(ProcessingSettings(api_key=SecretStr(KEY), access_dir=tmp_path)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://processing") as client:

        async def send(token: str, times: int = 1) -> None:
            for _ in range(times):
                assert (await client.get("/v1/ledger", headers=bearer(token))).status_code == httpx.codes.UNAUTHORIZED

        async def counted() -> tuple[float, float]:
            told = (await client.get("/metrics", headers=bearer(KEY))).text
            found = [line.split()[-1] for line in told.splitlines() if line.startswith(LAPSED_KEYS.name + "{")]
            expired_ones, revoked_ones = map(float, found)
            return expired_ones, revoked_ones

        assert await counted() == (0, 0), "the series are there before anything happens"
        await send(revoked, 2)
        await send("motcua_0123456789ab_a-guess", 20)
        await send(f"{revoked}x", 20)
        assert await counted() == (0, 0)
        await send(revoked)
        await send(expired, 9)
        await send(other, 2)
        assert await counted() == (1, 1)


async def test_the_end_of_a_key_that_is_used_is_told_before_it_comes(tmp_path: Path) -> None:
    first, second = system_clock() + timedelta(days=3), system_clock() + timedelta(days=5)
    make_key(tmp_path, "operator@*", expires_at=system_clock() + timedelta(days=1))  # nobody sends it
    later, sooner = (make_key(tmp_path, "operator@*", expires_at=at) for at in (second, first))
    lasting = make_key(tmp_path, "operator@*")
    app = create_api(worker(ProcessingSettings(api_key=SecretStr(KEY), access_dir=tmp_path)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://processing") as client:

        async def told(token: str) -> list[float]:
            page = (await client.get("/metrics", headers=bearer(token))).text
            return [float(line.split()[-1]) for line in page.splitlines() if line.startswith(f"{KEY_EXPIRES.name} ")]

        assert await told(lasting) == []
        assert await told(later) == [pytest.approx(second.timestamp(), abs=1)]
        assert await told(sooner) == [pytest.approx(first.timestamp(), abs=1)]


def test_it_ends_when_nobody_sends_it_any_more() -> None:
    now = 0.0
    keys = LapsedKeys(LAPSED_KEYS, lambda: now)

    def in_use() -> list[float]:
        (family,) = keys.collect()
        return [sample.value for sample in family.samples]

    for _ in range(4):
        now += 600.0
        keys.note(WhyRefused.REVOKED_KEY, "0123456789ab")
    assert in_use() == [0, 1], "every ten minutes is often enough"
    now += WITHIN_S - 2 * 600.0 + 1
    assert in_use() == [0, 0]
    for _ in range(4):
        now += WITHIN_S
        keys.note(WhyRefused.REVOKED_KEY, "0123456789ab")
    assert in_use() == [0, 0], "once in half an hour is somebody who looks whether it holds again"
