"""The events of one dossier, from its plan: it ends exactly as its fate says, whatever happens on the way."""

from collections.abc import Callable
from random import Random
from typing import Any

from motcua.generate import closing, detours, windows
from motcua.generate.axis import HOUR, AfterTheEnd
from motcua.generate.course import Course, Step
from motcua.generate.ground import Ground
from motcua.generate.plan import Fate, Plan
from motcua.generate.windows import Window
from shared.domain import events
from shared.domain.events import Channel

OFFICERS = 12
DECLINED_BECAUSE = ("hồ sơ không thuộc thẩm quyền", "thành phần hồ sơ không đúng quy định", "hồ sơ nộp trùng")
APOLOGY = "cơ quan giải quyết chậm so với thời hạn quy định"
FIRST_STEP_WITHIN = 4 * HOUR
LATE_IN_WINDOW = 0.6  # below 1: answers gather towards the end of what is allowed

WINDOWS: dict[Fate, Callable[..., Window]] = {Fate.EARLY: windows.early, Fate.ON_TIME: windows.on_time, Fate.OVERDUE: windows.overdue}


def timeline(plan: Plan, ground: Ground, rng: Random) -> list[Step]:
    """All that happens to a dossier until the period ends."""
    course = Course(plan)
    if plan.fate is Fate.DECLINED:
        _be_declined(course, ground, rng)
        return course.steps
    _come_in(course, ground, rng)
    if plan.fate in WINDOWS:
        _to_its_end(course, ground, rng)
    else:
        _stay_open(course, ground, rng)
    return course.steps


def _be_declined(course: Course, ground: Ground, rng: Random) -> None:
    course.happen(course.plan.received, events.Submitted(**_facts(course.plan, ground, rng)))
    answered = course.cursor + rng.randint(60, FIRST_STEP_WITHIN)
    if answered < course.axis.end:
        course.work(answered, events.Declined(reason=rng.choice(DECLINED_BECAUSE)))


def _facts(plan: Plan, ground: Ground, rng: Random) -> dict[str, Any]:
    level = None
    if plan.channel is Channel.ONLINE:
        level = "full" if rng.random() < ground.scenario.mix.online_full else "partial"
    return {"department": plan.office.code, "procedure": plan.procedure.code, "channel": plan.channel.value, "online_level": level}


def _come_in(course: Course, ground: Ground, rng: Random) -> None:
    plan, facts = course.plan, _facts(course.plan, ground, rng)
    if plan.submitted is not None:
        course.happen(plan.submitted, events.Submitted(**facts))
    term = plan.term
    course.happen(plan.received, events.Received(**facts, due_at=plan.due, term=term))
    if rng.random() < ground.scenario.mix.fee:
        course.happen(plan.received, events.FeePaid(amount_vnd=rng.choice(detours.FEES), paid_online=plan.channel is Channel.ONLINE))


def _to_its_end(course: Course, ground: Ground, rng: Random) -> None:
    mix = ground.scenario.mix
    plain = course.copy()
    _start(course, ground, rng, _window(course)[1])
    chosen = detours.choose(mix, rng)
    with_detours = _detoured(course, chosen, ground, rng) if chosen and course.plan.fate is not Fate.OVERDUE else None
    if with_detours is not None:
        course.steps, course.cursor, course.due = with_detours.steps, with_detours.cursor, with_detours.due
    elif not windows.is_open(_window(course)):
        course.steps, course.cursor = plain.steps, plain.cursor
    first, end = _window(course)
    offset = first + int((end - first) * rng.random() ** LATE_IN_WINDOW)
    if course.plan.fate is Fate.OVERDUE:
        _apologise(course, offset, rng)
    closing.close(course, offset, mix, rng, ground.ends)


def _window(course: Course) -> Window:
    """When the dossier may be closed as its fate says, after all that happened so far."""
    plan = course.plan
    window = WINDOWS[plan.fate](course.axis, course.due, in_hours=plan.in_hours)
    soonest = max(course.cursor, course.axis.offset(plan.not_before)) + windows.SOONEST
    return max(window[0], soonest), min(window[1], course.axis.end)


def _detoured(course: Course, chosen: list[detours.Detour], ground: Ground, rng: Random) -> Course | None:
    """The course with its detours; None when they leave no time to close the dossier as its fate says."""
    tried = course.copy()
    try:
        for detour in chosen:
            detour(tried, rng)
    except AfterTheEnd:
        return None
    in_period = tried.due.timestamp() < ground.ends or tried.plan.fate is Fate.EARLY
    return tried if in_period and windows.is_open(_window(tried)) else None


def _start(course: Course, ground: Ground, rng: Random, end: int) -> None:
    """An officer takes the dossier up."""
    if rng.random() >= ground.scenario.mix.processing_started:
        return
    latest = course.cursor + min(FIRST_STEP_WITHIN, (end - course.cursor) // 4)
    if course.cursor < latest:
        officer = f"{course.plan.office.code}-cb{rng.randint(1, OFFICERS):02d}"
        course.work(rng.randint(course.cursor, latest), events.ProcessingStarted(officer=officer))


def _apologise(course: Course, closed: int, rng: Random) -> None:
    """The letter of apology goes out when the deadline has passed, before the answer."""
    course.work(rng.randint(_window(course)[0], closed), events.Apologised(reason=APOLOGY))


def _stay_open(course: Course, ground: Ground, rng: Random) -> None:
    end = course.axis.end
    _start(course, ground, rng, end)
    if course.plan.fate is Fate.OPEN and rng.random() < ground.scenario.mix.suspended_at_end and course.cursor + HOUR < end:
        detours.ask_for_supplement(course, rng.randint(course.cursor, end - 1), rng)
