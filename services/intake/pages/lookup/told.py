"""What a dossier's history tells its applicant: chosen fact by fact, so that nothing else gets out."""

from collections.abc import Sequence
from datetime import datetime

from services.intake.log.history import HistoryEntry
from shared.catalogue import Catalogue
from shared.contract.http.lookup import LookUpAnswer
from shared.domain import events as domain
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import PAUSED, State
from shared.language.languages import Language
from shared.language.words import Words, in_language, word

STATES: Words = {
    State.SUBMITTED: (
        "Hồ sơ đã được nộp và đang chờ cơ quan tiếp nhận.",
        "Your dossier was handed in and waits to be accepted.",
    ),
    State.RECEIVED: ("Hồ sơ đã được tiếp nhận.", "Your dossier was received."),
    State.DECLINED: (
        "Hồ sơ không được tiếp nhận. Lý do ghi trên phiếu từ chối.",
        "Your dossier was not accepted. The notice of refusal says why.",
    ),
    State.PROCESSING: ("Hồ sơ đang được giải quyết.", "Your dossier is being worked on."),
    State.AWAITING_SUPPLEMENT: (
        "Hồ sơ đang chờ bổ sung giấy tờ.",
        "Your dossier waits for papers that you are to bring.",
    ),
    State.AWAITING_PAYMENT: (
        "Hồ sơ đang chờ nộp phí, lệ phí hoặc thực hiện nghĩa vụ tài chính.",
        "Your dossier waits for a payment.",
    ),
    State.SUSPENDED: ("Việc giải quyết hồ sơ đang tạm dừng.", "Work on your dossier is suspended."),
    State.WITHDRAWN: ("Hồ sơ đã được rút.", "Your dossier was withdrawn."),
    State.STOPPED: (
        "Hồ sơ đã dừng giải quyết. Lý do ghi trên thông báo dừng giải quyết.",
        "Work on your dossier was stopped. The notice says why.",
    ),
    State.TRANSFERRED: (
        "Hồ sơ đã được chuyển đến cơ quan có thẩm quyền.",
        "Your dossier was handed over to the competent authority.",
    ),
    State.RESOLVED: ("Hồ sơ đã có kết quả.", "The result is ready."),
    State.RETURNED: ("Kết quả đã được trả.", "The result was handed over."),
}
SENT_BACK = (
    "Hồ sơ cần bổ sung giấy tờ trước khi được tiếp nhận.",
    "Your dossier needs more papers before it is accepted.",
)


def told(history: Sequence[HistoryEntry], catalogue: Catalogue, language: Language) -> LookUpAnswer | None:
    """How the dossier stands; None of one that was entered by mistake, as if there were none."""
    dossier = history[-1].after
    if dossier.state is State.VOIDED:
        return None
    department, procedure = catalogue.departments.get(dossier.department), catalogue.procedures.get(dossier.procedure)
    request = _open_request(history)
    return LookUpAnswer(
        code=dossier.code,
        state=dossier.state.value,
        text=in_language(SENT_BACK, language) if dossier.was_sent_back else word(STATES, dossier.state, language),
        procedure=dossier.procedure if procedure is None else procedure.name,
        department=dossier.department if department is None else department.name,
        submitted_at=dossier.submitted_at,
        received_at=dossier.received_at,
        promised_at=promised_now(history),
        missing=None if request is None else request.missing,
        missing_until=None if request is None else request.due_at,
        result_at=dossier.closed_at if dossier.state in (State.RESOLVED, State.RETURNED) else None,
        returned_at=dossier.returned_at,
    )


def promised_now(history: Sequence[HistoryEntry]) -> datetime | None:
    """The deadline in force, or the date that an apology named since; None while the clock stands and once closed."""
    dossier = history[-1].after
    if not dossier.is_open or dossier.state in PAUSED:
        return None
    promised: datetime | None = None
    for entry in history:
        before = None if entry.before is None else entry.before.due_at
        if isinstance(entry.event, domain.Apologised) and entry.event.promised_at is not None:
            promised = entry.event.promised_at
        elif entry.after.due_at != before:
            promised = entry.after.due_at
    return promised


def _open_request(history: Sequence[HistoryEntry]) -> domain.SupplementRequested | None:
    """What the applicant was asked for and has not brought."""
    if not _waits_for_papers(history[-1].after):
        return None
    asked = (entry.event for entry in reversed(history))
    return next((event for event in asked if isinstance(event, domain.SupplementRequested)), None)


def _waits_for_papers(dossier: Dossier) -> bool:
    return dossier.state is State.AWAITING_SUPPLEMENT or dossier.was_sent_back
