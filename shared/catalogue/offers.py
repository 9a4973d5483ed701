"""Procedures with their versions, from procedures.toml; a level that has ended ends its procedures (levels.toml)."""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from shared.catalogue import files
from shared.catalogue.errors import CatalogueError
from shared.catalogue.model import Department, Procedure
from shared.catalogue.rows import LevelRow, ProcedureRow
from shared.domain.terms import Term, TermUnit


def procedures(file: Path, levels_file: Path, departments: Mapping[str, Department]) -> tuple[Procedure, ...]:
    """Every version in the file's order.

    Shipped procedures of departments that an office's own list does not have are left out; its own must name its departments.
    """
    levels = _levels(levels_file)
    found: list[tuple[str, Procedure]] = []
    for label, row in files.rows(file, files.read(file), "procedures", ProcedureRow):
        unknown = [code for code in (row.department, *row.departments) if code is not None and code not in departments]
        if unknown:
            if file.parent == files.SHIPPED:
                continue
            fix = f"department {unknown[0]} is not in {files.DEPARTMENTS}; add it there or correct the code here"
            raise CatalogueError(file, label, fix)
        found.append((label, _procedure(file, label, row, levels)))
    _check_versions(file, found)
    return tuple(procedure for _, procedure in found)


def _levels(file: Path) -> dict[str, LevelRow]:
    return {row.code: row for _, row in files.rows(file, files.read(file), "levels", LevelRow)}


def _procedure(file: Path, label: str, row: ProcedureRow, levels: Mapping[str, LevelRow]) -> Procedure:
    level = levels.get(row.level)
    if level is None:
        raise CatalogueError(file, label, f"level {row.level} is not in {files.LEVELS}; add it there or correct the level here")
    if row.same_day and row.term is not None:
        raise CatalogueError(file, label, "same_day = true and a term exclude each other; delete one of them")
    if row.departments and row.department is None:
        raise CatalogueError(file, label, "departments stands beside a department; name the first one as department = ...")
    first, last = row.valid_from or level.valid_from, row.valid_to or level.valid_to
    if first is not None and last is not None and last < first:
        where = "" if row.valid_to else f" (level {row.level} ended then)"
        raise CatalogueError(file, label, f"valid_to {last}{where} lies before valid_from {first}; correct valid_from or give a valid_to")
    term = None if row.term is None else Term(row.term.amount, TermUnit(row.term.unit))
    return Procedure(
        code=row.code,
        name=row.name,
        department=row.department,
        field=row.field,
        level=row.level,
        term=term,
        closing_hour=row.closing_hour,
        same_day=row.same_day,
        valid_from=first,
        valid_to=last,
        departments=tuple(row.departments),
        channels=tuple(row.channels),
        online_levels=tuple(row.online_levels),
    )


def _check_versions(file: Path, found: list[tuple[str, Procedure]]) -> None:
    """No day has two versions of a procedure."""
    in_time = sorted(found, key=lambda version: (version[1].code, version[1].valid_from or date.min))
    for (_, earlier), (label, later) in pairwise(in_time):
        if earlier.code == later.code and (earlier.valid_to or date.max) >= (later.valid_from or date.min):
            fix = f"procedure {later.code} stands there already for the same days; keep one entry"
            if later.valid_from is not None:
                fix += f", or end the earlier version with valid_to = {later.valid_from - timedelta(days=1)}"
            raise CatalogueError(file, label, fix)
