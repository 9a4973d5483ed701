"""A rebuild over HTTP: begun, fed with intake's log, settled, swapped in or dropped; the read model's self-check."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from services.reporting.http.bodies import bytes_in
from services.reporting.rebuild import progress
from services.reporting.rebuild.consistency import ConsistencyCheck
from services.reporting.rebuild.fold import UnreadableLogLine, read_lines
from services.reporting.rebuild.progress import RebuildProgress, UnknownRebuild
from services.reporting.rebuild.swap import NotSettled, swap
from shared.access.roles import Permission
from shared.contract.envelope import encode
from shared.contract.http import answered
from shared.contract.http.rebuilds import CheckedLine, InconsistencyLine, RebuildAnswer, SwapAnswer, UncountedEvent
from shared.service.access import requires
from shared.service.clock import Clock
from shared.service.http import Ndjson, declared_parameters_only, documented, json_response
from shared.service.problems import Problem

MOST_BYTES = 64 * 1024 * 1024
TOO_LONG = f"a part is at most {MOST_BYTES} bytes; send fewer lines at a time"
CHECKED_AFTER_S = "30"
LAST = 2**63 - 1
GONE = documented({404: "no such rebuild: another one was started, or it is over", 422: "a parameter is wrong"})
UNREADABLE = documented({413: "the part is too long", 422: "a line is not one of the log's, or a parameter is wrong"})
MOVED = documented({409: "the part does not follow the last one taken: `position` says how far the log has been read"})
NOT_YET = documented({409: "not settled yet"})
Number = Annotated[int, Path(ge=0, le=LAST, description="the rebuild's `id`")]
After = Annotated[int, Query(ge=0, le=LAST, description="the position in intake's log that the lines come after")]
DryRun = Annotated[bool, Query(description="compare only, and drop the new model")]


def router(engine: AsyncEngine, clock: Clock) -> APIRouter:
    """The routes; `clock` numbers the rebuilds."""
    looking = asyncio.Lock()
    routes = APIRouter(
        prefix="/v1", tags=["rebuild"], dependencies=[requires(Permission.REBUILD), Depends(declared_parameters_only)]
    )

    @routes.post(
        "/rebuilds",
        status_code=201,
        summary="Begin a rebuild beside the live model; an unfinished one is dropped",
        responses={201: answered(RebuildAnswer)},
    )
    async def begin() -> Response:
        begun = await progress.start(engine, clock())
        return json_response(_answer(begun), 201, {"Location": f"/v1/rebuilds/{begun.number}"})

    @routes.post(
        "/rebuilds/{number}/events",
        summary="Take the next lines of intake's log, NDJSON as GET /v1/log gives it",
        responses={200: answered(RebuildAnswer), **GONE, **MOVED, **UNREADABLE},
    )
    async def take(number: Number, request: Request, after: After) -> Response:
        body = await bytes_in(request, MOST_BYTES, TOO_LONG)
        with _as_problems():
            return json_response(_answer(*await progress.take(engine, number, after, read_lines(body, after))))

    @routes.post(
        "/rebuilds/{number}/settled",
        summary="The live model has had time to see what was sent",
        responses={200: answered(RebuildAnswer), **GONE},
    )
    async def settle(number: Number) -> Response:
        with _as_problems():
            return json_response(_answer(await progress.settle(engine, number)))

    @routes.post(
        "/rebuilds/{number}/swap",
        summary="Compare, and put the new model in the live one's place",
        responses={200: answered(SwapAnswer), **GONE, **NOT_YET},
    )
    async def swap_in(number: Number, *, dry_run: DryRun = False) -> Response:
        with _as_problems():
            return json_response((await swap(engine, number, dry_run=dry_run)).answer())

    @routes.delete("/rebuilds/{number}", status_code=204, summary="Drop a rebuild", responses=GONE)
    async def drop(number: Number) -> Response:
        with _as_problems():
            await progress.drop(engine, number)
        return Response(status_code=204)

    @routes.get(
        "/consistency",
        summary=(
            "Every dossier's row beside its snapshot, every sum beside the dossiers: "
            "the differences, NDJSON, a count at the end"
        ),
        response_class=Ndjson,
    )
    async def get_consistency() -> Ndjson:
        return Ndjson(_lines(engine, looking))

    return routes


def _answer(at: RebuildProgress, refused: list[UncountedEvent] | msgspec.UnsetType = UNSET) -> RebuildAnswer:
    settled = at.settled is not None
    return RebuildAnswer(id=at.number, position=at.position, events=at.events, settled=settled, refused=refused)


@contextmanager
def _as_problems() -> Iterator[None]:
    """What can go wrong, as problem details."""
    try:
        yield
    except UnknownRebuild as unknown:
        why = "another one was started, or it is over"
        detail = f"there is no rebuild {unknown} (any more): {why}; begin one with POST /v1/rebuilds"
        raise Problem(404, "Not Found", detail) from unknown
    except progress.PositionMoved as moved:
        detail = f"the log has been read up to position {moved.position}; send the lines after it"
        raise Problem(409, "Conflict", detail, position=moved.position) from moved
    except NotSettled as early:
        detail = f"send the log to its end, let the live model catch up, and POST /v1/rebuilds/{early}/settled first"
        raise Problem(409, "Conflict", detail) from early
    except UnreadableLogLine as bad:
        raise Problem(422, "Unprocessable Content", str(bad)) from bad


async def _lines(engine: AsyncEngine, looking: asyncio.Lock) -> AsyncGenerator[bytes]:
    """What is wrong, how far the check is, and last of all how much was looked at.

    One at a time: it holds all sums of the model, and a connection for minutes.
    """
    if looking.locked():
        detail = "the read model is being checked already; wait for that check to end"
        raise Problem(503, "Service Unavailable", detail, code="busy", headers={"Retry-After": CHECKED_AFTER_S})
    async with looking:
        check, differences = ConsistencyCheck(), 0
        async for line in check.lines(engine):
            differences += isinstance(line, InconsistencyLine)
            yield encode(line) + b"\n"
    yield encode(CheckedLine(dossiers=check.dossiers, sums=check.sums, differences=differences)) + b"\n"
