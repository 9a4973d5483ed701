"""The shape of an entry in each catalogue file, checked before it becomes a value."""

from datetime import date, time
from typing import Annotated, Literal

from msgspec import Meta, Struct

DepartmentCode = Annotated[str, Meta(pattern=r"^[A-Z]\d{2}(\.\d{1,3})*$")]
ProcedureCode = Annotated[str, Meta(pattern=r"^\d\.\d{6}$")]
Name = Annotated[str, Meta(min_length=1)]


class DepartmentRow(Struct, frozen=True, forbid_unknown_fields=True):
    code: DepartmentCode
    name: Name
    name_en: Name
    sessions: list[tuple[time, time]] | None = None


class TermRow(Struct, frozen=True, forbid_unknown_fields=True):
    amount: Annotated[int, Meta(ge=1)]
    unit: Literal["working_days", "calendar_days", "working_hours", "months"]


class ProcedureRow(Struct, frozen=True, forbid_unknown_fields=True):
    code: ProcedureCode
    name: Name
    field: Name
    level: Literal["province", "district", "commune"]
    department: DepartmentCode | None = None
    term: TermRow | None = None


class DayRow(Struct, frozen=True, forbid_unknown_fields=True):
    """One day (`day`) or several in a row (`first`, `last`, inclusive)."""

    name: Name
    source: Name
    day: date | None = None
    first: date | None = None
    last: date | None = None
