"""Comparing figures: every cell of every question with the recount, then lists: of those that differ and of a random sample that agrees."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import cycle
from random import Random

import httpx

from motcua.client import ServiceFailed
from motcua.report.opening import dossiers_behind
from motcua.verify.answer import Answer, ask
from motcua.verify.counting import Counts, Facts, RowOf, facts_of, figures_by_row, shares_of, total_of
from motcua.verify.difference import Difference
from motcua.verify.lists import ListDifference, compare_list, counted_behind
from motcua.verify.periods import drawn_day, drawn_period, periods
from motcua.verify.question import TOTAL, Cell, Question
from motcua.verify.recount import Recount
from motcua.verify.rows import CHANNEL_AND_FIELD, DEPARTMENT, PROCEDURE, Fields, fields_of_procedures, row_of
from shared.domain.columns import KEYS
from shared.domain.definitions import DEFINITIONS

MOST_OPENED = 60  # of the figures that differ: one wrong dossier is wrong in many of them
FIGURES = "reporting"
DRAWN = ((DEPARTMENT, 6), (PROCEDURE, 2), (CHANNEL_AND_FIELD, 2))  # how many single days, and as many odd periods
Observer = Callable[[str, int, int], None]  # what is being done, how much of it, of how much
NOTHING: Counts = dict.fromkeys(KEYS, 0)


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
    """All questions about one log, asked of reporting. `chance` draws some of them, and `sample` figures that agree and are opened too."""

    recount: Recount
    reporting: httpx.Client
    sample: int
    chance: Random
    compared: int = 0
    _facts: dict[datetime | None, list[Facts]] = field(default_factory=dict)
    _fields: Fields | None = None

    def differences(self, observe: Observer) -> list[Difference]:
        """Every figure that differs, and every opened one whose list does."""
        questions = questions_about(self.recount, self.chance)
        differing: list[Compared] = []
        agreeing: list[Compared] = []
        unanswered: list[Difference] = []
        unequal: list[Difference] = []
        for done, question in enumerate(questions, 1):
            try:
                cells, shares = self._compare(question)
            except ServiceFailed as failure:
                unanswered.append(Difference(FIGURES, question.about(), f"cannot say, and was asked no more: {failure}"))
                break
            self.compared += len(cells)
            unequal += shares
            differing += [each for each in cells if each.differs]
            agreeing += self._drawn([each for each in cells if each.said and not each.differs], done, len(questions))
            observe("comparing figures", done, len(questions))
        lists = {} if unanswered else self._open([*differing[:MOST_OPENED], *agreeing], observe)
        return unanswered + unequal + [difference for each in [*differing, *agreeing] for difference in _difference(each, lists.get(each))]

    def _drawn(self, cells: list[Compared], number: int, questions: int) -> list[Compared]:
        """The question's part of the sample."""
        wanted = self.sample * number // questions - self.sample * (number - 1) // questions
        return self.chance.sample(cells, min(wanted, len(cells)))

    def _compare(self, question: Question) -> tuple[list[Compared], list[Difference]]:
        """Every count, and the shares that differ."""
        answer = ask(self.reporting, question)
        definition = DEFINITIONS[question.definition]
        counted = figures_by_row(self._facts_at(question.known_at), question.period[0], answer.cut, definition, self._row_of(question))
        return list(cells_of(question, counted, answer)), list(unequal_shares(question, counted, answer))

    def _facts_at(self, instant: datetime | None) -> list[Facts]:
        if instant not in self._facts:
            self._facts[instant] = facts_of(self.recount.known_at(instant))
        return self._facts[instant]

    def _row_of(self, question: Question) -> RowOf:
        if self._fields is None and "field" in question.by and self.recount.span is not None:
            self._fields = fields_of_procedures(self.reporting, Question(self.recount.span).parameters)
        return row_of(question.by, self._fields or {})

    def _open(self, figures: list[Compared], observe: Observer) -> dict[Compared, ListDifference]:
        """What the list of each figure says; one pass over the dossiers for all figures of a question."""
        of_question: dict[tuple[Question, date], list[Compared]] = defaultdict(list)
        for each in figures:
            of_question[each.question, each.cut].append(each)
        said: dict[Compared, ListDifference] = {}
        for (question, cut), wanted in of_question.items():
            counted = counted_behind(
                self._facts_at(question.known_at), question, cut, [each.cell for each in wanted], self._row_of(question)
            )
            for each in wanted:
                said[each] = self._compare_list(each, counted[each.cell])
                observe("opening figures", len(said), len(figures))
        return said

    def _compare_list(self, figure: Compared, counted: set[str]) -> ListDifference:
        if figure.token is None:  # a row that reporting does not have
            return compare_list(figure.said, counted, [])
        try:
            listed = [str(item["code"]) for item in dossiers_behind(self.reporting, figure.token)]
        except ServiceFailed as failure:
            return ListDifference(f"its list cannot be opened: {failure}", frozenset())
        return compare_list(figure.said, counted, listed)


def questions_about(recount: Recount, chance: Random) -> list[Question]:
    """Every period by every definition; the whole span also as it was known at each of the recount's instants, by one definition each.

    What was known costs reporting a look at every version that came later. Single days and odd periods are drawn, with a definition each.
    """
    if recount.span is None:
        return []
    now = [Question(period, name) for period in periods(*recount.span) for name in DEFINITIONS]
    then = [Question(recount.span, name, instant) for instant, name in zip(recount.instants, cycle(DEFINITIONS), strict=False)]
    return list(dict.fromkeys([*now, *then, *_drawn_questions(recount.span, chance)]))


def _drawn_questions(span: tuple[date, date], chance: Random) -> Iterator[Question]:
    for by, times in DRAWN:
        for draw in (drawn_day, drawn_period):
            for _ in range(times):
                yield Question(draw(*span, chance), chance.choice(list(DEFINITIONS)), by=by)


def cells_of(question: Question, counted: dict[str, Counts], answer: Answer) -> Iterator[Compared]:
    """Every row, then the total, column by column; a row that one side lacks stands for nothing to count."""
    for row, counts in _rows(counted, answer).items():
        for column in KEYS:
            cell = Cell(row, column)
            yield Compared(question, answer.cut, cell, counts[column], answer.value(cell), answer.tokens.get(cell))


def unequal_shares(question: Question, counted: dict[str, Counts], answer: Answer) -> Iterator[Difference]:
    """The shares of every row that are not what the log's counts make them."""
    for row, counts in _rows(counted, answer).items():
        for column, share in shares_of(counts).items():
            cell = Cell(row, column)
            if (said := answer.share(cell)) != share:
                yield Difference(FIGURES, question.about(cell), f"says {said}, the log makes it {share}")


def _rows(counted: dict[str, Counts], answer: Answer) -> dict[str, Counts]:
    return {row: counted.get(row, NOTHING) for row in sorted({*counted, *answer.rows})} | {TOTAL: total_of(counted)}


def _difference(figure: Compared, listed: ListDifference | None) -> Iterator[Difference]:
    """Nothing for a figure that agrees and whose list does; `listed` None for one that was not opened."""
    about = figure.question.about(figure.cell)
    detail, dossiers = (listed.detail, listed.dossiers) if listed else ("", frozenset())
    if figure.differs:
        said = f"says {figure.said}, the log counts {figure.counted}"
        yield Difference(FIGURES, about, f"{said}; {detail}" if detail else said, dossiers)
    elif detail:
        yield Difference(FIGURES, about, f"says {figure.said} as the log does, but {detail}", dossiers)
