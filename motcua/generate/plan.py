"""One dossier as it is planned: what it is, when it comes in, and how it shall end."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from motcua.generate.ground import Office
from shared.catalogue import Procedure
from shared.domain.events import Channel
from shared.domain.terms import Term, TermUnit


class Fate(Enum):
    """How a dossier stands at the end of the period."""

    EARLY = auto()
    ON_TIME = auto()
    OVERDUE = auto()
    OPEN = auto()
    OPEN_OVERDUE = auto()
    DECLINED = auto()


@dataclass(slots=True)
class Plan:
    """One dossier: instants in seconds since 1970; its fate is allotted later. A declined one is submitted and never received."""

    office: Office
    procedure: Procedure
    term: Term
    channel: Channel
    received: int
    due: datetime
    not_before: int
    fate: Fate = Fate.ON_TIME
    submitted: int | None = None

    @property
    def in_hours(self) -> bool:
        return self.term.unit is TermUnit.WORKING_HOURS

    @property
    def first_instant(self) -> int:
        return self.received if self.submitted is None else self.submitted
