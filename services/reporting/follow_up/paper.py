"""A slip on paper (phiếu đôn đốc): one page, the same bytes for the same slip and answer."""

from collections.abc import Iterator
from typing import Any

from services.reporting.follow_up.register import KeptSlip
from shared.catalogue import Catalogue
from shared.contract.follow_up import Stage
from shared.domain.localtime import local_date
from shared.language.follow_up import ANSWERS, STAGES, days_said
from shared.language.languages import Language
from shared.language.numbers import day, minute, minute_in_full
from shared.language.papers import COUNTRY, MOTTO, PAGE
from shared.language.words import STATES, in_language, word
from shared.papers.heading import Heading
from shared.papers.typesetting import LETTER, typeset

TITLE = "Phiếu đôn đốc giải quyết hồ sơ"
MARK = "PĐĐ"
VIETNAMESE = Language.VIETNAMESE
SIGNATURES = [
    {"who": "ĐẠI DIỆN ĐƠN VỊ TRẢ LỜI", "how": "(Ký, ghi rõ họ tên)"},
    {"who": "NGƯỜI LẬP PHIẾU", "how": "(Ký, ghi rõ họ tên)"},
]


def printed(kept: KeptSlip, heading: Heading, catalogue: Catalogue) -> bytes:
    """The page, as PDF."""
    slip = kept.slip
    superior, office = heading.lines
    values: dict[str, Any] = {
        "language": VIETNAMESE.value,
        "title": f"{TITLE}, {slip.code}",
        "author": heading.office or "",
        "superior": superior,
        "office": office,
        "number": f"Số: {slip.number}/{slip.year}/{MARK}",
        "country": in_language(COUNTRY, VIETNAMESE),
        "motto": in_language(MOTTO, VIETNAMESE),
        "dated": heading.dated_on(local_date(slip.made_at), VIETNAMESE),
        "heading": TITLE.upper(),
        "subtitle": f"Mã hồ sơ: {slip.code}",
        "blocks": list(_blocks(kept, catalogue)),
        "slip": None,
        "signatures": SIGNATURES,
        "footer": f"Lập lúc {minute(slip.made_at, VIETNAMESE)}",
        "page": in_language(PAGE, VIETNAMESE),
    }
    return typeset(LETTER, values, slip.made_at)


def file_name(kept: KeptSlip) -> str:
    """`phieu-don-doc-H59.15-2026-12.pdf`."""
    return f"phieu-don-doc-{kept.slip.department}-{kept.slip.year}-{kept.slip.number}.pdf"


def _blocks(kept: KeptSlip, catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    slip = kept.slip
    procedure = catalogue.procedures.get(slip.procedure)
    said = f"{word(STAGES, slip.stage, VIETNAMESE)}, {days_said(slip.working_days, VIETNAMESE)}"
    waits = slip.stage == Stage.ACCEPTANCE_OVERDUE
    yield _line("Kính gửi", _unit(slip.department, catalogue))
    yield _line("Thủ tục", slip.procedure if procedure is None else f"{procedure.name} ({slip.procedure})")
    if slip.received_by is not None:
        yield _line("Nơi tiếp nhận", _unit(slip.received_by, catalogue))
    if slip.received_at is not None:
        yield _line("Thời gian nhận hồ sơ", minute_in_full(slip.received_at, VIETNAMESE))
    due = "Phải xem xét tiếp nhận trước" if waits else "Thời hạn trả kết quả"
    yield _line(due, minute_in_full(slip.due_at, VIETNAMESE))
    yield _line("Tình trạng", said)
    yield _line("Trạng thái hồ sơ khi lập phiếu", word(STATES, slip.state, VIETNAMESE))
    yield {
        "kind": "said",
        "text": "Đề nghị đơn vị giải quyết hồ sơ nêu trên và trả lời phiếu này trong 24 giờ kể từ khi nhận được.",
    }
    answer = None if kept.answer is None else word(ANSWERS, kept.answer, VIETNAMESE)
    if answer is not None and kept.answered_at is not None:
        answer = f"{answer} (trả lời lúc {minute(kept.answered_at, VIETNAMESE)})"
    yield _line("Trả lời của đơn vị", answer)
    promised = None if kept.promised_on is None else day(kept.promised_on, VIETNAMESE)
    if kept.answer is None or promised is not None:
        yield _line("Dự kiến có kết quả ngày", promised)


def _line(label: str, value: str | None) -> dict[str, Any]:
    return {"kind": "line", "label": label, "value": value}


def _unit(code: str, catalogue: Catalogue) -> str:
    found = catalogue.departments.get(code)
    return code if found is None else f"{found.name} ({code})"
