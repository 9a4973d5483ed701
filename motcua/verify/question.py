"""What is asked of both sides: the figures of a period by a definition, as known now or at a past instant."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from motcua.verify.periods import Period
from motcua.verify.rows import DEPARTMENT, Grouping
from shared.domain.definitions import BY_DATE

TOTAL = "total"


class Cell(NamedTuple):
    """One figure of an answer: a row's (`rows.py` names them) or the total's (TOTAL), in one column."""

    row: str
    column: str


@dataclass(frozen=True, slots=True)
class Question:
    """`known_at` None asks for what is known now."""

    period: Period
    definition: str = BY_DATE.name
    known_at: datetime | None = None
    by: Grouping = DEPARTMENT

    @property
    def parameters(self) -> dict[str, str]:
        """The query of `GET /v1/figures`."""
        first, last = self.period
        query = {"from": first.isoformat(), "to": last.isoformat(), "by": ",".join(self.by), "definition": self.definition}
        return query | ({} if self.known_at is None else {"as_known_at": self.known_at.isoformat()})

    def about(self, cell: Cell | None = None) -> str:
        """How a difference names the figure, or without one the question; the default definition goes without saying."""
        words = [f"{self.period[0]}..{self.period[1]}"]
        words += [] if self.definition == BY_DATE.name else [self.definition]
        words += [] if self.known_at is None else [f"as known at {self.known_at.isoformat()}"]
        words += [] if self.by == DEPARTMENT else [f"by {' and '.join(self.by)}"]
        return ", ".join([*words, *(cell or ())])
