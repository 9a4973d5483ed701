"""What every service's application answers alike: HEAD, Allow, slashes, and headers about keeping."""

import httpx

from tests.serving.conftest import Site


def _client(site: Site) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{site.port}", timeout=30)


async def test_head_is_get_without_the_content(site: Site) -> None:
    async with _client(site) as client:
        same = {"X-Request-Id": "the-same"}
        got, head = await client.get("/healthz/live", headers=same), await client.head("/healthz/live", headers=same)
    assert (head.status_code, head.content) == (200, b"")
    assert {name: value for name, value in head.headers.items() if name != "date"} == {
        name: value for name, value in got.headers.items() if name != "date"
    }


async def test_head_of_a_stream_does_not_run_the_stream(site: Site) -> None:
    async with _client(site) as client:
        assert (await client.head("/v1/bodies")).status_code == 200
    assert site.produced <= 1


async def test_allow_names_the_methods_of_every_route_at_the_address(site: Site) -> None:
    async with _client(site) as client:
        answers = [await client.request(method, "/v1/bodies") for method in ("DELETE", "OPTIONS")]
        head = await client.head("/v1/refused")
    assert [(answer.status_code, answer.headers["allow"]) for answer in answers] == [(405, "HEAD, GET, POST")] * 2
    assert (head.status_code, head.headers["allow"], head.content) == (405, "POST", b"")


async def test_a_slash_too_many_is_not_found_and_redirects_nobody(site: Site) -> None:
    async with _client(site) as client:
        answer = await client.post("/v1/bodies/", content=b"x")
    assert (answer.status_code, "location" in answer.headers) == (404, False)


async def test_answers_are_not_kept_framed_or_guessed_at_and_the_server_is_not_named(site: Site) -> None:
    async with _client(site) as client:
        public, private = await client.get("/healthz/live"), await client.post("/v1/refused")
    for answer in (public, private):
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
    assert (public.headers.get("cache-control"), private.headers["cache-control"]) == (None, "no-store")
