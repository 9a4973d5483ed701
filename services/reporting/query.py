"""What figures are asked for: a period, a grouping, filters and a definition, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from shared.domain.events import Channel
from shared.domain.localtime import ONE_DAY
from shared.domain.timeliness import BY_DATE


class Dimension(StrEnum):
    """What figures can be grouped by, in the order in which a row's key names them."""

    MONTH = "month"
    DEPARTMENT = "department"
    FIELD = "field"
    PROCEDURE = "procedure"
    LEVEL = "level"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Filters:
    """Only these values; empty means all. `procedures` holds those of the wanted fields too."""

    departments: frozenset[str] = frozenset()
    procedures: frozenset[str] | None = None
    channels: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureQuery:
    """Figures of `first..last` (local dates, inclusive) as known at `as_of`; nothing after that day is counted."""

    first: date
    last: date
    as_of: datetime
    by: tuple[Dimension, ...] = ()
    filters: Filters = field(default_factory=Filters)
    definition: str = BY_DATE.name

    @property
    def cut(self) -> date:
        """The day at whose end stocks are taken."""
        return min(self.last, self.as_of.date())

    @property
    def day_before(self) -> date:
        return min(self.first - ONE_DAY, self.cut)


Key = Mapping[Dimension, str | None]
