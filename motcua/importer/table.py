"""A table of events (CSV) as CloudEvents: one row an event, a header that names the columns.

Columns: `id`, `event` (received, resolved ...), `code` (of the dossier), `time` (ISO 8601 with offset), `source` (optional), and one
for each field of the events' data; a term is `term_amount` and `term_unit`. An empty cell is an absent value. Comma or semicolon.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from motcua.failure import Failure
from motcua.importer.line import Line
from shared.contract.envelope import JSON, SPEC_VERSION, event_type
from shared.contract.events import EVENT_DATA, EventData

REQUIRED = ("id", "event", "code", "time")
ENVELOPE = frozenset({*REQUIRED, "source"})
WORDS = {"true": True, "1": True, "yes": True, "x": True, "false": False, "0": False, "no": False}
Converter = Callable[[str], object]
encode = msgspec.json.Encoder().encode


def rows(physical_lines: Iterable[bytes], default_source: str) -> Iterator[Line]:
    """Every row after the header as a line; a row that makes no event carries its refusal."""
    read: list[bytes] = []

    def text() -> Iterator[str]:
        for line in physical_lines:
            read.append(line)
            yield line.decode(errors="surrogateescape")

    lines = text()
    header_line = next(lines, "")
    delimiter = ";" if header_line.count(";") > header_line.count(",") else ","
    header = _header(next(csv.reader([header_line], delimiter=delimiter), []))
    table = csv.reader(lines, delimiter=delimiter, strict=True)
    read.clear()
    number = 2
    while True:
        cells, refusal = _next_row(table)
        if cells is None:
            return
        raw = b"".join(read)
        if refusal is not None:
            yield Line(number, b"", raw, refusal)
        elif any(cell.strip() for cell in cells):
            yield _line(number, raw, header, cells, default_source)
        number += len(read)
        read.clear()


def _header(names: list[str]) -> list[str]:
    header = [name.strip().lower() for name in names]
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        msg = (
            f"the table's first row must name its columns; {', '.join(missing)} not found. "
            f"Needed: {', '.join(REQUIRED)}; then source and the data columns (department, procedure, channel, due_at ...)"
        )
        raise Failure(msg)
    return header


def _next_row(table: Iterator[list[str]]) -> tuple[list[str] | None, str | None]:
    try:
        return next(table), None
    except StopIteration:
        return None, None
    except csv.Error as error:
        return [], f"not a row of the table: {error}"


def _line(number: int, raw: bytes, header: list[str], cells: list[str], default_source: str) -> Line:
    if len(cells) != len(header):
        return Line(number, b"", raw, f"the row has {len(cells)} cells, the header {len(header)}")
    row = {name: value for name, cell in zip(header, cells, strict=True) if (value := cell.strip())}
    try:
        return Line(number, encode(_event(row, default_source)) + b"\n", raw)
    except UnicodeEncodeError:
        return Line(number, b"", raw, "the row is not UTF-8; save the table as CSV UTF-8")


def _event(row: dict[str, str], default_source: str) -> dict[str, object]:
    """The CloudEvent of a row; what is missing or wrong in it is left for intake to refuse."""
    envelope: dict[str, object] = {"specversion": SPEC_VERSION, "source": row.get("source", default_source), "datacontenttype": JSON}
    renamed = {"id": row.get("id"), "subject": row.get("code"), "time": row.get("time")}
    envelope |= {name: value for name, value in renamed.items() if value is not None}
    name = row.get("event", "")
    return envelope | {"type": event_type(name), "data": _event_data(name, row)}


def _event_data(name: str, row: dict[str, str]) -> dict[str, object]:
    converters = _CONVERTERS.get(name, {})
    columns = (column for column in row if column not in ENVELOPE and not column.startswith("term_"))
    found = {column: converters.get(column, str)(row[column]) for column in columns}
    if "term_amount" in row or "term_unit" in row:
        found["term"] = {"amount": _whole(row.get("term_amount", "")), "unit": row.get("term_unit", "")}
    return {column: None for column in _NULLABLE.get(name, ()) if column not in found} | found


def _whole(cell: str) -> object:
    return int(cell) if cell.isascii() and cell.removeprefix("-").isdigit() else cell


def _truth(cell: str) -> object:
    return WORDS.get(cell.lower(), cell)


def _plain(annotation: Any) -> tuple[Any, ...]:
    """The types a field's annotation allows."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return tuple(kind for member in get_args(annotation) for kind in _plain(member))
    return (annotation,)


def _converters(cls: type[EventData]) -> dict[str, Converter]:
    fields = {field.name: _plain(field.type) for field in msgspec.structs.fields(cls)}
    return {name: _truth if bool in kinds else _whole for name, kinds in fields.items() if bool in kinds or int in kinds}


def _nullable(cls: type[EventData]) -> tuple[str, ...]:
    """Fields that must be there and may be null: an empty cell means null."""
    return tuple(field.name for field in msgspec.structs.fields(cls) if field.required and NoneType in _plain(field.type))


_CONVERTERS = {name: _converters(cls) for name, cls in EVENT_DATA.items()}
_NULLABLE = {name: _nullable(cls) for name, cls in EVENT_DATA.items()}
