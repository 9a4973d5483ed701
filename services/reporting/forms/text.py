"""The form as the paragraph that an office writes, and a line for each department or field."""

from datetime import date
from decimal import Decimal

from services.reporting.forms.form import Form, FormLine
from shared.domain.figures import Figures, shares
from shared.language.languages import Language
from shared.language.numbers import count, day, minute, percent


def as_text(form: Form) -> str:
    """The paragraph of the total, then a line for each department or field; numbers as 80.121 and 62,8 %."""
    query, parts = form.query, form.lines
    paragraphs = [_paragraph(form)]
    if parts:
        paragraphs.append("\n".join(["Chi tiết:", *(_detail(line) for line in parts)]))
    if query.organised is not None:
        taken_over = "Hồ sơ của đơn vị đã đổi tên, sáp nhập, chia tách hoặc giải thể được tính cho đơn vị tiếp nhận."
        paragraphs.append(taken_over)
    paragraphs.append(
        f"Cách tính đúng hạn: {query.definition}. Số liệu tính đến {minute(query.as_of, Language.VIETNAMESE)}."
    )
    return "\n\n".join(paragraphs) + "\n"


def _paragraph(form: Form) -> str:
    query, total = form.query, form.total
    counted, share = _numbers(total), shares(total)
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
    return {key: count(number, Language.VIETNAMESE) for key, number in figures.items()}


def _share(words: str, share: Decimal | None) -> str:
    """` (62,8%)`; nothing where it is not applicable."""
    return "" if share is None else f" ({words}{percent(share, Language.VIETNAMESE)})"


def _day(given: date) -> str:
    return day(given, Language.VIETNAMESE)
