"""Checks a report that was made by hand, from its bytes to the answer: findings, repairs, and what is unknown."""

from collections import Counter
from collections.abc import Iterator

from msgspec.structs import replace

from shared.checking.counts import counted
from shared.checking.reading import TableForm, read_table
from shared.checking.rules import TOTAL_ROW
from shared.checking.shares import check_shares
from shared.checking.sums import check_sums
from shared.checking.table import RowKind, TypedReport
from shared.contract.http.checks import CheckAnswer, CheckFinding, UncheckedRule

MOST_FINDINGS = 500


def check_bytes(content: bytes, form: TableForm | None) -> CheckAnswer:
    """The answer without its sentences, which `say` adds. Raises UnreadableTable."""
    return check_table(read_table(content, form))


def check_table(typed: TypedReport) -> CheckAnswer:
    """The same of a table that was read."""
    report = counted(typed)
    sums, shares = check_sums(report), check_shares(report)
    before = len(report.faults)
    findings = _listed([*report.faults, *sums.findings, *shares.findings])
    repairs = [
        replace(repair, breaks=[before + place for place in repair.breaks])
        for repair in sums.repairs
        if before + max(repair.breaks) < MOST_FINDINGS
    ]
    return CheckAnswer(
        language="",
        good=not findings,
        format=typed.format,
        sheet=typed.sheet,
        rows=sum(bool(row.cells or row.shares) for row in typed.rows),
        summary="",
        findings=findings,
        repairs=repairs,
        unchecked=[*sums.unchecked, *shares.unchecked, *_not_there(typed)],
        remarks=[*report.remarks, *shares.remarks],
        holding=[*sums.holding, *shares.holding],
    )


def _listed(findings: list[CheckFinding]) -> list[CheckFinding]:
    """As many as anybody reads; how many more there are is said."""
    if len(findings) <= MOST_FINDINGS:
        return findings
    return [*findings[:MOST_FINDINGS], CheckFinding(code="more", times=len(findings) - MOST_FINDINGS)]


def _not_there(typed: TypedReport) -> Iterator[UncheckedRule]:
    """What could not be checked because the report says nothing of the kind."""
    kinds = Counter(row.kind for row in typed.rows)
    if kinds[RowKind.ROW] > 1 and not kinds[RowKind.TOTAL]:
        yield UncheckedRule(code="no_total", rule=TOTAL_ROW)
    if not typed.shares and not any(row.shares for row in typed.rows):
        yield UncheckedRule(code="no_shares", rule="shares")
