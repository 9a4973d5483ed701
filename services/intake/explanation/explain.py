"""Why a dossier is due when it is and judged as it is: the same domain code, step by step over its history."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from services.intake.explanation import notes
from services.intake.explanation.deadlines import CatalogueAt, receipt, recount, recounted
from services.intake.explanation.speaking import say, speaking, voice
from services.intake.explanation.steps import counted_time, length, of, on, steps_of_hours, when
from services.intake.log.history import HistoryEntry
from shared.catalogue import Catalogue
from shared.contract.http.dossiers import Step
from shared.domain import events as domain
from shared.domain.calendar import WorkingCalendar
from shared.domain.deadline import Deadline, due_after_pause, working_time
from shared.domain.deadline import pause as walk_pause
from shared.domain.dossier import Dossier
from shared.domain.errors import CalendarNotKnown
from shared.domain.fields import CorrectableField
from shared.domain.localtime import local
from shared.domain.terms import counts_hours
from shared.domain.timeliness import (
    AFTERNOON,
    BY_DATE,
    HALF_DAY,
    INSTANT,
    MORNING,
    NEVER_SOON,
    Definition,
    Standing,
    closed_timeliness,
    standing,
)
from shared.language.languages import Language
from shared.language.words import CHANNELS, CLASSES, STATES

INSTANTS = ("so theo thời điểm", "instants compared")
COMPARED = {  # for terms in days or months, and in hours
    BY_DATE.name: (
        ("so theo ngày", "local dates compared"),
        (
            "so theo thời điểm, trong giờ đến hạn là đúng hạn",
            "instants compared, the hour of the deadline is on time",
        ),
    ),
    INSTANT.name: (INSTANTS, INSTANTS),
    HALF_DAY.name: (
        ("so theo buổi làm việc", "halves of days compared"),
        (
            "so theo thời điểm, trong buổi đến hạn là đúng hạn",
            "instants compared, the half day of the deadline is on time",
        ),
    ),
}


def explain(
    history: Sequence[HistoryEntry],
    catalogue_at: CatalogueAt,
    now: datetime,
    definition: Definition = BY_DATE,
    language: Language = Language.ENGLISH,
) -> list[Step]:
    """Receipt, start, each interval, deadline, what came after, closing, class: in the order in which they happened."""
    with speaking(language):
        steps: list[Step] = []
        for number, entry in enumerate(history):
            if entry.is_move:
                steps += recount(history[:number], entry, catalogue_at)
            steps += _steps(entry, history[:number], catalogue_at(entry.recorded_at), definition)
        return [*steps, _verdict(history[-1].after, now, definition)]


def _steps(
    entry: HistoryEntry, past: Sequence[HistoryEntry], catalogue: Catalogue, definition: Definition
) -> Iterator[Step]:
    event, before, after, at = entry.event, entry.before, entry.after, entry.at
    if before is not None and before.suspended_since is not None and domain.ends_pause(event):
        yield from _pause_ended(entry, before, catalogue, definition)
    match event:
        case domain.Received():
            yield from notes.answered(say("Tiếp nhận", "Accepted"), at, before)
            yield from receipt(event, entry, catalogue)
        case domain.SupplementRequested() | domain.PaymentRequested() | domain.Suspended():
            if after.suspended_since is None:
                yield from notes.answered(say("Trả lại", "Sent back"), at, before)
            else:
                yield _pause_begun(after, event, definition)
        case domain.Extended():
            anew = recounted(past, entry, catalogue) if entry.is_move else ""
            yield _extension(event, before, after, anew)
        case domain.DeadlineSet():
            yield _first_deadline(event, after, is_computed=entry.due_computed)
        case domain.Corrected():
            yield _correction(event, before, after)
        case domain.Reopened():
            yield notes.reopened(event, at, before, _moved(before, after))
        case _:
            yield from _noted(event, at, before, after)
    if after.closed_at is not None and (before is None or before.closed_at is None):
        closed, state = when(after.closed_at), after.state.value
        text = say(
            f"Kết thúc {closed} ({voice().word(STATES, state).lower()}); ngừng tính thời hạn.",
            f"Closed {closed} as {state}; the clock stops.",
        )
        yield Step(step="closed", at=after.closed_at, text=text)


def _noted(event: domain.Event, at: datetime, before: Dossier | None, after: Dossier) -> Iterator[Step]:
    """What moves no deadline."""
    match event:
        case domain.Submitted():
            yield notes.submitted(at, after)
        case domain.Supplemented() if after.received_at is None:
            yield notes.submitted_again(at, after)
        case domain.Declined():
            yield from notes.answered(say("Từ chối", "Declined"), at, before)
        case domain.Assigned():
            yield notes.assigned(event, at)
        case domain.Apologised():
            yield notes.apology(event, after)
        case domain.Forwarded():
            yield notes.forwarded(event, at)
        case domain.ForwardAnswered():
            yield notes.hop_answered(before, after, event)
        case domain.Voided():
            yield notes.voided(event, at)
        case domain.Returned():
            text = say(
                f"Trả kết quả {when(at)} ({voice().word(CHANNELS, event.channel.value).lower()}): "
                "người nộp đã nhận kết quả.",
                f"Returned {when(at)} ({event.channel.value}): the applicant has the result.",
            )
            yield Step(step="returned", at=at, text=text)


def _extension(event: domain.Extended, before: Dossier | None, after: Dossier, anew: str) -> Step:
    if event.legal_ground:
        ground = f" {say('theo căn cứ pháp lý', 'on a legal ground')} ({event.legal_ground})"
    else:
        ground = say(", không nêu căn cứ pháp lý", ", no legal ground given")
    by, at = "", after.last_occurred_at
    if event.by:
        by = say(f" thêm {of(event.by)}, tính từ thời hạn", f" by {of(event.by)}, counted from the deadline")
    text = f"{say('Gia hạn', 'Extended')} {when(at)}{by}{ground}: {_moved(before, after)}{anew}."
    return Step(step="extended", at=at, due_at=after.due_at, text=text)


def _first_deadline(event: domain.DeadlineSet, after: Dossier, *, is_computed: bool) -> Step:
    at = after.last_occurred_at
    counted = say("ngày đi kèm sự kiện", "the date came with the event")
    if event.term is not None:
        term = f"{of(event.term)} {say('từ', 'from')} {when(event.starts_at or at)}"
        counted = term if is_computed else f"{counted}, {say('sự kiện cũng ghi', 'which also says')} {term}"
    ground = f" ({event.ground})" if event.ground else ""
    text = say(
        f"Ấn định thời hạn {when(at)}{ground}: đến hạn {when(event.due_at)}, {counted}.",
        f"Deadline set {when(at)}{ground}: due {when(event.due_at)}, {counted}.",
    )
    return Step(step="deadline", at=at, due_at=after.due_at, text=text)


def _correction(event: domain.Corrected, before: Dossier | None, after: Dossier) -> Step:
    at = after.last_occurred_at
    reason = f" ({event.reason})" if event.reason else say(", không nêu lý do", ", no reason given")
    if event.field is CorrectableField.DUE_AT:
        late = before is not None and before.closed_at is not None
        what = say("thời hạn", "the deadline")
        if late:
            what = say("thời hạn được đính chính sau khi kết thúc", "deadline corrected after closing")
        changed = f"{what}, {_moved(before, after)}"
    else:
        field, old, new = event.field.value.replace("_", " "), _value(event.old_value), _value(event.new_value)
        changed = say(f"{field} từ {old} thành {new}", f"{field} from {old} to {new}")
        if event.deadlines is not None:
            again = say("thời hạn được tính lại theo điều đúng", "the deadline is counted again by what is right")
            changed += f"; {again}: {_moved(before, after)}"
    text = f"{say('Đính chính', 'Corrected')} {when(at)}: {changed}{reason}."
    return Step(step="corrected", at=at, due_at=after.due_at, text=text)


def _value(written: str | None) -> str:
    """A value as it is read: an instant by its day and its hour."""
    if written is None:
        return say("chưa có", "nothing")
    try:
        return when(datetime.fromisoformat(written))
    except ValueError:
        return written


def _moved(before: Dossier | None, after: Dossier) -> str:
    old = None if before is None else before.due_at
    if after.due_at is None:
        if old:
            return say("không còn thời hạn", "there is no deadline any more")
        return say("không có thời hạn", "there is no deadline")
    due = f"{say('đến hạn', 'due')} {when(after.due_at)}"
    if old is None:
        return due
    if old == after.due_at:
        return f"{due} {say('như trước', 'as before')}"
    return f"{due} {say('thay cho', 'instead of')} {when(old)}"


def _pause_begun(after: Dossier, event: domain.Event, definition: Definition) -> Step:
    """The clock stops; how the dossier stands meanwhile is judged by the chosen definition."""
    at, pause = after.last_occurred_at, after.suspensions[-1]
    ground = f" ({event.ground})" if isinstance(event, domain.Suspended) and event.ground else ""
    bring = f", {say('phải nộp trước', 'to be brought by')} {when(pause.due_at)}" if pause.due_at else ""
    text = say(
        f"Tạm dừng {when(at)}, {_kind(pause.kind.value)}{ground}{bring}: ngừng tính thời hạn",
        f"Paused {when(at)}, {_kind(pause.kind.value)}{ground}{bring}: the clock stands",
    )
    if after.deadline is None:
        return Step(step="pause", at=at, counted=False, text=f"{text}.")
    due, stands = when(after.deadline.due_at), _standing_meanwhile(at, after.deadline, definition)
    text = say(f"{text}; đến hạn {due}, và {stands}.", f"{text}; due {due}, and it {stands}.")
    return Step(step="pause", at=at, due_at=after.due_at, counted=False, text=text)


def _standing_meanwhile(at: datetime, deadline: Deadline, definition: Definition) -> str:
    by = "" if definition.name == BY_DATE.name else f" {say('theo', 'by')} {definition.name}"
    if at < definition.overdue_from(deadline):
        return say(f"không thành quá hạn{by} trong lúc đó", f"does not become overdue{by} meanwhile")
    stays = say(f"đã quá hạn{by} và vẫn quá hạn", f"was overdue already{by} and stays so")
    if at >= deadline.overdue_from():
        return stays
    return say(
        f"{stays} trong lúc đó; việc tạm dừng vẫn lùi thời hạn, vì {_not_overdue_by_date()}",
        f"{stays} meanwhile; the pause moves its deadline all the same, for {_not_overdue_by_date()}",
    )


def _not_overdue_by_date() -> str:
    name = BY_DATE.name
    return say(
        f"theo {name}, cách tính quyết định việc tạm dừng có lùi thời hạn hay không, hồ sơ chưa quá hạn",
        f"by {name}, by which a pause moves a deadline or not, it was not overdue",
    )


def _pause_ended(entry: HistoryEntry, before: Dossier, catalogue: Catalogue, definition: Definition) -> Iterator[Step]:
    """What the pause passed, what its working time added to the deadline, and the deadline after it."""
    calendar = catalogue.calendar_of(before.department)
    try:
        yield from _credited(before, entry, calendar)
        outcome = _moved_by_pause(before, entry, calendar, definition)
    except CalendarNotKnown as unknown:
        uncounted = say("không tính được thời gian làm việc ở đây", "its working time cannot be counted here")
        outcome = f"{_moved(before, entry.after)}; {uncounted}, {unknown}"
    began, at = before.suspensions[-1], entry.at
    how = say("Tiếp tục", "Resumed")
    if isinstance(entry.event, domain.SupplementLapsed):
        how = say("Tiếp tục dù không bổ sung", "Resumed without the supplement")
    since = f"{say('tạm dừng từ', 'paused since')} {when(began.started_at)}"
    text = f"{how} {when(at)}, {since} ({_kind(began.kind.value)}): {outcome}."
    yield Step(step="resumed", at=at, due_at=entry.after.due_at, text=text)


def _credited(before: Dossier, entry: HistoryEntry, calendar: WorkingCalendar) -> Iterator[Step]:
    """The working time of the pause, and the same amount from the deadline on; nothing when it moves no deadline."""
    since, deadline = before.suspended_since, before.deadline
    if since is None or deadline is None or since >= deadline.overdue_from():
        return
    passed = list(walk_pause(since, entry.at, calendar))
    yield from steps_of_hours(passed, say("cộng cho thời gian tạm dừng: ", "credited for the pause: "))
    yield from steps_of_hours(
        working_time(deadline.due_at, counted_time(passed), calendar),
        say("thời hạn lùi qua: ", "the deadline moves over: "),
    )


def _moved_by_pause(before: Dossier, entry: HistoryEntry, calendar: WorkingCalendar, definition: Definition) -> str:
    assert before.suspended_since is not None
    after, since, deadline = entry.after, before.suspended_since, before.deadline
    passed = length(calendar.working_time_between(since, after.last_occurred_at))
    worked = say(f"đã qua {passed} làm việc", f"{passed} of working time passed")
    if deadline is None:
        return f"{worked}; {say('không có thời hạn để lùi', 'there is no deadline to move')}"
    counted = due_after_pause(deadline, since, after.last_occurred_at, calendar, before.due_given)
    if counted != after.due_at:
        whose = say("ngày đi kèm sự kiện; tính ra là", "the date came with the event; counting gives")
        if entry.due_computed:
            whose = say("theo lịch hiện nay là", "today's calendar gives")
        return f"{worked}; {_moved(before, after)}, {whose} {when(counted)}"
    if since >= deadline.overdue_from():
        by, name = "", BY_DATE.name
        if definition.name != name:
            by = say(
                f" theo {name}, cách tính quyết định việc tạm dừng có lùi thời hạn hay không,",
                f" by {name}, by which a pause moves a deadline or not,",
            )
        due = when(deadline.due_at)
        return say(
            f"{worked}, nhưng hồ sơ đã quá hạn{by} khi bắt đầu tạm dừng: vẫn đến hạn {due}",
            f"{worked}, but the dossier was overdue already{by} when the pause began: still due {due}",
        )
    if counted == deadline.due_at:
        return f"{worked}: {_moved(before, after)}"
    overdue = since >= definition.overdue_from(deadline)
    why = say(
        f", vì khi bắt đầu tạm dừng, {_not_overdue_by_date()}", f", for {_not_overdue_by_date()} when the pause began"
    )
    moves = say("và lùi thời hạn", "and moves the deadline")
    return f"{worked} {moves}: {_moved(before, after)}{why if overdue else ''}"


def _kind(state: str) -> str:
    return say(voice().word(STATES, state).lower(), state.replace("_", " "))


def _verdict(dossier: Dossier, now: datetime, definition: Definition) -> Step:
    """Of a dossier after its latest event."""
    by_class = closed_timeliness(dossier, definition)
    if by_class is None:
        return _standing(dossier, now, definition)
    assert dossier.closed_at is not None
    if dossier.due_at is None:
        text = say(
            "Không quy định thời hạn: xếp riêng, không tính vào tỷ lệ nào.",
            "no_deadline: a class of its own, in no percentage.",
        )
    else:
        how = _compared(definition, dossier.closed_at, dossier.due_at, hours=counts_hours(dossier.term))
        closed, due = when(dossier.closed_at), when(dossier.due_at)
        text = say(
            f"{voice().word(CLASSES, by_class)} theo {definition.name} ({how}): kết thúc {closed}, đến hạn {due}.",
            f"{by_class.value} by {definition.name} ({how}): closed {closed}, due {due}.",
        )
    return Step(step="class", at=dossier.closed_at, due_at=dossier.due_at, text=text)


def _compared(definition: Definition, closed_at: datetime, due_at: datetime, *, hours: bool) -> str:
    """What was compared; by halves of days which they are, for the cut is at no hour that anybody could guess."""
    how = say(*COMPARED[definition.name][hours])
    if definition.name != HALF_DAY.name:
        return how
    closed, due = local(closed_at), local(due_at)
    other_day = f"{on(closed.date())} " if closed.date() != due.date() else ""
    return say(
        f"{how}: đến hạn {_half_and_cut(due)}, kết thúc {other_day}{_half(closed)[0]}",
        f"{how}: due {_half_and_cut(due)}, closed {other_day}{_half(closed)[0]}",
    )


def _half_and_cut(instant: datetime) -> str:
    return "{} ({})".format(*_half(instant))


def _half(instant: datetime) -> tuple[str, str]:
    """The part of its local day by `half-day/1`, and where it is cut."""
    clock = local(instant).time()
    if clock < MORNING:
        return say("trước buổi sáng", "before the morning"), f"{say('đến', 'until')} {MORNING:%H:%M}"
    if clock < AFTERNOON:
        return say("buổi sáng", "in the morning"), f"{say('đến', 'until')} {AFTERNOON:%H:%M}"
    return say("buổi chiều", "in the afternoon"), f"{say('từ', 'from')} {AFTERNOON:%H:%M}"


def _standing(dossier: Dossier, now: datetime, definition: Definition) -> Step:
    stands = _standing_by(dossier, now, definition)
    due = f", {say('đến hạn', 'due')} {when(dossier.due_at)}" if dossier.due_at else ""
    if dossier.due_at and definition.name == HALF_DAY.name:
        due += f" {_half_and_cut(dossier.due_at)}"
    if stands:
        stand = voice().word(CLASSES, stands).lower()
        text = say(
            f"{when(now)}: {stand} theo {definition.name}{due}.",
            f"{when(now)}: {stands.value} by {definition.name}{due}.",
        )
    else:
        state = voice().word(STATES, dossier.state).lower()
        text = say(f"{when(now)}: không tính, {state}.", f"{when(now)}: not counted, {dossier.state.value}.")
    return Step(step="standing", at=now, due_at=dossier.due_at, text=text)


def _standing_by(dossier: Dossier, now: datetime, definition: Definition) -> Standing | None:
    """How an open dossier stands by a definition; None when it is not open."""
    stands = standing(dossier, now, NEVER_SOON)
    if stands is None or dossier.deadline is None:
        return stands
    judged_at = dossier.suspended_since or now
    if judged_at >= definition.overdue_from(dossier.deadline):
        return Standing.OVERDUE
    return Standing.SUSPENDED if dossier.suspended_since else Standing.WITHIN


def timeliness_by(dossier: Dossier, now: datetime, definition: Definition) -> str | None:
    """The class once closed, the standing while open."""
    timeliness = closed_timeliness(dossier, definition) or _standing_by(dossier, now, definition)
    return None if timeliness is None else timeliness.value
