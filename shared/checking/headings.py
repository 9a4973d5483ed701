"""Finds what the columns of a sheet are: by the form's column numbers, by the headings of the form, or by our keys."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shared.checking.numbers import FOOTNOTE_MARK
from shared.checking.sheets import Grid
from shared.checking.table import ANY_ON_TIME, ANY_ONLINE, ANY_OVERDUE, RATIOS, Ratio
from shared.domain.columns import KEYS, OF_FORM, SHARE_KEYS
from shared.language.words import FIGURES

FIRST_ROWS = 60  # of a sheet, in which its headings stand
FEWEST_KEYS, FEWEST_NUMBERS, FEWEST_HEADINGS = 2, 6, 3
MOST_NUMBER = 60
OF_LINE = (1, 2)  # the columns of a line's number and name
_NUMBER = re.compile(r"\(?\s*(\d{1,2})\s*\)?(?:\s*=.*)?", re.ASCII)
_BETWEEN = re.compile(r"\(?\s*\d{1,2}[a-z]\s*\)?(?:\s*=.*)?", re.ASCII)
"""The mark of a column between two numbered ones, such as (10a): its words say what it is."""
_IN_PROGRESS = ("dang giai quyet", "chua giai quyet", "dang xu ly", "chua den han", "in progress", "con ton")
_RESOLVED = ("da giai quyet", "ket qua giai quyet", "da xu ly", "giai quyet xong", "resolved")
_RECEIVED = ("tiep nhan", "nhan giai quyet", "phai giai quyet", "can giai quyet", "received", "to handle")
_SHARE = ("ty le", "ti le", "%", "phan tram", "share", "percent")
_LEAVES = {
    "received": (
        (("ky truoc",), "carried_over"),
        (("carried over",), "carried_over"),
        (("period before",), "carried_over"),
        (("truc tiep", "buu chinh"), "received_in_person_or_postal"),
        (("in person", "post"), "received_in_person_or_postal"),
        (("truc tuyen",), "received_online"),
        (("online",), "received_online"),
        (("truc tiep",), "received_in_person"),
        (("buu chinh",), "received_postal"),
        (("tong",), "received_total"),
        (("total",), "received_total"),
        (("in all",), "received_total"),
    ),
    "resolved": (
        (("truoc han",), "resolved_early"),
        (("early",), "resolved_early"),
        (("dung han",), "resolved_on_time"),
        (("on time",), "resolved_on_time"),
        (("qua han",), "resolved_overdue"),
        (("tre han",), "resolved_overdue"),
        (("overdue",), "resolved_overdue"),
        (("khong quy dinh",), "resolved_no_deadline"),
        (("without a deadline",), "resolved_no_deadline"),
        (("tong",), "resolved_total"),
        (("total",), "resolved_total"),
        (("in all",), "resolved_total"),
    ),
    "in_progress": (
        (("trong han",), "in_progress_within"),
        (("chua den han",), "in_progress_within"),
        (("within",), "in_progress_within"),
        (("qua han",), "in_progress_overdue"),
        (("tre han",), "in_progress_overdue"),
        (("overdue",), "in_progress_overdue"),
        (("tong",), "in_progress_total"),
        (("total",), "in_progress_total"),
        (("in all",), "in_progress_total"),
    ),
}
_TIMELINESS = ("truoc han", "dung han", "qua han", "trong han", "tre han")
_SHARES: tuple[tuple[str, str, tuple[Ratio, ...]], ...] = (
    ("truc tuyen", "online_share", ANY_ONLINE),
    ("online", "online_share", ANY_ONLINE),
    ("truoc han", "early_share", RATIOS["early_share"]),
    ("dung han", "on_time_share", ANY_ON_TIME),
    ("qua han", "overdue_share", ANY_OVERDUE),
    ("tre han", "overdue_share", ANY_OVERDUE),
)


def plain(text: str) -> str:
    """Words without case, tones, signs and marks of footnotes, so that TRỰC TUYẾN and Truc tuyen are the same."""
    letters = unicodedata.normalize("NFKD", FOOTNOTE_MARK.sub("", text).casefold().replace("đ", "d"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w%]+|_", " ", bare).split())


_EXACT = {plain(name): key for key, names in FIGURES.items() for name in names}
"""The names that we print ourselves."""


@dataclass(frozen=True, slots=True)
class ColumnHeading:
    """What a column is: a figure, a percentage of what, or nothing known (`key` is None)."""

    column: int
    text: str
    key: str | None
    ratios: tuple[Ratio, ...] = ()
    by_number: str | None = None  # the figure that the column's number would make it


@dataclass(frozen=True, slots=True)
class SheetHead:
    """The columns of a sheet, and the row that its data begin after."""

    last_row: int
    columns: list[ColumnHeading]
    by_key: bool = False

    @property
    def first(self) -> int:
        """The leftmost column of figures; left of it stand number and name."""
        return min(each.column for each in self.columns if each.key)


def find_headings(grid: Grid) -> SheetHead | None:
    """The headings of a sheet, or None when it has none that can be made out."""
    first = range(min(FIRST_ROWS, len(grid.rows)))
    for row in first:
        if sum(cell.strip() in KEYS for cell in grid.rows[row]) >= FEWEST_KEYS:
            return _of_keys(grid, row)
    for row in first:
        numbers = _numbers(grid.rows[row])
        if numbers:
            return _with_words(grid, row, _top(grid, row), numbers)
    for row in first:
        top = _top(grid, row)
        headings = _with_words(grid, row, top, {})
        if len(headings.columns) and len({each.key for each in headings.columns} - {None}) >= FEWEST_HEADINGS:
            last = row
            while last + 1 < len(grid.rows) and _more_words(grid, headings, last + 1):
                last += 1
                headings = _with_words(grid, last, top, {})
            return headings
    return None


def column_number(text: str) -> int | None:
    """The number of a column: (3), 3 or (3)=(4)+(5)+(6)."""
    found = _NUMBER.fullmatch(text)
    return None if found is None else int(found[1])


def is_heading(text: str) -> bool:
    """Whether a text is words of the form's headings, and no figure."""
    words = plain(text)
    if any(sign.isdecimal() for sign in words):
        return False
    leaves = (wanted for group in _LEAVES.values() for wanted, _key in group)
    return (
        _group(words) is not None or "trong ky" in words or any(all(map(words.__contains__, leaf)) for leaf in leaves)
    )


def _of_keys(grid: Grid, row: int) -> SheetHead:
    columns = []
    for column, cell in enumerate(grid.rows[row]):
        key = cell.strip()
        known = key in KEYS or key in SHARE_KEYS
        columns.append(ColumnHeading(column, key, key if known else None, RATIOS.get(key, ())))
    return SheetHead(row, columns, by_key=True)


def _numbers(cells: Sequence[str]) -> dict[int, int]:
    """Column to the form's number: a row of ascending numbers, those of the form among them, perhaps between words."""
    numbers: dict[int, int] = {}
    words = words_before = False
    for column, cell in enumerate(cells):
        if not cell.strip() or _BETWEEN.fullmatch(cell.strip()):
            continue
        found = _NUMBER.fullmatch(cell.strip())
        if found is not None and not words:
            numbers[column] = int(found[1])
        elif found is None and not any(sign.isdecimal() for sign in cell):
            words, words_before = bool(numbers), words_before or not numbers
        else:
            return {}
    found_numbers = list(numbers.values())
    if words_before and found_numbers[:1] not in ([number + 1] for number in OF_LINE):
        return {}
    ascending = found_numbers == sorted(set(found_numbers)) and found_numbers[-1:] < [MOST_NUMBER]
    return numbers if ascending and len(numbers) >= FEWEST_NUMBERS and _of_the_form({*found_numbers}) else {}


def _of_the_form(numbers: set[int]) -> bool:
    """Whether these are column numbers of the form: two of its totals, or all of its first group."""
    return {3, 7} <= numbers or {3, 4, 5, 6} <= numbers


def _top(grid: Grid, last: int) -> int:
    """The first row of the headings that end with `last`: the uppermost that names a group beside other columns."""
    top = last
    for row in range(last, max(-1, last - 8), -1):
        cells = {plain(cell) for cell in grid.rows[row] if cell.strip()}
        if any(_group(cell) for cell in cells) and len(cells) >= FEWEST_HEADINGS:
            top = row
    return top


def _with_words(grid: Grid, last: int, top: int, numbers: Mapping[int, int]) -> SheetHead:
    """Each column by the words above it; one without words that say it, by its number.

    Where words contradict a number the table is numbered in a way of its own, and no words are passed over for one.
    """
    width = max(len(grid.rows[row]) for row in range(top, last + 1))
    columns: list[ColumnHeading] = []
    for column, path in enumerate(_paths(grid, top, last - 1 if numbers else last, width)):
        beside = grid.at(last, column).strip() if numbers and column not in numbers else ""
        said = (*path, beside) if beside and not _BETWEEN.fullmatch(beside) else path
        key, ratios = (None, ()) if numbers.get(column) in OF_LINE else _key_of(said)
        by_number = OF_FORM[numbers[column]].key if numbers.get(column) in OF_FORM else None
        text = " / ".join(said) or (f"({numbers[column]})" if column in numbers else "")
        columns.append(ColumnHeading(column, text, key, ratios, by_number))
    own_numbers = any(each.key and each.by_number not in (None, each.key) for each in columns)
    return SheetHead(last, [_settled(each, own_numbers=own_numbers) for each in columns])


def _settled(heading: ColumnHeading, *, own_numbers: bool) -> ColumnHeading:
    if heading.key is not None or (own_numbers and not heading.text.startswith("(")):
        return heading
    return replace(heading, key=heading.by_number)


def _paths(grid: Grid, top: int, last: int, width: int) -> list[tuple[str, ...]]:
    """The heading texts above each column; one that stands over several columns is written in the first of them."""
    paths: list[list[str]] = [[] for _ in range(width)]
    for row in range(top, last + 1):
        over, parents = "", list(map(tuple, paths))
        for column in range(width):
            text = " ".join(grid.at(row, column).split())
            below = any(grid.at(deeper, column).strip() for deeper in range(row + 1, last + 1))
            same_parent = column > 0 and parents[column] == parents[column - 1]
            if text:
                over = text
            elif not (over and below and (same_parent or row == top)):
                over = ""
            if over:
                paths[column].append(over)
    return [tuple(path) for path in paths]


def _group(text: str) -> str | None:
    """Which of the form's three groups a heading belongs to."""
    for name, words in (("in_progress", _IN_PROGRESS), ("resolved", _RESOLVED), ("received", _RECEIVED)):
        if any(word in text for word in words):
            return name
    return "resolved" if "giai quyet" in text else None


def _key_of(path: Sequence[str]) -> tuple[str | None, tuple[Ratio, ...]]:
    """The figure that the words say, or the percentage and what it may be of."""
    if not path:
        return None, ()
    texts = [plain(text) for text in path]
    if texts[-1] in _EXACT:
        key = _EXACT[texts[-1]]
        return key, RATIOS.get(key, ())
    words = " ".join(texts)
    leaf = texts[-1]
    if any(word in words for word in _SHARE):
        return next(((key, ratios) for word, key, ratios in _SHARES if word in leaf or word in words), (None, ()))
    if sum(word in leaf for word in _TIMELINESS) > 1:
        return None, ()
    group = next((found for text in reversed(texts) if (found := _group(text))), None)
    for said in (leaf, words):
        for wanted, key in _LEAVES.get(group or "", ()):
            if all(word in said for word in wanted):
                return key, ()
    total = f"{group}_total"
    return (total if group and len(texts) == 1 and _is_total(leaf) else None), ()


def _is_total(leaf: str) -> bool:
    return leaf.startswith(("so ho so", "ho so", "so luong", "da ", "dang ", "tiep nhan"))


def _more_words(grid: Grid, headings: SheetHead, row: int) -> bool:
    """Whether the row goes on with headings: words in columns of figures, and no number there."""
    cells = [grid.at(row, each.column).strip() for each in headings.columns if each.column >= headings.first]
    return any(cells) and not any(cell[:1].isdecimal() for cell in cells) and any(plain(cell) for cell in cells)
