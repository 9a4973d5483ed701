"""What may happen on the way to an answer: papers or money are missing, another agency is asked, the deadline is extended."""

from collections.abc import Callable
from datetime import datetime
from random import Random

from motcua.generate.axis import HOUR, WORKING_DAY
from motcua.generate.course import Course
from motcua.generate.mix import Mix
from shared.domain import events
from shared.domain.events import Channel

MISSING = ("bản sao giấy chứng nhận", "giấy ủy quyền", "bản vẽ hiện trạng", "phiếu khám sức khỏe", "ảnh chân dung")
AGENCIES = ("Cục Thuế tỉnh", "Công an tỉnh", "Ủy ban nhân dân huyện", "Kho bạc Nhà nước tỉnh")
FEES = (15_000, 30_000, 50_000, 100_000, 135_000, 200_000, 500_000)
LONGEST_PAUSE = 6 * WORKING_DAY
LONGEST_HOP = 2 * WORKING_DAY
LONGEST_EXTENSION = 7
EXTENSION_GROUND = "gia hạn theo quy định của pháp luật chuyên ngành"
PAID_ONLINE = 0.7  # of online dossiers that owe money

Detour = Callable[[Course, Random], None]


def choose(mix: Mix, rng: Random) -> list[Detour]:
    """The detours a dossier takes, most take none."""
    chances: list[tuple[float, Detour]] = [
        (mix.forwarded, _asks_another_agency),
        (mix.supplement, _lacks_papers),
        (mix.payment, _owes_money),
        (mix.extended, _is_extended),
    ]
    return [detour for chance, detour in chances if rng.random() < chance]


def ask_for_supplement(course: Course, offset: int, rng: Random) -> None:
    course.work(offset, events.SupplementRequested(missing=rng.choice(MISSING)))


def _lacks_papers(course: Course, rng: Random) -> None:
    paused, resumed = _pause(course, rng)
    due = course.moved_due(paused, resumed)
    ask_for_supplement(course, paused, rng)
    _resume(course, resumed, events.Supplemented(due_at=due), due)


def _owes_money(course: Course, rng: Random) -> None:
    paused, resumed = _pause(course, rng)
    due = course.moved_due(paused, resumed)
    amount = rng.choice(FEES)
    course.work(paused, events.PaymentRequested(amount_vnd=amount))
    paid_online = course.plan.channel is Channel.ONLINE and rng.random() < PAID_ONLINE
    _resume(course, resumed, events.PaymentSettled(amount_vnd=amount, paid_online=paid_online, due_at=due), due)


def _resume(course: Course, offset: int, what: events.Event, due: datetime) -> None:
    course.work(offset, what)
    course.due = due


def _pause(course: Course, rng: Random) -> tuple[int, int]:
    paused = course.cursor + rng.randint(60, _until_due(course))
    return paused, paused + rng.randint(HOUR, LONGEST_PAUSE)


def _asks_another_agency(course: Course, rng: Random) -> None:
    asked = course.cursor + rng.randint(60, _until_due(course))
    agency = rng.choice(AGENCIES)
    course.work(asked, events.Forwarded(agency=agency))
    course.work(asked + rng.randint(HOUR, LONGEST_HOP), events.ForwardAnswered(agency=agency))


def _is_extended(course: Course, rng: Random) -> None:
    days = rng.randint(2, LONGEST_EXTENSION)
    due = datetime.combine(course.plan.office.calendar.add_working_days(course.due.date(), days), course.due.timetz())
    course.work(course.cursor + rng.randint(60, _until_due(course)), events.Extended(due_at=due, legal_ground=EXTENSION_GROUND))
    course.due = due


def _until_due(course: Course) -> int:
    """How long a detour may wait to begin: half of the working time that is left."""
    return max(60, (course.axis.offset(int(course.due.timestamp())) - course.cursor) // 2)
