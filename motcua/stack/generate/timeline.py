"""The events of one dossier, from its plan: it ends exactly as its fate says, whatever happens on the way."""

from collections.abc import Callable
from copy import copy
from datetime import datetime
from random import Random
from typing import Any, Self

from motcua.stack.generate.dossiers import SOONEST, Fate, PlannedDossier, Province, Window, closing_window
from motcua.stack.generate.working_time import HOUR, WORKING_DAY, AfterTheEnd, moment
from shared.domain import events
from shared.domain.deadline import Deadline, due_after_pause
from shared.domain.events import Event
from shared.domain.fields import Channel, Outcome

OFFICERS = 12
FIRST_STEP_WITHIN = 4 * HOUR
LATE_IN_WINDOW = 0.6  # below 1: answers gather towards the end of what is allowed
DECLINED_BECAUSE = ("hồ sơ không thuộc thẩm quyền", "thành phần hồ sơ không đúng quy định", "hồ sơ nộp trùng")
APOLOGY = "cơ quan giải quyết chậm so với thời hạn quy định"

MISSING = ("bản sao giấy chứng nhận", "giấy ủy quyền", "bản vẽ hiện trạng", "phiếu khám sức khỏe", "ảnh chân dung")
AGENCIES = ("Cục Thuế tỉnh", "Công an tỉnh", "Ủy ban nhân dân huyện", "Kho bạc Nhà nước tỉnh")
FEES = (15_000, 30_000, 50_000, 100_000, 135_000, 200_000, 500_000)
PAID_ONLINE = 0.7  # of online dossiers that owe money
LONGEST_PAUSE = 6 * WORKING_DAY
LONGEST_HOP = 2 * WORKING_DAY
LONGEST_EXTENSION = 7
EXTENSION_GROUND = "gia hạn theo quy định của pháp luật chuyên ngành"

WITHDRAWN_BECAUSE = "người nộp rút hồ sơ"
STOPPED_BECAUSE = "hồ sơ không đủ điều kiện giải quyết"
RETURNS: dict[Channel, tuple[tuple[Channel, ...], tuple[float, ...]]] = {
    Channel.ONLINE: ((Channel.ONLINE, Channel.IN_PERSON, Channel.POSTAL), (0.6, 0.27, 0.13)),
    Channel.IN_PERSON: ((Channel.IN_PERSON, Channel.POSTAL), (0.9, 0.1)),
    Channel.POSTAL: ((Channel.POSTAL, Channel.IN_PERSON), (0.85, 0.15)),
}
COLLECTED = (
    (30 * 60, 2 * HOUR, 0.6),
    (WORKING_DAY // 2, 2 * WORKING_DAY, 0.3),
    (2 * WORKING_DAY, 12 * WORKING_DAY, 0.1),
)
ONLINE_WITHIN = 20 * 60
SCORES, SCORE_WEIGHTS = (5, 4, 3, 2, 1), (88, 9, 2, 0.6, 0.4)
RATED_WITHIN = 2 * 24 * HOUR

Step = tuple[int, Event]  # when, in seconds since 1970, and what


def steps_of(dossier: PlannedDossier, province: Province, rng: Random) -> list[Step]:
    """All that happens to a dossier until the period ends."""
    timeline = _Timeline(dossier, province, rng)
    if dossier.fate is Fate.DECLINED:
        timeline.be_declined()
        return timeline.steps
    timeline.come_in()
    if dossier.fate in {Fate.OPEN, Fate.OPEN_OVERDUE}:
        timeline.stay_open()
    else:
        timeline.come_to_its_end()
    return timeline.steps


class _Timeline:
    """The steps so far, the deadline in force, and `cursor`: the offset of the latest step. Steps never go back."""

    def __init__(self, dossier: PlannedDossier, province: Province, rng: Random) -> None:
        self.dossier = dossier
        self.steps: list[Step] = []
        self._time = dossier.office.working_time
        self._mix, self._ends = province.scenario.mix, province.ends
        self._rng = rng
        self.cursor = self._time.offset(dossier.received)
        self.due = dossier.due
        self._online = dossier.channel is Channel.ONLINE

    def be_declined(self) -> None:
        self._happen(self.dossier.received, events.Submitted(**self._facts()))
        answered = self.cursor + self._rng.randint(60, FIRST_STEP_WITHIN)
        if answered < self._time.end:
            self._work(answered, events.Declined(reason=self._rng.choice(DECLINED_BECAUSE)))

    def come_in(self) -> None:
        dossier, facts = self.dossier, self._facts()
        if dossier.submitted is not None:
            self._happen(dossier.submitted, events.Submitted(**facts))
        self._happen(dossier.received, events.Received(**facts, due_at=dossier.due, term=dossier.term))
        if self._rng.random() < self._mix.fee:
            self._happen(dossier.received, events.FeePaid(amount_vnd=self._rng.choice(FEES), paid_online=self._online))

    def stay_open(self) -> None:
        end = self._time.end
        self._start(end)
        waits = self.dossier.fate is Fate.OPEN and self._rng.random() < self._mix.suspended_at_end
        if waits and self.cursor + HOUR < end:
            self._ask_for_supplement(self._rng.randint(self.cursor, end - 1))

    def come_to_its_end(self) -> None:
        """With the detours that are drawn for it, unless they leave no time to close the dossier as its fate says."""
        plain = self._copy()
        self._start(self.window()[1])
        detours = self._drawn_detours()
        detoured = self._detoured(detours) if detours and self.dossier.fate is not Fate.OVERDUE else None
        if detoured is not None:
            self._go_on_as(detoured)
        elif not _is_open(self.window()):
            self._go_on_as(plain)
        first, end = self.window()
        offset = first + int((end - first) * self._rng.random() ** LATE_IN_WINDOW)
        if (
            self.dossier.fate is Fate.OVERDUE
        ):  # the letter of apology goes out when the deadline has passed, before the answer
            self._work(self._rng.randint(first, offset), events.Apologised(reason=APOLOGY))
        self._close(offset)

    def _happen(self, instant: int, event: Event) -> None:
        """A step at any hour."""
        self.steps.append((instant, event))

    def _work(self, offset: int, event: Event) -> None:
        """A step inside working time."""
        self.cursor = offset
        self.steps.append((self._time.instant(offset), event))

    def _copy(self) -> Self:
        twin = copy(self)
        twin.steps = list(self.steps)
        return twin

    def _go_on_as(self, other: "_Timeline") -> None:
        self.steps, self.cursor, self.due = other.steps, other.cursor, other.due

    def _facts(self) -> dict[str, Any]:
        dossier, level = self.dossier, None
        if self._online:
            level = "full" if self._rng.random() < self._mix.online_full else "partial"
        return {
            "department": dossier.office.code,
            "procedure": dossier.procedure.code,
            "channel": dossier.channel.value,
            "online_level": level,
        }

    def _start(self, end: int) -> None:
        """An officer takes the dossier up."""
        if self._rng.random() >= self._mix.processing_started:
            return
        latest = self.cursor + min(FIRST_STEP_WITHIN, (end - self.cursor) // 4)
        if self.cursor < latest:
            officer = f"{self.dossier.office.code}-cb{self._rng.randint(1, OFFICERS):02d}"
            self._work(self._rng.randint(self.cursor, latest), events.ProcessingStarted(officer=officer))

    def window(self) -> Window:
        """When the dossier may be closed as its fate says, after all that happened so far."""
        first, end = closing_window(self.dossier.fate, self._time, self.due, in_hours=self.dossier.in_hours)
        return max(first, self.cursor + SOONEST, self.dossier.soonest), min(end, self._time.end)

    def _drawn_detours(self) -> "list[Detour]":
        """Most dossiers take none."""
        chances: list[tuple[float, Detour]] = [
            (self._mix.forwarded, _Timeline._ask_another_agency),
            (self._mix.supplement, _Timeline._lack_papers),
            (self._mix.payment, _Timeline._owe_money),
            (self._mix.extended, _Timeline._be_extended),
        ]
        return [detour for chance, detour in chances if self._rng.random() < chance]

    def _detoured(self, detours: "list[Detour]") -> Self | None:
        """The timeline with its detours; None when they leave no time to close the dossier as its fate says."""
        tried = self._copy()
        try:
            for detour in detours:
                detour(tried)
        except AfterTheEnd:
            return None
        in_period = tried.due.timestamp() < self._ends or self.dossier.fate is Fate.EARLY
        return tried if in_period and _is_open(tried.window()) else None

    def _ask_for_supplement(self, offset: int) -> None:
        self._work(offset, events.SupplementRequested(missing=self._rng.choice(MISSING)))

    def _lack_papers(self) -> None:
        paused, resumed, due = self._pause()
        self._ask_for_supplement(paused)
        self._work(resumed, events.Supplemented(due_at=due))
        self.due = due

    def _owe_money(self) -> None:
        paused, resumed, due = self._pause()
        amount = self._rng.choice(FEES)
        self._work(paused, events.PaymentRequested(amount_vnd=amount))
        paid_online = self._online and self._rng.random() < PAID_ONLINE
        self._work(resumed, events.PaymentSettled(amount_vnd=amount, paid_online=paid_online, due_at=due))
        self.due = due

    def _pause(self) -> tuple[int, int, datetime]:
        """The offsets between which the clock stands, and the deadline after it."""
        paused = self._detour_begins()
        resumed = paused + self._rng.randint(HOUR, LONGEST_PAUSE)
        at, until = (moment(self._time.instant(offset)) for offset in (paused, resumed))
        deadline = Deadline(self.due, self.dossier.in_hours)
        return paused, resumed, due_after_pause(deadline, at, until, self.dossier.office.calendar)

    def _ask_another_agency(self) -> None:
        asked = self._detour_begins()
        agency = self._rng.choice(AGENCIES)
        self._work(asked, events.Forwarded(agency=agency))
        self._work(asked + self._rng.randint(HOUR, LONGEST_HOP), events.ForwardAnswered(agency=agency))

    def _be_extended(self) -> None:
        days = self._rng.randint(2, LONGEST_EXTENSION)
        day = self.dossier.office.calendar.add_working_days(self.due.date(), days)
        due = datetime.combine(day, self.due.timetz())
        self._work(self._detour_begins(), events.Extended(due_at=due, legal_ground=EXTENSION_GROUND))
        self.due = due

    def _detour_begins(self) -> int:
        """Within the first half of the working time that is left until the deadline."""
        left = self._time.offset(int(self.due.timestamp())) - self.cursor
        return self.cursor + self._rng.randint(60, max(60, left // 2))

    def _close(self, offset: int) -> None:
        """The dossier is answered, withdrawn or stopped; then the result goes out, if the period lasts that long."""
        draw = self._rng.random()
        if draw < self._mix.withdrawn:
            self._work(offset, events.Withdrawn(reason=WITHDRAWN_BECAUSE))
        elif draw < self._mix.withdrawn + self._mix.stopped:
            self._work(offset, events.Stopped(reason=STOPPED_BECAUSE))
        elif self._on_the_spot():
            self._work(offset, events.Returned(channel=Channel.IN_PERSON))
            self._rate()
        else:
            outcome = Outcome.REFUSED if self._rng.random() < self._mix.refused else Outcome.GRANTED
            self._work(offset, events.Resolved(outcome=outcome, electronic_result=self._online))
            self._return()

    def _on_the_spot(self) -> bool:
        dossier = self.dossier
        may_be = dossier.in_hours and dossier.channel is Channel.IN_PERSON and dossier.fate is not Fate.OVERDUE
        return may_be and self._rng.random() < self._mix.on_the_spot

    def _return(self) -> None:
        if self._rng.random() < self._mix.never_collected:
            return
        channels, weights = RETURNS[self.dossier.channel]
        channel = self._rng.choices(channels, weights)[0]
        if channel is Channel.ONLINE:
            wait = self._rng.randrange(ONLINE_WITHIN)
        else:
            soonest, latest, _ = self._rng.choices(COLLECTED, [chance for _, _, chance in COLLECTED])[0]
            wait = self._rng.randint(soonest, latest)
        if self.cursor + wait < self._time.end:
            self._work(self.cursor + wait, events.Returned(channel=channel))
            self._rate()

    def _rate(self) -> None:
        if self._rng.random() < self._mix.rated:
            rated = self.steps[-1][0] + self._rng.randint(60, RATED_WITHIN)
            if rated < self._ends:
                self._happen(rated, events.Rated(score=self._rng.choices(SCORES, SCORE_WEIGHTS)[0]))


Detour = Callable[[_Timeline], None]


def _is_open(window: Window) -> bool:
    """Whether a window has any time in it."""
    return window[0] < window[1]
