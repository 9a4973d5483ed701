"""How the calls about announced days read them, and what they answer made of the domain's values."""

import re
import unicodedata
from collections import Counter as Tally
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from msgspec.structs import asdict
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.intake.announcements.moves import MOVING, STAYING, Move, MoveOutcome, WhyUntouched, reason
from services.intake.announcements.planning import MovePlan
from services.intake.http.dossier_messages import Instant
from services.intake.log.calendar import Announcement, StoredAnnouncement
from shared.catalogue import CalendarEntry
from shared.contract.http.announcements import AnnouncementAnswer, AnnouncementView, MoveView
from shared.contract.http.service import FieldMistake
from shared.domain.localtime import FIRST_YEAR, LAST_YEAR, local_date
from shared.domain.texts import personal
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
    return _of_nobody(text)


def _of_nobody(text: str) -> str:
    """Refuses what tells who a person is: decrees name no phone, and every service reads this."""
    if kind := personal(text):
        raise PydanticCustomError("personal", "holds {kind}; leave it out", {"kind": kind})
    return text


HIDDEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
Readable = Annotated[str, AfterValidator(_readable)]
Day = Annotated[date, BeforeValidator(_iso_day), AfterValidator(_in_reach)]
ListedOutcome = Literal["moves", "overdue", "would_be_overdue", "cannot_be_computed", "changed_meanwhile"]


class NewDaysBody(BaseModel):
    """Reads `NewDays`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: Day | None = None
    first: Day | None = None
    last: Day | None = None
    works: bool = Field(strict=True)
    name: Readable = Field(min_length=1, max_length=200)


class NewAnnouncementBody(BaseModel):
    """Reads a `NewAnnouncement`: pydantic names every field at fault at once, where decoding ends at the first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: (
        Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100), AfterValidator(_of_nobody)]
        | None
    ) = None
    source: Readable = Field(min_length=1, max_length=500)
    announced_at: Instant | None = None
    days: list[NewDaysBody] = Field(min_length=1, max_length=400)
    applies_to: list[str] = Field(default=[], max_length=500)


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
        "applies_to": announcement.applies_to,
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


def unprocessable(wrong: list[FieldMistake]) -> Problem:
    """The refusal that names each field."""
    detail = "; ".join(f"{mistake.field}: {mistake.detail}" for mistake in wrong)
    return Problem(
        422,
        "Unprocessable Content",
        detail,
        code="malformed",
        field=wrong[0].field,
        errors=wrong,
    )


def sentence(mistake: Mistake) -> FieldMistake:
    """Which field is wrong, and the fix; what is not foreseen here is said in pydantic's words."""
    place = [part for part in mistake["loc"] if part != "body"]
    say = SENTENCES.get(mistake["type"])
    return FieldMistake(".".join(str(part) for part in place), mistake["msg"] if say is None else say(mistake))


def _fields(mistake: Mistake) -> str:
    """Of the announcement, or of one of its days."""
    model = NewDaysBody if "days" in mistake["loc"][:-1] else NewAnnouncementBody
    return ", ".join(model.model_fields)
