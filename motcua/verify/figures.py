"""Every figure compared with the recount; then the lists of those that differ and of a random sample of the others."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import cycle
from random import Random

from motcua.client import ServiceClient, ServiceFailed
from motcua.log import Observer
from motcua.report import dossiers_behind
from motcua.verify.differences import Difference
from motcua.verify.questions import (
    CHANNEL_AND_FIELD,
    DEPARTMENT,
    DEPARTMENT_AND_PLACE,
    PROCEDURE,
    TOTAL,
    AnsweredFigures,
    Cell,
    Fields,
    Question,
    ask,
    drawn_day,
    drawn_period,
    fields_of_procedures,
    periods,
    row_of,
)
from motcua.verify.recount import Counts, DatedDossier, Recount, RowOf, dated, figures_by_row, shares_of, total_of
from shared.domain.columns import KEYS
from shared.domain.timeliness import DEFINITIONS

MOST_OPENED = 60  # of the figures that differ: one wrong dossier is wrong in many of them
NAMED = 5
FIGURES = "reporting"
DRAWN = (  # how many single days, and as many odd periods
    (DEPARTMENT, 6),
    (PROCEDURE, 2),
    (CHANNEL_AND_FIELD, 2),
    (DEPARTMENT_AND_PLACE, 2),
)
NOTHING: Counts = dict.fromkeys(KEYS, 0)


@dataclass(frozen=True, slots=True)
class ComparedFigure:
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


@dataclass(frozen=True, slots=True)
class ListDifference:
    """What a list says otherwise than the log, and the dossiers that are at fault; no detail when it says the same."""

    detail: str
    dossiers: frozenset[str] = frozenset()


SAME_LIST = ListDifference("")


@dataclass(slots=True)
class FigureCheck:
    """All questions about one log, asked of reporting; `chance` draws some, and `sample` agreeing figures to open."""

    recount: Recount
    reporting: ServiceClient
    sample: int
    chance: Random
    compared: int = 0
    _dated: dict[datetime | None, list[DatedDossier]] = field(default_factory=dict)
    _fields: Fields | None = None

    def differences(self, observe: Observer) -> list[Difference]:
        """Every figure that differs, and every opened one whose list does."""
        questions = questions_about(self.recount, self.chance)
        differing: list[ComparedFigure] = []
        agreeing: list[ComparedFigure] = []
        found: list[Difference] = []
        for done, question in enumerate(questions, 1):
            try:
                cells, shares = self._compare(question)
            except ServiceFailed as failure:
                unanswered = Difference(FIGURES, question.about(), f"cannot say, and was asked no more: {failure}")
                return [unanswered, *found, *(_difference(figure, SAME_LIST) for figure in differing)]
            self.compared += len(cells)
            found += shares
            differing += [figure for figure in cells if figure.differs]
            agreeing += self._drawn(
                [figure for figure in cells if figure.said and not figure.differs], done, len(questions)
            )
            observe("comparing figures", done, len(questions))
        lists = self._open([*differing[:MOST_OPENED], *agreeing], observe)
        for figure in (*differing, *agreeing):
            listed = lists.get(figure, SAME_LIST)
            if figure.differs or listed.detail:
                found.append(_difference(figure, listed))
        return found

    def _drawn(self, cells: list[ComparedFigure], number: int, questions: int) -> list[ComparedFigure]:
        """The question's part of the sample."""
        wanted = self.sample * number // questions - self.sample * (number - 1) // questions
        return self.chance.sample(cells, min(wanted, len(cells)))

    def _compare(self, question: Question) -> tuple[list[ComparedFigure], list[Difference]]:
        """Every count, and the shares that differ."""
        answer = ask(self.reporting, question)
        definition = DEFINITIONS[question.definition]
        counted = figures_by_row(
            self._dated_at(question.known_at), question.period[0], answer.cut, definition, self._row_of(question)
        )
        return list(cells_of(question, counted, answer)), list(unequal_shares(question, counted, answer))

    def _dated_at(self, instant: datetime | None) -> list[DatedDossier]:
        if instant not in self._dated:
            self._dated[instant] = dated(self.recount.known_at(instant))
        return self._dated[instant]

    def _row_of(self, question: Question) -> RowOf:
        if self._fields is None and "field" in question.by and self.recount.span is not None:
            self._fields = fields_of_procedures(self.reporting, self.recount.span)
        return row_of(question.by, self._fields or {})

    def _open(self, figures: list[ComparedFigure], observe: Observer) -> dict[ComparedFigure, ListDifference]:
        """What the list of each figure says; one pass over the dossiers for all figures of a question."""
        of_question: dict[tuple[Question, date], list[ComparedFigure]] = defaultdict(list)
        for figure in figures:
            of_question[figure.question, figure.cut].append(figure)
        lists: dict[ComparedFigure, ListDifference] = {}
        for (question, cut), wanted in of_question.items():
            dossiers, cells = self._dated_at(question.known_at), [figure.cell for figure in wanted]
            counted = counted_behind(dossiers, question, cut, cells, self._row_of(question))
            for figure in wanted:
                lists[figure] = self._compare_list(figure, counted[figure.cell])
                observe("opening figures", len(lists), len(figures))
        return lists

    def _compare_list(self, figure: ComparedFigure, counted: set[str]) -> ListDifference:
        if figure.token is None:  # a row that reporting does not have
            return compare_list(figure.said, counted, [])
        try:
            listed = [str(item["code"]) for item in dossiers_behind(self.reporting, figure.token)]
        except ServiceFailed as failure:
            return ListDifference(f"its list cannot be opened: {failure}")
        return compare_list(figure.said, counted, listed)


def questions_about(recount: Recount, chance: Random) -> list[Question]:
    """Every period by every definition, days and odd periods that are drawn, and what was known at past instants.

    What was known is asked of the whole span only and by one definition each: it costs reporting a look at every
    version that came later.
    """
    if recount.span is None:
        return []
    now = [Question(period, name) for period in periods(*recount.span) for name in DEFINITIONS]
    then = [
        Question(recount.span, name, instant)
        for instant, name in zip(recount.instants, cycle(DEFINITIONS), strict=False)
    ]
    drawn = [
        Question(draw(*recount.span, chance), chance.choice(list(DEFINITIONS)), by=by)
        for by, times in DRAWN
        for draw in (drawn_day, drawn_period)
        for _ in range(times)
    ]
    return list(dict.fromkeys([*now, *then, *drawn]))


def cells_of(question: Question, counted: dict[str, Counts], answer: AnsweredFigures) -> Iterator[ComparedFigure]:
    """Every row, then the total, column by column; a row that one side lacks stands for nothing to count."""
    for row, counts in _rows(counted, answer).items():
        for column in KEYS:
            cell = Cell(row, column)
            yield ComparedFigure(
                question, answer.cut, cell, counts[column], answer.value(cell), answer.tokens.get(cell)
            )


def unequal_shares(question: Question, counted: dict[str, Counts], answer: AnsweredFigures) -> Iterator[Difference]:
    """The shares of every row that are not what the log's counts make them."""
    for row, counts in _rows(counted, answer).items():
        for column, share in shares_of(counts).items():
            cell = Cell(row, column)
            if (said := answer.share(cell)) != share:
                yield Difference(FIGURES, question.about(cell), f"says {said}, the log makes it {share}")


def _rows(counted: dict[str, Counts], answer: AnsweredFigures) -> dict[str, Counts]:
    return {row: counted.get(row, NOTHING) for row in sorted({*counted, *answer.rows})} | {TOTAL: total_of(counted)}


def _difference(figure: ComparedFigure, listed: ListDifference) -> Difference:
    """Of a figure that differs, or whose list does."""
    said = f"says {figure.said} as the log does, but {listed.detail}"
    if figure.differs:
        said = f"says {figure.said}, the log counts {figure.counted}" + (f"; {listed.detail}" if listed.detail else "")
    return Difference(FIGURES, figure.question.about(figure.cell), said, listed.dossiers)


def counted_behind(
    dossiers: Iterable[DatedDossier], question: Question, cut: date, cells: Collection[Cell], row_of: RowOf
) -> dict[Cell, set[str]]:
    """The codes of the dossiers that the recount counts in each cell: those that, counted alone, are 1 there."""
    behind: dict[Cell, set[str]] = {cell: set() for cell in cells}
    of_row = {row: [cell for cell in cells if cell.row == row] for row, _ in cells}
    of_total = of_row.get(TOTAL, [])
    definition = DEFINITIONS[question.definition]
    for dossier in dossiers:
        wanted = of_row.get(row_of(dossier.dossier), []) + of_total
        if wanted:
            for alone in figures_by_row([dossier], question.period[0], cut, definition, row_of).values():
                for cell in wanted:
                    if alone[cell.column]:
                        behind[cell].add(dossier.dossier.code)
    return behind


def compare_list(figure: int, counted: set[str], listed: Sequence[str]) -> ListDifference:
    """A figure's list beside the dossiers that the log counts, of which it must hold each once and no other."""
    held = Counter(listed)
    missing, too_many = counted - held.keys(), held.keys() - counted
    repeated = {code for code, times in held.items() if times > 1}
    details = [
        f"its list holds {len(listed)}" if len(listed) != figure else "",
        _named("its list lacks", missing),
        _named("its list has too many:", too_many),
        _named("its list repeats", repeated),
    ]
    return ListDifference("; ".join(filter(None, details)), frozenset(missing | too_many | repeated))


def _named(what: str, codes: Collection[str]) -> str:
    if not codes:
        return ""
    first, rest = sorted(codes)[:NAMED], len(codes) - NAMED
    return f"{what} {', '.join(first)}" + (f" and {rest} more" if rest > 0 else "")
