"""What breaks among the sums of a report, which single cells would repair it, and what is unknown."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replace_parts

from msgspec.structs import replace

from shared.checking.bounds import KnownParts
from shared.checking.counts import CountedReport, Spot
from shared.checking.rules import SECTION_ROW, TOTAL_ROW, Equation, equations, limits, wholes
from shared.checking.whole_rows import counted_twice, row_too_few_or_many
from shared.contract.http.checks import CheckedCell, CheckFinding, CheckRepair, HoldingRule, RepairedCell, UncheckedRule
from shared.domain.columns import BY_KEY, KEYS

MOST_REPAIRS = 12
MOST_PARTS = 100  # of a sum, that are told


@dataclass(slots=True)
class CheckedSums:
    """What the equations of a report came to."""

    findings: list[CheckFinding] = field(default_factory=list)
    repairs: list[CheckRepair] = field(default_factory=list)
    unchecked: list[UncheckedRule] = field(default_factory=list)
    holding: list[HoldingRule] = field(default_factory=list)


def check_sums(report: CountedReport) -> CheckedSums:
    """Each equation: broken, holding, or unknown for want of a figure; then the repairs of the broken ones."""
    checked = CheckedSums()
    every = equations(report)
    known_parts = KnownParts(report.values, [*every, *wholes(report)])
    broken: dict[int, Equation] = {}
    known: list[Equation] = []
    held: dict[str, set[int]] = defaultdict(set)
    unknown: dict[tuple[str, tuple[str, ...]], list[Equation]] = defaultdict(list)
    for equation in every:
        missing = tuple(cell for cell in equation.cells if cell not in report.values)
        if not missing:
            known.append(equation)
            if _excess(report, equation):
                broken[len(checked.findings)] = equation
                checked.findings.append(_broken(report, equation))
            else:
                held[equation.rule].add(equation.total.row)
        elif _exceeded(report, at_least := replace_parts(equation, parts=known_parts.of(equation.parts))):
            checked.findings.append(_at_least(report, at_least))
        else:
            unknown[equation.rule, tuple(sorted({cell.figure for cell in missing}, key=_column))].append(equation)
    whole_rows = _of_whole_rows(report, broken, checked.findings)
    _check_limits(report, checked, held)
    checked.holding = [HoldingRule(rule=rule, rows=len(rows)) for rule, rows in held.items()]
    checked.unchecked = [_unchecked(report, rule, missing, those) for (rule, missing), those in unknown.items()]
    explained = {place for repair in whole_rows for place in repair.breaks}
    left = {place: equation for place, equation in broken.items() if place not in explained}
    checked.repairs = [*whole_rows, *_repairs(report, left, known)]
    return checked


def _column(figure: str) -> tuple[int, str]:
    """In the form's order."""
    return (KEYS.index(figure) if figure in BY_KEY else len(KEYS)), figure


def _of_whole_rows(
    report: CountedReport, broken: Mapping[int, Equation], findings: list[CheckFinding]
) -> list[CheckRepair]:
    """Totals that miss their rows as a whole: added to themselves, or with a row too few or too many."""
    by_total: dict[int, list[int]] = defaultdict(list)
    for place, equation in broken.items():
        if equation.rule in (TOTAL_ROW, SECTION_ROW):
            by_total[equation.total.row].append(place)
    repairs = []
    for places in by_total.values():
        those = [broken[place] for place in places]
        if counted_twice(report, those):
            for place in places:
                findings[place] = replace(findings[place], code="counted_twice")
            repairs.append(CheckRepair(code="total_in_itself", breaks=places, cells=[]))
        elif repair := row_too_few_or_many(report, places, those):
            repairs.append(repair)
    return repairs


def _excess(report: CountedReport, equation: Equation) -> int:
    return report.values[equation.total] - sum(report.values[part] for part in equation.parts)


def _exceeded(report: CountedReport, equation: Equation) -> bool:
    """Whether the known parts alone are more than the total."""
    total = report.values.get(equation.total)
    return total is not None and sum(report.values.get(part, 0) for part in equation.parts) > total


def _broken(report: CountedReport, equation: Equation) -> CheckFinding:
    stated, excess = report.values[equation.total], _excess(report, equation)
    code = "limit" if equation.at_most else "identity"
    if equation.own:
        code = "stated_sum"
    elif equation.rule in (TOTAL_ROW, SECTION_ROW):
        code = "sum_of_rows"
    return _finding(report, equation, code, stated, stated - excess)


def _at_least(report: CountedReport, equation: Equation) -> CheckFinding:
    stated, excess = report.values[equation.total], _excess(report, equation)
    return _finding(report, equation, "parts_exceed_total", stated, stated - excess)


def _finding(report: CountedReport, equation: Equation, code: str, stated: int, expected: int) -> CheckFinding:
    at = equation.total
    return CheckFinding(
        code=code,
        rule=equation.rule,
        row=report.name(at.row),
        figure=at.figure,
        cell=report.place(at),
        stated=str(stated),
        expected=str(expected),
        difference=str(stated - expected),
        of=[
            CheckedCell(
                row=report.name(part.row), figure=part.figure, cell=report.place(part), value=str(report.values[part])
            )
            for part in equation.parts[:MOST_PARTS]
        ],
        times=len(equation.parts) if equation.rule in (TOTAL_ROW, SECTION_ROW) else 1,
    )


def _check_limits(report: CountedReport, checked: CheckedSums, held: dict[str, set[int]]) -> None:
    for limit in limits(report):
        known = tuple(part for part in limit.parts if part in report.values)
        if limit.total not in report.values or not known:
            continue
        if _exceeded(report, limit):
            checked.findings.append(_broken(report, Equation(limit.rule, limit.total, known, at_most=True)))
        else:
            held["limit:" + limit.rule].add(limit.total.row)


def _unchecked(report: CountedReport, rule: str, missing: tuple[str, ...], those: Sequence[Equation]) -> UncheckedRule:
    values = {_implied(report, equation) for equation in those}
    return UncheckedRule(
        code="missing",
        rule=rule,
        missing=list(missing),
        rows=[report.name(equation.total.row) for equation in those],
        value=str(values.pop()) if len(those) == len(values) == 1 and None not in values else None,
    )


def _implied(report: CountedReport, equation: Equation) -> int | None:
    """What the only unknown cell would have to hold."""
    missing = [cell for cell in equation.cells if cell not in report.values]
    if len(missing) > 1:
        return None
    parts = sum(report.values.get(part, 0) for part in equation.parts)
    return parts if missing[0] == equation.total else report.values[equation.total] - parts


def _repairs(report: CountedReport, broken: Mapping[int, Equation], known: Sequence[Equation]) -> list[CheckRepair]:
    """For broken equations that share cells: the cells of which one alone would mend all; without any, those of each.

    A cell that takes part in an equation which holds, or in another broken one, is none: it would break that.
    """
    times = Counter(cell for equation in known for cell in equation.cells)
    repairs = []
    for group in _groups(broken):
        repairs.append(_repair(report, broken, group, times))
        if len(group) > 1 and not repairs[-1].cells:
            repairs += [alone for place in group if (alone := _repair(report, broken, [place], times)).cells]
    return repairs


def _repair(
    report: CountedReport, broken: Mapping[int, Equation], group: Sequence[int], times: Mapping[Spot, int]
) -> CheckRepair:
    cells = [
        RepairedCell(
            row=report.name(cell.row),
            figure=cell.figure,
            cell=report.place(cell),
            stated=str(report.values[cell]),
            value=str(value),
        )
        for cell in dict.fromkeys(cell for place in group for cell in broken[place].cells)
        if times[cell] == len(group)
        for value in [_mending(report, cell, [broken[place] for place in group])]
        if value is not None
    ]
    return CheckRepair(breaks=list(group), cells=cells[:MOST_REPAIRS])


def _mending(report: CountedReport, cell: Spot, those: Sequence[Equation]) -> int | None:
    """The number in the cell that makes all of these equations hold."""
    values = set()
    for equation in those:
        if cell not in equation.cells:
            return None
        excess = _excess(report, equation)
        values.add(report.values[cell] + (-excess if cell == equation.total else excess))
    value = values.pop()
    return value if not values and value >= 0 else None


def _groups(broken: Mapping[int, Equation]) -> Iterator[list[int]]:
    """Equations that hang together by a cell, each by its finding."""
    left = dict(broken)
    while left:
        first = next(iter(left))
        group, cells = [first], set(left.pop(first).cells)
        while joined := [place for place, equation in left.items() if cells & set(equation.cells)]:
            for place in joined:
                cells |= set(left.pop(place).cells)
            group += joined
        yield sorted(group)
