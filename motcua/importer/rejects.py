"""The file of refused lines, in the form they came in, so that they can be corrected and imported again."""

from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Self

import msgspec
from msgspec import Struct

from motcua.files import check_writable, writing
from motcua.importer.csv_rows import csv_row
from motcua.importer.lines import SPOOL_BYTES, EventLine
from motcua.importer.ports import RefusedAs
from motcua.importer.table import REFUSED_COLUMNS, Table

BYTE_ORDER_MARK = "\ufeff"  # spreadsheets need it


class Reject(Struct):
    line: int
    code: str
    detail: str
    id: str | None
    raw: str


_encode = msgspec.json.Encoder().encode


class Rejects(AbstractContextManager["Rejects"]):
    """Collects refused lines; at the end they are in `path` by line number, or the file of an earlier run is gone.

    Lines of NDJSON are written as JSON with the line in `raw`; rows of a table as rows, after line, code and detail.
    """

    def __init__(self, path: Path, table: Table | None = None) -> None:
        check_writable(path)
        self.path = path
        self._table = table
        self._spool = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - closed by __exit__
        self._places: list[tuple[int, int, int]] = []  # line number, offset, length

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        try:
            if (
                error is None or self._places
            ):  # a run that failed before it refused anything says nothing of the lines refused before
                self._write()
        finally:
            self._spool.close()

    def add(self, line: EventLine, refusal: RefusedAs) -> bool:
        """Take a line; every one comes back."""
        if self._table is None:
            record = _encode(Reject(line.number, refusal.code, refusal.detail, refusal.id, line.as_read)) + b"\n"
        else:
            cells = self._table.cells(line)
            record = csv_row([str(line.number), refusal.code, refusal.detail, *cells], self._table.delimiter)
        self._places.append((line.number, self._spool.tell(), len(record)))
        self._spool.write(record)
        return True

    def _write(self) -> None:
        if not self._places:
            if self.path.is_file() or self.path.is_symlink():
                self.path.unlink()
            return
        with writing(self.path, private=True) as file:
            if self._table is not None:
                file.write(
                    BYTE_ORDER_MARK.encode() + csv_row([*REFUSED_COLUMNS, *self._table.header], self._table.delimiter)
                )
            for _number, offset, length in sorted(self._places):
                self._spool.seek(offset)
                file.write(self._spool.read(length))
