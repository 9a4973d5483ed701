"""Bodies and answers of the calls about announced days, as the API documents show them."""

import re
import unicodedata
from collections import Counter as Tally
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple

from msgspec.structs import asdict
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.intake.announcements.moves import MOVING, STAYING, Move, MoveOutcome, WhyUntouched, reason
from services.intake.announcements.planning import MovePlan
from services.intake.calendar import Announcement, StoredAnnouncement
from services.intake.http.dossier_messages import Instant, View
from shared.catalogue import CalendarEntry
from shared.domain.localtime import FIRST_YEAR, LAST_YEAR, local_date
from shared.service.problems import Problem


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
    """Refuses control and invisible characters, which would reach terminals, reports and every move's legal ground."""
    if not text.strip():
        raise PydanticCustomError("blank", "write what can be read")
    if hidden := [letter for letter in text if unicodedata.category(letter) in HIDDEN]:
        raise PydanticCustomError("hidden", "leave out {character}", {"character": f"U+{ord(hidden[0]):04X}"})
    return text


HIDDEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
Readable = Annotated[str, AfterValidator(_readable)]
Day = Annotated[date, BeforeValidator(_iso_day), AfterValidator(_in_reach)]
ListedOutcome = Literal["moves", "overdue", "would_be_overdue", "cannot_be_computed", "changed_meanwhile"]


class NewDays(BaseModel):
    """One day (`day`) or several in a row (`first`, `last`, inclusive), off or worked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: Day | None = None
    first: Day | None = None
    last: Day | None = None
    works: bool = Field(
        strict=True, description="false: a day off; true: a day that is worked, such as a swapped Saturday"
    )
    name: Readable = Field(min_length=1, max_length=200, examples=["Quốc khánh"])


class NewAnnouncement(BaseModel):
    """Days off and swapped days that an authority announced."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100, description="the same id again is a repeat"
    )
    source: Readable = Field(
        min_length=1, max_length=500, description="the decree, as it is cited: it is the legal ground of every move"
    )
    announced_at: Instant | None = Field(None, description="when it was made known; now when missing")
    days: list[NewDays] = Field(min_length=1, max_length=400)
    applies_to: list[str] = Field(
        default=[],
        max_length=500,
        examples=[["H59", "H59.15"]],
        description="codes of provinces or departments; none: everywhere",
    )


class DayAnnounced(View):
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
    recorded_at: datetime | None = Field(
        description="every decision recorded later was made with it; null in a dry run"
    )
    state: Literal["dry_run", "announced", "moving", "done"] = Field(
        description="`announced` until the dossiers are found"
    )
    open_dossiers_examined: int | None = Field(
        description="open dossiers of the departments covered; null until they are found"
    )
    to_move: int = Field(description="dossiers whose deadline moves")
    moved: int = Field(description="how many of them have moved")
    stays: dict[str, int] = Field(description="affected dossiers whose deadline stays, by why")


class AnnouncementAnswer(AnnouncementView):
    """One announcement with a page of the dossiers it affects, by code."""

    not_affected: dict[str, int] | None = Field(
        None,
        description="of a dry run, the open dossiers whose deadline is the same with these days, by why: "
        "`no_deadline`, `given_by_sender`, `same_deadline` (no such day in their time, or it makes no difference); "
        "null when it is not a dry run",
    )
    notes: list[str] = Field(default=[], description="days that were so already")
    moves: list[MoveView]
    next_cursor: str | None = Field(description="give it as `cursor` for the next page; null on the last one")


@dataclass(frozen=True, slots=True)
class MovesPage:
    """Which of the affected dossiers an answer lists: up to `limit` of those with the outcomes, after a code."""

    outcomes: Collection[MoveOutcome]
    after: str
    limit: int


def summary(stored: StoredAnnouncement, counts: dict[str, int]) -> AnnouncementView:
    """An announcement and how many dossiers it affects."""
    return AnnouncementView(**_summary(stored, counts))


def answer(stored: StoredAnnouncement, counts: dict[str, int], moves: Sequence[Move], limit: int) -> AnnouncementAnswer:
    """The same with a page of dossiers; one more than `limit` says that there is another page."""
    return AnnouncementAnswer(**_summary(stored, counts), **_page(moves, stored.announcement.entries(), limit))


def planned_answer(announcement: Announcement, plan: MovePlan, notes: list[str], page: MovesPage) -> AnnouncementAnswer:
    """What a dry run found."""
    counts = Tally(move.outcome.value for move in plan.moves)
    listed = [move for move in plan.moves if move.outcome in page.outcomes and move.code > page.after]
    return AnnouncementAnswer(
        **_about(announcement),
        recorded_at=None,
        state="dry_run",
        open_dossiers_examined=plan.examined,
        **_counted(counts),
        not_affected={why.value: plan.untouched[why] for why in WhyUntouched if why in plan.untouched},
        notes=notes,
        **_page(listed[: page.limit + 1], announcement.entries(), page.limit),
    )


def _summary(stored: StoredAnnouncement, counts: dict[str, int]) -> dict[str, Any]:
    own = {"recorded_at": stored.recorded_at, "state": stored.state.value, "open_dossiers_examined": stored.examined}
    return {**_about(stored.announcement), **own, **_counted(counts)}


def _about(announcement: Announcement) -> dict[str, Any]:
    return {
        "id": announcement.id,
        "source": announcement.source,
        "announced_at": announcement.announced_at,
        "announced": local_date(announcement.announced_at),
        "applies_to": list(announcement.applies_to),
        "days": announcement.days,
    }


def _counted(counts: dict[str, int]) -> dict[str, Any]:
    return {
        "to_move": sum(counts.get(outcome.value, 0) for outcome in MOVING),
        "moved": counts.get(MoveOutcome.MOVED.value, 0),
        "stays": {outcome.value: counts[outcome.value] for outcome in STAYING if counts.get(outcome.value)},
    }


def _page(moves: Sequence[Move], days: Sequence[CalendarEntry], limit: int) -> dict[str, Any]:
    page = moves[:limit]
    return {"moves": [_view(move, days) for move in page], "next_cursor": page[-1].code if len(moves) > limit else None}


def _view(move: Move, days: Sequence[CalendarEntry]) -> MoveView:
    return MoveView(**asdict(move), reason=reason(move, days))


Mistake = Mapping[str, Any]  # pydantic's error: type, loc, msg, ctx
NEEDED = {
    "source": 'it is missing; write the decree as it is cited, such as "Quyết định 99/QĐ-TTg ngày 10/12/2023"',
    "days": "it is missing; give at least one day, with `works` and `name`",
    "works": "it is missing; write false for a day off, true for a day that is worked",
    "name": 'it is missing; write what the day is called, such as "Quốc khánh"',
}
SENTENCES: dict[str, Callable[[Mistake], str]] = {
    "missing": lambda mistake: NEEDED.get(str(mistake["loc"][-1]), "it is missing; write it"),
    "extra_forbidden": lambda mistake: f"there is no such field; leave it out, or choose one of {_fields(mistake)}",
    "bool_type": lambda _: "it is neither true nor false; write false for a day off, true for a day that is worked",
    "string_type": lambda _: "it is not a text; write it in quotes",
    "string_too_short": lambda _: "it is empty; write at least 1 character",
    "string_too_long": lambda mistake: f"it is too long; shorten it to {mistake['ctx']['max_length']} characters",
    "string_pattern_mismatch": lambda _: (
        "it does not begin with a letter or digit and go on with those and '.', '_', '-'; write it so"
    ),
    "list_type": lambda _: "it is not a list; write it in square brackets",
    "too_short": lambda _: "it is empty; give at least one",
    "too_long": lambda mistake: (
        f"it has {mistake['ctx']['actual_length']} entries; send at most {mistake['ctx']['max_length']} at once"
    ),
    "model_type": lambda _: (
        "it is not an object; write a day as an object with `day` (or `first` and `last`), `works` and `name`"
    ),
    "blank": lambda _: "it is blank; write what can be read",
    "hidden": lambda mistake: (
        f"it has a character that cannot be seen ({mistake['ctx']['character']}); write it without, in one line"
    ),
    "day_out_of_reach": lambda _: f"it lies outside the years {FIRST_YEAR}-{LAST_YEAR}; correct the year",
    "day": lambda _: "it is not a date; write it like 2026-08-31",
}


class FieldMistake(NamedTuple):
    """What is wrong in which field of a request, and the fix."""

    field: str
    detail: str


def unprocessable(wrong: list[FieldMistake]) -> Problem:
    """The refusal that names each field."""
    detail = "; ".join(f"{field}: {why}" for field, why in wrong)
    return Problem(
        422,
        "Unprocessable Content",
        detail,
        code="malformed",
        field=wrong[0].field,
        errors=[each._asdict() for each in wrong],
    )


def sentence(mistake: Mistake) -> FieldMistake:
    """Which field is wrong, and the fix; what is not foreseen here is said in pydantic's words."""
    place = [part for part in mistake["loc"] if part != "body"]
    say = SENTENCES.get(mistake["type"])
    return FieldMistake(".".join(str(part) for part in place), mistake["msg"] if say is None else say(mistake))


def _fields(mistake: Mistake) -> str:
    """Of the announcement, or of one of its days."""
    model = NewDays if "days" in mistake["loc"][:-1] else NewAnnouncement
    return ", ".join(model.model_fields)
