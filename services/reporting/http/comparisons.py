"""Figures compared: with what was known before, and by one definition of timeliness with another; with the dossiers that explain it."""

from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.reporting.figures.query import FigureQuery
from services.reporting.figures.range_sums import Pin, pinned
from services.reporting.figures.report import report_in, row_json
from services.reporting.http.figures import FigureRoutes
from services.reporting.http.paging import Cursor, Limit, PinnedPlace, list_of, page_json, place_of, same_model
from services.reporting.http.parameters import (
    CHANGES_ONCE,
    DEFINITIONS_ONCE,
    FILTERS_REPEATED,
    ChangesParameters,
    DefinitionsParameters,
    FigureParameters,
    known_instant,
)
from services.reporting.opening.comparisons import ChangedDossier, DisputedDossier, changed_dossiers, disputed_dossiers
from services.reporting.opening.lists import LIST_START, ListPlace
from services.reporting.read_model.store import answering
from services.reporting.read_model.sums import microseconds
from shared.domain.columns import KEYS
from shared.domain.definitions import DEFINITIONS
from shared.service.http import documented, invalid, only


def router(to: FigureRoutes) -> APIRouter:
    """The routes; the totals stand on the first page of a list only, and its cursors keep to the state that they were read from."""
    found = APIRouter(
        prefix="/figures",
        tags=["figures"],
        responses=documented({410: "the read model has been made anew since", 422: "a parameter is wrong"}),
    )

    @found.get(
        "/changes",
        summary="The figures as known at an instant and now, and the dossiers that explain the difference",
        dependencies=[Depends(only(CHANGES_ONCE, FILTERS_REPEATED))],
        response_model=dict[str, Any],
    )
    async def get_changes(
        request: Request,
        given: Annotated[ChangesParameters, Depends()],
        until_known_at: Annotated[str | None, Query(description="in place of now, what was known at this instant")] = None,
        limit: Limit = 1000,
        cursor: Cursor = None,
    ) -> Response:
        then, now = _then_and_now(to, given, until_known_at)
        async with answering(to.engine) as connection:
            pin, after = await _start(connection, request, cursor)
            head = _changes_head(then, now)
            if cursor is None:
                head |= await _difference(to, connection, then, now)
            explained, end = await changed_dossiers(connection, now, _at(pin, then), _at(pin, now), limit=limit, after=after)
        return page_json(request, head, [_moved(one) for one in explained], _pinned(pin, end))

    @found.get(
        "/definitions",
        summary="The same period by every definition of timeliness, and the dossiers they do not agree on",
        dependencies=[Depends(only(DEFINITIONS_ONCE, FILTERS_REPEATED))],
        response_model=dict[str, Any],
    )
    async def get_definitions(
        request: Request, given: Annotated[DefinitionsParameters, Depends()], limit: Limit = 1000, cursor: Cursor = None
    ) -> Response:
        query = to.query(FigureParameters(**asdict(given)))
        async with answering(to.engine) as connection:
            pin, after = await _start(connection, request, cursor)
            head = _span(query) | {"as_known_at": _written(query)}
            if cursor is None:
                reports = {name: await report_in(connection, replace(query, definition=name), to.catalogue) for name in DEFINITIONS}
                head["definitions"] = {name: row_json(report.total) for name, report in reports.items()}
            found, end = await disputed_dossiers(connection, query, _at(pin, query), limit, after)
        return page_json(request, head, [_differing(one) for one in found], _pinned(pin, end))

    return found


def _then_and_now(to: FigureRoutes, given: ChangesParameters, until_known_at: str | None) -> tuple[FigureQuery, FigureQuery]:
    """The same query as known at both instants, judged at the same cut-off: what is left is what became known in between."""
    if given.as_known_at is None:
        raise invalid("as_known_at", "is missing; write the instant to compare with, such as 2023-02-01T08:00:00+07:00")
    then = to.query(FigureParameters(**asdict(given)))
    if until_known_at is not None:
        known_instant("until_known_at", until_known_at, to.recording_clock())
    now = to.query(FigureParameters(**asdict(replace(given, as_known_at=until_known_at))))
    assert then.known_at is not None
    if now.known_at is not None and now.known_at < then.known_at:
        raise invalid("until_known_at", "lies before `as_known_at`; exchange them, or leave it out for now")
    return replace(now, known_at=then.known_at), now


async def _start(connection: AsyncConnection, request: Request, cursor: str | None) -> tuple[Pin, ListPlace]:
    pin = await pinned(connection)
    if cursor is None:
        return pin, LIST_START
    place = place_of(cursor, PinnedPlace, list_of(request))
    wanted = Pin(place.generation, place.revision)
    same_model(wanted, pin)
    return wanted, place.place


def _at(pin: Pin, query: FigureQuery) -> Pin:
    return pin._replace(known_at=None if query.known_at is None else microseconds(query.known_at))


def _pinned(pin: Pin, end: ListPlace | None) -> PinnedPlace | None:
    return None if end is None else PinnedPlace(pin.generation, pin.revision, end)


async def _difference(to: FigureRoutes, connection: AsyncConnection, then: FigureQuery, now: FigureQuery) -> dict[str, Any]:
    before = (await report_in(connection, then, to.catalogue)).total
    since = (await report_in(connection, now, to.catalogue)).total
    return {"then": before, "now": since, "difference": {column: since[column] - before[column] for column in KEYS}}


def _span(query: FigureQuery) -> dict[str, Any]:
    return {"from": query.first.isoformat(), "to": query.last.isoformat(), "as_of": query.as_of.isoformat()}


def _written(query: FigureQuery) -> str | None:
    return None if query.known_at is None else query.known_at.isoformat()


def _changes_head(then: FigureQuery, now: FigureQuery) -> dict[str, Any]:
    return _span(now) | {"definition": now.definition, "as_known_at": _written(then), "until_known_at": _written(now)}


def _moved(one: ChangedDossier) -> dict[str, Any]:
    return {
        "code": one.code,
        "left": sorted(one.left, key=KEYS.index),
        "entered": sorted(one.entered, key=KEYS.index),
        "sequence_then": one.sequence_then,
        "sequence_now": one.sequence_now,
        "known_at": one.known_at,
    }


def _differing(one: DisputedDossier) -> dict[str, Any]:
    return {
        "code": one.code,
        "department": one.entry.department,
        "due_at": one.listed.due_at,
        "closed_at": one.listed.closed_at,
        "in_hours": one.listed.in_hours,
        "classes": one.classes,
    }
