"""Terms: how long a procedure may take (domain §3.1)."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from shared.domain.errors import InvalidTerm


class TermUnit(StrEnum):
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    WORKING_HOURS = "working_hours"
    MONTHS = "months"


LONGEST_TERM = 10_000  # of any unit; the limit keeps a slip of the keyboard out of date arithmetic


class Term(Struct, frozen=True, gc=False):
    """N of: working days, calendar days, working hours, months."""

    amount: Annotated[int, Meta(ge=1, le=LONGEST_TERM, description="how many units", examples=[5])]
    unit: Annotated[TermUnit, Meta(description="what is counted; 8 working hours are a day", examples=["working_days"])]

    def __post_init__(self) -> None:
        if self.amount < 1:
            msg = f"a term is at least 1 {self.unit.value}, not {self.amount}; a procedure without a term has none"
            raise InvalidTerm(msg)
        if self.amount > LONGEST_TERM:
            msg = (
                f"a term is at most {LONGEST_TERM} {self.unit.value}, not {self.amount}; check the amount and its unit"
            )
            raise InvalidTerm(msg)


def counts_hours(term: Term | None) -> bool:
    """Whether the term is in hours; a deadline without a known term is one of days."""
    return term is not None and term.unit is TermUnit.WORKING_HOURS
