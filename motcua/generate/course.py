"""The course of one dossier while it is written: its events so far, where working time stands, and the deadline in force."""

from datetime import datetime

from motcua.generate.axis import moment
from motcua.generate.plan import Plan
from shared.domain.deadline import Deadline, due_after_pause
from shared.domain.events import Event

Step = tuple[int, Event]  # when, in seconds since 1970, and what


class Course:
    """`cursor` is the offset of the latest step in working time; steps never go back."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.axis = plan.office.axis
        self.steps: list[Step] = []
        self.cursor = self.axis.offset(plan.received)
        self.due = plan.due

    def happen(self, instant: int, what: Event) -> None:
        """A step at any hour."""
        self.steps.append((instant, what))

    def work(self, offset: int, what: Event) -> None:
        """A step inside working time."""
        self.cursor = offset
        self.steps.append((self.axis.instant(offset), what))

    def moved_due(self, paused: int, resumed: int) -> datetime:
        """The deadline after a pause between two offsets."""
        at, until = (moment(self.axis.instant(offset)) for offset in (paused, resumed))
        return due_after_pause(Deadline(self.due, self.plan.in_hours), at, until, self.plan.office.calendar)

    def copy(self) -> "Course":
        """The same course so far, to try a detour on."""
        twin = Course(self.plan)
        twin.steps, twin.cursor, twin.due = list(self.steps), self.cursor, self.due
        return twin
