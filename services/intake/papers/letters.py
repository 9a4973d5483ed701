"""Forms 01-05: each tells one event of a dossier to the person who applied."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from services.intake.explanation.deadlines import CatalogueAt
from services.intake.explanation.explain import explain
from services.intake.log.history import HistoryEntry
from services.intake.papers import naming
from services.intake.papers.naming import VIETNAMESE, full_minute
from services.intake.papers.paper import (
    APPLICANT_SIGNS,
    HEAD_SIGNS,
    NOBODY,
    Applicant,
    Block,
    FormNumber,
    Letter,
    NoSuchPaper,
    Numbered,
    PaperLine,
    Said,
    Signature,
)
from services.intake.papers.slip import slip_of
from shared.catalogue import Catalogue
from shared.domain import events as domain
from shared.domain.dossier import Dossier
from shared.domain.fields import ADMINISTRATIVE, CorrectableField, Outcome
from shared.domain.lifecycle import State
from shared.domain.localtime import local_date
from shared.domain.timeliness import BY_DATE

History = Sequence[HistoryEntry]
WITH_SLIP = (FormNumber.RECEIPT, FormNumber.APOLOGY)
REASON, GROUND = "Lý do", "Căn cứ pháp lý"
NOT_DECIDED = "Đóng hồ sơ về mặt hành chính, không có quyết định giải quyết"
_NEVER = {
    FormNumber.RECEIPT: ("it was not received", "hồ sơ chưa được tiếp nhận"),
    FormNumber.SUPPLEMENT: ("no supplement was asked for", "hồ sơ không có yêu cầu bổ sung"),
    FormNumber.REFUSAL: ("it was neither declined nor refused", "hồ sơ không bị từ chối tiếp nhận hay giải quyết"),
    FormNumber.APOLOGY: (
        "no apology was made and nothing extended",
        "hồ sơ không có lần xin lỗi, hẹn lại hay gia hạn nào",
    ),
    FormNumber.STOP: ("it was not stopped", "hồ sơ không bị dừng giải quyết"),
}


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """The event that a paper tells, in its dossier's history."""

    history: History
    place: int
    catalogue_at: CatalogueAt
    applicant: Applicant

    @property
    def entry(self) -> HistoryEntry:
        return self.history[self.place]

    @property
    def before(self) -> History:
        """The history up to the event, the event included."""
        return self.history[: self.place + 1]

    @property
    def dossier(self) -> Dossier:
        """As it was right after the event."""
        return self.entry.after

    @property
    def now(self) -> Dossier:
        """As it is, corrections included: a paper that is printed again has no fault that was set right."""
        return self.history[-1].after

    @property
    def catalogue(self) -> Catalogue:
        return self.catalogue_at(self.history[-1].recorded_at)

    @property
    def subject(self) -> tuple[Block, ...]:
        """Whose dossier it is, and of what; the same lines on every paper."""
        return (
            *naming.of_applicant(self.applicant),
            PaperLine("Nội dung yêu cầu giải quyết", naming.procedure(self.now, self.catalogue)),
            PaperLine("Cơ quan giải quyết", naming.unit(self.now.department, self.catalogue)),
        )

    @property
    def handler(self) -> tuple[Block, ...]:
        who = naming.handler(self.before)
        return () if who is None else (PaperLine("Người xử lý hồ sơ", who),)

    def letter(
        self, form: FormNumber, mark: str, blocks: Sequence[Block], signatures: tuple[Signature, Signature]
    ) -> Letter:
        return Letter(form, self.now.code, local_date(self.entry.at), mark, tuple(blocks), signatures)


def letter(
    form: FormNumber,
    history: History,
    catalogue_at: CatalogueAt,
    *,
    key: bytes,
    applicant: Applicant = NOBODY,
    number: int | None = None,
) -> Letter:
    """The paper of the `number`-th event that the form tells, of the latest by default.

    Raises NoSuchPaper where nothing of the kind happened, and where a reopening annulled it.
    """
    places = _told_by(form, history)
    if number is not None and number > len(places):
        code, times = history[-1].after.code, len(places)
        raise NoSuchPaper(
            f"n: dossier {code} has {times} of form {form}, and no number {number}",
            f"n: hồ sơ {code} có {times} phiếu theo mẫu {form}, không có phiếu thứ {number}",
        )
    place = places[-1 if number is None else number - 1]
    made = _MAKES[form](ToldEvent(history, place, catalogue_at, applicant))
    return replace(made, slip=slip_of(made.code, key)) if form in WITH_SLIP else made


def printable(history: History) -> list[FormNumber]:
    """The letters that there are of a dossier."""
    found = []
    for form in _MAKES:
        with suppress(NoSuchPaper):
            _told_by(form, history)
            found.append(form)
    return found


def _told_by(form: FormNumber, history: History) -> list[int]:
    """The places of the events that the form tells."""
    code = history[-1].after.code
    if history[-1].after.state is State.VOIDED:
        raise NoSuchPaper(
            f"dossier {code} was voided: only its control slip, form {FormNumber.CONTROL}, is printed",
            f"hồ sơ {code} đã hủy do nhập nhầm: chỉ in được phiếu kiểm soát (mẫu {FormNumber.CONTROL})",
        )
    annulled_before = 0
    if form in (FormNumber.STOP, FormNumber.REFUSAL):
        reopened = [place for place, entry in enumerate(history) if isinstance(entry.event, domain.Reopened)]
        annulled_before = max(reopened, default=0)
    places = [place for place, entry in enumerate(history) if place >= annulled_before and _tells(form, entry)]
    if not places:
        english, vietnamese = _NEVER[form]
        raise NoSuchPaper(
            f"dossier {code} has no form {form}: {english}", f"không có mẫu {form} của hồ sơ {code}: {vietnamese}"
        )
    return places


def _tells(form: FormNumber, entry: HistoryEntry) -> bool:
    event = entry.event
    match form:
        case FormNumber.RECEIPT:
            return isinstance(event, domain.Received)
        case FormNumber.SUPPLEMENT:
            return isinstance(event, domain.SupplementRequested)
        case FormNumber.REFUSAL:
            return isinstance(event, domain.Declined) or (
                isinstance(event, domain.Resolved) and event.outcome is Outcome.REFUSED
            )
        case FormNumber.APOLOGY:
            return isinstance(event, domain.Apologised) or (isinstance(event, domain.Extended) and not entry.is_move)
        case _:
            return isinstance(event, domain.Stopped)


def _receipt(told: ToldEvent) -> Letter:
    now, catalogue = told.now, told.catalogue
    promised = promised_at_receipt(told.history)
    reached = None if promised is None else _how_counted(told, promised)
    blocks = [
        PaperLine("Nơi tiếp nhận", naming.unit(now.place_of_receipt, catalogue)),
        *told.subject,
        PaperLine("Hình thức nộp", naming.channel(now.channel, catalogue)),
        Numbered("Thành phần hồ sơ nộp gồm"),
        PaperLine("Số lượng hồ sơ (bộ)"),
        PaperLine("Thời hạn giải quyết theo quy định", naming.term(now.term) or _without_term(promised)),
        PaperLine("Thời gian nhận hồ sơ", full_minute(now.received_at)),
        PaperLine("Thời gian trả kết quả", full_minute(promised) or "không quy định thời hạn"),
        *(() if reached is None else (PaperLine("Cách tính thời hạn", reached),)),
        PaperLine("Đăng ký nhận kết quả tại"),
    ]
    signatures = (APPLICANT_SIGNS, Signature("NGƯỜI TIẾP NHẬN HỒ SƠ"))
    return told.letter(FormNumber.RECEIPT, "TNHS", blocks, signatures)


def _without_term(promised: datetime | None) -> str:
    return "không quy định" if promised is None else "theo ngày hẹn dưới đây"


def promised_at_receipt(history: History) -> datetime | None:
    """The date that the receipt promises, set right where it was wrong: what moved it later has a paper of its own."""
    promised: datetime | None = None
    for entry in history:
        event, before, due_at = entry.event, entry.before, entry.after.due_at
        if isinstance(event, domain.Received) or (isinstance(event, domain.DeadlineSet) and promised is None):
            promised = due_at
        elif isinstance(event, domain.Corrected) and before is not None:
            if event.deadlines:
                promised = event.deadlines[0].due_at
            elif event.field is CorrectableField.DUE_AT and before.due_at == promised:
                promised = due_at
    return promised


def _how_counted(told: ToldEvent, promised: datetime) -> str | None:
    """The explanation's words for the promised date; None where they speak of another."""
    steps = explain(told.before, told.catalogue_at, told.entry.at, BY_DATE, VIETNAMESE)
    found = next((step for step in steps if step.step == "deadline" and step.due_at == promised), None)
    if found is None:
        return None
    _, _, how = found.text.partition(": ")
    return how.removesuffix(".") or None


def _supplement(told: ToldEvent) -> Letter:
    event = told.entry.event
    assert isinstance(event, domain.SupplementRequested)
    missing = (
        () if event.missing is None else tuple(filter(None, (line.strip() for line in event.missing.splitlines())))
    )
    waits = told.dossier.suspended_since is not None
    meanwhile = (
        "Trong thời gian chờ bổ sung, thời hạn giải quyết tạm dừng tính và được tính tiếp khi hồ sơ được bổ sung."
        if waits
        else "Hồ sơ chưa được tiếp nhận; thời hạn giải quyết được tính từ khi hồ sơ được tiếp nhận."
    )
    blocks = [
        *told.subject,
        Numbered("Yêu cầu bổ sung, hoàn thiện hồ sơ gồm những nội dung sau", missing),
        PaperLine(REASON),
        PaperLine("Thời hạn bổ sung, hoàn thiện hồ sơ", full_minute(event.due_at)),
        *told.handler,
        Said(meanwhile),
        PaperLine("Nếu có vướng mắc, ông (bà) liên hệ"),
    ]
    signatures = (APPLICANT_SIGNS, Signature("NGƯỜI HƯỚNG DẪN"))
    return told.letter(FormNumber.SUPPLEMENT, "HDHS", blocks, signatures)


def _refusal(told: ToldEvent) -> Letter:
    event = told.entry.event
    at = full_minute(told.entry.at)
    if isinstance(event, domain.Declined):
        what, when, reason = "tiếp nhận, giải quyết", told.now.submitted_at, event.reason
        came = PaperLine("Thời gian nộp hồ sơ", full_minute(when))
    else:
        what, when, reason = "giải quyết", told.now.received_at, None
        came = PaperLine("Thời gian nhận hồ sơ", full_minute(when))
    blocks = [
        *told.subject,
        came,
        Said(f"Qua xem xét, cơ quan thông báo từ chối {what} hồ sơ này lúc {at}, với lý do cụ thể như sau:"),
        PaperLine(REASON, reason),
        PaperLine(GROUND),
        *told.handler,
        Said("Xin thông báo để ông (bà), tổ chức được biết và thực hiện./."),
    ]
    signatures = (APPLICANT_SIGNS, Signature("NGƯỜI TIẾP NHẬN HỒ SƠ"))
    return told.letter(FormNumber.REFUSAL, "TCHS", blocks, signatures)


def _apology(told: ToldEvent) -> Letter:
    event, before = told.entry.event, told.entry.before
    due_at = None if before is None else before.due_at
    if isinstance(event, domain.Extended):
        why: tuple[Block, ...] = (
            Said("Thời hạn giải quyết hồ sơ của ông (bà), tổ chức được gia hạn."),
            PaperLine(GROUND, event.legal_ground),
            PaperLine(REASON),
        )
        promised = told.dossier.due_at
    else:
        assert isinstance(event, domain.Apologised)
        why = (
            Said("Cơ quan chưa trả được kết quả giải quyết hồ sơ của ông (bà), tổ chức đúng thời hạn đã hẹn."),
            PaperLine(REASON, event.reason),
        )
        promised = event.promised_at
    blocks = [
        PaperLine("Kính gửi", told.applicant.name),
        *told.subject[1:],
        PaperLine("Thời gian nhận hồ sơ", full_minute(told.now.received_at)),
        PaperLine("Thời gian hẹn trả kết quả", full_minute(due_at)),
        *why,
        Said(
            "Sự chậm trễ này đã gây phiền hà, tốn kém chi phí, công sức của ông (bà), tổ chức. "
            "Cơ quan xin lỗi ông (bà), tổ chức và hẹn trả kết quả vào:"
        ),
        PaperLine("Thời gian hẹn lại", full_minute(promised)),
        *told.handler,
        Said("Mong nhận được sự thông cảm của ông (bà), tổ chức./."),
    ]
    signatures = (Signature("NGƯỜI LẬP PHIẾU"), HEAD_SIGNS)
    return told.letter(FormNumber.APOLOGY, "XLHL", blocks, signatures)


def _stop(told: ToldEvent) -> Letter:
    event = told.entry.event
    assert isinstance(event, domain.Stopped)
    blocks = [
        *told.subject,
        PaperLine("Thời gian nhận hồ sơ", full_minute(told.now.received_at)),
        Said(f"Cơ quan thông báo dừng giải quyết hồ sơ này từ {full_minute(told.entry.at)}."),
        PaperLine(REASON, NOT_DECIDED if event.reason == ADMINISTRATIVE else event.reason),
        PaperLine(GROUND),
        *told.handler,
        Said("Xin thông báo để ông (bà), tổ chức được biết./."),
    ]
    signatures = (Signature("NGƯỜI LẬP PHIẾU"), HEAD_SIGNS)
    return told.letter(FormNumber.STOP, "TB", blocks, signatures)


_MAKES: Mapping[FormNumber, Callable[[ToldEvent], Letter]] = {
    FormNumber.RECEIPT: _receipt,
    FormNumber.SUPPLEMENT: _supplement,
    FormNumber.REFUSAL: _refusal,
    FormNumber.APOLOGY: _apology,
    FormNumber.STOP: _stop,
}
