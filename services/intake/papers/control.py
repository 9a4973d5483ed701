"""Form 06: every step that a dossier took, who had it, until when it was to be done, and whether it was."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from services.intake.explanation.work import work_steps
from services.intake.log.history import HistoryEntry
from services.intake.papers import naming
from services.intake.papers.naming import VIETNAMESE
from services.intake.papers.paper import HEAD_SIGNS, FormNumber, PaperLine, Sheet, Signature, TableColumn
from shared.catalogue import Catalogue
from shared.domain import events as domain
from shared.domain.deadline import Deadline
from shared.domain.dossier import Dossier
from shared.domain.localtime import local_date
from shared.domain.terms import counts_hours
from shared.domain.timeliness import BY_DATE, timeliness_of
from shared.language.numbers import NOT_APPLICABLE, short_minute
from shared.language.words import CLASSES, STATES, word

COLUMNS = (
    TableColumn("STT", 5),
    TableColumn("Đơn vị, người xử lý", 28),
    TableColumn("Giao, nhận hồ sơ lúc", 15),
    TableColumn("Hạn xử lý", 15),
    TableColumn("Hoàn thành lúc", 15),
    TableColumn("Kết quả", 11),
    TableColumn("Ghi chú", 21),
)
IN_PROGRESS = "Đang xử lý"


class _Step(NamedTuple):
    """A row before it is numbered: `hours` says that its deadline is one to the hour."""

    since: datetime
    who: str
    due_at: datetime | None
    done_at: datetime | None
    note: str
    is_judged: bool = True
    hours: bool = False


def control_slip(history: Sequence[HistoryEntry], catalogue: Catalogue, now: datetime) -> Sheet:
    """The slip as it stands now."""
    dossier = history[-1].after
    steps = sorted(_steps(history, catalogue, now), key=lambda step: step.since)
    rows = [_row(number, step, is_over=not dossier.is_open) for number, step in enumerate(steps, start=1)]
    judged = timeliness_of(dossier, now)
    facts = (
        PaperLine("Mã hồ sơ", dossier.code),
        PaperLine("Thủ tục", naming.procedure(dossier, catalogue)),
        PaperLine("Cơ quan giải quyết", naming.unit(dossier.department, catalogue)),
        PaperLine("Nơi tiếp nhận", naming.unit(dossier.place_of_receipt, catalogue)),
        PaperLine("Thời gian nhận hồ sơ", naming.full_minute(dossier.received_at) or "chưa tiếp nhận"),
        PaperLine("Thời hạn trả kết quả", naming.full_minute(dossier.due_at) or "không quy định thời hạn"),
    )
    notes = [f"Trạng thái: {word(STATES, dossier.state, VIETNAMESE)}."]
    if judged is not None:
        notes.append(f"Xếp loại hồ sơ: {word(CLASSES, judged, VIETNAMESE)} ({BY_DATE.name}).")
    return Sheet(
        FormNumber.CONTROL,
        dossier.code,
        local_date(now),
        "KSHS",
        f"In lúc {naming.full_minute(now)}",
        facts,
        COLUMNS,
        tuple(rows),
        tuple(notes),
        (Signature("NGƯỜI LẬP PHIẾU"), HEAD_SIGNS),
    )


def _steps(history: Sequence[HistoryEntry], catalogue: Catalogue, now: datetime) -> Iterator[_Step]:
    dossier = history[-1].after
    yield from _arrival(dossier, catalogue)
    for work in work_steps(history, catalogue.calendar_of(dossier.department), now):
        who = ", ".join(name for name in (work.unit, work.officer) if name)
        yield _Step(work.started_at, who, work.due_at, work.ended_at, "")
    for hop in dossier.hops:
        yield _Step(hop.forwarded_at, hop.agency or "Cơ quan khác", hop.due_at, hop.answered_at, "Phối hợp giải quyết")
    for pause in dossier.suspensions:
        said = word(STATES, pause.kind, VIETNAMESE)
        yield _Step(
            pause.started_at, f"Tạm dừng: {said.lower()}", pause.due_at, pause.ended_at, "Ngừng tính thời hạn", False
        )
    yield from (step for entry in history if (step := _noted(entry, catalogue)) is not None)


def _arrival(dossier: Dossier, catalogue: Catalogue) -> Iterator[_Step]:
    """The application waits to be accepted, or comes to the counter and is received at once."""
    taken_in = naming.unit(dossier.place_of_receipt, catalogue)
    for waits in dossier.counted_acceptances:
        yield _Step(waits.asked_at, taken_in, waits.due_at, waits.answered_at, "Xem xét tiếp nhận", hours=True)
    if dossier.received_at is not None:
        note = f"Tiếp nhận ({naming.channel(dossier.channel, catalogue).lower()})"
        yield _Step(dossier.received_at, taken_in, None, dossier.received_at, note)


def _noted(entry: HistoryEntry, catalogue: Catalogue) -> _Step | None:
    """What moves the dossier's deadline or ends it, in a row of its own."""
    event, after = entry.event, entry.after
    unit = naming.unit(after.department, catalogue)
    match event:
        case domain.Extended():
            note = f"Gia hạn{_because(event.legal_ground)}; hạn mới {_short(after.due_at)}"
        case domain.DeadlineSet():
            note = f"Ấn định thời hạn{_because(event.ground)}: {_short(after.due_at)}"
        case domain.Apologised():
            promised = f"; hẹn lại {_short(event.promised_at)}" if event.promised_at else ""
            note = f"Xin lỗi{_because(event.reason)}{promised}"
        case domain.Reopened():
            note = f"Mở lại hồ sơ{_because(event.reason)}"
        case domain.Declined() | domain.Withdrawn() | domain.Stopped() | domain.Transferred() | domain.Voided():
            note = f"{word(STATES, after.state, VIETNAMESE)}{_because(event.reason)}"
        case domain.Resolved():
            hours = counts_hours(after.term)
            return _Step(entry.at, unit, after.due_at, entry.at, word(STATES, after.state, VIETNAMESE), hours=hours)
        case domain.Returned():
            note = word(STATES, after.state, VIETNAMESE)
        case _:
            return None
    return _Step(entry.at, unit, None, entry.at, note, is_judged=False)


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


def _short(instant: datetime | None) -> str:
    return NOT_APPLICABLE if instant is None else short_minute(instant, VIETNAMESE)


def _row(number: int, step: _Step, *, is_over: bool) -> tuple[str, ...]:
    done = _short(step.done_at) if step.done_at or is_over else ""
    return (
        str(number),
        step.who,
        _short(step.since),
        _short(step.due_at),
        done,
        _class(step, is_over=is_over),
        step.note,
    )


def _class(step: _Step, *, is_over: bool) -> str:
    if step.done_at is None:
        return NOT_APPLICABLE if is_over else IN_PROGRESS
    if step.due_at is None or not step.is_judged:
        return NOT_APPLICABLE
    return word(CLASSES, BY_DATE.judge(step.done_at, Deadline(step.due_at, step.hours)), VIETNAMESE)
