"""A table of events (CSV) as CloudEvents: one row an event, a header that names the columns.

Columns: `id`, `event` (received, resolved ...), `code` (of the dossier), `time` (ISO 8601 with offset), `source`
(optional), one for each field of the events' data, a term as `term_amount` and `term_unit`, and `x.<name>` for what an
office keeps besides. An empty cell is an absent value. Comma, semicolon or tab. Rows that came back refused stand
behind three columns more, which are skipped.
"""

import csv
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from itertools import islice
from types import NoneType

import msgspec

from motcua.failure import Failure
from motcua.importer.csv_rows import csv_rows, in_words, refused
from motcua.importer.lines import LONGEST_LINE, EventLine, PhysicalLine
from motcua.mapping.fields import kinds_of
from shared.contract.envelope import JSON, SPEC_VERSION, event_type
from shared.domain.events import EVENT_TYPES, Event
from shared.service.echoes import LONGEST_ECHO, shortened

REQUIRED = ("id", "event", "code", "time")
ENVELOPE = frozenset({*REQUIRED, "source"})
TERM = ("term_amount", "term_unit")
REFUSED_COLUMNS = ("line", "code", "detail")
EXTENSION, EXTENSION_PREFIX = "x", "x."
DELIMITERS = ",;\t"
OTHER_NAMES = {"subject": "code", "dossier": "code", "type": "event", "occurred_at": "time", "received_at": "time"}
WORDS = {"true": True, "1": True, "yes": True, "x": True, "false": False, "0": False, "no": False}
Converter = Callable[[str], object]
encode = msgspec.json.Encoder().encode


class Table:
    """A table with its header: reads rows into lines, and rows that were refused back into cells."""

    def __init__(self, header: bytes, number: int, default_source: str, name: str) -> None:
        text = header.decode(errors="replace")
        self.delimiter = _delimiter(text)
        self._number = number
        self._default_source = default_source
        names = _header(text, self.delimiter, name)
        self._skipped = (
            len(REFUSED_COLUMNS) if tuple(map(_column, names[: len(REFUSED_COLUMNS)])) == REFUSED_COLUMNS else 0
        )
        self.header = names[self._skipped :]
        self._columns = [_column(each) for each in self.header]
        _check(self._columns, name)

    def rows(self, physical_lines: Iterator[PhysicalLine]) -> Iterator[EventLine]:
        """Every row after the header as a line; a row that makes no event carries its refusal."""
        for row in csv_rows(islice(physical_lines, self._number, None), self._number + 1, self.delimiter):
            cells = row.cells
            if cells is None:
                yield from refused(row)
            elif len(cells) - self._skipped != len(self._columns):
                if any(cells):
                    wrong = f"the row has {len(cells)} cells, the header {len(self._columns) + self._skipped}"
                    yield from refused(row._replace(refusal=wrong))
            elif any(cell.strip() for cell in cells):
                yield self._line(row.number, row.text, cells[self._skipped :])

    def cells(self, line: EventLine) -> list[str]:
        """The cells of a refused row, to be corrected where it came from."""
        text = (line.raw or b"").rstrip(b"\r\n").decode(errors="backslashreplace")
        return next(csv.reader(text.splitlines(keepends=True), delimiter=self.delimiter), [])[self._skipped :]

    def _line(self, number: int, raw: bytes, cells: list[str]) -> EventLine:
        row = {name: value for name, cell in zip(self._columns, cells, strict=True) if (value := cell.strip())}
        if "" in row:
            return EventLine(
                number,
                b"",
                raw,
                f"{row['']!r} stands in a column without a name; name it in the first row or empty the cell",
            )
        try:
            return EventLine(number, encode(_event(row, self._default_source)) + b"\n", raw)
        except UnicodeEncodeError:
            return EventLine(number, b"", raw, "the row is not UTF-8; save the table as CSV UTF-8")


def looks_like_a_header(line: bytes) -> bool:
    """Whether it is a table's first row: it names one of the columns that are needed, or holds semicolons or tabs."""
    text = line.decode(errors="replace")
    delimiter = _delimiter(text)
    names = text.split(delimiter)
    return len(names) > 1 and (delimiter != "," or bool({_column(name) for name in names} & set(REQUIRED)))


def _header(text: str, delimiter: str, name: str) -> list[str]:
    csv.field_size_limit(LONGEST_LINE)
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error as wrong:
        raise Failure(f"the first row of {name} can't be read as a table's: {in_words(wrong)}") from wrong


def _delimiter(header: str) -> str:
    return max(DELIMITERS, key=header.count)


def _column(name: str) -> str:
    """A header's cell as a column's name; what stands behind x. is the office's own and stays as it is."""
    name = name.strip().lstrip("\ufeff")
    return (
        EXTENSION_PREFIX + name[len(EXTENSION_PREFIX) :].strip()
        if name.lower().startswith(EXTENSION_PREFIX)
        else name.lower()
    )


def _check(columns: list[str], name: str) -> None:
    """Raises `Failure` before anything is sent: a column that nobody reads would lose what stands in it."""
    wrong = [
        f"{shortened(column, LONGEST_ECHO)}: not a column{_did_you_mean(column)}"
        for column in columns
        if column and not _is_known(column)
    ]
    wrong += [
        f"{column}: named {columns.count(column)} times"
        for column in dict.fromkeys(columns)
        if column and columns.count(column) > 1
    ]
    if missing := [column for column in REQUIRED if column not in columns]:
        needed = ", ".join(REQUIRED)
        wrong.insert(
            0,
            f"{', '.join(missing)} not found; needed are {needed}, "
            "then source and the data columns (department, procedure ...)",
        )
    if wrong:
        own = "" if all(map(_is_known, columns)) else f". Columns of your own are named {EXTENSION_PREFIX}<name>"
        raise Failure(f"{name} is a table whose first row must name its columns. {'; '.join(wrong)}{own}")


def _is_known(column: str) -> bool:
    return column in KNOWN or (column.startswith(EXTENSION_PREFIX) and column != EXTENSION_PREFIX)


def _did_you_mean(column: str) -> str:
    written = "_".join(column.replace("-", " ").split())
    near = OTHER_NAMES.get(written) or next(iter(get_close_matches(written, sorted(KNOWN), n=1)), None)
    return f"; did you mean {near}?" if near else ""


def _event(row: dict[str, str], default_source: str) -> dict[str, object]:
    """The CloudEvent of a row; what is missing or wrong in it is left for intake to refuse."""
    envelope: dict[str, object] = {
        "specversion": SPEC_VERSION,
        "source": row.get("source", default_source),
        "datacontenttype": JSON,
    }
    renamed = {"id": row.get("id"), "subject": row.get("code"), "time": row.get("time")}
    envelope |= {name: value for name, value in renamed.items() if value is not None}
    name = row.get("event", "")
    return envelope | {"type": event_type(name), "data": _event_data(name, row)}


def _event_data(name: str, row: dict[str, str]) -> dict[str, object]:
    converters = _CONVERTERS.get(name, {})
    columns = (
        column
        for column in row
        if column not in ENVELOPE and column not in TERM and not column.startswith(EXTENSION_PREFIX)
    )
    facts = {column: converters.get(column, str)(row[column]) for column in columns}
    if own := {
        column.removeprefix(EXTENSION_PREFIX): cell
        for column, cell in row.items()
        if column.startswith(EXTENSION_PREFIX)
    }:
        facts[EXTENSION] = own
    if "term_amount" in row or "term_unit" in row:
        facts["term"] = {"amount": _whole(row.get("term_amount", "")), "unit": row.get("term_unit", "")}
    return {column: None for column in _NULLABLE.get(name, ()) if column not in facts} | facts


def _whole(cell: str) -> object:
    return int(cell) if cell.isascii() and cell.removeprefix("-").isdigit() else cell


def _truth(cell: str) -> object:
    return WORDS.get(cell.lower(), cell)


def _converters(cls: type[Event]) -> dict[str, Converter]:
    fields = {field.name: kinds_of(field.type) for field in msgspec.structs.fields(cls)}
    return {
        name: _truth if bool in kinds else _whole for name, kinds in fields.items() if bool in kinds or int in kinds
    }


def _nullable(cls: type[Event]) -> tuple[str, ...]:
    """Fields that must be there and may be null: an empty cell means null."""
    return tuple(
        field.name for field in msgspec.structs.fields(cls) if field.required and NoneType in kinds_of(field.type)
    )


_CONVERTERS = {name: _converters(cls) for name, cls in EVENT_TYPES.items()}
_NULLABLE = {name: _nullable(cls) for name, cls in EVENT_TYPES.items()}
KNOWN = (
    ENVELOPE
    | {*TERM}
    | {field.name for cls in EVENT_TYPES.values() for field in msgspec.structs.fields(cls)} - {"term", EXTENSION}
)
