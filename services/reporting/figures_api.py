"""`GET /v1/figures` and the dossiers behind each of its numbers."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from services.reporting import figures
from services.reporting.accepted import FIGURES_ONCE, FIGURES_REPEATED, LIST_ONCE
from services.reporting.cursors import START, Place, place_of
from services.reporting.knowledge import pinned
from services.reporting.measures import CHANNELS
from services.reporting.opening.listing import Item, page_of
from services.reporting.opening.tokens import Figure, OtherCatalogue, Tokens, UnreadableToken
from services.reporting.paging import Cursor, Limit, json_of, list_of, page_json, same_model
from services.reporting.parameters import FigureParameters, figure_query
from services.reporting.query import FigureQuery
from services.reporting.rules import answering
from shared.catalogue import Catalogue
from shared.clock import Clock
from shared.documented import documented
from shared.parameters import invalid, only
from shared.problems import Problem


@dataclass(frozen=True, slots=True)
class FigureRoutes:
    """What the routes need. `clock` judges, `recording_clock` is the one that events are recorded by: a demo's stands still, this never."""

    engine: AsyncEngine
    catalogue: Catalogue
    clock: Clock
    recording_clock: Clock
    tokens: Tokens

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
        report = await figures.report(to.engine, to.query(given), to.catalogue)
        return json_of(figures.as_json(report) | ({"tokens": to.tokens.of_report(report)} if tokens == "all" else {}))

    @found.get(
        "/{token}/dossiers",
        summary="The dossiers behind one number: as many as it says, whatever has happened since",
        dependencies=[Depends(only(LIST_ONCE))],
        response_model=dict[str, Any],
        responses=documented({404: "not a token", 410: "the read model has been made anew since"}),
    )
    async def get_dossiers(request: Request, token: str, limit: Limit = 1000, cursor: Cursor = None) -> Response:
        figure = _figure(to.tokens, token)
        after = START if cursor is None else place_of(cursor, Place, list_of(request))
        async with answering(to.engine) as connection:
            same_model(figure.pin, await pinned(connection))
            page = await page_of(connection, figure, to.catalogue, limit, after)
        return page_json(request, _head(figure), [_item(one) for one in page.items], page.after)

    return found


def _figure(tokens: Tokens, text: str) -> Figure:
    try:
        return tokens.read(text)
    except UnreadableToken:
        detail = "token: not a figure's token; copy it whole from `tokens` of an answer of /v1/figures"
        raise Problem(404, "Not Found", detail, parameter="token") from None
    except OtherCatalogue:
        detail = "token: made with another catalogue or release, by which rows may be other rows; ask for the figures again"
        raise Problem(410, "Gone", detail, parameter="token") from None


def _head(figure: Figure) -> dict[str, Any]:
    return {"figure": figure.column, **figures.asked(figure.query), "key": figures.named(figure.query, figure.key)}


def _item(one: Item) -> dict[str, Any]:
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
