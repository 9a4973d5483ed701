"""What reporting answers to a question: its figures cell by cell, and the token that opens each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import httpx
from msgspec import Struct

from motcua.client import told_plainly
from motcua.report.figures import PATH
from motcua.verify.question import TOTAL, Cell, Question
from motcua.verify.remote import decoded
from motcua.verify.rows import name_of
from shared.domain.columns import KEYS
from shared.domain.localtime import local_date

Row = Mapping[str, Any]


class Figures(Struct):
    """`GET /v1/figures`, as far as the comparison reads it."""

    as_of: datetime
    total: Row
    rows: list[Row]
    tokens: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """`rows` by their names, without the total; `cut` is the day at whose end open dossiers were judged."""

    cut: date
    total: Row
    rows: Mapping[str, Row]
    tokens: Mapping[Cell, str]

    def value(self, cell: Cell) -> int:
        """The figure; a row that is not there stands for nothing to count."""
        row = self.total if cell.row == TOTAL else self.rows.get(cell.row, {})
        return int(row.get(cell.column, 0))

    def share(self, cell: Cell) -> str | None:
        """The share; a row that is not there has none."""
        row = self.total if cell.row == TOTAL else self.rows.get(cell.row, {})
        share = row.get(cell.column)
        return None if share is None else str(share)


def ask(reporting: httpx.Client, question: Question) -> Answer:
    """Reporting's answer."""
    with told_plainly("reporting", str(reporting.base_url)):
        response = reporting.get(PATH, params=question.parameters)
        response.raise_for_status()
    return read(decoded(response.content, Figures, "reporting"), question)


def read(found: Figures, question: Question) -> Answer:
    """The answer in cells."""
    names = [name_of(row["key"], question.by) for row in found.rows]
    places = {f"rows.{number}": name for number, name in enumerate(names)} | {TOTAL: TOTAL}
    tokens = {
        Cell(row, column): token
        for place, row in places.items()
        for column in KEYS
        if (token := found.tokens.get(f"{place}.{column}")) is not None
    }
    return Answer(
        cut=min(question.period[1], local_date(found.as_of)),
        total=found.total,
        rows=dict(zip(names, found.rows, strict=True)),
        tokens=tokens,
    )
