"""How a dossier is answered and how the applicant gets the result."""

from random import Random

from motcua.generate.axis import HOUR, WORKING_DAY
from motcua.generate.course import Course
from motcua.generate.mix import Mix
from motcua.generate.plan import Fate
from shared.domain import events
from shared.domain.events import Channel, Outcome

RETURNS: dict[Channel, tuple[tuple[Channel, ...], tuple[float, ...]]] = {
    Channel.ONLINE: ((Channel.ONLINE, Channel.IN_PERSON, Channel.POSTAL), (0.6, 0.27, 0.13)),
    Channel.IN_PERSON: ((Channel.IN_PERSON, Channel.POSTAL), (0.9, 0.1)),
    Channel.POSTAL: ((Channel.POSTAL, Channel.IN_PERSON), (0.85, 0.15)),
}
COLLECTED = ((30 * 60, 2 * HOUR, 0.6), (WORKING_DAY // 2, 2 * WORKING_DAY, 0.3), (2 * WORKING_DAY, 12 * WORKING_DAY, 0.1))
ONLINE_WITHIN = 20 * 60
SCORES, SCORE_WEIGHTS = (5, 4, 3, 2, 1), (88, 9, 2, 0.6, 0.4)
WITHDRAWN_BECAUSE = "người nộp rút hồ sơ"
STOPPED_BECAUSE = "hồ sơ không đủ điều kiện giải quyết"
RATED_WITHIN = 2 * 24 * HOUR


def close(course: Course, offset: int, mix: Mix, rng: Random, ends: int) -> None:
    """Ends a dossier at an offset: answered, withdrawn or stopped; then the result goes out, if the period lasts that long."""
    draw = rng.random()
    if draw < mix.withdrawn:
        course.work(offset, events.Withdrawn(reason=WITHDRAWN_BECAUSE))
    elif draw < mix.withdrawn + mix.stopped:
        course.work(offset, events.Stopped(reason=STOPPED_BECAUSE))
    elif _on_the_spot(course, mix, rng):
        course.work(offset, events.Returned(channel=Channel.IN_PERSON))
        _rate(course, mix, rng, ends)
    else:
        _resolve(course, offset, mix, rng)
        _return(course, mix, rng, ends)


def _on_the_spot(course: Course, mix: Mix, rng: Random) -> bool:
    plan = course.plan
    may_be = plan.in_hours and plan.channel is Channel.IN_PERSON and plan.fate is not Fate.OVERDUE
    return may_be and rng.random() < mix.on_the_spot


def _resolve(course: Course, offset: int, mix: Mix, rng: Random) -> None:
    electronic = course.plan.channel is Channel.ONLINE
    outcome = Outcome.REFUSED if rng.random() < mix.refused else Outcome.GRANTED
    course.work(offset, events.Resolved(outcome=outcome, electronic_result=electronic))


def _return(course: Course, mix: Mix, rng: Random, ends: int) -> None:
    if rng.random() < mix.never_collected:
        return
    ways, weights = RETURNS[course.plan.channel]
    way = rng.choices(ways, weights)[0]
    collected = course.cursor + (rng.randrange(ONLINE_WITHIN) if way is Channel.ONLINE else _wait(rng))
    if collected < course.axis.end:
        course.work(collected, events.Returned(channel=way))
        _rate(course, mix, rng, ends)


def _wait(rng: Random) -> int:
    soonest, latest, _ = rng.choices(COLLECTED, [chance for _, _, chance in COLLECTED])[0]
    return rng.randint(soonest, latest)


def _rate(course: Course, mix: Mix, rng: Random, ends: int) -> None:
    if rng.random() < mix.rated:
        rated = course.steps[-1][0] + rng.randint(60, RATED_WITHIN)
        if rated < ends:
            course.happen(rated, events.Rated(score=rng.choices(SCORES, SCORE_WEIGHTS)[0]))
