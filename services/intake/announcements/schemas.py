"""Bodies and answers of the calls about announced days, as the API documents show them."""

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.intake.schemas import Instant
from shared.domain.localtime import FIRST_YEAR, LAST_YEAR


def _iso_day(value: object) -> date | None:
    """Read as it is written in the calendar: pydantic takes numbers and midnights as well."""
    try:
        if value is None or (isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)):
            return None if value is None else date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("day", "write a date, such as 2026-08-31")


def _in_reach(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise PydanticCustomError("day_out_of_reach", "write a day of the years 1900 to 2999")
    return day


def _readable(text: str) -> str:
    """Refuses control and invisible characters: they would be written to terminals, reports and the legal ground of every move."""
    if not text.strip():
        raise PydanticCustomError("blank", "write what can be read")
    if hidden := [letter for letter in text if unicodedata.category(letter) in HIDDEN]:
        raise PydanticCustomError("hidden", "leave out {character}", {"character": f"U+{ord(hidden[0]):04X}"})
    return text


HIDDEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
Readable = Annotated[str, AfterValidator(_readable)]
Day = Annotated[date, BeforeValidator(_iso_day), AfterValidator(_in_reach)]
Outcome = Literal["moves", "overdue", "would_be_overdue", "cannot_be_computed", "changed_meanwhile"]


class NewDays(BaseModel):
    """One day (`day`) or several in a row (`first`, `last`, inclusive), off or worked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: Day | None = None
    first: Day | None = None
    last: Day | None = None
    works: bool = Field(strict=True, description="false: a day off; true: a day that is worked, such as a swapped Saturday")
    name: Readable = Field(min_length=1, max_length=200, examples=["Quốc khánh"])


class NewAnnouncement(BaseModel):
    """Days off and swapped days that an authority announced."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100, description="the same id again is a repeat")
    source: Readable = Field(min_length=1, max_length=500, description="the decree, as it is cited: it is the legal ground of every move")
    announced_at: Instant | None = Field(None, description="when it was made known; now when missing")
    days: list[NewDays] = Field(min_length=1, max_length=400)
    applies_to: list[str] = Field(
        default=[], max_length=500, examples=[["H59", "H59.15"]], description="codes of provinces or departments; none: everywhere"
    )


class DayAnnounced(BaseModel):
    day: date
    works: bool
    name: str


class MoveView(BaseModel):
    """An open dossier whose deadline the announcement affects."""

    code: str
    department: str
    procedure: str
    received_at: datetime
    due_at: datetime = Field(description="before the announcement")
    new_due_at: datetime | None
    outcome: str = Field(description="planned or moved; else why it stays where it is")
    reason: str


class AnnouncementView(BaseModel):
    """Announced days and how far the moves are: everything a reader needs to build the same calendar."""

    id: str
    source: str
    announced_at: datetime
    announced: date
    applies_to: list[str]
    days: list[DayAnnounced]
    recorded_at: datetime | None = Field(description="every decision recorded later was made with it; null in a dry run")
    state: Literal["dry_run", "announced", "moving", "done"] = Field(description="`announced` until the dossiers are found")
    open_dossiers_examined: int | None = Field(description="open dossiers of the departments covered; null until they are found")
    to_move: int = Field(description="dossiers whose deadline moves")
    moved: int = Field(description="how many of them have moved")
    stays: dict[str, int] = Field(description="affected dossiers whose deadline stays, by why")


class AnnouncementAnswer(AnnouncementView):
    """One announcement with a page of the dossiers it affects, by code."""

    not_affected: dict[str, int] | None = Field(
        None,
        description="of a dry run, the open dossiers whose deadline is the same with these days, by why: `no_deadline`, `given_by_sender`, "
        "`same_deadline` (no such day in their time, or it makes no difference); null when it is not a dry run",
    )
    notes: list[str] = Field(default=[], description="days that were so already")
    moves: list[MoveView]
    next_cursor: str | None = Field(description="give it as `cursor` for the next page; null on the last one")
