"""The form as it is printed: its columns with their heads, and its rows from the top; one layout for all files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from services.reporting.documents.forms.form import GROUPINGS, Form
from shared.domain.columns import OF_FORM
from shared.domain.figures import IN_PROGRESS, RECEIVED, RESOLVED, Figures
from shared.language.languages import Language
from shared.language.papers import HEADS, LINE_NUMBER, NAMES
from shared.language.periods import ROMAN
from shared.language.words import in_language

NO_DEADLINE = "resolved_no_deadline"
NO_DEADLINE_MARK = "(10a)"
HEAD_ROWS = 3
_SUMS = {identity.total: identity.parts for identity in (RECEIVED, RESOLVED, IN_PROGRESS)}
_MARKS = {column.key: f"({number})" for number, column in OF_FORM.items()} | {NO_DEADLINE: NO_DEADLINE_MARK}


@dataclass(frozen=True, slots=True)
class PrintedColumn:
    """A column: its heads from the top, and the mark that the form prints below them.

    `key` is its figure, and `parts` the columns that it adds up; the first two columns have neither.
    """

    heads: tuple[str, ...]
    mark: str
    key: str | None = None
    parts: tuple[str, ...] = ()

    @property
    def spaced_mark(self) -> str:
        """The mark for a narrow column: no program finds a place to divide (3)=(4)+(5)+(6)."""
        return self.mark.replace("=", " = ").replace("+", " + ")


@dataclass(frozen=True, slots=True)
class HeadCell:
    """A cell of the head, over so many rows and columns; places count from 0."""

    text: str
    row: int
    column: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """A row: a section with its sums, a line, or the total. `place` is a line's row in the report."""

    number: str
    name: str
    figures: Figures
    is_line: bool
    place: int | None = None


def printed_columns(form: Form) -> tuple[PrintedColumn, ...]:
    """Those of the form, in its order.

    Dossiers resolved without a deadline have a column of their own where there are any: the form has none, and without
    it either (7) is not the sum of what is printed, or they pass for resolved on time.
    """
    by = next(dimension for dimension in form.query.by if dimension in GROUPINGS)
    return (
        PrintedColumn((in_language(LINE_NUMBER, form.language),), "(1)"),
        PrintedColumn((in_language(NAMES[by.value], form.language),), "(2)"),
        *figure_columns((form.total, *(line.figures for line in form.lines)), form.language),
    )


def figure_columns(rows: Iterable[Figures], language: Language) -> tuple[PrintedColumn, ...]:
    """Those of the form that are figures, for these rows of any grouping."""
    keys = [column.key for column in OF_FORM.values()]
    if any(row[NO_DEADLINE] for row in rows):
        keys.insert(keys.index("resolved_overdue") + 1, NO_DEADLINE)
    return tuple(_figure_column(key, keys, language) for key in keys)


def head_cells(columns: Sequence[PrintedColumn]) -> Iterator[HeadCell]:
    """The head in HEAD_ROWS rows: neighbours under the same head share a cell, the lowest head reaches down."""
    for row in range(HEAD_ROWS):
        for place, column in enumerate(columns):
            if row >= len(column.heads):
                continue
            above = column.heads[: row + 1]
            if place and columns[place - 1].heads[: row + 1] == above:
                continue
            wide = 1
            while place + wide < len(columns) and columns[place + wide].heads[: row + 1] == above:
                wide += 1
            yield HeadCell(above[-1], row, place, HEAD_ROWS - row if row + 1 == len(column.heads) else 1, wide)


def printed_rows(form: Form) -> Iterator[PrintedRow]:
    """Each section's sums above its lines, and the total last."""
    for number, section in enumerate(form.sections):
        if section.title is not None:
            yield PrintedRow(ROMAN[number], section.title, section.total, is_line=False)
        for line in section.lines:
            yield PrintedRow(str(line.number), line.name, line.figures, is_line=True, place=line.place)
    yield PrintedRow("", form.total_name, form.total, is_line=False)


def _figure_column(key: str, keys: Sequence[str], language: Language) -> PrintedColumn:
    parts = tuple(part for part in _SUMS.get(key, ()) if part in keys)
    mark = "=".join(filter(None, (_MARKS[key], "+".join(_MARKS[part] for part in parts))))
    return PrintedColumn(tuple(in_language(head, language) for head in HEADS[key]), mark, key, parts)
