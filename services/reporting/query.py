"""What figures are asked for: a period, a grouping, filters and a definition, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from shared.domain.definitions import BY_DATE
from shared.domain.events import Channel
from shared.domain.localtime import ONE_DAY


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
    """Only these values; empty means all. `procedures` holds those of the wanted fields and levels too."""

    departments: frozenset[str] = frozenset()
    procedures: frozenset[str] | None = None
    channels: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureQuery:
    """Figures of `first..last` (local dates, inclusive) judged as at `as_of`, a local time; nothing dated after that day is counted.

    `period` is the name under which a statutory period was asked for; `definition` is one of DEFINITIONS.
    `known_at` asks for what was known at that instant, None for all that is known.
    """

    first: date
    last: date
    as_of: datetime
    period: str | None = None
    by: tuple[Dimension, ...] = ()
    filters: Filters = field(default_factory=Filters)
    definition: str = BY_DATE.name
    known_at: datetime | None = None

    @property
    def cut(self) -> date:
        """The day at whose end stocks are taken."""
        return min(self.last, self.as_of.date())

    @property
    def day_before(self) -> date:
        return min(self.first - ONE_DAY, self.cut)


Key = Mapping[Dimension, str | None]
