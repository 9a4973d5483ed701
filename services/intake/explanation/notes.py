"""What happens to a dossier and moves no deadline: how it was handed in and answered, who has it, hops, apologies."""

from collections.abc import Iterator
from datetime import datetime

from services.intake.explanation.speaking import say, voice
from services.intake.explanation.steps import channel, when
from shared.contract.http.dossiers import Step
from shared.domain import events as domain
from shared.domain.dossier import Acceptance, Dossier
from shared.language.words import STATES


def submitted(at: datetime, after: Dossier) -> Step:
    due = _to_be_answered(after.counted_acceptances[-1]) if after.counted_acceptances else ""
    text = say(
        f"Nộp {when(at)} ({channel(after)}); chưa bắt đầu tính thời hạn{due}.",
        f"Submitted {when(at)} ({channel(after)}); the clock has not started{due}.",
    )
    return Step(step="submitted", at=at, text=text)


def submitted_again(at: datetime, after: Dossier) -> Step:
    """The application comes again after it was sent back."""
    due = _to_be_answered(after.counted_acceptances[-1]) if after.counted_acceptances else ""
    text = say(
        f"Nộp lại {when(at)} kèm giấy tờ còn thiếu; chưa bắt đầu tính thời hạn{due}.",
        f"Handed in again {when(at)} with what was missing; the clock has not started{due}.",
    )
    return Step(step="submitted", at=at, text=text)


def _to_be_answered(acceptance: Acceptance) -> str:
    if acceptance.due_at is None:
        return ""
    by = when(acceptance.due_at)
    return say(f"; phải tiếp nhận, từ chối hoặc trả lại trước {by}", f"; to be accepted, declined or sent back by {by}")


def answered(name: str, at: datetime, before: Dossier | None) -> Iterator[Step]:
    """An application that waited is accepted, declined or sent back: in time or late."""
    waits = before.counted_acceptances[-1:] if before is not None else ()
    if not waits or waits[0].answered_at is not None:
        return
    waited = waits[0]
    if waited.due_at is None:
        kept = f"{say('đã chờ từ', 'it had waited since')} {when(waited.asked_at)}"
    else:
        late = say("chậm", "late") if waited.is_late(at) else say("kịp thời", "in time")
        kept = f"{late}, {say('phải trả lời trước', 'it was to be answered by')} {when(waited.due_at)}"
    yield Step(step="acceptance", at=at, due_at=waited.due_at, text=f"{name} {when(at)}: {kept}.")


def assigned(event: domain.Assigned, at: datetime) -> Step:
    who = say(", ", " of ").join(name for name in (event.officer, event.unit) if name)
    who = who or say("người không được nêu tên", "nobody named")
    due = f", {say('hạn của bước này', 'this step due')} {when(event.due_at)}" if event.due_at else ""
    text = say(
        f"Do {who} xử lý từ {when(at)}{due}; thời hạn và xếp loại của hồ sơ giữ nguyên.",
        f"With {who} since {when(at)}{due}; the dossier's clock and class stay.",
    )
    return Step(step="assigned", at=at, due_at=event.due_at, text=text)


def reopened(event: domain.Reopened, at: datetime, before: Dossier | None, due: str) -> Step:
    """The closing is annulled."""
    closing = ""
    if before is not None and before.closed_at is not None and before.closed_as is not None:
        closed, named = when(before.closed_at), before.closed_as.value
        closing = say(f" lúc {closed} ({voice().word(STATES, named).lower()})", f" of {closed} as {named}")
    ground = ", ".join(text for text in (event.reason, event.legal_ground) if text)
    text = say(
        f"Mở lại {when(at)} ({ground}): việc kết thúc{closing} không có giá trị, hồ sơ coi như chưa kết thúc; {due}.",
        f"Reopened {when(at)} ({ground}): the closing{closing} was none, the dossier was never closed; {due}.",
    )
    return Step(step="reopened", at=at, due_at=None if before is None else event.due_at or before.due_at, text=text)


def voided(event: domain.Voided, at: datetime) -> Step:
    twin = f", {say('đã nhập với mã', 'entered before as')} {event.duplicate_of}" if event.duplicate_of else ""
    text = say(
        f"Hủy {when(at)} ({event.reason}){twin}: từ nay không được tính vào số liệu nào.",
        f"Voided {when(at)} ({event.reason}){twin}: no figure counts it from now on.",
    )
    return Step(step="voided", at=at, text=text)


def apology(event: domain.Apologised, after: Dossier) -> Step:
    promised = due = ""
    if event.promised_at:
        promised = f", {say('hẹn trả kết quả', 'the result promised for')} {when(event.promised_at)}"
    if after.due_at:
        due = f": {say('vẫn đến hạn', 'still due')} {when(after.due_at)}"
    at = after.last_occurred_at
    text = say(
        f"Xin lỗi {when(at)}{promised}; việc này không lùi thời hạn{due}.",
        f"Apology {when(at)}{promised}; it does not move the deadline{due}.",
    )
    return Step(step="apologised", at=at, until=event.promised_at, due_at=after.due_at, text=text)


def forwarded(event: domain.Forwarded, at: datetime) -> Step:
    if event.due_at:
        due = f"{say('phải trả lời trước', 'to answer by')} {when(event.due_at)}"
    else:
        due = say("không có thời hạn riêng", "without a deadline of its own")
    agency = event.agency or say("cơ quan khác", "another agency")
    text = say(
        f"Chuyển {when(at)} đến {agency}, {due}; thời hạn của hồ sơ giữ nguyên.",
        f"Forwarded {when(at)} to {agency}, {due}; the dossier's own deadline stays.",
    )
    return Step(step="forwarded", at=at, due_at=event.due_at, text=text)


def hop_answered(before: Dossier | None, after: Dossier, event: domain.ForwardAnswered) -> Step:
    at = after.last_occurred_at
    waiting = before.hops if before is not None else ()
    hop = next((now for now, then in zip(after.hops, waiting, strict=True) if now != then), None)
    if hop is None:
        agency = event.agency or say("cơ quan khác", "another agency")
        text = say(
            f"{agency} trả lời {when(at)}, tuy không chờ trả lời của cơ quan này.",
            f"Answered {when(at)} by {agency}, from which no answer was waited for.",
        )
        return Step(step="forward_answered", at=at, text=text)
    if hop.due_at is None:
        kept = say("không có thời hạn riêng", "it had no deadline of its own")
    elif hop.is_late(at):
        kept = f"{say('chậm, thời hạn riêng là', 'late, its own deadline was')} {when(hop.due_at)}"
    else:
        kept = f"{say('trong thời hạn riêng,', 'within its own deadline,')} {when(hop.due_at)}"
    agency = hop.agency or say("cơ quan phối hợp", "the other agency")
    text = say(f"{agency} trả lời {when(at)}: {kept}.", f"Answered {when(at)} by {agency}: {kept}.")
    return Step(step="forward_answered", at=at, due_at=hop.due_at, text=text)
