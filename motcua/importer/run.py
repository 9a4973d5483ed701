"""The import as a whole: put in order, spread over the connections, send, send again what waited for its dossier."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, closing
from pathlib import Path

import httpx

from motcua.client import TIMEOUT, Services, is_loopback
from motcua.failure import Failure
from motcua.importer.chronology import Chronology
from motcua.importer.connection import Chunk, ChunkPoster, Connection, ImportProgress, connection_of
from motcua.importer.ports import EventSource, RefusedAs, RefusedLines

CONNECTIONS = 4
PATIENCE_SECONDS = 120.0
Observer = Callable[[ImportProgress], None]
MALFORMED = "malformed"


async def run(
    source: EventSource,
    services: Services,
    observe: Observer,
    *,
    progress: ImportProgress | None = None,
    rejected_file: Path | None = None,
    connections: int = CONNECTIONS,
    patience_seconds: float = PATIENCE_SECONDS,
) -> ImportProgress:
    """Import the source; the progress adds up to its lines. After a Failure run again: what was accepted stays."""
    progress = progress or ImportProgress()

    def changed() -> None:
        progress.read_bytes = source.read_bytes
        observe(progress)

    def say(note: str) -> None:
        progress.note = note
        changed()

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx.AsyncClient(
        base_url=services.intake,
        headers=services.headers,
        timeout=TIMEOUT,
        limits=limits,
        trust_env=not is_loopback(services.intake),
    ) as client:
        poster = ChunkPoster(client, patience_seconds, say)
        await poster.check()
        with ExitStack() as stack:
            rejects = stack.enter_context(source.rejects(rejected_file or source.rejected_file))
            lines = stack.enter_context(Chronology(source))
            survey = lines.survey()
            while note := await asyncio.to_thread(next, survey, None):
                say(note)
            progress.sorted_lines = lines.sorted_lines
            opened = [
                stack.enter_context(closing(Connection(poster, progress, rejects, changed))) for _ in range(connections)
            ]
            await _first_pass(lines, opened, rejects, progress)
            await _later_passes(opened, progress)
    say("")
    return progress


async def _first_pass(
    lines: Chronology, connections: list[Connection], rejects: RefusedLines, progress: ImportProgress
) -> None:
    async with _unwrapped(), asyncio.TaskGroup() as tasks:
        for connection in connections:
            tasks.create_task(connection.work())
        await _spread(lines, connections, rejects, progress)


async def _spread(
    lines: Chronology, connections: list[Connection], rejects: RefusedLines, progress: ImportProgress
) -> None:
    """Give every line to its dossier's connection; a full queue holds the reading back."""
    building = [Chunk() for _ in connections]
    batches = lines.batches()
    while batch := await asyncio.to_thread(next, batches, None):
        for line in batch:
            if line.refusal is not None:
                rejects.add(line, RefusedAs(MALFORMED, line.refusal))
                progress.rejected += 1
                continue
            index = connection_of(line, len(connections))
            building[index].add(line)
            if building[index].full:
                await connections[index].queue.put(building[index])
                building[index] = Chunk()
    for connection, chunk in zip(connections, building, strict=True):
        if chunk.lines:
            await connection.queue.put(chunk)
        await connection.queue.put(None)


async def _later_passes(connections: list[Connection], progress: ImportProgress) -> None:
    """Send again what waits for its dossier, until a pass settles nothing as accepted or known."""
    while any(connection.waiting for connection in connections):
        before = progress.accepted + progress.duplicates
        async with _unwrapped(), asyncio.TaskGroup() as tasks:
            for connection in connections:
                tasks.create_task(connection.send_deferred())
        if progress.accepted + progress.duplicates == before:
            break
    for connection in connections:
        connection.give_up_deferred()


@asynccontextmanager
async def _unwrapped() -> AsyncIterator[None]:
    """A failure of one connection is the import's failure, without the group around it."""
    try:
        yield
    except* Failure as failures:
        raise failures.exceptions[0] from None
