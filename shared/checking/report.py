"""Checks a report that was made by hand, from its bytes to the answer: findings, repairs, and what is unknown."""

from msgspec.structs import replace

from shared.checking.counts import counted
from shared.checking.reading import TableForm, read_table
from shared.checking.shares import check_shares
from shared.checking.sums import check_sums
from shared.checking.table import TypedReport
from shared.contract.http.checks import CheckAnswer


def check_bytes(content: bytes, form: TableForm | None) -> CheckAnswer:
    """The answer without its sentences, which `say` adds. Raises UnreadableTable."""
    return check_table(read_table(content, form))


def check_table(typed: TypedReport) -> CheckAnswer:
    """The same of a table that was read."""
    report = counted(typed)
    sums, shares = check_sums(report), check_shares(report)
    before = len(report.faults)
    findings = [*report.faults, *sums.findings, *shares.findings]
    repairs = [replace(repair, breaks=[before + place for place in repair.breaks]) for repair in sums.repairs]
    return CheckAnswer(
        language="",
        good=not findings,
        format=typed.format,
        sheet=typed.sheet,
        rows=sum(bool(row.cells or row.shares) for row in typed.rows),
        summary="",
        findings=findings,
        repairs=repairs,
        unchecked=[*sums.unchecked, *shares.unchecked],
        remarks=[*report.remarks, *shares.remarks],
        holding=[*sums.holding, *shares.holding],
    )
