"""Rows of an office's own file, whichever form it has, and the way back: refused ones, with a column `why`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

WHY = "why"


class Record(NamedTuple):
    """A row or a snapshot by what its mapping may name; one that can't be read has a `refusal`."""

    number: int
    cells: Mapping[str, Any]
    refusal: str = ""


class RecordFile(Protocol):
    """A file of records. `columns` are the headers that it has, empty where each record has its own."""

    suffix: str
    columns: list[str]

    def records(self) -> Iterator[Record]:
        """All of them, in the file's order; may be called again."""
        ...

    def write(self, path: Path, reasons: Mapping[int, str]) -> None:
        """The records with these numbers, as they were, each with its reason."""
        ...
