"""Makes rows of a sheet under its headings: which are totals, which are sections, and what stands beside them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from shared.checking.documents import FIGURES, OF_TIME, SAID_BESIDE, say_unknown_key
from shared.checking.failures import UnreadableTable
from shared.checking.headings import (
    FEWEST_NUMBERS,
    ColumnHeading,
    SheetHead,
    column_number,
    find_headings,
    is_heading,
    plain,
)
from shared.checking.numbers import Manner, read_count
from shared.checking.sheets import Grid
from shared.checking.table import RowKind, TypedCell, TypedReport, TypedRow
from shared.contract.http.checks import CheckFinding
from shared.domain.columns import OF_FORM

_TOTALS = ("tong so", "tong cong", "cong", "tong", "total", "toan tinh", "tong cong tat ca", "sum")
_TOTAL_OF = re.compile(
    r"(?:tong cong|tong so|total) .*|(?:tong )?cong (?:(?:muc|phan|nhom) )?(?:[ivx]+|[a-h]|\d+)|toan (?:tinh|thanh pho)"
)
_LEVELS = re.compile(r"cap (?:tinh|huyen|xa|bo|so)\b|(?:province|district|commune)\b")
_DAYS = r"(?:(?:tu )?(?:ngay )?\d{1,2} \d{1,2}(?: \d{4})? (?:den )?(?:ngay )?\d{1,2} \d{1,2}(?: \d{4})?)"
_MONTH = re.compile(
    r"(?:(?:thang|month|quy|quarter|t|q)?\s*(?:\d{1,2}|i{1,3}|iv)(?:\s+(?:nam\s+)?\d{4})?|\d{4} (?:\d{2}|q[1-4]))"
    rf"(?: {_DAYS})?|{_DAYS}"
)
_ROMAN = re.compile(r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})[.)]?")
_LETTER = re.compile(r"[A-H][.)]?")
_DOTTED = re.compile(r"\d+(?:\.\d+)*[.)]?", re.ASCII)
LETTER_DEPTH, ROMAN_DEPTH, NUMBER_DEPTH = 0, 1, 2
NAME_KEYS = (
    "name",
    "department",
    "field",
    "channel",
    "level",
    "procedure",
    *sorted(OF_TIME),
    "received_by",
    "province",
    "code",
)
OF_OUR_OWN = {*NAME_KEYS, "number", "from", "to", "definition", "row"}
OF_THE_FORM = {column.key for column in OF_FORM.values()}
KINDS = {"total": RowKind.TOTAL, "section": RowKind.SECTION, "line": RowKind.ROW}
"""How our own tables say what a row is, in their column `row`."""
FEWEST_BESIDE, FEWEST_ROWS = 3, 2
"""Numbers in a row, and such rows, that make a sheet look like a table."""
FEWEST_AGAIN = 2  # headings in a row that is printed again
_PERIOD = ("from", "to", "tu ngay", "den ngay")
_SAID_BESIDE = (*_PERIOD, "so lieu tinh den", "as of", "cach tinh dung han", "timeliness judged", "chi tinh", "only")


def read_grid(form: str, grid: Grid) -> TypedReport | None:
    """The report of a sheet; None when nothing says what its columns are."""
    headings = find_headings(grid)
    if headings is None or not headings.columns:
        return None
    report = TypedReport(form, grid.sheet)
    columns = _columns(report, grid, headings)
    for each in columns:
        if each.ratios and each.key:
            report.ratios[each.key] = each.ratios
    printed_again = [cells for cells in grid.rows[: headings.last_row + 1] if any(cells)]
    for place in range(headings.last_row + 1, len(grid.rows)):
        if grid.rows[place] in printed_again or _is_headings(grid, columns, place):
            continue
        row = _row(report, grid, headings, columns, place)
        if row is not None:
            report.rows.append(row)
    _mark_totals(report, by_key=headings.by_key)
    _set_months(report, headings)
    return report if any(row.cells or row.shares for row in report.rows) else None


def _columns(report: TypedReport, grid: Grid, headings: SheetHead) -> list[ColumnHeading]:
    """The columns that are figures; those that are nothing known, or known twice, are said."""
    kept: dict[str, ColumnHeading] = {}
    for each in headings.columns:
        data = [grid.at(row, each.column) for row in range(headings.last_row + 1, len(grid.rows))]
        filled = [cell for cell in data if cell.strip()]
        place = grid.place(headings.last_row, each.column)
        if each.key is None:
            _say_unknown(report, headings, each, place, filled)
        elif each.key in kept:
            other = kept[each.key]
            same = data == [grid.at(row, other.column) for row in range(headings.last_row + 1, len(grid.rows))]
            where = f"{grid.place(headings.last_row, other.column)}, {place}"
            report.faults.append(
                CheckFinding(code="column_twice", figure=each.key, cell=where, typed=other.text, other=each.text)
            )
            if not same:
                kept[each.key] = ColumnHeading(other.column, other.text, None)
        else:
            kept[each.key] = each
            if each.by_number not in (None, each.key):
                report.remarks.append(
                    CheckFinding(
                        code="heading_not_number", figure=each.key, cell=place, typed=each.text, other=each.by_number
                    )
                )
    return [each for each in kept.values() if each.key]


def _say_unknown(
    report: TypedReport, headings: SheetHead, each: ColumnHeading, place: str, filled: Sequence[str]
) -> None:
    if headings.by_key and each.text and each.text not in OF_OUR_OWN | SAID_BESIDE:
        say_unknown_key(report, each.text, place, filled[0] if filled else "", FIGURES | OF_OUR_OWN)
    elif not headings.by_key and filled and each.column > headings.first and plain(each.text) not in _SAID_BESIDE:
        report.remarks.append(CheckFinding(code="unknown_column", figure=each.text, cell=place, typed=filled[0]))


def _row(
    report: TypedReport, grid: Grid, headings: SheetHead, columns: Sequence[ColumnHeading], place: int
) -> TypedRow | None:
    """A row of figures, or a heading among them; None for what stands around a table."""
    beyond = [cell for cell in grid.rows[place][len(headings.columns) :] if cell.strip()]
    cells = {
        each.key: TypedCell(grid.at(place, each.column), grid.place(place, each.column)) for each in columns if each.key
    }
    ordinal, name = _name(grid, headings, place)
    stated = [cell for cell in cells.values() if cell.typed.strip()]
    numbers = [cell for cell in stated if read_count(cell.typed).manner not in (Manner.UNREADABLE, Manner.EMPTY)]
    if beyond and numbers:
        report.faults.append(
            CheckFinding(
                code="row_too_long",
                row=name,
                cell=grid.place(place, 0),
                typed=beyond[0],
                stated=str(len(grid.rows[place])),
                expected=str(len(headings.columns)),
            )
        )
        return None
    kind, depth = _own_kind(grid, headings, place) or _kind(ordinal, name)
    if not stated:
        return TypedRow(name, RowKind.SECTION, {}, {}, depth) if kind is RowKind.SECTION and name else None
    if not name and not ordinal and len(stated) == 1:
        report.remarks.append(CheckFinding(code="row_passed_over", cell=stated[0].place, typed=stated[0].typed))
        return None
    if not numbers and 2 * len(stated) < len(cells) and kind is not RowKind.TOTAL:
        return None  # a line of signatures, a note
    shares = {key: cell for key, cell in cells.items() if key in report.ratios}
    counts = {key: cell for key, cell in cells.items() if key not in report.ratios}
    period = tuple(grid.at(place, each.column) for each in headings.columns if plain(each.text) in _PERIOD)
    return TypedRow(name or str(place + 1), kind, counts, shares, depth, period)


def _is_headings(grid: Grid, columns: Sequence[ColumnHeading], place: int) -> bool:
    """Headings printed again, or a row of 1, 2, 3 … under them, as forms have it whose first columns are A and B."""
    typed = [grid.at(place, each.column).strip() for each in sorted(columns, key=lambda each: each.column)]
    numbers = [number for text in typed if (number := column_number(text)) is not None]
    if len(numbers) == len(typed) >= FEWEST_NUMBERS:
        return numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    filled = [text for text in typed if text]
    return len(filled) >= FEWEST_AGAIN and all(map(is_heading, filled))


def _name(grid: Grid, headings: SheetHead, place: int) -> tuple[str, str | None]:
    """What stands left of the figures: the line's number, and its name."""
    if headings.by_key:
        named = {each.text: grid.at(place, each.column).strip() for each in headings.columns if each.key is None}
        dimensions = [named[key] for key in NAME_KEYS[1:-1] if named.get(key)]
        return named.get("number", ""), named.get("name") or " · ".join(dimensions) or named.get("code") or None
    texts = [" ".join(grid.at(place, column).split()) for column in range(headings.first)]
    filled = [text for text in texts if text]
    if not filled:
        return "", None
    if len(filled) > 1:
        return filled[0], filled[1]
    alone = filled[0]
    return (alone, None) if texts[0] == alone and len(texts) > 1 and _depth(alone) is not None else ("", alone)


def _own_kind(grid: Grid, headings: SheetHead, place: int) -> tuple[RowKind, int] | None:
    said = [grid.at(place, each.column) for each in headings.columns if each.text == "row"] if headings.by_key else []
    kind = KINDS.get(said[0]) if said else None
    return None if kind is None else (kind, ROMAN_DEPTH if kind is RowKind.SECTION else NUMBER_DEPTH)


def _kind(ordinal: str, name: str | None) -> tuple[RowKind, int]:
    words = plain(name or ordinal)
    if words in _TOTALS or _TOTAL_OF.fullmatch(words):
        return RowKind.TOTAL, 0
    depth = _depth(ordinal)
    if depth in (LETTER_DEPTH, ROMAN_DEPTH):
        return RowKind.SECTION, depth
    if depth is None and name and _LEVELS.match(words):
        return RowKind.SECTION, ROMAN_DEPTH
    return RowKind.ROW, NUMBER_DEPTH if depth is None else depth


def _depth(ordinal: str) -> int | None:
    """A and B hold I and II, which hold 1 and 2, which hold 1.1; None for what numbers nothing."""
    if _ROMAN.fullmatch(ordinal):
        return ROMAN_DEPTH
    if _LETTER.fullmatch(ordinal):
        return LETTER_DEPTH
    if _DOTTED.fullmatch(ordinal):
        return NUMBER_DEPTH + ordinal.rstrip(".)").count(".")
    return None


def _mark_totals(report: TypedReport, *, by_key: bool) -> None:
    """Our own tables end with a total that has no name; of several totals those amid the rows are of a part of them."""
    rows = report.rows
    for period in dict.fromkeys(row.period for row in rows):
        others = [place for place, row in enumerate(rows) if row.kind is not RowKind.TOTAL and row.period == period]
        totals = [place for place, row in enumerate(rows) if row.kind is RowKind.TOTAL and row.period == period]
        for place in totals:
            if others and others[0] < place < max(others[-1], totals[-1]):
                rows[place] = replace(rows[place], kind=RowKind.SUBTOTAL)
    named = [row for row in rows if row.name and not row.name.isdecimal()]
    if by_key and rows and not any(row.kind is RowKind.TOTAL for row in rows):
        last = rows[-1]
        if (len(rows) == 1 and not named) or (named and last not in named):
            rows[-1] = replace(last, name=None, kind=RowKind.TOTAL)


def _set_months(report: TypedReport, headings: SheetHead) -> None:
    names = [plain(row.name or "") for row in report.rows if not row.adds_up]
    own = {each.text for each in headings.columns} & set(NAME_KEYS) if headings.by_key else set()
    if own & OF_TIME:
        report.by_month = own <= OF_TIME
        report.mixed_with_months = not report.by_month
    else:
        report.by_month = len(names) > 1 and all(_MONTH.fullmatch(name) and not name.isdecimal() for name in names)


def grids_read(form: str, grids: Iterator[Grid]) -> list[TypedReport]:
    """Of CSV the right delimiter; of a workbook every sheet that has all of the form, or as much as the one with most.

    The first names the sheets that look like tables and are not read. Raises UnreadableTable where there is none.
    """
    headed = False
    found: list[TypedReport] = []
    unread: list[str] = []
    for grid in grids:
        report = None if grid.hidden else read_grid(form, grid)
        if report is not None:
            found.append(report)
            continue
        headed = headed or (not grid.hidden and find_headings(grid) is not None)
        if grid.sheet is not None and _looks_like_a_table(grid):
            unread.append(grid.sheet)
    if not found:
        raise UnreadableTable("no_rows" if headed else "no_headings")
    most = max((_known(report) & OF_THE_FORM or _known(report) for report in found), key=len)
    chosen = [report for report in found if _known(report) >= most]
    if chosen[0].sheet is None:
        return chosen[:1]
    others = [report.sheet for report in found if report not in chosen and report.sheet is not None]
    chosen[0].unread += [*others, *unread]
    return chosen


def _looks_like_a_table(grid: Grid) -> bool:
    """Rows of several numbers each."""
    numbers = (sum(_is_number(cell) for cell in cells) for cells in grid.rows)
    return sum(several >= FEWEST_BESIDE for several in numbers) >= FEWEST_ROWS


def _is_number(typed: str) -> bool:
    return read_count(typed).manner in (Manner.PLAIN, Manner.GROUPED)


def _known(report: TypedReport) -> set[str]:
    return {key for row in report.rows for key in (*row.cells, *row.shares)}
