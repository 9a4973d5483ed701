"""Makes counts of what was typed: by what a count can be and by the table's own habits, each doubt said."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.checking.numbers import Manner, TypedNumber, read_count, read_share
from shared.checking.table import RowKind, TypedCell, TypedReport, TypedRow
from shared.contract.http.checks import CheckFinding
from shared.domain.columns import BY_KEY

THOUSAND = 1000
MOST_SAID = 20  # cells of one kind of doubt; more are counted


class Spot(NamedTuple):
    """A cell of the checked table: the row's place in it (-1 for the report's own counts) and the figure."""

    row: int
    figure: str


OWN = -1


@dataclass(slots=True)
class CountedReport:
    """The report's counts by cell, and the cells that hold something else: no figure follows from those."""

    typed: TypedReport
    values: dict[Spot, int]
    faults: list[CheckFinding]
    remarks: list[CheckFinding]

    def name(self, row: int) -> str | None:
        """The row's name; None for the total and for the report's own counts."""
        return None if row == OWN or self.typed.rows[row].kind is RowKind.TOTAL else self.typed.rows[row].name

    def at(self, row: int, name: str) -> Spot:
        """Where a count of this name stands for the row: the report's own may be one of the form's, of its total."""
        if row == OWN and name in BY_KEY and name not in self.typed.counts:
            return Spot(
                next((place for place, each in enumerate(self.typed.rows) if each.kind is RowKind.TOTAL), OWN), name
            )
        return Spot(row, name)

    def cell(self, at: Spot) -> TypedCell | None:
        return (self.typed.counts if at.row == OWN else self.typed.rows[at.row].cells).get(at.figure)

    def place(self, at: Spot) -> str | None:
        cell = self.cell(at)
        return None if cell is None else cell.place


def counted(typed: TypedReport) -> CountedReport:
    """The counts of a report, and how they were read."""
    report = CountedReport(typed, {}, list(typed.faults), list(typed.remarks))
    numbers = {
        at: (cell, read_count(cell.typed))
        for row, cells in [(OWN, typed.counts), *((place, row.cells) for place, row in enumerate(typed.rows))]
        for figure, cell in cells.items()
        for at in [Spot(row, figure)]
    }
    blanks_are_zeros = _writes_blanks_for_zeros(typed.rows, [number for _, number in numbers.values()])
    dashes: list[tuple[Spot, TypedCell]] = []
    blanks: list[tuple[Spot, TypedCell]] = []
    for at, (cell, number) in numbers.items():
        match number.manner:
            case Manner.DASH:
                report.values[at] = 0
                dashes.append((at, cell))
            case Manner.EMPTY:
                if blanks_are_zeros and at.row != OWN:
                    report.values[at] = 0
                    blanks.append((at, cell))
            case Manner.UNREADABLE:
                code = "percent_in_count" if read_share(cell.typed).percent else "unreadable"
                report.faults.append(_found(report, code, at, cell))
            case _:
                _take(report, at, cell, number)
    report.remarks += [*_summed(report, "dash_is_zero", dashes), *_summed(report, "blank_is_zero", blanks)]
    report.remarks += _grouping(report, numbers)
    return report


def _take(report: CountedReport, at: Spot, cell: TypedCell, number: TypedNumber) -> None:
    assert number.value is not None
    if number.is_whole and number.value >= 0:
        report.values[at] = int(number.value)
        return
    code = "negative_count" if number.value < 0 else "fraction_of_a_count"
    report.faults.append(_found(report, code, at, cell, stated=f"{number.value:f}"))


def _found(report: CountedReport, code: str, at: Spot, cell: TypedCell, stated: str | None = None) -> CheckFinding:
    return CheckFinding(
        code=code, row=report.name(at.row), figure=at.figure, cell=cell.place, typed=cell.typed, stated=stated
    )


def _summed(report: CountedReport, code: str, cells: Sequence[tuple[Spot, TypedCell]]) -> Iterator[CheckFinding]:
    """One remark for all of them, which shows the first."""
    if cells:
        at, cell = cells[0]
        yield CheckFinding(
            code=code,
            row=report.name(at.row),
            figure=at.figure,
            cell=cell.place,
            typed=cell.typed,
            stated="0",
            times=len(cells),
        )


def _writes_blanks_for_zeros(rows: Sequence[TypedRow], numbers: Sequence[TypedNumber]) -> bool:
    """A table that nowhere writes a zero, and leaves cells empty in columns that it uses, writes zeros so."""
    if any(number.manner is Manner.DASH or number.value == 0 for number in numbers):
        return False
    empty: set[str] = set()
    filled: set[str] = set()
    for row in rows:
        for figure, cell in row.cells.items():
            (filled if cell.typed.strip() else empty).add(figure)
    return bool(empty & filled)


def _grouping(report: CountedReport, numbers: Mapping[Spot, tuple[TypedCell, TypedNumber]]) -> Iterator[CheckFinding]:
    """How thousands were told: one remark for the table's habit, one for each cell that is written unlike it."""
    large = {
        at: (cell, number)
        for at, (cell, number) in numbers.items()
        if number.value is not None and abs(number.value) >= THOUSAND and number.is_whole
    }
    habits = Counter(number.group for _, number in large.values())
    habit = max(habits, key=lambda sign: (habits[sign], sign), default="")
    points = _points_of_shares(report.typed)
    doubtful = [(at, cell, number.group) for at, (cell, number) in large.items() if number.group in (".", ",")]
    usual = [each for each in doubtful if each[2] == habit]
    unusual = [each for each in doubtful if each[2] != habit]
    if usual:
        at, cell, sign = usual[0]
        code = "point_groups_here" if sign in points else "grouped"
        yield _read_as(report, code, at, cell, len(usual))
    for place, (at, cell, _) in enumerate(unusual[:MOST_SAID]):
        more = len(unusual) - MOST_SAID if place == MOST_SAID - 1 and len(unusual) > MOST_SAID else 0
        yield _read_as(report, "grouped_unlike_others", at, cell, 1 + more)


def _read_as(report: CountedReport, code: str, at: Spot, cell: TypedCell, times: int) -> CheckFinding:
    value = report.values.get(at)
    return CheckFinding(
        code=code,
        row=report.name(at.row),
        figure=at.figure,
        cell=cell.place,
        typed=cell.typed,
        stated=None if value is None else str(value),
        times=times,
    )


def _points_of_shares(typed: TypedReport) -> set[str]:
    cells = [cell for row in typed.rows for cell in row.shares.values()] + [share.cell for share in typed.shares]
    return {read_share(cell.typed).point for cell in cells} - {""}
