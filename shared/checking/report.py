"""Checks a report that was made by hand, from its bytes to the answer: findings, repairs, and what is unknown."""

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from shared.checking.counts import counted
from shared.checking.reading import TableForm, read_tables
from shared.checking.rules import TOTAL_ROW
from shared.checking.shares import check_shares
from shared.checking.sums import check_sums
from shared.checking.table import RowKind, TypedReport
from shared.contract.http.checks import CheckAnswer, CheckFinding, CheckRepair, HoldingRule, UncheckedRule

MOST_FINDINGS = 500
OTHER_SHEET = "other_sheet"


def check_bytes(content: bytes, form: TableForm | None) -> CheckAnswer:
    """The answer without its sentences, which `say` adds. Raises UnreadableTable."""
    answers = [check_table(each) for each in read_tables(content, form)]
    return _listed(answers[0] if len(answers) == 1 else _together(answers))


def check_table(typed: TypedReport) -> CheckAnswer:
    """All that was found in one table."""
    report = counted(typed)
    sums, shares = check_sums(report), check_shares(report)
    before = len(report.faults)
    findings = [*report.faults, *sums.findings, *shares.findings]
    return CheckAnswer(
        language="",
        good=not findings,
        format=typed.format,
        sheet=typed.sheet,
        rows=sum(bool(row.cells or row.shares) for row in typed.rows),
        summary="",
        findings=findings,
        repairs=[_moved(repair, before) for repair in sums.repairs],
        unchecked=[*sums.unchecked, *shares.unchecked, *_not_there(typed)],
        remarks=[*report.remarks, *shares.remarks],
        holding=[*sums.holding, *shares.holding],
        sheets=[] if typed.sheet is None else [typed.sheet],
    )


def _together(answers: Sequence[CheckAnswer]) -> CheckAnswer:
    """The sheets of a workbook: each finding with its sheet; what is unknown of all of them is said once."""
    findings: list[CheckFinding] = []
    repairs: list[CheckRepair] = []
    holding: Counter[str] = Counter()
    in_all = [rule for rule in answers[0].unchecked if all(rule in answer.unchecked for answer in answers)]
    unchecked = [*in_all]
    for answer in answers:
        repairs += [replace(_moved(repair, len(findings)), sheet=answer.sheet) for repair in answer.repairs]
        findings += [replace(each, sheet=answer.sheet) for each in answer.findings]
        holding.update({rule.rule: rule.rows for rule in answer.holding})
        unchecked += [
            rule if rule.code == OTHER_SHEET else replace(rule, sheet=answer.sheet)
            for rule in answer.unchecked
            if rule not in in_all
        ]
    return replace(
        answers[0],
        good=not findings,
        rows=sum(answer.rows for answer in answers),
        findings=findings,
        repairs=repairs,
        unchecked=unchecked,
        remarks=[replace(each, sheet=answer.sheet) for answer in answers for each in answer.remarks],
        holding=[HoldingRule(rule=rule, rows=rows) for rule, rows in holding.items()],
        sheets=[sheet for answer in answers for sheet in answer.sheets],
    )


def _moved(repair: CheckRepair, places: int) -> CheckRepair:
    return replace(repair, breaks=[places + place for place in repair.breaks])


def _listed(answer: CheckAnswer) -> CheckAnswer:
    """As many findings as anybody reads; how many more there are is said."""
    more = len(answer.findings) - MOST_FINDINGS
    if more <= 0:
        return answer
    return replace(
        answer,
        findings=[*answer.findings[:MOST_FINDINGS], CheckFinding(code="more", times=more)],
        repairs=[repair for repair in answer.repairs if max(repair.breaks) < MOST_FINDINGS],
    )


def _not_there(typed: TypedReport) -> Iterator[UncheckedRule]:
    """What could not be checked because the report says nothing of the kind."""
    kinds = Counter(row.kind for row in typed.rows)
    if kinds[RowKind.ROW] > 1 and not kinds[RowKind.TOTAL]:
        amid = [row.name for row in typed.rows if row.kind is RowKind.SUBTOTAL]
        yield UncheckedRule(code="total_amid" if amid else "no_total", rule=TOTAL_ROW, rows=amid)
    if not typed.shares and not any(row.shares for row in typed.rows):
        yield UncheckedRule(code="no_shares", rule="shares")
    for sheet in typed.unread:
        yield UncheckedRule(code=OTHER_SHEET, rule=sheet)
