"""The statutory form II.06a as JSON, as CSV, and as the paragraph that an office writes in Vietnamese."""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from babel.numbers import format_decimal, get_decimal_symbol
from msgspec import UNSET
from starlette.responses import Response

from services.reporting.figures.query import Dimension
from services.reporting.figures.report import Report, figure_row
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.http.figures import FormAnswer
from shared.domain.columns import KEYS, OF_FORM, SHARE_KEYS
from shared.domain.figures import Figures, shares

FORMATS = ("json", "csv", "text")
GROUPINGS = (Dimension.DEPARTMENT, Dimension.FIELD)
TOTAL_NAME = "Tổng số"
NO_FIELD = "Lĩnh vực khác"
BYTE_ORDER_MARK = "\ufeff"
_LOCALE = "vi"


@dataclass(frozen=True, slots=True)
class FormLine:
    """A line of the form; the total line has neither number nor code."""

    number: int | None
    code: str | None
    name: str
    figures: Figures


def render(wanted: str, report: Report, catalogue: Catalogue) -> Response:
    """The form in one of FORMATS."""
    lines = form_lines(report, catalogue)
    match wanted:
        case "csv":
            name = f"II.06a_{report.query.first}_{report.query.last}.csv"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return Response(as_csv(lines), media_type="text/csv; charset=utf-8", headers=headers)
        case "text":
            return Response(as_text(report, lines), media_type="text/plain; charset=utf-8")
        case _:
            return Response(encode(as_json(report, lines)), media_type="application/json")


def form_lines(report: Report, catalogue: Catalogue) -> list[FormLine]:
    """The rows of a report grouped by department or field, then the total; two of one name with their provinces."""
    (dimension,) = report.query.by
    names = [_name(dimension, row.key[0], catalogue) for row in report.rows]
    often = Counter(names)
    lines = [
        FormLine(
            number, row.key[0], name if often[name] == 1 else _with_province(name, row.key[0], catalogue), row.figures
        )
        for number, (name, row) in enumerate(zip(names, report.rows, strict=True), start=1)
    ]
    return [*lines, FormLine(None, None, TOTAL_NAME, report.total)]


def _name(dimension: Dimension, value: str | None, catalogue: Catalogue) -> str:
    if value is None:
        return NO_FIELD
    department = catalogue.departments.get(value) if dimension is Dimension.DEPARTMENT else None
    return value if department is None else department.name


def _with_province(name: str, code: str | None, catalogue: Catalogue) -> str:
    province = catalogue.province_of(code or "")
    return name if province is None else f"{name} ({province.name})"


def as_json(report: Report, lines: list[FormLine]) -> FormAnswer:
    """Every line with all figures; `columns` says which of them the form prints."""
    query = report.query
    return FormAnswer(
        form="II.06a",
        first=query.first,
        last=query.last,
        period=query.period or UNSET,
        definition=query.definition,
        as_of=query.as_of,
        as_known_at=query.known_at,
        organised=query.organised_as,
        by=query.by[0].value,
        columns={str(number): column.key for number, column in OF_FORM.items()},
        lines=[
            {"number": line.number, "code": line.code, "name": line.name, **figure_row(line.figures)}
            for line in lines
            if line.number is not None
        ],
        total=figure_row(report.total),
        identities=list(report.identities),
    )


def as_csv(lines: list[FormLine]) -> bytes:
    """RFC 4180 (comma, CRLF) in UTF-8 with a byte-order mark, for without it Excel shows Vietnamese as gibberish.

    Every figure stands under its key, unformatted; a share that is not applicable is empty.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["number", "code", "name", *KEYS, *SHARE_KEYS])
    for line in lines:
        row = figure_row(line.figures)
        writer.writerow([line.number, line.code, line.name, *(row[column] for column in (*KEYS, *SHARE_KEYS))])
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def as_text(report: Report, lines: list[FormLine]) -> str:
    """The paragraph of the total, then a line for each department or field; numbers as 80.121 and 62,8 %."""
    *parts, total = lines
    paragraphs = [_paragraph(report, total.figures)]
    if parts:
        paragraphs.append("\n".join(["Chi tiết:", *(_detail(line) for line in parts)]))
    if report.query.organised is not None:
        taken_over = "Hồ sơ của đơn vị đã đổi tên, sáp nhập, chia tách hoặc giải thể được tính cho đơn vị tiếp nhận."
        paragraphs.append(taken_over)
    paragraphs.append(
        f"Cách tính đúng hạn: {report.query.definition}. Số liệu tính đến {report.query.as_of:%H giờ %M ngày %d/%m/%Y}."
    )
    return "\n\n".join(paragraphs) + "\n"


def _paragraph(report: Report, total: Figures) -> str:
    query, counted, share = report.query, _numbers(total), shares(total)
    resolved = (
        f"Đã giải quyết {counted['resolved_total']} hồ sơ, trong đó: "
        f"trước hạn {counted['resolved_early']} hồ sơ{_share('', share['early_share'])}, "
        f"đúng hạn {counted['resolved_on_time']} hồ sơ{_share('', share['on_time_share'])}, "
        f"quá hạn {counted['resolved_overdue']} hồ sơ{_share('', share['overdue_share'])}"
    )
    if total["resolved_no_deadline"]:
        resolved += f", không quy định thời hạn {counted['resolved_no_deadline']} hồ sơ"
    unknown = f" (trong đó {counted['received_unknown']} hồ sơ không rõ kênh)" if total["received_unknown"] else ""
    return (
        f"Từ ngày {_day(query.first)} đến ngày {_day(query.last)}, tổng số hồ sơ thủ tục hành chính tiếp nhận là "
        f"{counted['received_total']} hồ sơ, trong đó: tiếp nhận trực tuyến {counted['received_online']} hồ sơ"
        f"{_share('đạt tỷ lệ ', share['online_share'])}, trực tiếp hoặc qua dịch vụ bưu chính công ích "
        f"{counted['received_in_person_or_postal']} hồ sơ{unknown}, "
        f"kỳ trước chuyển sang {counted['carried_over']} hồ sơ. "
        f"{resolved}. "
        f"Đang giải quyết {counted['in_progress_total']} hồ sơ, trong đó: "
        f"trong hạn {counted['in_progress_within']} hồ sơ, quá hạn {counted['in_progress_overdue']} hồ sơ."
    )


def _detail(line: FormLine) -> str:
    counted = _numbers(line.figures)
    unknown = f"; không rõ kênh {counted['received_unknown']}" if line.figures["received_unknown"] else ""
    return (
        f"{line.number}. {line.name}: "
        f"tiếp nhận {counted['received_total']} hồ sơ (trực tuyến {counted['received_online']}{unknown}), "
        f"đã giải quyết {counted['resolved_total']} hồ sơ (quá hạn {counted['resolved_overdue']}), "
        f"đang giải quyết {counted['in_progress_total']} hồ sơ (quá hạn {counted['in_progress_overdue']})."
    )


def _numbers(figures: Figures) -> dict[str, str]:
    return {key: str(format_decimal(count, locale=_LOCALE)) for key, count in figures.items()}


def _share(words: str, share: Decimal | None) -> str:
    """` (62,8 %)` with the decimals the share has; nothing where it is not applicable."""
    if share is None:
        return ""
    whole, _, decimals = str(share).partition(".")  # babel drops trailing zeros
    return f" ({words}{whole}{get_decimal_symbol(_LOCALE)}{decimals} %)"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
