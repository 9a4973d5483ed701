"""`GET /v1/events`: figures as they change, to many readers from one look, until one leaves or the service ends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.http.events import FigureEvents
from services.reporting.read_model.store import open_engine
from shared.catalogue import Catalogue
from shared.contract.http.figures import FiguresEvent
from tests.pages.office import CODES, NOW, Office

WITHIN_S = 30
OFTEN_S = 0.01


@pytest.fixture
def events(office: Office, engine: AsyncEngine, shipped: Catalogue) -> FigureEvents:
    return FigureEvents(engine, shipped, lambda: NOW, look_every_s=OFTEN_S)


@pytest.fixture
async def stream(events: FigureEvents) -> AsyncIterator[AsyncGenerator[bytes]]:
    opened = events.stream()
    yield opened
    await opened.aclose()


async def next_of(stream: AsyncGenerator[bytes]) -> bytes:
    async with asyncio.timeout(WITHIN_S):
        return await anext(stream)


def told(part: bytes) -> FiguresEvent:
    name, number, body = part.decode().strip().split("\n")
    said = msgspec.json.decode(body.removeprefix("data: "), type=FiguresEvent)
    assert (name, number) == ("event: figures", f"id: {said.generation}.{said.revision}")
    return said


async def test_a_reader_is_told_at_once_and_when_the_figures_move(
    office: Office, stream: AsyncGenerator[bytes]
) -> None:
    first = told(await next_of(stream))
    assert first.total["received_total"] == len(CODES)
    await office.receive("H59.15-230131-0001")
    second = told(await next_of(stream))
    assert second.total["received_total"] == len(CODES) + 1
    assert second.revision > first.revision


async def test_a_reader_hears_that_the_stream_is_still_there(events: FigureEvents) -> None:
    events.heartbeat_s = 0.0
    stream = events.stream()
    await next_of(stream)
    assert (await next_of(stream)).startswith(b":")
    await stream.aclose()


async def test_many_readers_share_one_look(events: FigureEvents, engine: AsyncEngine) -> None:
    statements: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    events.look_every_s = 60.0
    streams = [events.stream() for _ in range(50)]
    parts = await asyncio.gather(*(next_of(stream) for stream in streams))
    assert len(set(parts)) == 1
    assert len([one for one in statements if "FROM sums" in one]) <= 3
    for stream in streams:
        await stream.aclose()


async def test_the_stream_ends_when_its_readers_key_or_session_does(events: FigureEvents) -> None:
    holds = iter([True, False])

    async def may_go_on() -> bool:
        return next(holds)

    events.heartbeat_s = 0.0
    stream = events.stream(may_go_on=may_go_on)
    await next_of(stream)
    with pytest.raises(StopAsyncIteration):
        await next_of(stream)


async def test_the_stream_ends_when_the_service_does(events: FigureEvents) -> None:
    events.look_every_s = 3600.0
    stream = events.stream()
    await next_of(stream)
    waiting = asyncio.ensure_future(anext(stream, b"ended"))
    await asyncio.wait([waiting], timeout=0)
    events.stopping.set()
    async with asyncio.timeout(WITHIN_S):
        assert await waiting == b"ended"


async def test_a_database_that_is_away_is_waited_for(office: Office, shipped: Catalogue) -> None:
    away = open_engine("postgresql+asyncpg://u:p@127.0.0.1:1/motcua")
    stream = FigureEvents(away, shipped, lambda: NOW, look_every_s=OFTEN_S).stream()
    for _ in range(2):
        assert (await next_of(stream)).startswith(b":")
    await stream.aclose()
    await away.dispose()
