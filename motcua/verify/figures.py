"""Comparing figures: every cell of every question with the recount, then lists: of those that differ and of a random sample that agrees."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import cycle
from random import Random

import httpx

from motcua.report.opening import dossiers_behind
from motcua.verify.answer import Answer, ask
from motcua.verify.counting import COUNTED, Counts, Facts, facts_of, figures_by_department, total_of
from motcua.verify.difference import Difference
from motcua.verify.lists import ListDifference, compare_list, counted_behind
from motcua.verify.periods import periods
from motcua.verify.question import TOTAL, Cell, Question
from motcua.verify.recount import Recount
from shared.domain.definitions import DEFINITIONS

MOST_OPENED = 60  # of the figures that differ: one wrong dossier is wrong in many of them
FIGURES = "reporting"
Observer = Callable[[str, int, int], None]  # what is being done, how much of it, of how much
NOTHING: Counts = dict.fromkeys(COUNTED, 0)


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure as the log counts it and as reporting says it, with the token that opens it."""

    question: Question
    cut: date
    cell: Cell
    counted: int
    said: int
    token: str | None

    @property
    def differs(self) -> bool:
        return self.counted != self.said


@dataclass(slots=True)
class FigureCheck:
    """All questions about one log, asked of reporting. `sample` figures that agree are opened too, drawn by `chance`."""

    recount: Recount
    reporting: httpx.Client
    sample: int
    chance: Random
    compared: int = 0
    _facts: dict[datetime | None, list[Facts]] = field(default_factory=dict)

    def differences(self, observe: Observer) -> list[Difference]:
        """Every figure that differs, and every opened one whose list does."""
        questions = questions_about(self.recount)
        differing: list[Compared] = []
        agreeing: list[Compared] = []
        for done, question in enumerate(questions, 1):
            cells = self._compare(question)
            self.compared += len(cells)
            differing += [each for each in cells if each.differs]
            agreeing += self._drawn([each for each in cells if each.said and not each.differs], done, len(questions))
            observe("comparing figures", done, len(questions))
        lists = self._open([*differing[:MOST_OPENED], *agreeing], observe)
        return [difference for each in [*differing, *agreeing] for difference in _difference(each, lists.get(each))]

    def _drawn(self, cells: list[Compared], number: int, questions: int) -> list[Compared]:
        """The question's part of the sample."""
        wanted = self.sample * number // questions - self.sample * (number - 1) // questions
        return self.chance.sample(cells, min(wanted, len(cells)))

    def _compare(self, question: Question) -> list[Compared]:
        answer = ask(self.reporting, question)
        definition = DEFINITIONS[question.definition]
        counted = figures_by_department(self._facts_at(question.known_at), question.period[0], answer.cut, definition)
        return list(cells_of(question, counted, answer))

    def _facts_at(self, instant: datetime | None) -> list[Facts]:
        if instant not in self._facts:
            self._facts[instant] = facts_of(self.recount.known_at(instant))
        return self._facts[instant]

    def _open(self, figures: list[Compared], observe: Observer) -> dict[Compared, ListDifference]:
        """What the list of each figure says; one pass over the dossiers for all figures of a question."""
        of_question: dict[tuple[Question, date], list[Compared]] = defaultdict(list)
        for each in figures:
            of_question[each.question, each.cut].append(each)
        said: dict[Compared, ListDifference] = {}
        for (question, cut), wanted in of_question.items():
            counted = counted_behind(self._facts_at(question.known_at), question, cut, [each.cell for each in wanted])
            for each in wanted:
                said[each] = self._compare_list(each, counted[each.cell])
                observe("opening figures", len(said), len(figures))
        return said

    def _compare_list(self, figure: Compared, counted: set[str]) -> ListDifference:
        if figure.token is None:  # a row that reporting does not have
            return compare_list(figure.said, counted, [])
        return compare_list(figure.said, counted, [str(item["code"]) for item in dossiers_behind(self.reporting, figure.token)])


def questions_about(recount: Recount) -> list[Question]:
    """Every period by every definition; the whole span also as it was known at each of the recount's instants, by one definition each.

    What was known costs reporting a look at every version that came later.
    """
    if recount.span is None:
        return []
    now = [Question(period, name) for period in periods(*recount.span) for name in DEFINITIONS]
    return now + [Question(recount.span, name, instant) for instant, name in zip(recount.instants, cycle(DEFINITIONS), strict=False)]


def cells_of(question: Question, counted: dict[str, Counts], answer: Answer) -> Iterator[Compared]:
    """Every department's row, then the total, column by column; a row that one side lacks stands for nothing to count."""
    rows = {row: counted.get(row, NOTHING) for row in sorted({*counted, *answer.rows})} | {TOTAL: total_of(counted)}
    for row, counts in rows.items():
        for column in COUNTED:
            cell = Cell(row, column)
            yield Compared(question, answer.cut, cell, counts[column], answer.value(cell), answer.tokens.get(cell))


def _difference(figure: Compared, listed: ListDifference | None) -> Iterator[Difference]:
    """Nothing for a figure that agrees and whose list does; `listed` None for one that was not opened."""
    about = figure.question.about(figure.cell)
    detail, dossiers = (listed.detail, listed.dossiers) if listed else ("", frozenset())
    if figure.differs:
        said = f"says {figure.said}, the log counts {figure.counted}"
        yield Difference(FIGURES, about, f"{said}; {detail}" if detail else said, dossiers)
    elif detail:
        yield Difference(FIGURES, about, f"says {figure.said} as the log does, but {detail}", dossiers)
