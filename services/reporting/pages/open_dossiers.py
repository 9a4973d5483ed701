"""Open dossiers by age and by days to the deadline: the bars of two charts, and the dossiers behind each bar."""

from collections.abc import Sequence
from functools import partial

from fastapi import Request
from starlette.responses import Response

from services.reporting.documents.charts.of_stocks import Bucket
from services.reporting.figures.range_sums import pinned
from services.reporting.http.paging import cursor_after, place_of
from services.reporting.opening.lists import LIST_START, ListPlace, list_page
from services.reporting.opening.stocks import (
    AGES,
    BY_AGE,
    BY_DEADLINE,
    LATE,
    LEFT,
    NO_DEADLINE,
    PAUSED_CLOCK,
    TODAY,
    OpenDossiers,
    is_counted_as,
    open_dossiers,
)
from services.reporting.opening.tokens import TokenFigure
from services.reporting.pages.dossiers import A_PAGE, without_rows
from services.reporting.pages.question import Asked, asked
from services.reporting.pages.report import period_said
from services.reporting.pages.site import Site
from services.reporting.pages.texts import text
from services.reporting.read_model.store import answering
from shared.language.languages import Language
from shared.language.numbers import count
from shared.pages.site import language_of, path_with
from shared.service.problems import UNPROCESSABLE, Problem

OPEN = "in_progress_total"
_RANGES = {one.name: one for one in (*AGES, *LATE, *LEFT)}
_TEXTS = {TODAY: "today_due", PAUSED_CLOCK: "paused", NO_DEADLINE: "no_due"}
_LATE = frozenset(one.name for one in LATE)


def buckets_of(stock: OpenDossiers, names: Sequence[str], question: Asked, language: Language) -> list[Bucket]:
    """The bars under these names, each with the path to its dossiers."""
    return [
        Bucket(
            bucket_said(name, language),
            stock.counts[name],
            late=name in _LATE,
            dated=name not in (PAUSED_CLOCK, NO_DEADLINE),
            link=path_with("/open", **question.as_parameters, bucket=name) if stock.counts[name] else None,
        )
        for name in names
    ]


def bucket_said(name: str, language: Language) -> str:
    """Its name for people: Quá hạn 1–5 ngày."""
    if name in _TEXTS:
        return text(_TEXTS[name], language)
    one = _RANGES[name]
    if one.last is None:
        return text(f"{one.kind}_over", language, days=count(one.first - 1, language))
    return text(f"{one.kind}_between", language, first=count(one.first, language), last=count(one.last, language))


async def get_open(site: Site, request: Request) -> Response:
    """`/open`: the open dossiers of a bar."""
    language, name = language_of(request), request.query_params.get("bucket", "")
    question = asked(site.figures, site.reader(request), request.query_params, language)
    if question.query is None or name not in (*BY_AGE, *BY_DEADLINE):
        raise Problem(422, UNPROCESSABLE, text("no_token", language))
    query, cursor = without_rows(question.query), request.query_params.get("cursor")
    after = LIST_START if cursor is None else place_of(request, cursor, ListPlace)
    chosen = partial(is_counted_as, name=name, cut=query.cut)
    async with answering(site.reporting.engine) as connection:
        figure = TokenFigure(query, (), OPEN, await pinned(connection))
        page = await list_page(connection, figure, site.catalogue, A_PAGE, after, chosen=chosen)
    number = (await open_dossiers(site.reporting.engine, query)).counts[name]
    following = cursor_after(request, page.after)
    given = {key: value for key, value in request.query_params.items() if key != "cursor"}
    return site.page(
        request,
        "open.html",
        listing=page,
        said=bucket_said(name, language),
        number=number,
        period=period_said(query, language),
        following=None if following is None else path_with("/open", **given, cursor=following),
    )
