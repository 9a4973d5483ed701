"""The numbers of a document by name: `total.<column>`, and `<dimension>.<value>.<column>` for those of its rows."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

TOTAL = "total"
NOT_IN_CATALOGUE = "-"
KEY = "key"
CellCounts = dict[str, int]


def cell_name(by: str | None, value: str | None, column: str) -> str:
    """The name of a number; of the total without a dimension."""
    return f"{TOTAL}.{column}" if by is None else f"{by}.{NOT_IN_CATALOGUE if value is None else value}.{column}"


def counts(row: Mapping[str, Any]) -> CellCounts:
    """The counts of a row by column: shares are texts, and the key is an object."""
    return {column: count for column, count in row.items() if type(count) is int}


def cells_of(document: Mapping[str, Any]) -> CellCounts:
    """Every count of a document with figures."""
    return dict(_named(document))


def _named(document: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for column, count in counts(document[TOTAL]).items():
        yield cell_name(None, None, column), count
    for table in document["tables"]:
        for row in table["rows"]:
            for column, count in counts(row).items():
                yield cell_name(table["by"], row[KEY][table["by"]], column), count


def column_of(cell: str) -> str:
    """The column of a number's name."""
    return cell.rpartition(".")[2]


def differing(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """The names of the numbers that are not the same, in the order of the documents; one that is not there is 0.

    A column that only the later one has is none that changed: it came with a release.
    """
    columns = {column_of(name) for name in before}
    names = [name for name in dict.fromkeys([*before, *after]) if column_of(name) in columns]
    return [name for name in names if before.get(name, 0) != after.get(name, 0)]


def moved_by(dossiers: Iterable[Mapping[str, Any]]) -> CellCounts:
    """By how much dossiers that moved change each number."""
    change: CellCounts = {}
    for dossier in dossiers:
        for step, names in ((-1, dossier["left"]), (1, dossier["entered"])):
            for name in names:
                change[name] = change.get(name, 0) + step
    return change
