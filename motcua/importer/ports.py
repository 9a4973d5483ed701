"""What an import reads from and what takes back its refused lines, whichever form the file has."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from motcua.importer.lines import EventLine


class RefusedAs(Struct):
    """Why a line was refused: a stable code, words, the event's id and the field at fault where they are known."""

    code: str
    detail: str
    id: str | None = None
    field: str | None = None


class RefusedLines(Protocol):
    """Takes what was refused; at the end of its `with` it is written where it can be corrected."""

    def add(self, line: EventLine, refusal: RefusedAs) -> bool:
        """Whether the line comes back to be corrected; False when no correction mends it and it is told otherwise."""
        ...


class EventSource(Protocol):
    """A file as lines of events; `in_order` when those of each dossier come by time. `batches` may be called again."""

    in_order: bool
    read_bytes: int
    total_bytes: int

    @property
    def rejected_file(self) -> Path: ...

    def batches(self) -> Iterator[list[EventLine]]: ...

    def rejects(self, path: Path) -> AbstractContextManager[RefusedLines]: ...
