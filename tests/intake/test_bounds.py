"""What a caller may take of intake's memory, on a running service: bodies without a good line, echoes, headers."""

import contextlib
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil
import pytest

from shared.contract.http.log import MOST_REJECTIONS
from tests.intake.sending import NDJSON, received
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, Service, service

MIB = 1024 * 1024
MOST_RSS = 300 * MIB
MOST_ANSWER = 1_200 * MOST_REJECTIONS
ARRAY = "application/json"


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("bounds")
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/intake.db",
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "DRAIN_SECONDS": "0",
    }
    with service("intake", free_port_base(1), environment, folder / "log") as running:
        yield running


class _Watch:
    """The largest memory of a process that was seen while a call ran."""

    def __init__(self, running: Service) -> None:
        assert running.process is not None
        self._process = psutil.Process(running.process.pid)

    def while_(self, call: Any) -> tuple[Any, int]:
        with ThreadPoolExecutor(1) as pool:
            future, most = pool.submit(call), 0
            while not future.done():
                most = max(most, self._process.memory_info().rss)
                with contextlib.suppress(TimeoutError):
                    future.result(0.02)
            return future.result(), most


def _lines(line: bytes, total: int) -> Iterator[bytes]:
    block = line * max(1, MIB // len(line))
    for _ in range(total // len(block)):
        yield block


def _long_values(value: str) -> bytes:
    return json.dumps(received() | {"datacontenttype": value}, ensure_ascii=False).encode() + b"\n"


@pytest.mark.parametrize(
    ("content_type", "begin", "part", "total"),
    [
        (ARRAY, b"[1", b",1", MIB),
        (ARRAY, b"[1", b"," * 100, MIB // 2),
        (ARRAY, b"[", b"[" * 100, 4 * MIB),
        (ARRAY, b'["', b'\\"' * 100, 4 * MIB),
        (NDJSON, b"", b"1\n", MIB),
        (NDJSON, b"", b"\n", 8 * MIB),
        (NDJSON, b"", _long_values("A" * 250_000), 60 * MIB),
        (NDJSON, b"", _long_values("\U0001f600" * 60_000), 30 * MIB),
    ],
    ids=["ones", "commas", "brackets", "escapes", "bad lines", "blank lines", "long values", "wide values"],
)
@pytest.mark.slow
def test_bodies_without_a_good_event_take_little_memory_and_get_a_short_answer(
    intake: Service, content_type: str, begin: bytes, part: bytes, total: int
) -> None:
    def body() -> Iterator[bytes]:
        yield begin
        yield from _lines(part, total)

    def call() -> httpx.Response:
        return httpx.post(
            f"{intake.url}/v1/events", content=body(), headers=HEADERS | {"content-type": content_type}, timeout=120
        )

    answer, most = _Watch(intake).while_(call)
    found = answer.json()
    assert answer.status_code in (200, 422)
    assert found["accepted"] == 0
    assert len(found["rejections"]) + found.get("rejections_omitted", 0) == found["rejected"]
    assert len(found["rejections"]) <= MOST_REJECTIONS
    assert len(answer.content) < MOST_ANSWER
    assert most < MOST_RSS


@pytest.mark.slow
@pytest.mark.parametrize("line", [b"X-A: " + b"a" * 8000 + b"\r\n", b"X" * 8000], ids=["lines", "one name"])
def test_headers_without_end_and_without_a_key_take_no_memory(intake: Service, line: bytes) -> None:
    def push() -> int:
        sent = 0
        with socket.create_connection(("127.0.0.1", intake.port), timeout=30) as connection:
            connection.sendall(b"GET /healthz/live HTTP/1.1\r\nHost: x\r\n")
            with contextlib.suppress(ConnectionError):
                for _ in range(90_000):
                    connection.sendall(line)
                    sent += len(line)
        return sent

    sent, most = _Watch(intake).while_(push)
    assert sent < 90_000 * len(line), "the connection was not refused"
    assert most < MOST_RSS


def test_a_key_with_letters_outside_ascii_is_another_key(intake: Service) -> None:
    for key in ("khóa".encode(), b"\xff\xfe", "khóa".encode("latin-1")):
        with socket.create_connection(("127.0.0.1", intake.port), timeout=30) as connection:
            connection.sendall(
                b"GET /v1/log HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + key + b"\r\n\r\n"
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 401")


def test_the_service_is_well_after_all_that(intake: Service) -> None:
    new = {"department": "H59.15", "procedure": "2.000635", "channel": "in_person"}
    assert httpx.post(f"{intake.url}/v1/dossiers", json=new, headers=HEADERS).status_code == 201
    assert httpx.head(f"{intake.url}/metrics").status_code == 200
