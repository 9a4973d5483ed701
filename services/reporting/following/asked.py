"""What the follow-up list is asked for; what is wrong is answered by name, with the fix."""

import contextlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from fastapi import Query

from services.reporting.cursors import place_of
from services.reporting.following.attention import Urgency
from services.reporting.paging import Cursor, Limit
from services.reporting.parameters import words
from shared.catalogue import Catalogue
from shared.domain.errors import InstantOutOfRange
from shared.domain.localtime import ONE_DAY, local
from shared.service.http import invalid

WORKING_DAY = timedelta(hours=8)
UNITS = {"d": WORKING_DAY, "h": timedelta(hours=1)}
LONGEST = {"d": 90, "h": 720}
DEFAULT_WITHIN = "2d"
ONCE = ("within", "officer", "limit", "cursor")
REPEATED = ("department",)

_WITHIN = re.compile(r"([1-9]\d{0,2})([dh])", re.ASCII)


@dataclass(frozen=True, slots=True)
class AttentionParameters:
    """The query's words, as they came."""

    within: Annotated[str, Query(description="working time ahead: 2d is two working days of 8 hours, 6h is six hours")] = DEFAULT_WITHIN
    department: Annotated[list[str] | None, Query(description="only these departments, by code")] = None
    officer: Annotated[str | None, Query(description="only this officer's dossiers, by pseudonym")] = None
    limit: Limit = 200
    cursor: Cursor = None


class Judged(NamedTuple):
    """Where a page ended, and the instant that all pages of a list are judged at."""

    as_of: datetime
    in_time: bool
    left_us: int
    due_at: datetime
    code: str

    @property
    def urgency(self) -> Urgency:
        return self.in_time, timedelta(microseconds=self.left_us), local(self.due_at), self.code


@dataclass(frozen=True, slots=True)
class AttentionQuery:
    """Dossiers that are overdue at `as_of`, or due within working time from then; empty `departments`: all."""

    as_of: datetime
    within: str
    departments: frozenset[str]
    officer: str | None
    limit: int
    after: Urgency | None

    @property
    def working_time(self) -> timedelta:
        return int(self.within[:-1]) * UNITS[self.within[-1]]


def attention_query(given: AttentionParameters, catalogue: Catalogue, now: datetime, of: str) -> AttentionQuery:
    """The checked query; a later page is judged at the instant of the first. `of` is the list that a cursor must belong to."""
    after = None if given.cursor is None else _place(given.cursor, now, of)
    return AttentionQuery(
        as_of=local(now if after is None else after.as_of),
        within=_within(given.within),
        departments=_departments(given.department or [], catalogue),
        officer=given.officer,
        limit=given.limit,
        after=None if after is None else after.urgency,
    )


def place_after(as_of: datetime, urgency: Urgency) -> Judged:
    """Where the next page of the list starts."""
    in_time, left, due_at, code = urgency
    return Judged(as_of, in_time, left // timedelta.resolution, due_at, code)


def _within(word: str) -> str:
    found = _WITHIN.fullmatch(word)
    if found is None or int(found[1]) > LONGEST[found[2]]:
        most = ", ".join(f"{amount}{unit}" for unit, amount in LONGEST.items())
        raise invalid("within", f"{word!r} is not a working time; write 2d for two days of 8 working hours or 6h for six (at most {most})")
    return word


def _departments(values: list[str], catalogue: Catalogue) -> frozenset[str]:
    codes = frozenset(words("department", values))
    for code in codes - catalogue.departments.keys():
        raise invalid("department", f"{code!r} is not in the catalogue; available: {', '.join(catalogue.departments)}")
    return codes


def _place(cursor: str, now: datetime, of: str) -> Judged:
    """A list is one day's work: a cursor of another day is refused, and none can make the service walk through centuries."""
    place = place_of(cursor, Judged, of)
    with contextlib.suppress(ValueError, OverflowError, InstantOutOfRange):
        if abs(local(place.as_of) - now) <= ONE_DAY and place.urgency:
            return place
    raise invalid("cursor", "is of a list of another day; leave it out to start again")
