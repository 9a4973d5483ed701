"""Reads questions from URLs: what each route takes, and the checked query; what is wrong is named, with the fix."""

import calendar
import contextlib
import re
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.reporting.documents.formats import FORMATS
from services.reporting.figures.query import NOW, THEN, Dimension, FigureQuery, Filters
from services.reporting.http.names import known, procedures_with, units_named, words
from services.reporting.http.periods import Against, check_rows_of_time
from shared.catalogue import Catalogue
from shared.catalogue.units import Organisation
from shared.domain.errors import InstantOutOfRange
from shared.domain.fields import Channel
from shared.domain.localtime import FIRST_YEAR, LAST_YEAR, LOCAL, local, written
from shared.domain.periods import UnknownPeriod, statutory_period
from shared.domain.timeliness import BY_DATE, DEFINITIONS
from shared.language.languages import Language, of_header
from shared.service.http import invalid

LARGEST_PAGE = 10_000
END_OF_DAY = time(23, 59, 59)
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)  # so that the days around a period are in the calendar too
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Limit = Annotated[int, Field(description="dossiers of a page at most", ge=1, le=LARGEST_PAGE)]
Cursor = Annotated[str | None, Field(description="where the page starts: `cursor` of the one before it")]

KnownAt = Annotated[
    str | None,
    Field(description="what was known at this instant, e.g. 2023-02-01T08:00:00+07:00; `as_of` is it too unless given"),
]


class Parameters(BaseModel):
    """A route's parameters as they came; a misspelt filter that is ignored would give figures of something else."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


Lang = Annotated[
    str | None, Field(description="vi or en: the language of what people read; otherwise as Accept-Language says")
]


class SpanParameters(Parameters):
    """Which days."""

    first: str | None = Field(
        None, alias="from", description="first day, e.g. 2023-01-01; default 1 January of `to`'s year"
    )
    last: str | None = Field(None, alias="to", description="last day, inclusive; default today")
    period: str | None = Field(
        None,
        description="instead of `from` and `to`: 2023-03, 2023-Q1, 2023-6M, 2023-9M or 2023, from the 15th to the 14th",
    )
    as_of: str | None = Field(
        None,
        description="judge as at the end of this day (or of an instant's local day): "
        "what is dated later is not counted",
    )


class PeriodParameters(SpanParameters):
    """What is judged, when and how."""

    definition: str = Field(BY_DATE.name, description=f"the definition of timeliness: {', '.join(DEFINITIONS)}")
    as_known_at: KnownAt = None


class OrganisedParameters(PeriodParameters):
    """What is judged, and for which units it is counted."""

    organised: str = Field(
        THEN,
        description="`then` counts a dossier for the unit it was received for, `now` for the one that has taken over "
        "by `as_of`; the total is the same",
    )


class GroupingParameters(OrganisedParameters):
    """What is judged, and by what it is grouped."""

    by: list[str] | None = Field(
        None,
        description="department, channel, field, procedure, level, received_by, and one of month (a month of the "
        "calendar, cut where the period begins and ends), statutory_month and statutory_quarter (whole ones from the "
        "15th to the 14th); comma separated",
    )


class FilterParameters(Parameters):
    """Which dossiers."""

    department: list[str] | None = Field(None, description="only these departments, by code")
    channel: list[str] | None = Field(None, description="only online, in_person, postal")
    procedure: list[str] | None = Field(None, description="only these procedures, by code")
    field: list[str] | None = Field(None, description="only procedures of these fields")
    level: list[str] | None = Field(None, description="only procedures of these levels: province, district, commune")
    received_by: list[str] | None = Field(
        None, description="only dossiers that these units took in, by code, whichever department answers for them"
    )


class FigureParameters(FilterParameters, GroupingParameters):
    """Of `/v1/figures`."""

    against: Against = None
    tokens: str = Field("all", description="`none` leaves the tokens out: they are most of the answer")


class ListParameters(Parameters):
    """Of the list behind a figure."""

    limit: Limit = 1000
    cursor: Cursor = None


class ChangesParameters(FilterParameters, PeriodParameters):
    """Of `/v1/figures/changes`."""

    until_known_at: str | None = Field(None, description="in place of now, what was known at this instant")
    limit: Limit = 1000
    cursor: Cursor = None


class DefinitionsParameters(FilterParameters, SpanParameters):
    """Of `/v1/figures/definitions`."""

    as_known_at: KnownAt = None
    limit: Limit = 1000
    cursor: Cursor = None


class FormParameters(FilterParameters, OrganisedParameters):
    """Of the statutory form."""

    by: str = Field(Dimension.DEPARTMENT.value, description="department or field")
    sections: str | None = Field(None, description="`level`: a section for each level of administration")
    against: Against = None
    format: str = Field("json", description=f"the format: {', '.join(FORMATS)}")
    lang: Lang = None


Question = FigureParameters | ChangesParameters | DefinitionsParameters | FormParameters


def figure_query(
    given: Question, catalogue: Catalogue, now: datetime, recorded: datetime, by: Iterable[Dimension] = ()
) -> FigureQuery:
    """The checked query; the default period is the year up to `as_of`, and that is now or when it was known.

    `now` is by the clock that figures are judged by, `recorded` by the one that events are recorded by.
    """
    known_at = None if given.as_known_at is None else known_instant("as_known_at", given.as_known_at, recorded)
    as_of = min(now, known_at or now) if given.as_of is None else _cut_off(given.as_of, now)
    first, last = _period(given, as_of.date())
    definition = given.definition if isinstance(given, PeriodParameters) else BY_DATE.name
    if definition not in DEFINITIONS:
        raise invalid("definition", *not_among(definition, DEFINITIONS))
    if isinstance(given, FigureParameters):
        by = [_dimension(word) for word in words("by", given.by)]
        if len(set(by)) < len(by):
            raise invalid(
                "by", "names a dimension twice; name each once", "một chiều được nêu hai lần; chỉ nêu một lần"
            )
        check_rows_of_time(by, first, last)
    organised = _organised(given, catalogue, as_of.date())
    return FigureQuery(
        first=first,
        last=last,
        as_of=as_of,
        period=given.period,
        by=tuple(by),
        filters=_filters(given, catalogue, min(last, as_of.date()), organised),
        definition=definition,
        known_at=known_at,
        organised=organised,
    )


def _organised(given: Question, catalogue: Catalogue, as_of: date) -> Organisation | None:
    """By the changes of units in force on the day; None for the units as they were."""
    asked = given.organised if isinstance(given, OrganisedParameters) else THEN
    if asked not in (THEN, NOW):
        raise invalid("organised", *not_among(asked, (THEN, NOW)))
    return catalogue.organised_on(as_of) if asked == NOW else None


def known_instant(parameter: str, word: str, recorded: datetime) -> datetime:
    """An instant of the past; nobody knows what will be known."""
    instant = _instant(parameter, word)
    if instant > recorded:
        raise invalid(
            parameter,
            f"{word} lies in the future; write an instant up to {recorded.isoformat()}, or leave it out for now",
            f"{word} ở tương lai; hãy ghi thời điểm không muộn hơn {recorded.isoformat()}, hoặc bỏ trống",
        )
    return instant


def one_dimension(word: str, available: Iterable[Dimension]) -> Dimension:
    """A report's grouping."""
    dimension = next((dimension for dimension in available if dimension == word), None)
    if dimension is None:
        raise invalid(
            "by",
            f"{word!r} is not a grouping of this report; available: {', '.join(available)}",
            f"{word!r} không phải cách phân nhóm của báo cáo này; có thể chọn: {', '.join(available)}",
        )
    return dimension


def _period(given: SpanParameters, today: date) -> tuple[date, date]:
    if given.period is not None:
        if given.first is not None or given.last is not None:
            raise invalid(
                "period",
                "stands in place of `from` and `to`; leave either it or them out",
                "thay cho `from` và `to`; chỉ dùng một trong hai cách",
            )
        try:
            return statutory_period(given.period)
        except UnknownPeriod as unknown:
            in_vietnamese = f"{given.period!r} không phải tên kỳ báo cáo từ năm {FIRST_YEAR + 1} đến {LAST_YEAR}"
            how = "hãy ghi 2023-03, 2023-Q1, 2023-6M, 2023-9M hoặc 2023"
            raise invalid("period", str(unknown), f"{in_vietnamese}; {how}") from unknown
    last = today if given.last is None else given_day("to", given.last)
    first = date(last.year, 1, 1) if given.first is None else given_day("from", given.first)
    if first > last:
        raise invalid(
            "from",
            f"{first} lies after `to` {last}; exchange them, or leave `to` out for today",
            f"ngày đầu {first} sau ngày cuối (`to`) {last}; hãy đổi chỗ, hoặc bỏ trống `to` để lấy hôm nay",
        )
    return first, last


def _cut_off(word: str, now: datetime) -> datetime:
    """The end of a past local day; figures are sums of days, so an instant stands for its day. Now for today."""
    day = _instant("as_of", word).date() if _INSTANT.match(word) else given_day("as_of", word)
    if day > now.date():
        raise invalid(
            "as_of",
            f"{day} lies in the future; write a day up to {now.date()}, or leave it out for now",
            f"{day} ở tương lai; hãy ghi ngày không muộn hơn {now.date()}, hoặc bỏ trống để lấy hiện tại",
        )
    return now if day == now.date() else datetime.combine(day, END_OF_DAY, LOCAL)


def _instant(parameter: str, word: str) -> datetime:
    try:
        return local(written(word.replace(" ", "+")))  # a bare + in a URL means a space
    except InstantOutOfRange:
        raise invalid(
            parameter,
            f"{word} is out of range; write an instant of the years {FIRST_YEAR} to {LAST_YEAR}",
            f"{word} ngoài phạm vi; hãy ghi thời điểm từ năm {FIRST_YEAR} đến năm {LAST_YEAR}",
        ) from None
    except ValueError:
        or_day = ", or the day as 2023-01-31" if parameter == "as_of" else ""
        raise invalid(
            parameter,
            f"{word!r} is not an instant; write it as 2023-01-31T17:00:00+07:00{or_day}",
            f"{word!r} không phải thời điểm; hãy ghi như 2023-01-31T17:00:00+07:00"
            f"{', hoặc ngày như 2023-01-31' if or_day else ''}",
        ) from None


def given_day(parameter: str, word: str) -> date:
    """A day of the calendar, within the years that figures are of."""
    is_day = bool(_DAY.fullmatch(word))
    if is_day:
        with contextlib.suppress(ValueError):
            day = date.fromisoformat(word)
            if EARLIEST <= day <= LATEST:
                return day
            raise invalid(
                parameter,
                f"{day} is out of range; write a day from {EARLIEST} to {LATEST}",
                f"{day} ngoài phạm vi; hãy ghi ngày từ {EARLIEST} đến {LATEST}",
            )
    ends_on = _last_day(word) if is_day else None
    raise invalid(
        parameter,
        f"{word!r} is not a day of the calendar; write it as 2023-01-31"
        f"{'' if ends_on is None else f' (that month ends on {ends_on})'}",
        f"{word!r} không phải ngày có trong lịch; hãy ghi như 2023-01-31"
        f"{'' if ends_on is None else f' (tháng đó kết thúc ngày {ends_on})'}",
    )


def _last_day(word: str) -> int | None:
    """For a day that a month does not have, the last one it has."""
    year, month = int(word[:4]), int(word[5:7])
    return calendar.monthrange(year, month)[1] if year and 1 <= month <= 12 else None  # noqa: PLR2004 - of a year


def not_among(word: str, available: Iterable[str]) -> tuple[str, str]:
    """That a word is none of a few, in English and in Vietnamese."""
    listed = ", ".join(available)
    return f"{word!r} is not known; available: {listed}", f"{word!r} không có; có thể chọn: {listed}"


def _dimension(word: str) -> Dimension:
    try:
        return Dimension(word)
    except ValueError:
        raise invalid("by", *not_among(word, Dimension)) from None


def language_wanted(lang: str | None, accepted: str | None) -> Language:
    """As `lang` says, else as the Accept-Language header does; Vietnamese where neither does."""
    if lang is None:
        return of_header(accepted)
    try:
        return Language(lang)
    except ValueError:
        raise invalid("lang", *not_among(lang, Language)) from None


def _filters(given: FilterParameters, catalogue: Catalogue, day: date, organised: Organisation | None) -> Filters:
    departments = units_named("department", given.department, catalogue, day, organised)
    places = units_named("received_by", given.received_by, catalogue, day, organised)
    names = {code: procedure.name for code, procedure in catalogue.procedures.items()}
    procedures = known("procedure", words("procedure", given.procedure), names)
    channels = known("channel", words("channel", given.channel), dict.fromkeys(Channel, ""))
    narrowed = [procedures] if procedures else []
    of_catalogue = catalogue.procedures.items()
    if given.field:  # a field's name may hold a comma: repeat the parameter for several
        narrowed.append(procedures_with("field", given.field, {code: each.field for code, each in of_catalogue}))
    if levels := words("level", given.level):
        narrowed.append(procedures_with("level", levels, {code: each.level for code, each in of_catalogue}))
    wanted = frozenset.intersection(*narrowed) if narrowed else None
    return Filters(departments, wanted, frozenset(Channel(channel) for channel in channels), places)
