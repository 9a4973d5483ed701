"""The dossiers behind a figure on both sides: reporting's list, and those that the recount counted in it."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from motcua.verify.counting import Facts, RowOf, figures_by_row
from motcua.verify.question import TOTAL, Cell, Question
from shared.domain.definitions import DEFINITIONS

NAMED = 5


def counted_behind(facts: Iterable[Facts], question: Question, cut: date, cells: Collection[Cell], row_of: RowOf) -> dict[Cell, set[str]]:
    """The codes of the dossiers that the recount counts in each cell: those that, counted alone, are 1 there."""
    found: dict[Cell, set[str]] = {cell: set() for cell in cells}
    columns = {row: [cell for cell in cells if cell.row == row] for row, _ in cells}
    definition = DEFINITIONS[question.definition]
    of_total = columns.get(TOTAL, [])
    for each in facts:
        wanted = columns.get(row_of(each.dossier), []) + of_total
        if wanted:
            for alone in figures_by_row([each], question.period[0], cut, definition, row_of).values():
                for cell in wanted:
                    if alone[cell.column]:
                        found[cell].add(each.dossier.code)
    return found


@dataclass(frozen=True, slots=True)
class ListDifference:
    """What a list says otherwise than the log, and the dossiers that are at fault; falsy when it says the same."""

    detail: str
    dossiers: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.detail)


def compare_list(figure: int, counted: set[str], listed: Sequence[str]) -> ListDifference:
    """A figure's list beside the dossiers that the log counts, of which it must hold each once and no other."""
    held = Counter(listed)
    missing, too_many = counted - held.keys(), held.keys() - counted
    repeated = {code for code, times in held.items() if times > 1}
    said = [
        f"its list holds {len(listed)}" if len(listed) != figure else "",
        _named("its list lacks", missing),
        _named("its list has too many:", too_many),
        _named("its list repeats", repeated),
    ]
    return ListDifference("; ".join(each for each in said if each), frozenset(missing | too_many | repeated))


def _named(what: str, codes: Collection[str]) -> str:
    if not codes:
        return ""
    first, rest = sorted(codes)[:NAMED], len(codes) - NAMED
    return f"{what} {', '.join(first)}" + (f" and {rest} more" if rest > 0 else "")
