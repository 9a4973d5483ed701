"""Checks a hand-compiled report: which identities of form II.06a its figures break, and by how much."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from motcua.failure import Failure
from motcua.files import read_document
from shared.domain.columns import SHARES
from shared.domain.figures import HUNDRED, ROW_IDENTITIES, Identity, share_of

Row = Mapping[str, int]

IN_PERSON_OR_POSTAL = "received_in_person_or_postal"
NO_DEADLINE = "resolved_no_deadline"
COLUMNS = frozenset(column for identity in ROW_IDENTITIES for column in (identity.total, *identity.parts))
MOST_PERCENT, MOST_DECIMALS = 1_000_000, 20
TOTAL_ROW = "total=sum of rows"


class UnreadableReport(Failure):
    """A report that cannot be checked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that cannot be true: `stated` stands in the report, `expected` follows from its other figures."""

    rule: str
    where: str
    figure: str
    stated: Decimal
    expected: Decimal
    basis: str

    @property
    def difference(self) -> Decimal:
        return self.stated - self.expected

    def __str__(self) -> str:
        by = f"{abs(self.difference):,} {'more' if self.difference > 0 else 'less'}"
        return (
            f"{self.where}: {self.rule}: {self.figure} is {self.stated:,}, but {self.basis} is {self.expected:,}: {by}"
        )


@dataclass(frozen=True, slots=True)
class CheckedReport:
    """Broken rules, rules that hold, and rules that lack a figure (the rule and the figures it lacks)."""

    broken: tuple[Finding, ...]
    holding: tuple[str, ...]
    unchecked: tuple[str, ...]


def read_report(file: Path) -> Mapping[str, Any]:
    """The report of a TOML or JSON file. Raises `UnreadableReport`."""
    document = read_document(file, UnreadableReport)
    if not isinstance(document, dict):
        raise UnreadableReport(
            f"{file} holds no figures by column key; write received_total, received_online and so on"
        )
    return document


def check_report(document: Mapping[str, Any]) -> CheckedReport:
    """Checks a report: its figures by column key, at the top or under `total`; `rows`, if any, sum to them."""
    stated = document.get("total", document)
    if not isinstance(stated, Mapping):
        raise UnreadableReport("`total` is not a table of figures by column key")
    total = _row(stated, "total")
    rows = [(f"row {number}", _row(row, f"row {number}")) for number, row in enumerate(_rows(document), start=1)]
    if not total and not rows:
        raise UnreadableReport(
            f"the report has none of the columns of the form; use the keys {', '.join(sorted(COLUMNS))}"
        )
    broken: list[Finding] = []
    holding: list[str] = []
    unchecked: list[str] = []
    for where, row in [("total", total), *rows]:
        for identity in ROW_IDENTITIES:
            if missing := [column for column in (identity.total, *identity.parts) if column not in row]:
                unchecked.append(f"{where}: {identity.name} needs {', '.join(missing)}")
            elif identity.difference(row):
                broken.append(_breaks(identity, where, row))
            else:
                holding.append(f"{where}: {identity.name}")
    broken.extend(_unlike_their_sum(total, [row for _, row in rows]))
    broken.extend(_wrong_shares(stated, total))
    return CheckedReport(tuple(broken), tuple(holding), tuple(unchecked))


def _rows(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    rows = document.get("rows", [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise UnreadableReport("`rows` is not a list of tables; write each under [[rows]]")
    return rows


def _row(stated: Mapping[str, Any], where: str) -> dict[str, int]:
    row = {column: _count(stated[column], where, column) for column in sorted(COLUMNS) if column in stated}
    parts = ("received_in_person", "received_postal")
    if IN_PERSON_OR_POSTAL not in row and all(part in stated for part in parts):
        row[IN_PERSON_OR_POSTAL] = sum(_count(stated[part], where, part) for part in parts)
    return {NO_DEADLINE: 0, **row} if row else row


def _count(value: object, where: str, column: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UnreadableReport(
            f"{where}: {column} is {value!r}; write a whole number without separators, such as 80121"
        )
    return value


def _breaks(identity: Identity, where: str, row: Row) -> Finding:
    stated = row[identity.total]
    basis = " + ".join(part for part in identity.parts if row[part] or part != NO_DEADLINE)
    return Finding(
        identity.name, where, identity.total, Decimal(stated), Decimal(stated - identity.difference(row)), basis
    )


def _unlike_their_sum(total: Row, rows: Sequence[Row]) -> Iterator[Finding]:
    for column, stated in total.items():
        if rows and all(column in row for row in rows) and (summed := sum(row[column] for row in rows)) != stated:
            yield Finding(TOTAL_ROW, "total", column, Decimal(stated), Decimal(summed), f"the sum of {len(rows)} rows")


def _wrong_shares(stated: Mapping[str, Any], row: Row) -> Iterator[Finding]:
    for share in SHARES:
        base = sum(row.get(column, 0) for column in share.whole)
        if (
            stated.get(share.key) is None
            or share.part not in row
            or not base
            or any(column not in row for column in share.whole)
        ):
            continue
        said = _share(stated[share.key], share.key)
        quantum = Decimal(1).scaleb(int(said.as_tuple().exponent))
        expected = (HUNDRED * row[share.part] / base).quantize(quantum, ROUND_HALF_UP)
        if said not in {expected, share_of(row, share, quantum)}:  # by itself, or in a row of shares that sum to 100
            yield Finding("share", "total", share.key, said, expected, f"{share.part} of {base:,}")


def _share(value: object, share: str) -> Decimal:
    try:
        percent = Decimal(str(value)) + 0  # in figures, not in powers of ten
    except InvalidOperation:
        percent = Decimal("NaN")
    if not percent.is_finite() or not 0 <= percent <= MOST_PERCENT or int(percent.as_tuple().exponent) < -MOST_DECIMALS:
        raise UnreadableReport(f"total: {share} is {value!r}; write percent with a point, such as 62.8")
    return percent
