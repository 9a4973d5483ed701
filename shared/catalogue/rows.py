"""The shape of an entry in each catalogue file, checked before it becomes a value."""

from datetime import date, time
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.domain.events import Channel, OnlineLevel
from shared.domain.texts import DEPARTMENT_CODE, PROCEDURE_CODE, exactly

DepartmentCode = Annotated[str, Meta(pattern=exactly(DEPARTMENT_CODE))]
ProcedureCode = Annotated[str, Meta(pattern=exactly(PROCEDURE_CODE))]
Name = Annotated[str, Meta(min_length=1)]
Level = Literal["province", "district", "commune"]
SessionRows = list[tuple[time, time]]


class HoursRow(Struct, frozen=True, forbid_unknown_fields=True):
    """Other hours from `first` to `last` (inclusive; none: from then on)."""

    first: date
    sessions: SessionRows
    last: date | None = None


class DepartmentRow(Struct, frozen=True, forbid_unknown_fields=True):
    code: DepartmentCode
    name: Name
    name_en: Name
    sessions: SessionRows | None = None
    hours: list[HoursRow] = []


class TermRow(Struct, frozen=True, forbid_unknown_fields=True):
    amount: Annotated[int, Meta(ge=1)]
    unit: Literal["working_days", "calendar_days", "working_hours", "months"]


class LevelRow(Struct, frozen=True, forbid_unknown_fields=True):
    code: Level
    name: Name
    valid_from: date | None = None
    valid_to: date | None = None


class ProcedureRow(Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a procedure; several of one code follow each other in time.

    `departments` may handle it beside `department`; `channels` and `online_levels` are those it is offered by, all when there are none.
    """

    code: ProcedureCode
    name: Name
    field: Name
    level: Level
    department: DepartmentCode | None = None
    term: TermRow | None = None
    closing_hour: time | None = None
    same_day: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    departments: list[DepartmentCode] = []
    channels: list[Channel] = []
    online_levels: list[OnlineLevel] = []


class DayRow(Struct, frozen=True, forbid_unknown_fields=True):
    """One day (`day`) or several in a row (`first`, `last`, inclusive), everywhere or where `applies_to` says."""

    name: Name
    source: Name
    day: date | None = None
    first: date | None = None
    last: date | None = None
    applies_to: list[DepartmentCode] = []
    announced: date | None = None
