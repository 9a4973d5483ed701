"""Form 07: the dossiers that a unit received in a period, a row each."""

from collections.abc import Sequence
from datetime import date, datetime

from services.intake.log.history import HistoryEntry
from services.intake.papers import naming
from services.intake.papers.letters import promised_at_receipt
from services.intake.papers.naming import VIETNAMESE
from services.intake.papers.paper import FormNumber, PaperLine, Sheet, Signature, TableColumn
from shared.catalogue import Catalogue
from shared.domain.localtime import local_date
from shared.language.numbers import count, short_minute
from shared.language.periods import span_name
from shared.language.words import CHANNELS, STATES, word

COLUMNS = (
    TableColumn("STT", 4),
    TableColumn("Mã hồ sơ", 16),
    TableColumn("Tên thủ tục hành chính", 21),
    TableColumn("Tên cá nhân, tổ chức; địa chỉ, số điện thoại", 14),
    TableColumn("Cơ quan giải quyết; nơi tiếp nhận", 14),
    TableColumn("Kênh nộp", 7),
    TableColumn("Nhận hồ sơ", 8),
    TableColumn("Hẹn trả kết quả", 8),
    TableColumn("Có kết quả", 8),
    TableColumn("Trả kết quả; hình thức", 9),
    TableColumn("Ký nhận", 6),
    TableColumn("Ghi chú", 10),
)


def register(
    unit: str, days: tuple[date, date], histories: Sequence[Sequence[HistoryEntry]], catalogue: Catalogue, now: datetime
) -> Sheet:
    """The rows in the order of receipt."""
    first, last = days
    ordered = sorted(histories, key=_order)
    rows = [_row(number, history, catalogue) for number, history in enumerate(ordered, start=1)]
    span = span_name(first, last, VIETNAMESE) if first != last else f"ngày {first:%d/%m/%Y}"
    return Sheet(
        FormNumber.REGISTER,
        f"{unit}-{first:%Y%m%d}-{last:%Y%m%d}",
        local_date(now),
        "STD",
        f"Hồ sơ tiếp nhận {span}",
        (PaperLine("Đơn vị", naming.unit(unit, catalogue)),),
        COLUMNS,
        tuple(rows),
        (f"Tổng số: {count(len(rows), VIETNAMESE)} hồ sơ; số liệu đến {naming.full_minute(now)}.",),
        (Signature("NGƯỜI LẬP SỔ"), Signature("THỦ TRƯỞNG ĐƠN VỊ", "(Ký, ghi rõ họ tên, đóng dấu)")),
    )


def _order(history: Sequence[HistoryEntry]) -> tuple[datetime, str]:
    dossier = history[-1].after
    assert dossier.received_at is not None, "the register has what was received"
    return dossier.received_at, dossier.code


def _row(number: int, history: Sequence[HistoryEntry], catalogue: Catalogue) -> tuple[str, ...]:
    dossier = history[-1].after
    competent, taken_in = (naming.unit(code, catalogue) for code in (dossier.department, dossier.place_of_receipt))
    how = dossier.return_channel
    returned = _short(dossier.returned_at)
    if returned and how is not None:
        returned += f"; {word(CHANNELS, how, VIETNAMESE).lower()}"
    return (
        str(number),
        dossier.code,
        naming.procedure(dossier, catalogue),
        "",
        competent if competent == taken_in else f"{competent}; {taken_in}",
        naming.channel(dossier.channel, catalogue),
        _short(dossier.received_at),
        _short(promised_at_receipt(history)),
        _short(dossier.closed_at),
        returned,
        "",
        word(STATES, dossier.state, VIETNAMESE),
    )


def _short(instant: datetime | None) -> str:
    return "" if instant is None else short_minute(instant, VIETNAMESE)
