"""The statutory form II.06a: sections of lines, each with all its figures, and the total."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.reporting.figures.query import Dimension, FigureQuery, Filters
from services.reporting.figures.report import Report, ReportRow
from shared.catalogue import Catalogue
from shared.contract.http.figures import IdentityAnswer
from shared.domain.columns import KEYS
from shared.domain.figures import Figures
from shared.language.languages import Language
from shared.language.order import vietnamese_order
from shared.language.periods import period_name
from shared.language.words import CHANNELS, DIMENSIONS, LEVELS, NO_FIELD, NO_LEVEL, TOTAL, in_language, word

NUMBER = "II.06a"
GROUPINGS = (Dimension.DEPARTMENT, Dimension.FIELD)
_Placed = tuple[int, ReportRow]  # a row with its place in the report


@dataclass(frozen=True, slots=True)
class FormLine:
    """A line of the form: its number (column 1), the department's code or the field's name, its name (column 2).

    `place` is its row's place in the report, by which tokens name it.
    """

    number: int
    code: str | None
    name: str
    figures: Figures
    place: int | None = None


@dataclass(frozen=True, slots=True)
class FormSection:
    """Lines of one level and what they add up to; the only section of a form without sections has no title."""

    code: str | None
    title: str | None
    lines: tuple[FormLine, ...]
    total: Figures


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a report, its words in one language.

    `compared` is the form of another period, beside which this one is read: it has the same lines in the same order.
    `scope` says in words which dossiers it is of; empty for all. `by_month` is the same report by month, for a chart.
    """

    query: FigureQuery
    language: Language
    sections: tuple[FormSection, ...]
    total: Figures
    identities: tuple[IdentityAnswer, ...]
    compared: "Form | None" = None
    scope: tuple[str, ...] = ()
    by_month: Report | None = None

    @property
    def lines(self) -> list[FormLine]:
        """Those of all sections, in the form's order."""
        return [line for section in self.sections for line in section.lines]

    @property
    def with_compared(self) -> "list[Form]":
        """The form itself, and the one beside it, if any."""
        return [self] if self.compared is None else [self, self.compared]

    @property
    def total_name(self) -> str:
        """What the line of the total is called."""
        return in_language(TOTAL, self.language)


def form_of(
    report: Report, catalogue: Catalogue, language: Language, of_procedures: Mapping[str, Sequence[str]] | None = None
) -> Form:
    """The form of a report grouped by department or field, and by level too where the form has sections.

    A table by any other dimension, as pages show it, has the same columns.
    `of_procedures` are the procedures, fields and levels that it was narrowed to, as they were asked for.
    """
    query = report.query
    by_level: dict[str | None, list[_Placed]] = defaultdict(list)
    placed = list(enumerate(report.rows))
    level_at = query.by.index(Dimension.LEVEL) if Dimension.LEVEL in query.by[1:] else None
    for place, row in placed:
        by_level[None if level_at is None else row.key[level_at]].append((place, row))
    if level_at is None:
        sections = [FormSection(None, None, _lines(query, placed, catalogue, language), report.total)]
    else:
        sections = [
            FormSection(
                level,
                in_language(NO_LEVEL, language) if level is None else word(LEVELS, level, language),
                _lines(query, by_level[level], catalogue, language),
                _sum(row.figures for _, row in by_level[level]),
            )
            for level in (*LEVELS, None)
            if by_level.get(level)
        ]
    scope = _scope(query.filters, of_procedures or {}, catalogue, language)
    return Form(query, language, tuple(sections), report.total, report.identities, scope=scope)


def _scope(
    filters: Filters, of_procedures: Mapping[str, Sequence[str]], catalogue: Catalogue, language: Language
) -> tuple[str, ...]:
    """`cơ quan Sở Y tế (H59.02)`, and likewise for every other filter."""

    def units(codes: Iterable[str]) -> list[str]:
        return [f"{catalogue.departments[code].name} ({code})" for code in sorted(codes)]

    values: dict[str, Sequence[str]] = {
        Dimension.DEPARTMENT: units(filters.departments),
        Dimension.RECEIVED_BY: units(filters.places),
        Dimension.CHANNEL: [word(CHANNELS, channel, language).lower() for channel in sorted(filters.channels)],
        **of_procedures,
        Dimension.LEVEL: [word(LEVELS, level, language).lower() for level in of_procedures.get(Dimension.LEVEL, ())],
    }
    return tuple(f"{word(DIMENSIONS, name, language).lower()}: {', '.join(of)}" for name, of in values.items() if of)


def _lines(
    query: FigureQuery, rows: Sequence[_Placed], catalogue: Catalogue, language: Language
) -> tuple[FormLine, ...]:
    """Departments by code, fields as in a Vietnamese dictionary; two of one name with their provinces."""
    dimension = next((each for each in query.by if each in GROUPINGS), query.by[0])
    at = query.by.index(dimension)
    named = [
        (row.key[at], row_name(dimension, row.key[at], catalogue, language), row.figures, place) for place, row in rows
    ]
    if dimension is Dimension.FIELD:
        named.sort(key=lambda one: (one[0] is None, vietnamese_order(one[1])))
    often = Counter(name for _, name, _, _ in named)
    return tuple(
        FormLine(number, code, name if often[name] == 1 else _with_province(name, code, catalogue), figures, place)
        for number, (code, name, figures, place) in enumerate(named, start=1)
    )


def row_name(dimension: Dimension, value: str | None, catalogue: Catalogue, language: Language) -> str:
    """What a row of the dimension is called."""
    if value is None:
        return in_language(NO_LEVEL if dimension is Dimension.LEVEL else NO_FIELD, language)
    if dimension in (Dimension.DEPARTMENT, Dimension.RECEIVED_BY):
        return catalogue.departments[value].name if value in catalogue.departments else value
    if dimension is Dimension.PROCEDURE:
        return catalogue.procedures[value].name if value in catalogue.procedures else value
    if dimension is Dimension.MONTH:
        return period_name(value, language)
    words = {Dimension.CHANNEL: CHANNELS, Dimension.LEVEL: LEVELS}.get(dimension, {})
    return word(words, value, language) if value in words else value


def _with_province(name: str, code: str | None, catalogue: Catalogue) -> str:
    province = catalogue.province_of(code or "")
    return name if province is None else f"{name} ({province.name})"


def _sum(rows: Iterable[Figures]) -> Figures:
    rows = list(rows)
    return {key: sum(row[key] for row in rows) for key in KEYS}
