"""Bodies are refused by what can be known before they are read, and say what is wrong with them after."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.intake.conftest import Start
from tests.intake.sending import CODE, KEY, NDJSON, Sender, lines, received

NEW = {"department": "H59.15", "procedure": "2.000635", "channel": "online", "received_at": "2023-12-08T08:31:00+07:00"}
JSON = {"content-type": "application/json"}
POSTS = ["/v1/dossiers", "/v1/events", f"/v1/dossiers/{CODE}/events"]


@pytest.mark.parametrize("path", POSTS)
async def test_without_the_key_a_body_is_not_even_read(intake: Sender, path: str) -> None:
    read: list[int] = []

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(20):
            read.append(number)
            yield b"{" * 1000

    answer = await intake.http.post(path, content=chunks(), headers=JSON | {"Authorization": f"Bearer {KEY}x"})
    assert (answer.status_code, read) == (401, [])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body is not JSON: it is empty"),
        (b'{"department": ', "the body is not JSON: "),
        (b"\xff", "the body is not JSON: "),
        (b"[" * 1000 + b"]" * 1000, "the body is not"),
        (b"[]", "not a JSON object"),
        (b"{}", "department"),
    ],
)
async def test_a_body_that_is_no_dossier_is_answered_with_what_is_wrong(
    intake: Sender, body: bytes, words: str
) -> None:
    answer = await intake.http.post("/v1/dossiers", content=body, headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert words in answer.json()["detail"]


async def test_a_new_dossier_is_no_larger_than_an_event(start: Start) -> None:
    async with start(max_event_bytes=1024) as intake:
        answer = await intake.http.post("/v1/dossiers", json=NEW | {"applicant": "x" * 2000})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_new_dossier_must_be_sent_as_json(intake: Sender, content_type: str) -> None:
    answer = await intake.http.post("/v1/dossiers", content=b"{}", headers={"content-type": content_type})
    assert (answer.status_code, "application/json" in answer.json()["detail"]) == (415, True)


@pytest.mark.parametrize("field", ["received_at", "due_at"])
@pytest.mark.parametrize(
    "instant", [1702000000, "1702000000", "2023-12-08", "2023-12-08T08:31:00", 1.5, True, "yesterday"]
)
async def test_an_instant_is_written_as_in_events(intake: Sender, field: str, instant: Any) -> None:
    answer = await intake.http.post("/v1/dossiers", json=NEW | {field: instant})
    assert (answer.status_code, field in answer.json()["detail"]) == (422, True)
    assert "+07:00" in answer.json()["detail"]


@pytest.mark.parametrize("path", POSTS)
async def test_a_compressed_body_is_asked_for_again_uncompressed(intake: Sender, path: str) -> None:
    headers = {"content-type": NDJSON, "content-encoding": "gzip"}
    answer = await intake.http.post(path, content=b"\x1f\x8b", headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert "uncompressed" in answer.json()["detail"]


async def test_a_body_said_to_be_as_it_is_is_taken(intake: Sender) -> None:
    headers = {"content-type": NDJSON, "content-encoding": "identity"}
    assert (await intake.http.post("/v1/events", content=lines(received()), headers=headers)).json()["accepted"] == 1


async def test_the_documents_show_refusals_as_problem_details(intake: Sender) -> None:
    document = (await intake.http.get("/openapi.json")).json()
    for path in ("/v1/dossiers", "/v1/events", "/v1/dossiers/{code}/events"):
        post = document["paths"][path]["post"]
        assert post["requestBody"]["content"]
        for status in ("401", "413", "415", "422"):
            assert list(post["responses"][status]["content"]) == ["application/problem+json"]
    new = document["paths"]["/v1/dossiers"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert new == {"$ref": "#/components/schemas/NewDossier"}
    new = document["components"]["schemas"]["NewDossier"]
    assert new["properties"]["received_at"]["anyOf"][0] == {"type": "string", "format": "date-time"}
