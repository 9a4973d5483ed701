"""`GET /v1/figures`, the dossiers behind each of its numbers, and comparisons of figures."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice, starmap
from typing import Annotated, Any, cast
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.responses import Response

from services.reporting.documents.charts.chart import Links
from services.reporting.documents.frame import Frame
from services.reporting.figures.grouping import TooManyRows
from services.reporting.figures.pairs import GatheredPair, difference_row, gathered_pair, percent_row
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.range_sums import Pin, pinned
from services.reporting.figures.report import GatheredSums, Report, figure_row, gathered, report_in
from services.reporting.http.beside import query_beside
from services.reporting.http.bounds import Bound, check_figure, check_question
from services.reporting.http.paging import PinnedPlace, cursor_after, page_response, place_of, same_model
from services.reporting.http.parameters import (
    ChangesParameters,
    DefinitionsParameters,
    FigureParameters,
    ListParameters,
    Question,
    figure_query,
    known_instant,
    not_among,
)
from services.reporting.opening.comparisons import changed_dossiers, disputed_dossiers
from services.reporting.opening.lists import LIST_START, ListPlace, list_page
from services.reporting.opening.tokens import OtherCatalogue, TokenFigure, Tokens, UnreadableToken, token_name
from services.reporting.read_model.store import answering
from services.reporting.read_model.sums import microseconds
from shared.access.roles import Permission, Scope
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.http import answered
from shared.contract.http.figures import (
    ChangesAnswer,
    DefinitionsAnswer,
    DifferencesAnswer,
    DossierList,
    FiguresAnswer,
    OtherFigures,
    PercentsAnswer,
)
from shared.contract.http.rows import KeyedRow
from shared.domain.columns import KEYS
from shared.domain.timeliness import DEFINITIONS
from shared.papers.heading import Heading
from shared.service.access import requires
from shared.service.clock import Clock
from shared.service.http import declared_parameters_only, documented, invalid, json_response
from shared.service.problems import Problem

MOST_ROWS = 50_000
TOKENS_COST = 10  # a row with its tokens has 3.8 kB, without 0.7; they are made one by one
ROWS_BESIDE = 3  # a row beside another one, with what they differ by, is as long as three
TURN_WITHIN_S = 10.0
LIST_PAGE = "/dossiers"  # reporting's page of the dossiers behind a number
SLICE = 1000
WRONG = documented({422: "a parameter is wrong: `parameter` names it, `detail` says what to write"})
GONE = documented({410: "the read model has been made anew since"})
Token = Annotated[str, Path(description="what opens the number, as `tokens` of GET /v1/figures names it")]
NO_TOKEN = documented({404: "not a token"})


@dataclass(frozen=True, slots=True)
class FigureRoutes:
    """What the routes need. `clock` judges (a demo's stands still), events are recorded by `recording_clock`."""

    engine: AsyncEngine
    catalogue: Catalogue
    clock: Clock
    recording_clock: Clock
    tokens: Tokens
    most_rows: int = MOST_ROWS
    heading: Heading = field(default_factory=Heading)
    wide: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))  # many rows: one answer at a time

    def query(self, scope: Scope, given: Question, *by: Dimension) -> FigureQuery:
        """The checked query, of what the asker may count; 403 for another one."""
        query = figure_query(given, self.catalogue, self.clock(), self.recording_clock(), by)
        check_question(scope, query)
        return query

    def figure(self, scope: Scope, token: str) -> TokenFigure:
        """The number that a token names, of what the asker may count; 404, 410 or 403 for another one."""
        figure = figure_of(self.tokens, token)
        check_figure(scope, figure)
        return figure

    def frame(self, of: Report, request: Request) -> Frame:
        """What stands around the report's form in a file; its links lead where the request came."""
        return Frame(self.recording_clock(), self.heading, address=str(request.base_url), links=partial(self.links, of))

    def links(self, of: Report) -> Links:
        """The paths to the lists of the report's numbers."""
        tokens = self.tokens.of_report(of)
        return {
            (place, column): f"{LIST_PAGE}?{urlencode({'token': tokens[token_name(place, column)]})}"
            for place, _, column in of.numbers()
        }


def router(to: FigureRoutes) -> APIRouter:
    """The routes; a comparison's totals are on its first page only, its cursors keep to the state it was read from."""
    routes = APIRouter(
        prefix="/v1",
        tags=["figures"],
        responses=WRONG,
        dependencies=[requires(Permission.READ_FIGURES), Depends(declared_parameters_only)],
    )

    @routes.get("/figures", summary="The figures of a period", responses={200: answered(FiguresAnswer)})
    async def get_figures(scope: Bound, given: Annotated[FigureParameters, Query()]) -> Response:
        if given.tokens not in ("all", "none"):
            raise invalid("tokens", *not_among(given.tokens, ("all", "none")))
        query, with_tokens = to.query(scope, given), given.tokens == "all"
        other = None if given.against is None else query_beside(query, given.against)
        if not is_wide(query):
            async with _turn(to.wide) if query.known_at else nullcontext():
                return _figures(to, await _gathered(to, query, other, None), with_tokens=with_tokens)
        most_rows = to.most_rows // (1 if other is None else ROWS_BESIDE)
        most = most_rows // (TOKENS_COST if with_tokens else 1)
        async with _turn(to.wide):
            try:
                sums = await _gathered(to, query, other, most)
                return await asyncio.to_thread(_figures, to, sums, most, with_tokens=with_tokens)
            except TooManyRows as too_many:
                raise _too_many(query, too_many.most, most_rows, with_tokens=with_tokens) from too_many

    @routes.get(
        "/figures/{token}/dossiers",
        summary="The dossiers behind one number: as many as it says, whatever has happened since",
        responses={200: answered(DossierList), **NO_TOKEN, **GONE},
    )
    async def get_dossiers(
        request: Request, scope: Bound, token: Token, given: Annotated[ListParameters, Query()]
    ) -> Response:
        figure = to.figure(scope, token)
        after = LIST_START if given.cursor is None else place_of(request, given.cursor, ListPlace)
        async with answering(to.engine) as connection:
            same_model(figure.pin, await pinned(connection))
            page = await list_page(connection, figure, to.catalogue, given.limit, after)
        query, cursor = figure.query, cursor_after(request, page.after)
        answer = DossierList(
            figure=figure.column,
            first=query.first,
            last=query.last,
            definition=query.definition,
            as_of=query.as_of,
            as_known_at=query.known_at,
            organised=query.organised_as,
            key=query.named_key(figure.key),
            dossiers=page.items,
            cursor=cursor,
        )
        return page_response(request, answer, cursor)

    @routes.get(
        "/figures/changes",
        summary="The figures as known at an instant and now, and the dossiers that explain the difference",
        responses={200: answered(ChangesAnswer), **GONE},
    )
    async def get_changes(request: Request, scope: Bound, given: Annotated[ChangesParameters, Query()]) -> Response:
        then, now = _then_and_now(to, scope, given)
        async with _turn(to.wide), answering(to.engine) as connection:
            pin, after = await _start(connection, request, given.cursor)
            before = since = None
            if given.cursor is None:
                before = (await report_in(connection, then, to.catalogue)).total
                since = (await report_in(connection, now, to.catalogue)).total
            pins = _at(pin, then), _at(pin, now)
            dossiers, end = await changed_dossiers(connection, now, *pins, limit=given.limit, after=after)
        cursor = cursor_after(request, _pinned(pin, end))
        answer = ChangesAnswer(
            first=now.first,
            last=now.last,
            as_of=now.as_of,
            definition=now.definition,
            as_known_at=then.known_at,
            until_known_at=now.known_at,
            then=before or UNSET,
            now=since or UNSET,
            difference={key: since[key] - before[key] for key in KEYS} if before and since else UNSET,
            dossiers=dossiers,
            cursor=cursor,
        )
        return page_response(request, answer, cursor)

    @routes.get(
        "/figures/definitions",
        summary="The same period by every definition of timeliness, and the dossiers they do not agree on",
        responses={200: answered(DefinitionsAnswer), **GONE},
    )
    async def get_definitions(
        request: Request, scope: Bound, given: Annotated[DefinitionsParameters, Query()]
    ) -> Response:
        query = to.query(scope, given)
        totals: dict[str, dict[str, Any]] = {}
        async with _turn(to.wide), answering(to.engine) as connection:
            pin, after = await _start(connection, request, given.cursor)
            for name in DEFINITIONS if given.cursor is None else ():
                of_name = await report_in(connection, replace(query, definition=name), to.catalogue)
                totals[name] = figure_row(of_name.total)
            dossiers, end = await disputed_dossiers(connection, query, _at(pin, query), given.limit, after)
        cursor = cursor_after(request, _pinned(pin, end))
        answer = DefinitionsAnswer(
            first=query.first,
            last=query.last,
            as_of=query.as_of,
            as_known_at=query.known_at,
            definitions=totals or UNSET,
            dossiers=dossiers,
            cursor=cursor,
        )
        return page_response(request, answer, cursor)

    return routes


def is_wide(query: FigureQuery) -> bool:
    """Whether the question may have so many rows that they must be counted; fields, levels and departments are few."""
    return len(query.by) > 1 or Dimension.PROCEDURE in query.by


@asynccontextmanager
async def _turn(wide: asyncio.Semaphore) -> AsyncIterator[None]:
    """What takes long, many rows or a look at what was known once, goes one by one: others are not kept waiting."""
    try:
        async with asyncio.timeout(TURN_WITHIN_S):
            await wide.acquire()
    except TimeoutError:
        detail = "another question that takes long is being answered; try again shortly, or ask for fewer dimensions"
        raise Problem(
            503,
            "Service Unavailable",
            detail,
            code="busy",
            headers={"Retry-After": "5"},
            vietnamese="đang trả lời một câu hỏi khác cần nhiều thời gian; hãy thử lại sau ít phút, "
            "hoặc chia theo ít chiều hơn",
        ) from None
    try:
        yield
    finally:
        wide.release()


async def _gathered(
    to: FigureRoutes, query: FigureQuery, other: FigureQuery | None, most: int | None
) -> GatheredSums | GatheredPair:
    if other is None:
        return await gathered(to.engine, query, to.catalogue, most)
    return await gathered_pair(to.engine, query, other, to.catalogue, most)


def _figures(
    to: FigureRoutes, sums: GatheredSums | GatheredPair, most: int | None = None, *, with_tokens: bool
) -> Response:
    """Rows and tokens at once in their final form: of thousands of them the values would take many times the memory."""
    report_of, other = sums.reports(most) if isinstance(sums, GatheredPair) else (sums.report(), None)
    query = report_of.query
    answer = FiguresAnswer(
        first=query.first,
        last=query.last,
        period=query.period or UNSET,
        definition=query.definition,
        as_of=query.as_of,
        as_known_at=query.known_at,
        organised=query.organised_as,
        by=[dimension.value for dimension in query.by],
        total=figure_row(report_of.total),
        rows=_rows(report_of, (figure_row(row.figures) for row in report_of.rows)),
        identities=list(report_of.identities),
        tokens=_tokens(to, report_of) if with_tokens else UNSET,
        against=UNSET if other is None else _beside(to, report_of, other, with_tokens=with_tokens),
    )
    return json_response(answer)


def _beside(to: FigureRoutes, this: Report, other: Report, *, with_tokens: bool) -> OtherFigures:
    query = other.query
    both = [(row.figures, beside.figures) for row, beside in zip(this.rows, other.rows, strict=True)]
    return OtherFigures(
        first=query.first,
        last=query.last,
        period=query.period or UNSET,
        as_of=query.as_of,
        total=figure_row(other.total),
        rows=_rows(other, (figure_row(row.figures) for row in other.rows)),
        identities=list(other.identities),
        difference=DifferencesAnswer(
            total=difference_row(this.total, other.total), rows=_rows(this, starmap(difference_row, both))
        ),
        percent=PercentsAnswer(
            total=percent_row(this.total, other.total), rows=_rows(this, starmap(percent_row, both))
        ),
        tokens=_tokens(to, other) if with_tokens else UNSET,
    )


def _rows(report_of: Report, values: Iterable[Mapping[str, Any]]) -> list[KeyedRow]:
    """The values of each row under its key."""
    keyed = zip(report_of.rows, values, strict=True)
    rows = [msgspec.Raw(encode({"key": report_of.query.named_key(row.key), **of_row})) for row, of_row in keyed]
    return cast(list[KeyedRow], rows)


def _tokens(to: FigureRoutes, report_of: Report) -> dict[str, str]:
    return cast(dict[str, str], _in_slices(to.tokens.of_report(report_of)))


def _in_slices(values: dict[str, str]) -> msgspec.Raw:
    """As JSON, few at once: a thread that encodes many megabytes in one go keeps everybody else from running."""
    items = iter(values.items())
    slices = iter(lambda: dict(islice(items, SLICE)), {})
    return msgspec.Raw(b"{" + b",".join(encode(part)[1:-1] for part in slices) + b"}")


def _too_many(query: FigureQuery, most: int, without_tokens: int, *, with_tokens: bool) -> Problem:
    """422 that says what to leave out."""
    named = ", ".join(dimension.value for dimension in query.by)
    others = f"; with tokens=none it may have {without_tokens}" if with_tokens else ""
    fewer = "leave a dimension out, or ask for a shorter period or one department"
    others_vi = f"; với tokens=none có thể có {without_tokens} dòng" if with_tokens else ""
    return invalid(
        "by",
        f"grouped by {named} the answer has more than {most} rows{others}: {fewer}",
        f"chia theo {named} thì có hơn {most} dòng{others_vi}: hãy bớt một chiều, hoặc chọn kỳ ngắn hơn "
        "hay một cơ quan",
    )


def figure_of(tokens: Tokens, text: str) -> TokenFigure:
    """The number that a token names; 404 or 410 where it names none."""
    try:
        return tokens.read(text)
    except UnreadableToken:
        detail = "token: not a figure's token; copy it whole from `tokens` of an answer of /v1/figures"
        in_vietnamese = "token: không phải mã của một số liệu; hãy chép nguyên từ `tokens` của /v1/figures"
        raise Problem(404, "Not Found", detail, parameter="token", vietnamese=in_vietnamese) from None
    except OtherCatalogue:
        detail = (
            "token: made with another catalogue or release, by which rows may be other rows; ask for the figures again"
        )
        in_vietnamese = (
            "token: được lập theo danh mục hoặc phiên bản khác, nên các dòng có thể đã khác; hãy hỏi lại số liệu"
        )
        raise Problem(410, "Gone", detail, parameter="token", vietnamese=in_vietnamese) from None


def _then_and_now(to: FigureRoutes, scope: Scope, given: ChangesParameters) -> tuple[FigureQuery, FigureQuery]:
    """The query as known at both instants, judged at one cut-off: they differ by what became known in between."""
    if given.as_known_at is None:
        raise invalid(
            "as_known_at",
            "is missing; write the instant to compare with, such as 2023-02-01T08:00:00+07:00",
            "còn thiếu; hãy ghi thời điểm để so sánh, ví dụ 2023-02-01T08:00:00+07:00",
        )
    then = to.query(scope, given)
    if given.until_known_at is not None:
        known_instant("until_known_at", given.until_known_at, to.recording_clock())
    now = to.query(scope, given.model_copy(update={"as_known_at": given.until_known_at}))
    assert then.known_at is not None
    if now.known_at is not None and now.known_at < then.known_at:
        raise invalid(
            "until_known_at",
            "lies before `as_known_at`; exchange them, or leave it out for now",
            "đứng trước `as_known_at`; hãy đổi chỗ hai thời điểm, hoặc bỏ đi để lấy đến bây giờ",
        )
    return replace(now, known_at=then.known_at), now


async def _start(connection: AsyncConnection, request: Request, cursor: str | None) -> tuple[Pin, ListPlace]:
    pin = await pinned(connection)
    if cursor is None:
        return pin, LIST_START
    place = place_of(request, cursor, PinnedPlace)
    wanted = Pin(place.generation, place.revision)
    same_model(wanted, pin)
    return wanted, place.place


def _at(pin: Pin, query: FigureQuery) -> Pin:
    return pin._replace(known_at=None if query.known_at is None else microseconds(query.known_at))


def _pinned(pin: Pin, end: ListPlace | None) -> PinnedPlace | None:
    return None if end is None else PinnedPlace(pin.generation, pin.revision, end)
