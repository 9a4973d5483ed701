"""What a connection may take of a service, on real sockets: heads, silence, crowds and slow readers are bounded."""

import asyncio
import json

import pytest

from shared.service import connections
from shared.service.connections import MOST_HEAD_BYTES, MOST_HEADERS, MOST_URL_BYTES
from tests.serving.conftest import STREAMED, WITHIN_S, Serve, Site
from tests.support.wait import wait_until_async

GET = b"GET /healthz/live HTTP/1.1\r\nHost: x\r\n"
LAST = GET + b"Connection: close\r\n\r\n"
POST = b"POST /v1/bodies HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def _problem(answer: bytes) -> dict[str, object]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    problem: dict[str, object] = json.loads(body)
    return problem


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (GET + b"X: " + b"a" * MOST_HEAD_BYTES * 3, 431),
        (GET + b"a" * MOST_HEAD_BYTES * 3, 431),
        (GET + b"".join(b"X-%d: a\r\n" % number for number in range(MOST_HEADERS + 1)), 431),
        (GET + b"X:\r\n" * 30_000, 431),
        (GET + (b"X: " + b"a" * 8000 + b"\r\n") * 6, 431),
        (b"\r\n" * MOST_HEAD_BYTES, 431),
        (CHUNKED + b"1\r\na\r\n0\r\nX: " + b"a" * MOST_HEAD_BYTES * 3, 431),
        (CHUNKED + b"1;" + b"a" * MOST_HEAD_BYTES * 3, 431),
        (b"GET /" + b"a" * MOST_URL_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /?" + b"a" * MOST_URL_BYTES * 20, 414),
        (b"GET /healthz/live HTTP/1.1\r\n\r\n", 400),
        (GET + b"Host: y\r\n\r\n", 400),
        (b"EHLO there\r\n", 400),
        (CHUNKED + b"zz\r\n", 400),
        (b"GET /healthz/live HTTP/1.0\r\n\r\n", 200),
        (GET + b"Connection: close\r\nX: " + b"a" * (MOST_HEAD_BYTES - 200) + b"\r\n\r\n", 200),
        (
            GET
            + b"Connection: close\r\n"
            + b"".join(b"X-%d: a\r\n" % number for number in range(MOST_HEADERS - 2))
            + b"\r\n",
            200,
        ),
        (
            b"GET /healthz/live?" + b"a" * (MOST_URL_BYTES - 20) + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            200,
        ),
        (GET + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n" + LAST, 200),
    ],
)
async def test_a_request_beyond_the_bounds_is_refused_as_a_problem_and_one_within_is_answered(
    site: Site, sent: bytes, status: int
) -> None:
    answer = await site.exchange(sent)
    assert _status(answer) == status
    if status != 200:
        problem = _problem(answer)
        assert (problem["status"], bool(problem["detail"])) == (status, True)


async def test_trailers_do_not_become_headers(site: Site) -> None:
    answer = await site.exchange(CHUNKED + b"3\r\nabc\r\n0\r\nAuthorization: later\r\n\r\n" + LAST)
    assert answer.count(b"200 OK") == 2


async def test_pipelined_requests_are_all_answered_in_their_order(site: Site) -> None:
    posts = b"".join(POST + b"Content-Length: 4\r\n\r\n%04d" % number for number in range(500))
    answer = await site.exchange(posts + LAST)
    assert answer.count(b"HTTP/1.1 200 OK") == 501
    assert b"".join(site.bodies) == b"".join(b"%04d" % number for number in range(500))


async def test_a_bad_request_behind_good_ones_takes_nothing_from_them(site: Site) -> None:
    answer = await site.exchange(POST + b"Content-Length: 3\r\n\r\nabc" + GET + b"\r\n" + b"GET / HTTP/1.1\r\n\r\n")
    assert answer.count(b"200 OK") == 2
    assert answer.endswith(b"well")


@pytest.mark.parametrize(
    ("sent", "status"), [(b"", None), (b"\r\n\r\n", None), (b"GET /heal", 408), (GET + b"X: half", 408)]
)
async def test_a_head_that_does_not_come_is_not_awaited_for_ever(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, sent: bytes, status: int | None
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    async with serve() as site:
        answer = await site.exchange(sent)
    assert (_status(answer) if answer else None) == status


async def test_an_idle_connection_is_closed_also_when_it_sends_line_breaks(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.2)
    async with serve() as site:
        assert (await site.exchange(GET + b"\r\n\r\n")).endswith(b"well")


async def test_a_body_that_stops_coming_is_ended(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STALLED_SECONDS", 0.2)
    async with serve() as site:
        answer = await site.exchange(POST + b"Content-Length: 10\r\n\r\nabc")
        assert site.bodies == [b"abc"]
    assert _status(answer) == 408
    assert "send it again" in str(_problem(answer)["detail"])


async def test_a_slow_sender_that_goes_on_is_let_go_on(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STALLED_SECONDS", 1.5)
    monkeypatch.setattr(connections, "LEAST_BYTES", 1)
    async with serve() as site:
        reader, writer = await site.connect()
        writer.write(POST + b"Connection: close\r\nContent-Length: 4\r\n\r\n")
        began = asyncio.get_running_loop().time()
        for sent in range(4):
            await wait_until_async(lambda at=began + 0.8 * sent: _is_past(at), WITHIN_S, "time passes")  # type: ignore[misc]
            writer.write(b"x")
        assert _status(await reader.read()) == 200
        writer.close()


async def test_a_body_that_trickles_is_ended_and_neighbours_are_answered_meanwhile(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "STALLED_SECONDS", 0.5)
    async with serve() as site:
        slow = [asyncio.create_task(_trickle(site)) for _ in range(20)]
        neighbours = [_status(await site.exchange(LAST)) for _ in range(20)]
        assert {_status(answer) for answer in await asyncio.gather(*slow)} == {408}
    assert set(neighbours) == {200}


async def _trickle(site: Site) -> bytes:
    """A byte at a time, until there is an answer."""
    reader, writer = await site.connect()
    writer.write(POST + b"Content-Length: 1000\r\n\r\n")
    answer = asyncio.create_task(reader.read())
    while not answer.done():
        writer.write(b"x")
        await asyncio.wait([answer], timeout=0.05)
    writer.close()
    return answer.result()


async def _is_past(moment: float) -> bool:
    return asyncio.get_running_loop().time() >= moment


async def test_a_body_that_nobody_wants_is_not_kept(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STALLED_SECONDS", 0.2)
    async with serve() as site:
        answer = await site.exchange(
            b"POST /v1/refused HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 300_000
        )
    assert _status(answer) == 401
    assert answer.count(b"HTTP/1.1") == 1


async def test_in_a_crowd_the_one_that_has_waited_longest_gives_way(site: Site) -> None:
    site.server.server_state.most = 5
    crowd = [await site.connect() for _ in range(20)]
    answer = await site.exchange(LAST)
    assert _status(answer) == 200
    assert site.connections <= 5
    for _, writer in crowd:
        writer.close()


async def test_a_crowd_from_one_address_gives_way_before_others_do(site: Site) -> None:
    site.server.server_state.most = 5
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, local_addr=("127.0.0.2", 0))
    crowd = [await site.connect() for _ in range(20)]
    assert _status(await site.exchange(LAST)) == 200  # the last of the crowd: all before it were let in by then
    writer.write(LAST)
    assert _status(await reader.read()) == 200
    for _, each in (*crowd, (reader, writer)):
        each.close()


async def test_when_all_connections_are_at_work_the_next_is_told_to_come_later(site: Site) -> None:
    site.server.server_state.most = 2
    at_work = []
    for number in range(2):
        reader, writer = await site.connect()
        writer.write(POST + b"Content-Length: 2\r\n\r\nx")
        at_work.append((reader, writer))
        await wait_until_async(lambda so_many=number + 1: _has(site.bodies, so_many), WITHIN_S, "the body is read")  # type: ignore[misc]
    answer = await site.exchange(GET + b"\r\n")
    assert (_status(answer), _problem(answer)["title"]) == (503, "Service Unavailable")
    assert b"retry-after: 5" in answer
    for reader, writer in at_work:
        writer.write(b"y")
        assert b"200 OK" in await reader.readline()
        writer.close()


async def _has(found: list[bytes], number: int) -> bool:
    return len(found) >= number


async def test_a_reader_that_does_not_read_stops_the_stream_and_is_ended(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "UNREAD_SECONDS", 0.5)
    async with serve() as site:
        _, writer = await site.connect()
        writer.write(b"GET /v1/bodies HTTP/1.1\r\nHost: x\r\n\r\n")
        await wait_until_async(lambda: _closed(site), WITHIN_S, "the stream is closed")
        writer.close()
    assert site.produced * len(STREAMED) < 50_000_000


async def test_when_too_much_lies_unread_the_one_that_left_most_is_ended(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_UNREAD_BYTES", 1_000)
    async with serve() as site:
        _, writer = await site.connect()
        writer.write(b"GET /v1/bodies HTTP/1.1\r\nHost: x\r\n\r\n")
        await wait_until_async(lambda: _closed(site), WITHIN_S, "the stream is closed")
        assert _status(await site.exchange(LAST)) == 200
        writer.close()


async def test_a_reader_that_leaves_closes_the_stream(site: Site) -> None:
    reader, writer = await site.connect()
    writer.write(b"GET /v1/bodies HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readexactly(100_000)
    writer.close()
    await wait_until_async(lambda: _closed(site), WITHIN_S, "the stream is closed")


async def _closed(site: Site) -> bool:
    return site.closed
