"""The report's charts, one by one: fetched after the page, drawn in a thread, kept until the figures move."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import Request
from starlette.responses import Response

from services.reporting.documents.charts import of_figures, of_stocks
from services.reporting.documents.charts.chart import Chart
from services.reporting.documents.charts.render import svg
from services.reporting.documents.forms.form import form_of
from services.reporting.figures.pairs import gathered_pair
from services.reporting.figures.query import FigureQuery
from services.reporting.figures.range_sums import pinned
from services.reporting.figures.report import report
from services.reporting.http.beside import query_beside
from services.reporting.opening.stocks import BY_AGE, BY_DEADLINE, open_dossiers
from services.reporting.pages.open_dossiers import buckets_of
from services.reporting.pages.question import Asked, asked
from services.reporting.pages.report import CHARTS
from services.reporting.pages.site import Site
from services.reporting.pages.texts import text
from services.reporting.read_model.store import answering
from shared.domain.comparison import Beside
from shared.language.languages import Language
from shared.language.numbers import count, day
from shared.pages.site import language_of
from shared.service.problems import UNPROCESSABLE, Problem

MOST_KEPT = 100


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart and its picture; `note` says what it counts."""

    chart: Chart
    picture: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Drawings:
    """The latest drawings, by question and state of the read model; one is drawn at a time."""

    kept: OrderedDict[tuple[Any, ...], Drawn] = field(default_factory=OrderedDict)
    drawing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    def keep(self, key: tuple[Any, ...], drawn: Drawn) -> Drawn:
        """Keep it, and forget the oldest."""
        self.kept[key] = drawn
        if len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)
        return drawn


async def get_chart(site: Site, drawings: Drawings, request: Request) -> Response:
    """`/charts/{name}`: the part of the page that has the chart and its table."""
    name, language = request.path_params["name"], language_of(request)
    question = asked(site.figures, site.reader(request), request.query_params, language)
    if name not in CHARTS or question.query is None:
        raise Problem(422, UNPROCESSABLE, text("chart_failed", language))
    async with answering(site.reporting.engine) as connection:
        pin = await pinned(connection)
    filters = question.query.filters  # not all of them were typed: a bound reader's own departments are not
    key = (name, language, *question.typed.values(), filters, question.query.as_of.date(), pin)
    drawn = drawings.kept.get(key)
    if drawn is None:
        chart, note = await _chart(site, name, question, question.query, language)
        async with drawings.drawing:
            drawn = drawings.keep(key, Drawn(chart, await asyncio.to_thread(svg, chart.spec), note))
    return site.page(request, "part_chart.html", drawn=drawn)


async def _chart(
    site: Site, name: str, question: Asked, query: FigureQuery, language: Language
) -> tuple[Chart, str | None]:
    if name in ("deadline", "age"):
        stock = await open_dossiers(site.reporting.engine, query)
        by_deadline = name == "deadline"
        buckets = buckets_of(stock, BY_DEADLINE if by_deadline else BY_AGE, question, language)
        chart = of_stocks.open_by_deadline if by_deadline else of_stocks.open_by_age
        note = text("chart_note", language, day=day(query.cut, language), number=count(stock.dossiers, language))
        return chart(buckets, language), note
    engine, offices = site.reporting.engine, site.catalogue
    if name == "received":
        found = await report(engine, replace(query, by=(query.month,)), offices)
        return of_figures.received_over_time(found, language, site.figures.links(found)), None
    if name == "beside":
        pair = await gathered_pair(engine, query, query_beside(query, Beside.LAST_YEAR), offices)
        found, other = pair.reports()
        form = replace(form_of(found, offices, language), compared=form_of(other, offices, language))
        return of_figures.beside_another(form, site.figures.links(found)), None
    found = await report(engine, query, offices)
    return of_figures.timeliness_of_lines(form_of(found, offices, language), site.figures.links(found)), None
