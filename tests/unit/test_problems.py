"""Every error over HTTP is a problem: a caller's, a framework's, and a bug."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from pydantic import BaseModel

from shared.service import problems


class Thing(BaseModel):
    name: str


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)

    @app.post("/things")
    async def post_thing(thing: Thing) -> str:
        return thing.name

    @app.get("/bug")
    async def bug() -> None:
        raise OverflowError("a secret of the inside")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://things") as opened:
        yield opened


def problem(answer: httpx.Response, status: int, title: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, problems.MEDIA_TYPE)
    body: dict[str, Any] = answer.json()
    assert (body["type"], body["title"], body["status"]) == ("about:blank", title, status)
    return body


async def test_a_bug_is_logged_and_answered_without_its_inside(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logged:
        body = problem(await client.get("/bug"), 500, "Internal Server Error")
    assert "try again" in body["detail"]
    assert "service's log" in body["detail"]
    assert "secret" not in str(body)
    (line,) = logged
    assert (line["log_level"], line["path"], type(line["exc_info"])) == ("error", "/bug", OverflowError)


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [("GET", "/nowhere", 404, "Not Found"), ("GET", "/things", 405, "Method Not Allowed")],
)
async def test_what_the_framework_refuses_has_the_phrase_of_its_status(
    client: httpx.AsyncClient, method: str, path: str, status: int, title: str
) -> None:
    problem(await client.request(method, path), status, title)


@pytest.mark.parametrize("body", [b"{not json", b"{", b'{"name": "\xff"}', b"[" * 200_000, b"1" * 5000])
async def test_a_body_that_is_not_json_is_called_so(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/things", content=body, headers={"Content-Type": "application/json"})
    found = problem(answer, 422, "Unprocessable Content")
    assert found["detail"].startswith("the body is not JSON: ")
    assert "errors" not in found


@pytest.mark.parametrize(("body", "field"), [(b"{}", "name"), (b'{"name": 1}', "name"), (b"[]", "body"), (b"", "body")])
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, body: bytes, field: str) -> None:
    answer = await client.post("/things", content=body, headers={"Content-Type": "application/json"})
    found = problem(answer, 422, "Unprocessable Content")
    assert [error["field"] for error in found["errors"]] == [field]
    assert found["detail"].startswith(f"{field}: ")


def test_a_problem_says_back_little_of_what_was_sent() -> None:
    problem = problems.Problem(422, "Unprocessable Content", f"channel: {'A' * 250_000!r} is none; choose online")
    assert len(problem.response().body) < 1000
    assert str(problem).endswith("choose online")
