"""What pydantic finds wrong with an announcement, as sentences that say what to write instead."""

from collections.abc import Callable, Mapping
from typing import Any

from services.intake.announcements.announcing import Wrong
from services.intake.announcements.schemas import NewAnnouncement, NewDays
from shared.domain.localtime import FIRST_YEAR, LAST_YEAR

Found = Mapping[str, Any]  # pydantic's error: type, loc, msg, ctx
NEEDED = {
    "source": 'it is missing; write the decree as it is cited, such as "Quyết định 99/QĐ-TTg ngày 10/12/2023"',
    "days": "it is missing; give at least one day, with `works` and `name`",
    "works": "it is missing; write false for a day off, true for a day that is worked",
    "name": 'it is missing; write what the day is called, such as "Quốc khánh"',
}
SENTENCES: dict[str, Callable[[Found], str]] = {
    "missing": lambda found: NEEDED.get(str(found["loc"][-1]), "it is missing; write it"),
    "extra_forbidden": lambda found: f"there is no such field; leave it out, or choose one of {_fields(found)}",
    "bool_type": lambda _: "it is neither true nor false; write false for a day off, true for a day that is worked",
    "string_type": lambda _: "it is not a text; write it in quotes",
    "string_too_short": lambda _: "it is empty; write at least 1 character",
    "string_too_long": lambda found: f"it is too long; shorten it to {found['ctx']['max_length']} characters",
    "string_pattern_mismatch": lambda _: "it does not begin with a letter or digit and go on with those and '.', '_', '-'; write it so",
    "list_type": lambda _: "it is not a list; write it in square brackets",
    "too_short": lambda _: "it is empty; give at least one",
    "too_long": lambda found: f"it has {found['ctx']['actual_length']} entries; send at most {found['ctx']['max_length']} at once",
    "model_type": lambda _: "it is not an object; write a day as an object with `day` (or `first` and `last`), `works` and `name`",
    "blank": lambda _: "it is blank; write what can be read",
    "hidden": lambda found: f"it has a character that cannot be seen ({found['ctx']['character']}); write it without, in one line",
    "day_out_of_reach": lambda _: f"it lies outside the years {FIRST_YEAR}-{LAST_YEAR}; correct the year",
    "day": lambda _: "it is not a date; write it like 2026-08-31",
}


def sentence(found: Found) -> Wrong:
    """Which field is wrong, and the fix; what is not foreseen here is told as pydantic tells it."""
    place = [part for part in found["loc"] if part != "body"]
    say = SENTENCES.get(found["type"])
    return Wrong(".".join(str(part) for part in place), found["msg"] if say is None else say(found))


def _fields(found: Found) -> str:
    """Of the announcement, or of one of its days."""
    model = NewDays if "days" in found["loc"][:-1] else NewAnnouncement
    return ", ".join(model.model_fields)
