"""The import as a whole: put in order, spread over the lanes, send, send again what waited for its dossier."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, closing
from pathlib import Path

import httpx

from motcua.client import TIMEOUT, Services, is_loopback
from motcua.failure import Failure
from motcua.importer.chronology import Chronology
from motcua.importer.chunk import Chunk, lane_of
from motcua.importer.lane import Lane
from motcua.importer.rejects import Rejects
from motcua.importer.sender import Sender
from motcua.importer.source import Source
from motcua.importer.tally import Tally

CONNECTIONS = 4
PATIENCE_SECONDS = 120.0
Observer = Callable[[Tally], None]
MALFORMED = "malformed"


async def run(
    source: Source,
    services: Services,
    observe: Observer,
    *,
    tally: Tally | None = None,
    rejected_file: Path | None = None,
    connections: int = CONNECTIONS,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Tally:
    """Import the source; the tally adds up to its lines. A Failure leaves what was accepted in place: run again to go on."""
    tally = tally or Tally()

    def changed() -> None:
        tally.read_bytes = source.read_bytes
        observe(tally)

    def say(note: str) -> None:
        tally.note = note
        changed()

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx.AsyncClient(
        base_url=services.intake, headers=services.headers, timeout=TIMEOUT, limits=limits, trust_env=not is_loopback(services.intake)
    ) as client:
        sender = Sender(client, patience_seconds, say)
        await sender.check()
        with ExitStack() as stack:
            rejects = stack.enter_context(Rejects(rejected_file or source.rejected_file, source.table))
            lines = stack.enter_context(Chronology(source))
            survey = lines.survey()
            while note := await asyncio.to_thread(next, survey, None):
                say(note)
            tally.sorted_lines = lines.sorted_lines
            lanes = [stack.enter_context(closing(Lane(sender, tally, rejects, changed))) for _ in range(connections)]
            await _first_pass(lines, lanes, rejects, tally)
            await _later_passes(lanes, tally)
    say("")
    return tally


async def _first_pass(lines: Chronology, lanes: list[Lane], rejects: Rejects, tally: Tally) -> None:
    async with _unwrapped(), asyncio.TaskGroup() as tasks:
        for lane in lanes:
            tasks.create_task(lane.work())
        await _spread(lines, lanes, rejects, tally)


async def _spread(lines: Chronology, lanes: list[Lane], rejects: Rejects, tally: Tally) -> None:
    """Give every line to its dossier's lane; a full queue holds the reading back."""
    building = [Chunk() for _ in lanes]
    batches = lines.batches()
    while batch := await asyncio.to_thread(next, batches, None):
        for line in batch:
            if line.refusal is not None:
                rejects.add(line, MALFORMED, line.refusal, None)
                tally.rejected += 1
                continue
            index = lane_of(line, len(lanes))
            building[index].add(line)
            if building[index].full:
                await lanes[index].queue.put(building[index])
                building[index] = Chunk()
    for lane, chunk in zip(lanes, building, strict=True):
        if chunk.lines:
            await lane.queue.put(chunk)
        await lane.queue.put(None)


async def _later_passes(lanes: list[Lane], tally: Tally) -> None:
    """Send again what waits for its dossier, until a pass settles nothing as accepted or known."""
    while any(lane.waiting for lane in lanes):
        before = tally.accepted + tally.duplicates
        async with _unwrapped(), asyncio.TaskGroup() as tasks:
            for lane in lanes:
                tasks.create_task(lane.send_deferred())
        if tally.accepted + tally.duplicates == before:
            break
    for lane in lanes:
        lane.give_up_deferred()


@asynccontextmanager
async def _unwrapped() -> AsyncIterator[None]:
    """A failure of one lane is the import's failure, without the group around it."""
    try:
        yield
    except* Failure as failures:
        raise failures.exceptions[0] from None
