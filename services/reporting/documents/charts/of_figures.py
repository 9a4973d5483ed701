"""The charts of a report's figures: received over time, timeliness of each line, this period beside another one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.reporting.documents.charts.chart import (
    AXIS,
    BAR,
    DARK,
    LIGHT,
    PALE,
    STRONG,
    Chart,
    ChartRow,
    Links,
    Number,
    in_page,
    specification,
)
from services.reporting.documents.forms.form import Form, FormLine
from services.reporting.figures.query import Dimension
from services.reporting.figures.report import Report
from shared.domain.columns import TIMELINESS
from shared.domain.comparison import a_year_before
from shared.domain.figures import shares
from shared.language.languages import Language
from shared.language.numbers import count, percent
from shared.language.periods import span_name
from shared.language.words import CHANNELS, CLASSES, FIGURES, in_language, word

MOST_LINES = 30
NO_LINKS: Links = {}
BESIDE_LAST_YEAR = ("So với cùng kỳ năm trước", "Beside the same period of last year")
BESIDE_ANOTHER = ("Kỳ này và kỳ so sánh", "This period and the other one")
OF_CHANNELS = {"received_online": "online", "received_in_person": "in_person", "received_postal": "postal"}
_CLASSES = {"resolved_early": "early", "resolved_on_time": "on_time", "resolved_overdue": "overdue"}
COMPARED = (
    "received_total",
    "received_online",
    "resolved_total",
    "resolved_overdue",
    "in_progress_total",
    "in_progress_overdue",
)


def received_over_time(report: Report, language: Language, links: Links = NO_LINKS) -> Chart:
    """What was received in each month, by channel; of a report by month, of the calendar or statutory."""
    assert report.query.by_time_alone, "a report by month"
    names = {key: _begun(word(CHANNELS, channel, language)) for key, channel in OF_CHANNELS.items()}
    months = [_month(row.key[0] or "") for row in report.rows]
    values = [
        {"month": month, "channel": names[key], "received": row.figures[key], "href": in_page(links.get((place, key)))}
        for place, (month, row) in enumerate(zip(months, report.rows, strict=True))
        for key in OF_CHANNELS
    ]
    spec = specification(
        language,
        values,
        height=220,
        mark="bar",
        encoding={
            "x": {"field": "month", "type": "ordinal", "sort": months, "title": None, "axis": {"labelAngle": -45}},
            "y": _quantity("received", in_language(("Hồ sơ", "Dossiers"), language)),
            "color": _colours("channel", list(names.values()), [DARK, LIGHT, STRONG]),
            **_LINKED,
        },
    )
    rows = [
        ChartRow(month, _numbers(row.figures, OF_CHANNELS, language, place, links))
        for place, (month, row) in enumerate(zip(months, report.rows, strict=True))
    ]
    title = ("Hồ sơ tiếp nhận theo tháng và kênh", "Dossiers received by month and channel")
    header = (in_language(("Tháng", "Month"), language), *names.values())
    return Chart("received", in_language(title, language), header, tuple(rows), spec)


def _told_apart(form: Form) -> list[FormLine]:
    """The form's lines; one that stands in several sections says in which, for a chart has one bar to a name."""
    often = Counter(line.name for line in form.lines)
    return [
        line if often[line.name] == 1 else replace(line, name=f"{line.name} ({section.title})")
        for section in form.sections
        for line in section.lines
    ]


def timeliness_of_lines(form: Form, links: Links = NO_LINKS) -> Chart:
    """Early, on time and overdue in percent of what each line resolved, the worst first; at most MOST_LINES."""
    language = form.language
    names = {key: word(CLASSES, timeliness, language) for key, timeliness in _CLASSES.items()}
    judged = [line for line in _told_apart(form) if any(line.figures[key] for key in TIMELINESS)]
    worst = sorted(judged, key=lambda line: (-_overdue(line), line.number))[:MOST_LINES]
    order = [line.name for line in worst]
    values = [
        {
            "line": line.name,
            "class": _begun(names[key]),
            "order": order_of_class,
            "dossiers": line.figures[key],
            "href": in_page(links.get((line.place, key))),
        }
        for line in worst
        for order_of_class, key in enumerate(TIMELINESS)
    ]
    share = in_language(("Tỷ lệ trên số đã giải quyết", "Share of those resolved"), language)
    spec = specification(
        language,
        values,
        height={"step": BAR + 4},
        mark={"type": "bar", "height": BAR},
        encoding={
            "y": {"field": "line", "type": "nominal", "sort": order, "title": None},
            "x": _quantity("dossiers", share) | {"stack": "normalize", "axis": {"format": ".0%", "tickCount": 5}},
            "color": _colours("class", [_begun(name) for name in names.values()], [DARK, LIGHT, STRONG]),
            "order": {"field": "order"},
            **_LINKED,
        },
    )
    rows = [
        ChartRow(
            line.name,
            (
                *_numbers(line.figures, TIMELINESS, language, line.place, links),
                Number(percent(shares(line.figures)["overdue_share"], language)),
            ),
        )
        for line in worst
    ]
    title = in_language(("Giải quyết đúng hạn theo đơn vị", "Timeliness by unit"), language)
    if Dimension.FIELD in form.query.by:
        title = in_language(("Giải quyết đúng hạn theo lĩnh vực", "Timeliness by field"), language)
    if len(judged) > MOST_LINES:
        title += in_language(
            (f" ({MOST_LINES} dòng có tỷ lệ quá hạn cao nhất)", f" (the {MOST_LINES} with the highest share overdue)"),
            language,
        )
    overdue_share = in_language(("Tỷ lệ quá hạn", "Share overdue"), language)
    first = in_language(("Tên", "Name"), language)
    header = (first, *(_begun(name) for name in names.values()), overdue_share)
    return Chart("timeliness", title, header, tuple(rows), spec)


def beside_another(form: Form, links: Links = NO_LINKS) -> Chart:
    """The main figures of the form's period and of the one it is compared with."""
    other, language = form.compared, form.language
    assert other is not None, "a form that is compared with another one"
    periods = [span_name(each.query.first, each.query.last, language) for each in (form, other)]
    names = [word(FIGURES, key, language) for key in COMPARED]
    values = [
        {
            "figure": name,
            "period": _begun(period),
            "dossiers": each.total[key],
            "text": count(each.total[key], language),
            "href": in_page(links.get((None, key))) if each is form else None,
        }
        for key, name in zip(COMPARED, names, strict=True)
        for each, period in zip((form, other), periods, strict=True)
    ]
    order = [_begun(period) for period in periods]
    spec = specification(
        language,
        values,
        height={"step": BAR},
        encoding={
            "y": {"field": "figure", "type": "nominal", "sort": names, "title": None},
            "yOffset": {"field": "period", "sort": order},
            "x": _quantity("dossiers", in_language(("Hồ sơ", "Dossiers"), language)),
        },
        layer=[
            {"mark": "bar", "encoding": {"color": _colours("period", order, [DARK, PALE]), **_LINKED}},
            {
                "mark": {"type": "text", "align": "left", "dx": 3, "baseline": "middle"},
                "encoding": {"text": {"field": "text"}},
            },
        ],
    )
    rows = [
        ChartRow(
            name,
            (
                Number(count(form.total[key], language), links.get((None, key))),
                Number(count(other.total[key], language)),
            ),
        )
        for key, name in zip(COMPARED, names, strict=True)
    ]
    now, then = form.query, other.query
    of_last_year = (a_year_before(now.first), a_year_before(now.last)) == (then.first, then.last)
    title = in_language(BESIDE_LAST_YEAR if of_last_year else BESIDE_ANOTHER, language)
    header = (in_language(("Chỉ tiêu", "Figure"), language), *order)
    return Chart("beside", title, header, tuple(rows), spec)


_LINKED = {"href": {"field": "href"}}


def _numbers(
    figures: Mapping[str, int], keys: Iterable[str], language: Language, place: int | None, links: Links
) -> tuple[Number, ...]:
    return tuple(Number(count(figures[key], language), links.get((place, key))) for key in keys)


def _quantity(field: str, title: str) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "title": title, "axis": AXIS}


def _colours(field: str, names: Sequence[str], colours: Sequence[str]) -> dict[str, Any]:
    return {"field": field, "type": "nominal", "scale": {"domain": list(names), "range": list(colours)}}


def _overdue(line: FormLine) -> float:
    return float(shares(line.figures)["overdue_share"] or 0)


def _month(month: str) -> str:
    """01/2023 of 2023-01."""
    year, number = month.split("-")
    return f"{number}/{year}"


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]
