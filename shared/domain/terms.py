"""Terms: how long a procedure may take (domain §3.1)."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.errors import InvalidTerm


class TermUnit(StrEnum):
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    WORKING_HOURS = "working_hours"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class Term:
    """A positive whole number of units; 8 working hours are one working day."""

    amount: int
    unit: TermUnit

    def __post_init__(self) -> None:
        if self.amount < 1:
            msg = f"a term is at least 1 {self.unit.value}, not {self.amount}; a procedure without a term has none"
            raise InvalidTerm(msg)
