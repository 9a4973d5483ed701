"""Dates as an office writes them: patterns such as dd/mm/yyyy hh:mm, a date alone, cells that are dates already."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.domain.localtime import FIRST_YEAR, LAST_YEAR

_TOKENS = re.compile(r"[yY]+|[mM]+|[dD]+|[hH]+|[sS]+")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")
_EXAMPLE = {"year": "2023", "month": "12", "day": "08", "hour": "08", "minute": "31", "second": "00"}
REMEMBERED = 1 << 16


class Moment(NamedTuple):
    """An instant; `is_day` when only its day was written, whose start it is."""

    at: datetime
    is_day: bool = False


class _Token(NamedTuple):
    part: str
    start: int
    end: int


class Pattern:
    """One way to write a date. Raises ValueError, in words for the author of a mapping, when it names no date."""

    def __init__(self, text: str) -> None:
        self.text = text
        tokens = _tokens(text)
        parts = [token.part for token in tokens]
        missing = [part for part in ("year", "month", "day") if parts.count(part) != 1]
        if missing or len(set(parts)) < len(parts):
            raise ValueError(f"{text!r} is no way to write a date; name each part once, as in dd/mm/yyyy hh:mm")
        self.has_time = "hour" in parts
        self._match = re.compile(_regex(text, tokens), re.ASCII).fullmatch
        example = text
        for token in reversed(tokens):
            example = example[: token.start] + _EXAMPLE[token.part] + example[token.end :]
        self.example = example

    def read(self, text: str, zone: tzinfo) -> Moment | None:
        """The moment, None when it is written otherwise; ValueError for a day or an hour that does not exist."""
        found = self._match(text)
        if found is None:
            return None
        numbers = {part: int(digits) for part, digits in found.groupdict().items()}
        return Moment(
            datetime(
                numbers["year"],
                numbers["month"],
                numbers["day"],
                numbers.get("hour", 0),
                numbers.get("minute", 0),
                numbers.get("second", 0),
                tzinfo=zone,
            ),
            not self.has_time,
        )


class DateReader:
    """Reads cells as moments; an instant without an offset lies in `zone`, `no_dates` stand where there is none."""

    def __init__(self, patterns: Sequence[Pattern], zone: tzinfo, no_dates: Iterable[str] = ()) -> None:
        self._patterns = patterns
        self._zone = zone
        self._no_dates = frozenset(no_dates)
        self._written: Callable[[str], Moment] = lru_cache(maxsize=REMEMBERED)(self._read)

    def is_none(self, cell: object) -> bool:
        return isinstance(cell, str | int) and str(cell).strip() in self._no_dates

    def read(self, cell: object) -> Moment:
        """The moment in the cell; ValueError says what stands there instead and how to write it."""
        if isinstance(cell, str):
            return self._written(cell)
        match cell:
            case datetime():
                at = cell if cell.tzinfo is not None else cell.replace(tzinfo=self._zone)
                return _in_office(Moment(at, is_day=cell.time() == time()))
            case date():
                return _in_office(Moment(datetime.combine(cell, time(), self._zone), is_day=True))
            case int() if not isinstance(cell, bool):
                return self._numbered(cell)
            case _:
                raise ValueError(f"the cell holds {cell!r}, which is no date; format the column as a date, {self._fix}")

    def _numbered(self, cell: int) -> Moment:
        try:
            return self._written(str(cell))
        except ValueError as wrong:
            raise ValueError(
                f"the cell holds the number {cell}; format the column as a date, or as text {self._fix}"
            ) from wrong

    def _read(self, cell: str) -> Moment:
        text = " ".join(cell.split())
        try:
            for pattern in self._patterns:
                if (moment := pattern.read(text, self._zone)) is not None:
                    return _in_office(moment)
            if _ISO.fullmatch(text):
                at = datetime.fromisoformat(text)
                is_day = len(text) == len("2023-12-08")
                return _in_office(Moment(at if at.tzinfo else at.replace(tzinfo=self._zone), is_day))
        except ValueError as wrong:
            raise ValueError(f"{text!r} does not exist ({wrong}); {self._fix}") from wrong
        raise ValueError(f"{text[:40]!r} is not a date of this mapping; {self._fix}")

    @property
    def _fix(self) -> str:
        return "write it like " + " or ".join(pattern.example for pattern in self._patterns)


def _in_office(moment: Moment) -> Moment:
    """The moment; ValueError for a year that no office works in, such as programs write where there is no date."""
    if not FIRST_YEAR <= moment.at.year <= LAST_YEAR:
        raise ValueError(f"year {moment.at.year} is none of {FIRST_YEAR} to {LAST_YEAR}")
    return moment


def zone_of(text: str) -> tzinfo:
    """+07:00 or Asia/Ho_Chi_Minh as a time zone; ValueError when it is neither."""
    offset = _OFFSET.fullmatch(text)
    if offset is not None:
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-ahead if offset[1] == "-" else ahead)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as wrong:
        raise ValueError(f"{text!r} is no time zone; write +07:00 or Asia/Ho_Chi_Minh") from wrong


def _tokens(text: str) -> list[_Token]:
    found = list(_TOKENS.finditer(text))
    letters = [each[0][0].lower() for each in found]
    tokens = []
    for index, each in enumerate(found):
        after_hours = index > 0 and letters[index - 1] == "h"
        before_seconds = index + 1 < len(letters) and letters[index + 1] == "s"
        part = {"y": "year", "d": "day", "h": "hour", "s": "second"}.get(letters[index])
        tokens.append(_Token(part or ("minute" if after_hours or before_seconds else "month"), *each.span()))
    return tokens


def _regex(text: str, tokens: list[_Token]) -> str:
    """Parts with nothing between them have a fixed width, others one digit or two."""
    pattern, end = "", 0
    for index, token in enumerate(tokens):
        touches = token.start == end and index > 0
        touched = index + 1 < len(tokens) and tokens[index + 1].start == token.end
        width = "4" if token.part == "year" else "2" if touches or touched else "1,2"
        literal = "".join(r"\s*" if letter.isspace() else re.escape(letter) for letter in text[end : token.start])
        pattern += rf"{literal}(?P<{token.part}>\d{{{width}}})"
        end = token.end
    return pattern + re.escape(text[end:])
