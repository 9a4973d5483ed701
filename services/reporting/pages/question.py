"""What a page was asked for: the form's values as they were typed, what is wrong with them, and the checked query."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from starlette.datastructures import QueryParams

from services.reporting.documents.forms.form import GROUPINGS
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.http.figures import FigureRoutes
from services.reporting.http.parameters import EARLIEST, LATEST, FormParameters
from services.reporting.pages.reader import Reader
from services.reporting.pages.texts import text
from shared.domain.localtime import ONE_DAY
from shared.domain.timeliness import BY_DATE
from shared.language.languages import Language
from shared.service.problems import Problem

DAYS, THIS_YEAR = "days", "this-year"
PRESETS = ("this-month", "this-quarter", THIS_YEAR, "last-month", "last-quarter", "last-year")
DEFAULTS = {
    "period": THIS_YEAR,
    "from": "",
    "to": "",
    "department": "",
    "received_by": "",
    "field": "",
    "channel": "",
    "level": "",
    "definition": BY_DATE.name,
    "organised": "then",
    "by": Dimension.DEPARTMENT.value,
    "sections": "",
}
_CHOICES = ("field", "channel", "level")
_FORBIDDEN = 403
_DAY = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})|(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_QUARTER = 3
_DECEMBER = 12


def number_typed(given: str, digits: int) -> int:
    """A whole number of so many digits at most; 0 for anything else."""
    return int(given) if given.isascii() and given.isdigit() and len(given) <= digits else 0


@dataclass(frozen=True, slots=True)
class Asked:
    """The values as typed, by field; sentences about wrong ones; the query where there is nothing wrong."""

    typed: Mapping[str, str]
    mistakes: Mapping[str, str]
    query: FigureQuery | None

    @property
    def as_parameters(self) -> dict[str, str]:
        """What tells this question from the default one, as a URL says it."""
        return {name: value for name, value in self.typed.items() if value != DEFAULTS[name]}

    @property
    def of_procedures(self) -> dict[str, list[str]]:
        """The field and the level that it is narrowed to, by dimension."""
        return {name.value: [self.typed[name]] for name in (Dimension.FIELD, Dimension.LEVEL) if self.typed[name]}


class _Wrong(Exception):
    """Fields that can't be read, each with the text that says so."""

    def __init__(self, **keys: str) -> None:
        super().__init__(keys)
        self.keys = keys


def asked(to: FigureRoutes, reader: Reader, given: QueryParams, language: Language) -> Asked:
    """Read a page's question; nothing typed is lost, whatever is wrong. Raises the Problem 403 of another one's."""
    typed = {name: given.get(name, default).strip() for name, default in DEFAULTS.items()}
    if typed["from"] or typed["to"]:  # what somebody wrote says more than what the list stood at
        typed["period"] = DAYS
    read, unread = _days_in(typed)
    as_in_addresses = [(name, day) for name, day in read.items() if typed[name] == day.isoformat()]
    typed |= {name: f"{day:%d/%m/%Y}" for name, day in as_in_addresses}
    try:
        return Asked(typed, {}, _begun(_query(to, reader, typed, read, unread), typed))
    except _Wrong as wrong:
        return Asked(typed, {name: text(key, language, value=typed[name]) for name, key in wrong.keys.items()}, None)
    except Problem as problem:
        if problem.status == _FORBIDDEN:
            raise
        field = problem.details.field or "period"
        key = "taken_over" if field == "department" and typed["organised"] == "now" else "unknown_value"
        return Asked(typed, {field: text(key, language, value=typed.get(field, ""))}, None)


def _query(
    to: FigureRoutes, reader: Reader, typed: Mapping[str, str], read: Mapping[str, date], unread: Mapping[str, str]
) -> FigureQuery:
    dimension = next((each for each in GROUPINGS if each == typed["by"]), None)
    if dimension is None:
        raise _Wrong(by="unknown_value")
    sections = [Dimension.LEVEL] if typed["sections"] else []
    today = to.clock().date()
    chosen = {name: [typed[name]] for name in _CHOICES if typed[name]} | reader.filters(typed, today)
    more = {"definition": typed["definition"], "organised": typed["organised"], "by": typed["by"]}
    named = typed["period"]
    if named == DAYS:
        first, last = _days(read, unread, today)
    elif named in PRESETS:
        first, last = preset(named, today)
    else:
        span = {"period": named}
        return to.query(reader.scope, FormParameters.model_validate(span | chosen | more), dimension, *sections)
    span = {"from": first.isoformat(), "to": last.isoformat()}
    return to.query(reader.scope, FormParameters.model_validate(span | chosen | more), dimension, *sections)


def _begun(query: FigureQuery, typed: Mapping[str, str]) -> FigureQuery:
    """Refuse a period of which there is nothing to count yet."""
    if query.first > query.as_of.date():
        raise _Wrong(**{"from" if typed["period"] == DAYS else "period": "not_begun"})
    return query


def _days(read: Mapping[str, date], unread: Mapping[str, str], today: date) -> tuple[date, date]:
    missing = {} if "from" in read or "from" in unread else {"from": "day_missing"}
    if wrong := {**missing, **unread}:
        raise _Wrong(**wrong)
    first, last = read["from"], read.get("to", today)
    if first > last:
        raise _Wrong(**{"from": "exchanged"})
    return first, last


def _days_in(typed: Mapping[str, str]) -> tuple[dict[str, date], dict[str, str]]:
    """The days that are written, and of those that can't be read what is wrong with them."""
    read: dict[str, date] = {}
    unread: dict[str, str] = {}
    for name in ("from", "to"):
        if typed[name]:
            day = day_typed(typed[name])
            if day is None:
                unread[name] = "unreadable_day"
            elif EARLIEST <= day <= LATEST:
                read[name] = day
            else:
                unread[name] = "day_out_of_range"
    return read, unread


def day_typed(typed: str) -> date | None:
    """A day as people here write it, or as a program does."""
    found = _DAY.fullmatch(typed)
    if found is None:
        return None
    day, month, year, *iso = found.groups()
    try:
        return date(int(year), int(month), int(day)) if year else date(*(int(part) for part in iso))
    except ValueError:
        return None


def preset(name: str, today: date) -> tuple[date, date]:
    """A usual period of the calendar; one that goes on reaches to today."""
    length = {"month": 1, "quarter": _QUARTER, "year": _DECEMBER}[name.partition("-")[2]]
    first = today.replace(day=1, month=today.month - (today.month - 1) % length)
    if name.startswith("this"):
        return first, today
    last = first - ONE_DAY
    return last.replace(day=1, month=last.month - length + 1), last


def statutory_names(typed: str, today: date) -> list[str]:
    """The named periods to choose from: those of this year and the last one, and the one that was asked for."""
    names = [
        f"{year}{ending}"
        for year in (today.year, today.year - 1)
        for ending in ("", "-9M", "-6M", *(f"-Q{n}" for n in range(1, 5)), *(f"-{n:02}" for n in range(1, 13)))
    ]
    return names if typed in (*PRESETS, DAYS, *names) else [typed, *names]
