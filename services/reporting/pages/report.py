"""The report: figures of a period with their identities, each number a link to its dossiers; charts; downloads."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from fastapi import Request
from starlette.responses import Response

from services.reporting.documents.charts.chart import Links
from services.reporting.documents.formats import FORMATS, render
from services.reporting.documents.forms.form import NUMBER, Form, form_of
from services.reporting.documents.layout import figure_columns
from services.reporting.figures.query import FigureQuery
from services.reporting.figures.report import TOTAL_IS_SUM, report
from services.reporting.http.beside import query_beside
from services.reporting.http.forms import form_with_charts
from services.reporting.pages.question import DAYS, PRESETS, Asked, asked, statutory_names
from services.reporting.pages.reader import Reader
from services.reporting.pages.site import Site
from services.reporting.pages.texts import TEXTS, text
from shared.domain.columns import KEYS
from shared.domain.comparison import Beside
from shared.domain.fields import Channel
from shared.domain.figures import Figures, shares
from shared.domain.periods import UnknownPeriod, statutory_period
from shared.domain.timeliness import DEFINITIONS
from shared.language.languages import Language
from shared.language.numbers import count, percent
from shared.language.order import vietnamese_order
from shared.language.periods import period_name, span_name
from shared.language.words import CHANNELS, FIGURES, LEVELS, word
from shared.language.words import DEFINITIONS as DEFINITION_WORDS
from shared.pages.site import begun, language_of, path_with
from shared.service.problems import UNPROCESSABLE, Problem

CHARTS = ("received", "timeliness", "deadline", "age", "beside")
SHOWN_SHARES = ("online_share", "overdue_share")
MAIN = (
    ("received_total", None),
    ("received_online", "online_share"),
    ("resolved_total", None),
    ("resolved_overdue", "overdue_share"),
    ("in_progress_total", None),
    ("in_progress_overdue", None),
)


@dataclass(frozen=True, slots=True)
class SaidNumber:
    """A number as people read it, and the path to its dossiers."""

    said: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table, or of its total."""

    number: int | None
    name: str
    cells: tuple[SaidNumber, ...]
    section: str | None = None


def table_of(form: Form, links: Links, sort: str | None) -> Mapping[str, Any]:
    """The table with its heads: its lines in the form's order, or those with the largest number first."""
    lines, language = form.lines, form.language
    titles = {line.place: section.title for section in form.sections for line in section.lines}
    columns = figure_columns((form.total, *(line.figures for line in lines)), language)
    marks = {column.key: column.mark.partition("=")[0] for column in columns if column.key}
    keys = list(marks)
    if sort in KEYS:
        lines.sort(key=lambda line: -line.figures[sort])
    elif sort in SHOWN_SHARES:
        lines.sort(key=lambda line: -(shares(line.figures)[sort] or Decimal(-1)))
    return {
        "sort": sort,
        "lines": [
            Line(line.number, line.name, cells(line.figures, keys, line.place, links, language), titles[line.place])
            for line in lines
        ],
        "total": Line(None, form.total_name, cells(form.total, keys, None, links, language)),
        "columns": [*marks.items(), *((key, None) for key in SHOWN_SHARES)],
        "groups": [
            ("to_handle", 4),
            ("resolved", len(marks) - 7),
            ("in_progress", 3),
            ("shares", len(SHOWN_SHARES)),
        ],
        "others": [
            (word(FIGURES, key, language), SaidNumber(count(form.total[key], language), links.get((None, key))))
            for key in KEYS
            if key not in keys
        ],
    }


def cells(
    figures: Figures, keys: Sequence[str], place: int | None, links: Links, language: Language
) -> tuple[SaidNumber, ...]:
    """The form's columns of a line, and two shares."""
    of_line = shares(figures)
    return (
        *(SaidNumber(count(figures[key], language), links.get((place, key))) for key in keys),
        *(SaidNumber(percent(of_line[key], language)) for key in SHOWN_SHARES),
    )


def choices(site: Site, reader: Reader, question: Asked, language: Language) -> dict[str, Any]:
    """What the form's lists offer."""
    catalogue, today = site.catalogue, site.reporting.clock().date()
    fields = sorted({procedure.field for procedure in catalogue.procedures.values()}, key=vietnamese_order)
    statutory = statutory_names(question.typed["period"], today)
    return {
        "presets": [*PRESETS, DAYS],
        "statutory": [(name, _period_name(name, language)) for name in statutory],
        "departments": reader.departments,
        "places": reader.places,
        "fields": fields,
        "channels": [(channel.value, begun(word(CHANNELS, channel, language))) for channel in Channel],
        "levels": [(level, word(LEVELS, level, language)) for level in LEVELS],
        "definitions_known": [(name, word(DEFINITION_WORDS, name, language)) for name in DEFINITIONS],
    }


def _period_name(name: str, language: Language) -> str:
    try:
        statutory_period(name)
    except UnknownPeriod:
        return name
    return begun(period_name(name, language))


def period_said(query: FigureQuery, language: Language) -> str:
    """The period with its name, if it has one."""
    days = span_name(query.first, query.last, language)
    return begun(days) if query.period is None else f"{begun(period_name(query.period, language))} ({days})"


async def last_year(site: Site, query: FigureQuery) -> Figures | None:
    """The total beside the period's, counted as far as it is; None where the calendar begins."""
    try:
        earlier = query_beside(query, Beside.LAST_YEAR)
    except Problem:
        return None
    return (await report(site.reporting.engine, replace(earlier, by=()), site.catalogue)).total


async def get_report(site: Site, request: Request) -> Response:
    """`/`: the form to ask, and what it asked for."""
    language, reader = language_of(request), site.reader(request)
    question = asked(site.figures, reader, request.query_params, language)
    sort = request.query_params.get("sort")

    def to(path: str, **changed: str | None) -> str:
        return path_with(path, **(question.as_parameters | {"sort": sort} | changed))

    values: dict[str, Any] = {
        "to": to,
        "again": partial(to, "/"),
        "charts": CHARTS,
        "question": question,
        "here": question.as_parameters,
        "sort": sort,
        "shown": None,
        "events": path_with("/v1/events", **_joined(reader.filters(question.typed, site.reporting.clock().date()))),
        **choices(site, reader, question, language),
    }
    if question.query is None:
        return site.page(request, "report.html", 422, **values)
    found = await report(site.reporting.engine, question.query, site.catalogue)
    form = form_of(found, site.catalogue, language, question.of_procedures)
    links = await asyncio.to_thread(site.figures.links, found)
    shown = _shown(site, form, await last_year(site, question.query), links, sort)
    state = f"{found.pin.generation}.{found.pin.revision}"
    return site.page(request, "report.html", **{**values, "shown": shown, "state": state})


def _joined(filters: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {name: ",".join(codes) for name, codes in filters.items()}


def _shown(site: Site, form: Form, other: Figures | None, links: Links, sort: str | None) -> Mapping[str, Any]:
    query, language, of_total = form.query, form.language, shares(form.total)
    return {
        "form": form,
        "form_number": NUMBER,
        "period": period_said(query, language),
        "is_over": query.last < query.as_of.date(),
        "table": table_of(form, links, sort),
        "main": [
            {
                "name": word(FIGURES, key, language),
                "number": SaidNumber(count(form.total[key], language), links.get((None, key))),
                "share": None if share is None else percent(of_total[share], language),
                "before": None if other is None else other[key],
                "moved": None if other is None else form.total[key] - other[key],
            }
            for key, share in MAIN
        ],
        "formats": formats_said(language),
        "sum_of_rows": TOTAL_IS_SUM,
        "broken_where": [_where(site, each.row) for each in form.identities],
    }


def formats_said(language: Language) -> list[tuple[str, str]]:
    """The formats of files, each with its name."""
    return [(name, text(f"format.{name}", language) if f"format.{name}" in TEXTS else name) for name in FORMATS]


def _where(site: Site, row: object) -> str:
    """The row that breaks an identity, for people."""
    if not isinstance(row, dict):
        return ""
    return ", ".join(site.department_name(value) if value else "–" for value in row.values())


async def get_download(site: Site, request: Request) -> Response:
    """`/download`: the form of the question in one of the formats."""
    language = language_of(request)
    question = asked(site.figures, site.reader(request), request.query_params, language)
    wanted = request.query_params.get("format", "")
    if question.query is None or wanted not in FORMATS:
        detail = "; ".join(question.mistakes.values()) or f"format: choose one of {', '.join(FORMATS)}"
        raise Problem(422, UNPROCESSABLE, detail)
    to = site.figures
    found, form = await form_with_charts(
        to, question.query, None, language=language, of_procedures=question.of_procedures, wanted=wanted
    )
    return await asyncio.to_thread(render, wanted, form, site.figures.frame(found, request))
