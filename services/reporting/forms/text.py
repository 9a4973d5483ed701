"""The form as the paragraph an office writes, in Vietnamese, with 80.121 and 62,8 %."""

from datetime import date
from decimal import Decimal

from babel.numbers import format_decimal, get_decimal_symbol

from services.reporting.figures import Report
from services.reporting.forms.lines import Line
from shared.domain.figures import Figures, shares

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
    query, counted = report.query, _numbers(found)
    return (
        f"Từ ngày {_day(query.first)} đến ngày {_day(query.last)}, tổng số hồ sơ thủ tục hành chính tiếp nhận là "
        f"{counted['received_total']} hồ sơ, trong đó: tiếp nhận trực tuyến {counted['received_online']} hồ sơ"
        f"{_share('đạt tỷ lệ ', shares(found)['online_share'])}, trực tiếp hoặc qua dịch vụ bưu chính công ích "
        f"{counted['received_in_person_or_postal']} hồ sơ, kỳ trước chuyển sang {counted['carried_over']} hồ sơ. "
        f"{_resolved(found)} "
        f"Đang giải quyết {counted['in_progress_total']} hồ sơ, trong đó: trong hạn {counted['in_progress_within']} hồ sơ, "
        f"quá hạn {counted['in_progress_overdue']} hồ sơ."
    )


def _resolved(found: Figures) -> str:
    counted, share = _numbers(found), shares(found)
    text = (
        f"Đã giải quyết {counted['resolved_total']} hồ sơ, trong đó: "
        f"trước hạn {counted['resolved_early']} hồ sơ{_share('', share['early_share'])}, "
        f"đúng hạn {counted['resolved_on_time']} hồ sơ{_share('', share['on_time_share'])}, "
        f"quá hạn {counted['resolved_overdue']} hồ sơ{_share('', share['overdue_share'])}"
    )
    if found["resolved_no_deadline"]:
        text += f", không quy định thời hạn {counted['resolved_no_deadline']} hồ sơ"
    return text + "."


def _detail(line: Line) -> str:
    counted = _numbers(line.figures)
    return (
        f"{line.number}. {line.name}: tiếp nhận {counted['received_total']} hồ sơ (trực tuyến {counted['received_online']}), "
        f"đã giải quyết {counted['resolved_total']} hồ sơ (quá hạn {counted['resolved_overdue']}), "
        f"đang giải quyết {counted['in_progress_total']} hồ sơ (quá hạn {counted['in_progress_overdue']})."
    )


def _numbers(found: Figures) -> dict[str, str]:
    return {key: str(format_decimal(count, locale=_LOCALE)) for key, count in found.items()}


def _share(words: str, share: Decimal | None) -> str:
    """` (62,8 %)` with the decimals the share has; nothing where it is not applicable."""
    if share is None:
        return ""
    whole, _, decimals = str(share).partition(".")  # babel drops trailing zeros
    return f" ({words}{whole}{get_decimal_symbol(_LOCALE)}{decimals} %)"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
