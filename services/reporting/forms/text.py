"""The form as the paragraph an office writes, in Vietnamese, with 80.121 and 62,8 %."""

from datetime import date
from decimal import Decimal

from babel.numbers import format_decimal, get_decimal_symbol

from services.reporting.figures import Report
from services.reporting.forms.lines import Line
from shared.domain.figures import Figures

_LOCALE = "vi"


def as_text(report: Report, lines: list[Line]) -> str:
    """The paragraph of the total, then a line for each department or field."""
    *parts, total = lines
    paragraphs = [_paragraph(report, total.figures)]
    if parts:
        paragraphs.append("\n".join(["Chi tiết:", *(_detail(line) for line in parts)]))
    paragraphs.append(f"Cách tính đúng hạn: {report.query.definition}. Số liệu tính đến {report.query.as_of:%H giờ %M ngày %d/%m/%Y}.")
    return "\n\n".join(paragraphs) + "\n"


def _paragraph(report: Report, found: Figures) -> str:
    query = report.query
    return (
        f"Từ ngày {_day(query.first)} đến ngày {_day(query.last)}, tổng số hồ sơ thủ tục hành chính tiếp nhận là "
        f"{_number(found.received_total)} hồ sơ, trong đó: tiếp nhận trực tuyến {_number(found.received_online)} hồ sơ"
        f"{_share('đạt tỷ lệ ', found.online_share)}, trực tiếp hoặc qua dịch vụ bưu chính công ích "
        f"{_number(found.received_in_person_or_postal)} hồ sơ, kỳ trước chuyển sang {_number(found.carried_over)} hồ sơ. "
        f"{_resolved(found)} "
        f"Đang giải quyết {_number(found.in_progress_total)} hồ sơ, trong đó: trong hạn {_number(found.in_progress_within)} hồ sơ, "
        f"quá hạn {_number(found.in_progress_overdue)} hồ sơ."
    )


def _resolved(found: Figures) -> str:
    early, on_time, overdue = found.timeliness_shares or (None, None, None)
    text = (
        f"Đã giải quyết {_number(found.resolved_total)} hồ sơ, trong đó: "
        f"trước hạn {_number(found.resolved_early)} hồ sơ{_share('', early)}, "
        f"đúng hạn {_number(found.resolved_on_time)} hồ sơ{_share('', on_time)}, "
        f"quá hạn {_number(found.resolved_overdue)} hồ sơ{_share('', overdue)}"
    )
    if found.resolved_no_deadline:
        text += f", không quy định thời hạn {_number(found.resolved_no_deadline)} hồ sơ"
    return text + "."


def _detail(line: Line) -> str:
    found = line.figures
    return (
        f"{line.number}. {line.name}: tiếp nhận {_number(found.received_total)} hồ sơ (trực tuyến {_number(found.received_online)}), "
        f"đã giải quyết {_number(found.resolved_total)} hồ sơ (quá hạn {_number(found.resolved_overdue)}), "
        f"đang giải quyết {_number(found.in_progress_total)} hồ sơ (quá hạn {_number(found.in_progress_overdue)})."
    )


def _number(count: int) -> str:
    return str(format_decimal(count, locale=_LOCALE))


def _share(words: str, share: Decimal | None) -> str:
    """` (62,8 %)` with the decimals the share has; nothing where it is not applicable."""
    if share is None:
        return ""
    whole, _, decimals = str(share).partition(".")  # babel drops trailing zeros
    return f" ({words}{whole}{get_decimal_symbol(_LOCALE)}{decimals} %)"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
