"""`GET /v1/figures` and the dossiers behind each of its numbers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from services.reporting.figures import report as reports
from services.reporting.figures.grouping import TooManyRows
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.range_sums import pinned
from services.reporting.http.paging import Cursor, Limit, json_of, list_of, page_json, place_of, same_model
from services.reporting.http.parameters import FIGURES_ONCE, FIGURES_REPEATED, LIST_ONCE, FigureParameters, figure_query
from services.reporting.opening.lists import LIST_START, ListedDossier, ListPlace, list_page
from services.reporting.opening.tokens import OtherCatalogue, TokenFigure, Tokens, UnreadableToken
from services.reporting.read_model.store import answering
from services.reporting.read_model.sums import CHANNELS
from shared.catalogue import Catalogue
from shared.contract.codec import encode
from shared.service.clock import Clock
from shared.service.http import documented, invalid, only
from shared.service.problems import Problem

MOST_ROWS = 50_000
TOKENS_COST = 10  # a row with its tokens has 3.8 kB, without 0.7; they are made one by one
TURN_WITHIN_S = 10.0
SLICE = 1000


@dataclass(frozen=True, slots=True)
class FigureRoutes:
    """What the routes need. `clock` judges, `recording_clock` is the one that events are recorded by: a demo's stands still, this never."""

    engine: AsyncEngine
    catalogue: Catalogue
    clock: Clock
    recording_clock: Clock
    tokens: Tokens
    most_rows: int = MOST_ROWS
    wide: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))  # questions with many rows are answered one by one

    def query(self, given: FigureParameters) -> FigureQuery:
        return figure_query(given, self.catalogue, self.clock(), self.recording_clock())


def router(to: FigureRoutes) -> APIRouter:
    """Everything below /figures."""
    found = APIRouter(
        prefix="/figures",
        tags=["figures"],
        responses=documented({422: "a parameter is wrong: `parameter` names it, `detail` says what to write"}),
    )

    @found.get(
        "", summary="The figures of a period", dependencies=[Depends(only(FIGURES_ONCE, FIGURES_REPEATED))], response_model=dict[str, Any]
    )
    async def get_figures(
        given: Annotated[FigureParameters, Depends()],
        tokens: Annotated[str, Query(description="`none` leaves the tokens out: they are most of the answer")] = "all",
    ) -> Response:
        if tokens not in ("all", "none"):
            raise invalid("tokens", f"{tokens!r} is not known; write all or none")
        query, with_tokens = to.query(given), tokens == "all"
        if not is_wide(query):
            gathered = await reports.gathered(to.engine, query, to.catalogue)
            return _answer(to, gathered, with_tokens=with_tokens)
        async with _turn(to.wide):
            try:
                gathered = await reports.gathered(to.engine, query, to.catalogue, to.most_rows // (TOKENS_COST if with_tokens else 1))
                return await asyncio.to_thread(_answer, to, gathered, with_tokens=with_tokens)
            except TooManyRows as too_many:
                raise _too_many(query, too_many.most, to.most_rows, with_tokens=with_tokens) from too_many

    @found.get(
        "/{token}/dossiers",
        summary="The dossiers behind one number: as many as it says, whatever has happened since",
        dependencies=[Depends(only(LIST_ONCE))],
        response_model=dict[str, Any],
        responses=documented({404: "not a token", 410: "the read model has been made anew since"}),
    )
    async def get_dossiers(request: Request, token: str, limit: Limit = 1000, cursor: Cursor = None) -> Response:
        figure = _figure(to.tokens, token)
        after = LIST_START if cursor is None else place_of(cursor, ListPlace, list_of(request))
        async with answering(to.engine) as connection:
            same_model(figure.pin, await pinned(connection))
            page = await list_page(connection, figure, to.catalogue, limit, after)
        return page_json(request, _head(figure), [_item(one) for one in page.items], page.after)

    return found


def is_wide(query: FigureQuery) -> bool:
    """Whether the question may have so many rows that they must be counted; fields, levels and departments are few."""
    return len(query.by) > 1 or Dimension.PROCEDURE in query.by


def _answer(to: FigureRoutes, gathered: reports.GatheredSums, *, with_tokens: bool) -> Response:
    report = gathered.report()
    return json_of(reports.as_json(report) | ({"tokens": _in_slices(to.tokens.of_report(report))} if with_tokens else {}))


def _in_slices(values: dict[str, str]) -> msgspec.Raw:
    """As JSON, few at once: a thread that encodes many megabytes in one go keeps everybody else from running."""
    items = iter(values.items())
    slices = iter(lambda: dict(islice(items, SLICE)), {})
    return msgspec.Raw(b"{" + b",".join(encode(part)[1:-1] for part in slices) + b"}")


@asynccontextmanager
async def _turn(wide: asyncio.Semaphore) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(TURN_WITHIN_S):
            await wide.acquire()
    except TimeoutError:
        detail = "another question with many rows is being answered; try again shortly, or ask for fewer dimensions"
        raise Problem(503, "Service Unavailable", detail, code="busy", headers={"Retry-After": "5"}) from None
    try:
        yield
    finally:
        wide.release()


def _too_many(query: FigureQuery, most: int, without_tokens: int, *, with_tokens: bool) -> Problem:
    """422 that says what to leave out."""
    named = ", ".join(dimension.value for dimension in query.by)
    others = f"; with tokens=none it may have {without_tokens}" if with_tokens else ""
    fewer = "leave a dimension out, or ask for a shorter period or one department"
    return invalid("by", f"grouped by {named} the answer has more than {most} rows{others}: {fewer}")


def _figure(tokens: Tokens, text: str) -> TokenFigure:
    try:
        return tokens.read(text)
    except UnreadableToken:
        detail = "token: not a figure's token; copy it whole from `tokens` of an answer of /v1/figures"
        raise Problem(404, "Not Found", detail, parameter="token") from None
    except OtherCatalogue:
        detail = "token: made with another catalogue or release, by which rows may be other rows; ask for the figures again"
        raise Problem(410, "Gone", detail, parameter="token") from None


def _head(figure: TokenFigure) -> dict[str, Any]:
    return {"figure": figure.column, **reports.query_members(figure.query), "key": reports.named_key(figure.query, figure.key)}


def _item(one: ListedDossier) -> dict[str, Any]:
    listed = one.listed
    return {
        "code": one.code,
        "department": one.entry.department,
        "procedure": one.entry.procedure,
        "channel": CHANNELS[one.entry.channel].value,
        "received_at": listed.received_at,
        "due_at": listed.due_at,
        "in_hours": listed.in_hours,
        "state": listed.state,
        "closed_at": listed.closed_at,
        "closed_as": listed.closed_as,
        "returned_at": listed.returned_at,
        "timeliness": one.timeliness,
        "officer": listed.officer,
    }
