"""Percentages: whether each is right of what it is said to be of, and of which other counts it would be right."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from msgspec.structs import replace

from shared.checking.counts import OWN, CountedReport
from shared.checking.numbers import Manner, TypedNumber, read_share
from shared.checking.rules import BY_CHANNEL
from shared.checking.table import Ratio, TypedCell
from shared.contract.http.checks import CheckedCell, CheckFinding, HoldingRule, ShareBase, UncheckedRule
from shared.domain.columns import KEYS
from shared.domain.figures import HUNDRED, shares_of_row

MOST_BASES = 6
MOST_DECIMALS = 9  # a spreadsheet's own arithmetic is no better
MOST_PERCENT = 1_000_000_000


@dataclass(slots=True)
class CheckedShares:
    """What the percentages of a report came to."""

    findings: list[CheckFinding] = field(default_factory=list)
    remarks: list[CheckFinding] = field(default_factory=list)
    unchecked: list[UncheckedRule] = field(default_factory=list)
    holding: list[HoldingRule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Stated:
    """A percentage as it stands in a row (or as the report's own, in none), and what it may be of what."""

    name: str
    row: int
    cell: TypedCell
    ratios: tuple[Ratio, ...]


def check_shares(report: CountedReport) -> CheckedShares:
    """Each percentage that is stated: right, wrong, or unknown for want of a count."""
    checked = CheckedShares()
    held: dict[str, set[int]] = defaultdict(set)
    unknown: dict[tuple[str, str, tuple[str, ...]], list[int]] = defaultdict(list)
    every = [(stated, read_share(stated.cell.typed)) for stated in _stated(report)]
    fractions = _are_fractions(report, every)
    if fractions is not None:
        checked.remarks.append(fractions)
    for stated, typed in every:
        number = typed if fractions is None else typed.times_hundred()
        if number.manner in (Manner.EMPTY, Manner.DASH):
            unknown["no_percentage", stated.name, ()].append(stated.row)
            continue
        fault = _no_percentage(report, stated, number)
        if fault is not None:
            checked.findings.append(fault)
            continue
        known = _known(report, stated)
        if not known:
            missing = tuple(
                dict.fromkeys(
                    name
                    for ratio in stated.ratios[:1]
                    for name in _names(ratio)
                    if _value(report, stated.row, name) is None
                )
            )
            unknown["missing" if stated.ratios else "no_base", stated.name, missing].append(stated.row)
            continue
        assert number.value is not None
        _judge(report, stated, number.value, known, checked=checked, held=held)
    checked.unchecked = [
        UncheckedRule(code=code, rule=name, missing=list(missing), rows=[report.name(row) for row in rows])
        for (code, name, missing), rows in unknown.items()
    ]
    checked.holding = [HoldingRule(rule="share:" + name, rows=len(rows)) for name, rows in held.items()]
    return checked


def _are_fractions(report: CountedReport, every: Sequence[tuple[_Stated, TypedNumber]]) -> CheckFinding | None:
    """The remark that all percentages were read as fractions of 1, where only so any of them is right."""
    numbers = [(stated, number) for stated, number in every if number.value is not None]
    if not numbers or any(number.percent or not 0 <= (number.value or 0) <= 1 for _, number in numbers):
        return None
    if any(_is_right(report, stated, number) for stated, number in numbers):
        return None
    right = [each for each in numbers if _is_right(report, each[0], each[1].times_hundred())]
    if not right:
        return None
    stated, number = right[0]
    return CheckFinding(
        code="shares_are_fractions",
        row=report.name(stated.row),
        figure=stated.name,
        cell=stated.cell.place,
        typed=stated.cell.typed,
        stated=f"{number.times_hundred().value:f}",
        times=len(numbers),
    )


def _is_right(report: CountedReport, stated: _Stated, number: TypedNumber) -> bool:
    """Whether the percentage, if it is not 0, is right of one of its wholes."""
    assert number.value is not None
    quantum = Decimal(1).scaleb(int(number.value.as_tuple().exponent))
    return number.value > 0 and any(
        _percent(report, stated.row, ratio, quantum) == number.value
        for ratio in _known(report, stated)
        if _sum(report, stated.row, ratio.whole)
    )


def _stated(report: CountedReport) -> Iterator[_Stated]:
    typed = report.typed
    for place, row in enumerate(typed.rows):
        for name, cell in row.shares.items():
            yield _Stated(name, place, cell, typed.ratios[name])
    for share in typed.shares:
        ratios = () if share.part is None or share.whole is None else (Ratio(share.part, share.whole),)
        yield _Stated(share.name, OWN, share.cell, ratios)


def _known(report: CountedReport, stated: _Stated) -> list[Ratio]:
    """The ratios whose counts the report has; those that stand in for others only where it has none of the others."""
    every = [
        ratio for ratio in stated.ratios if all(_value(report, stated.row, name) is not None for name in _names(ratio))
    ]
    return [ratio for ratio in every if not ratio.instead] or every


def _names(ratio: Ratio) -> tuple[str, ...]:
    return (*ratio.part, *ratio.whole)


def _value(report: CountedReport, row: int, name: str) -> int | None:
    """A count of the row, column 5 also from its two parts; of the report's own shares one of its own or its total."""
    at = report.at(row, name)
    found = report.values.get(at)
    if found is None and name == BY_CHANNEL.key and report.cell(at) is None:
        parts = [_value(report, row, part) for part in BY_CHANNEL.parts]
        return None if None in parts else sum(part or 0 for part in parts)
    return found


def _no_percentage(report: CountedReport, stated: _Stated, number: TypedNumber) -> CheckFinding | None:
    """What no percentage of a part can be: no number, below 0 or above 100."""
    if number.value is None:
        return _finding(report, stated, "unreadable")
    if not 0 <= number.value <= HUNDRED:
        return _finding(report, stated, "impossible_share", number.value)
    return None


def _finding(report: CountedReport, stated: _Stated, code: str, value: Decimal | None = None) -> CheckFinding:
    return CheckFinding(
        code=code,
        row=report.name(stated.row),
        figure=stated.name,
        cell=stated.cell.place,
        typed=stated.cell.typed,
        stated=None if value is None else f"{value:f}",
    )


def _judge(
    report: CountedReport,
    stated: _Stated,
    value: Decimal,
    known: Sequence[Ratio],
    *,
    checked: CheckedShares,
    held: dict[str, set[int]],
) -> None:
    value = round(value, MOST_DECIMALS) if -int(value.as_tuple().exponent) > MOST_DECIMALS else value
    quantum = Decimal(1).scaleb(int(value.as_tuple().exponent))
    with_base = [ratio for ratio in known if _sum(report, stated.row, ratio.whole)]
    if not with_base:
        if value:
            checked.findings.append(_of_nothing(report, stated, value, known[0]))
        else:
            held[stated.name].add(stated.row)
        return
    plain = {ratio: _percent(report, stated.row, ratio, quantum) for ratio in with_base}
    right = [ratio for ratio, percent in plain.items() if percent == value]
    ratio = with_base[0]
    if right:
        held[stated.name].add(stated.row)
        if ratio not in right:
            _add_remark(checked, _wrong(report, stated, right[0], code="share_of", value=value, expected=value))
        return
    if ratio.of_hundred and value == _of_hundred(report, stated.row, ratio, quantum):
        held[stated.name].add(stated.row)
        _add_remark(
            checked, _wrong(report, stated, ratio, code="rounded_to_hundred", value=value, expected=plain[ratio])
        )
        return
    exact = HUNDRED * _sum(report, stated.row, ratio.part) / _sum(report, stated.row, ratio.whole)
    code = "share_cut_off" if value == exact.quantize(quantum, ROUND_DOWN) else "share"
    checked.findings.append(_wrong(report, stated, ratio, code=code, value=value, expected=plain[ratio]))


def _add_remark(checked: CheckedShares, remark: CheckFinding) -> None:
    """One for all percentages of a kind, which shows the first."""
    for place, before in enumerate(checked.remarks):
        if (before.code, before.figure) == (remark.code, remark.figure):
            checked.remarks[place] = replace(before, times=before.times + 1)
            return
    checked.remarks.append(remark)


def _sum(report: CountedReport, row: int, names: Sequence[str]) -> int:
    return sum(_value(report, row, name) or 0 for name in names)


def _percent(report: CountedReport, row: int, ratio: Ratio, quantum: Decimal) -> Decimal:
    part, whole = _sum(report, row, ratio.part), _sum(report, row, ratio.whole)
    return (HUNDRED * part / whole).quantize(quantum, ROUND_HALF_UP)


def _of_hundred(report: CountedReport, row: int, ratio: Ratio, quantum: Decimal) -> Decimal | None:
    """The share in a row of shares that were made to sum to 100."""
    rounded = shares_of_row([_value(report, row, name) or 0 for name in ratio.whole], quantum)
    return None if rounded is None else rounded[ratio.whole.index(ratio.part[0])]


def _of_nothing(report: CountedReport, stated: _Stated, value: Decimal, ratio: Ratio) -> CheckFinding:
    return CheckFinding(
        code="share_of_nothing",
        row=report.name(stated.row),
        figure=stated.name,
        cell=stated.cell.place,
        typed=stated.cell.typed,
        stated=f"{value:f}",
        of=_counts(report, stated.row, ratio.whole),
    )


def _wrong(
    report: CountedReport, stated: _Stated, ratio: Ratio, *, code: str, value: Decimal, expected: Decimal
) -> CheckFinding:
    return CheckFinding(
        code=code,
        row=report.name(stated.row),
        figure=stated.name,
        cell=stated.cell.place,
        typed=stated.cell.typed,
        stated=f"{value:f}",
        expected=f"{expected:f}",
        difference=f"{value - expected:f}",
        of=[
            *_counts(report, stated.row, ratio.part),
            CheckedCell(figure=" + ".join(ratio.whole), value=str(_sum(report, stated.row, ratio.whole))),
        ],
        bases=[] if code != "share" else list(_bases(report, stated.row, ratio, value)),
    )


def _counts(report: CountedReport, row: int, names: Sequence[str]) -> list[CheckedCell]:
    return [
        CheckedCell(
            row=report.name(row),
            figure=name,
            cell=report.place(report.at(row, name)),
            value=str(_value(report, row, name)),
        )
        for name in names
    ]


def _bases(report: CountedReport, row: int, ratio: Ratio, value: Decimal) -> list[ShareBase]:
    """Other wholes for its part, then other parts for its whole, that give the percentage as printed."""
    quantum = Decimal(1).scaleb(int(value.as_tuple().exponent))
    candidates = _candidates(report, row)
    tried = [Ratio(ratio.part, whole) for whole in candidates] + [Ratio(part, ratio.whole) for part in candidates]
    found: dict[tuple[int, int], ShareBase] = {}
    for each in tried:
        part, whole = _sum(report, row, each.part), _sum(report, row, each.whole)
        if each == ratio or not 0 < part <= whole or set(each.part) == set(each.whole):
            continue
        if _percent(report, row, each, quantum) == value:
            base = ShareBase(part=list(each.part), whole=list(each.whole), percent=f"{value:f}")
            found.setdefault((part, whole), base)
    return list(found.values())[:MOST_BASES]


SUMS_TRIED = (
    ("received_online", "received_in_person_or_postal"),
    ("resolved_early", "resolved_on_time"),
    ("resolved_early", "resolved_on_time", "resolved_overdue"),
    ("resolved_overdue", "in_progress_overdue"),
    ("resolved_early", "resolved_on_time", "in_progress_within"),
)
"""Sums that percentages are often of: received in the period, in time, late in all."""


def _candidates(report: CountedReport, row: int) -> list[tuple[str, ...]]:
    """Counts of the row and sums of them; of the report's own percentages also its own counts."""
    names = [name for name in KEYS if _value(report, row, name)]
    names += [cell.figure for cell, value in report.values.items() if cell.row == row == OWN and value]
    sums = [each for each in SUMS_TRIED if all(_value(report, row, name) is not None for name in each)]
    return [*((name,) for name in names), *sums]
