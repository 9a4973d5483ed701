"""The file of refused lines: each with its number, the reason, and the line as it was, in the order of the imported file."""

from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from motcua.importer.line import Line

SPOOL_BYTES = 8 << 20


class Reject(Struct):
    line: int
    code: str
    detail: str
    id: str | None
    raw: str


_encode = msgspec.json.Encoder().encode


class Rejects:
    """Collects refused lines as they come; `write` puts them into `path` by line number, or removes the file of an earlier run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._spool = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - closed by __exit__
        self._places: list[tuple[int, int, int]] = []  # line number, offset, length

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None or self._places:  # a run that failed before it refused anything says nothing of the lines refused before
            self.write()
        self._spool.close()

    def add(self, line: Line, code: str, detail: str, event_id: str | None) -> None:
        record = _encode(Reject(line.number, code, detail, event_id, line.as_read)) + b"\n"
        self._places.append((line.number, self._spool.tell(), len(record)))
        self._spool.write(record)

    def write(self) -> None:
        if not self._places:
            self.path.unlink(missing_ok=True)
            return
        with self.path.open("wb") as file:
            for _number, offset, length in sorted(self._places):
                self._spool.seek(offset)
                file.write(self._spool.read(length))
