"""Intake's answers about the catalogue in force: departments, procedures, and the calendar day by day."""

from datetime import date, time
from typing import Annotated

from msgspec import Meta, Struct

from shared.contract.http.dossiers import ProcedureCode
from shared.domain.fields import Channel, ChannelCode, OnlineLevel
from shared.domain.terms import Term

LocalDate = date  # in a struct, a field named date hides the type
LocalTime = Annotated[time, Meta(tz=False)]


class AliasView(Struct, frozen=True, kw_only=True):
    """Another code of a department."""

    code: Annotated[str, Meta(description="the code", examples=["H59.77"])]
    valid_from: Annotated[date | None, Meta(description="its first day; null for always", examples=["2021-01-01"])]
    valid_to: Annotated[date | None, Meta(description="its last day; null while it is open", examples=["2022-12-31"])]


class DepartmentView(Struct, frozen=True, kw_only=True):
    """An agency that answers for dossiers, with its hours on the date asked for."""

    code: Annotated[str, Meta(description="its code", examples=["H59.15"])]
    name: Annotated[str, Meta(description="its name, in Vietnamese", examples=["Sở Tư pháp"])]
    name_en: Annotated[str, Meta(description="its name, in English", examples=["Department of Justice"])]
    sessions: Annotated[
        tuple[tuple[LocalTime, LocalTime], ...],
        Meta(
            description="the hours of a working day on the date asked for, each from and to",
            examples=[[["07:00:00", "11:30:00"]]],
        ),
    ]
    aliases: Annotated[
        tuple[AliasView, ...],
        Meta(description="its other codes, beside the older form of its own such as 000.00.15.H59", examples=[[]]),
    ] = ()


class ProcedureView(Struct, frozen=True, kw_only=True):
    """A procedure as it is in force on the date asked for."""

    code: ProcedureCode
    name: Annotated[str, Meta(description="its name, in Vietnamese", examples=["Cấp bản sao trích lục hộ tịch"])]
    department: Annotated[
        str | None, Meta(description="code of its own department; null: every one may handle it", examples=["H59.15"])
    ]
    field: Annotated[str, Meta(description="its field, in Vietnamese", examples=["Hộ tịch"])]
    level: Annotated[str, Meta(description="province, district or commune", examples=["province"])]
    term: Annotated[
        Term | None,
        Meta(
            description="how long it may take; null for no deadline, or one the same day",
            examples=[{"amount": 5, "unit": "working_days"}],
        ),
    ]
    closing_hour: Annotated[
        LocalTime | None,
        Meta(
            description="a receipt after it, or on a day off, counts as made at the next working day's opening",
            examples=["15:00:00"],
        ),
    ]
    same_day: Annotated[
        bool, Meta(description="whether the answer is due when the day's last session closes", examples=[False])
    ]
    departments: Annotated[
        tuple[str, ...],
        Meta(description="departments that may handle it beside its own", examples=[["H59.18"]]),
    ]
    channels: Annotated[
        tuple[ChannelCode, ...],
        Meta(description="channels, or their classes, it is offered by; none: all", examples=[["online"]]),
    ]
    online_levels: Annotated[
        tuple[OnlineLevel, ...],
        Meta(description="online levels it is offered at; all when there are none", examples=[["full"]]),
    ]
    valid_from: Annotated[
        date | None, Meta(description="the first day it is in force; null when it is open", examples=["2022-01-01"])
    ]
    valid_to: Annotated[date | None, Meta(description="the last day; null when it is open", examples=["2023-12-31"])]
    channel_terms: Annotated[
        dict[ChannelCode, Term],
        Meta(
            description="terms of channels, or of their classes, instead of the usual one",
            examples=[{"online": {"amount": 3, "unit": "working_days"}}],
        ),
    ] = {}


class ChannelView(Struct, frozen=True, kw_only=True):
    """A way in which dossiers come, and how the statutory form counts it."""

    code: Annotated[ChannelCode, Meta(description="its code", examples=["kiosk"])]
    name: Annotated[str, Meta(description="its name, in Vietnamese", examples=["Ki-ốt tự phục vụ"])]
    name_en: Annotated[str, Meta(description="its name, in English", examples=["Self-service kiosk"])]
    counted_as: Annotated[
        Channel, Meta(description="the class of the form: online, in_person or postal", examples=["online"])
    ]


class DayView(Struct, frozen=True, kw_only=True):
    """A day of the calendar, as it holds for the department asked for, or everywhere."""

    date: Annotated[LocalDate, Meta(description="the day", examples=["2023-01-20"])]
    working: Annotated[bool, Meta(description="whether it is worked", examples=[False])]
    reason: Annotated[str, Meta(description="weekday, weekend, day_off or swapped_to_work", examples=["day_off"])]
    name: Annotated[
        str | None, Meta(description="what a day off or a swapped day is called", examples=["Tết Nguyên đán Quý Mão"])
    ] = None
    source: Annotated[
        str | None, Meta(description="who announced a day off or a swapped day", examples=["Quyết định 99/QĐ-TTg"])
    ] = None
    applies_to: Annotated[
        tuple[str, ...],
        Meta(
            description="codes of the provinces or departments it was announced for; none: everywhere",
            examples=[["H59"]],
        ),
    ] = ()
    announced: Annotated[LocalDate | None, Meta(description="the day it was made known", examples=["2022-12-01"])] = (
        None
    )
