"""The golden set as it stands in its files: cases, calendars, channels, traps and definitions."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "shared" / "golden"
FILE, CELLS_FILE = FOLDER / "deadlines.toml", FOLDER / "cells.toml"

Case = dict[str, Any]  # one [[cases]] table, as README.md beside the files describes it
Calendar = dict[str, Any]  # one [calendars.*] table

_FILE = tomllib.loads(FILE.read_text(encoding="utf-8"))
CASES: list[Case] = _FILE["cases"]
CALENDARS: dict[str, Calendar] = _FILE["calendars"]
TRAPS: dict[str, str] = _FILE["traps"]
DEFINITIONS: dict[str, str] = _FILE["definitions"]
CHANNELS: dict[str, str] = _FILE["channels"]  # a channel that no form names -> its class
CELLS: list[Case] = tomllib.loads(CELLS_FILE.read_text(encoding="utf-8"))["cases"]
OF_A_RULE = ("term", "same_day", "closing_hour", "channel_terms", "channels", "handled_by")
TURNS = ("reopened", "voided", "corrected")  # what changes cells of the past


def calendar_of(case: Case) -> str:
    """The name of the calendar a case goes by."""
    name: str = case.get("calendar", "vn")
    return name


def department_of(case: Case) -> str:
    """The department that receives the case's dossier."""
    code: str = CALENDARS[calendar_of(case)]["department"]
    return code


def rules_of(case: Case) -> list[dict[str, Any]]:
    """The procedure's rule as it was and is: the case's versions, or the one rule it names."""
    named = {key: case[key] for key in OF_A_RULE if key in case}
    versions: list[dict[str, Any]] = case.get("versions", [named])
    return versions


def original_of(expect: dict[str, Any]) -> datetime | None:
    """The deadline given at receipt: named where it is not the last one."""
    return None if expect.get("no_original") else expect.get("due_original", expect.get("due_at"))


def class_of_channel(channel: str) -> str:
    """How the form counts a channel: one of its own, or as the set says."""
    return CHANNELS.get(channel, channel)


def known_before(case: Case) -> Case:
    """The case without what its last event that changes the past made known, and what came after it."""
    told = case.get("events", [])
    turn = max(number for number, event in enumerate(told) if event["event"] in TURNS)
    return case | {"events": told[:turn]}


def others_of(case: Case) -> list[Case]:
    """The dossiers beside the case's own, each a case by itself; all of their events are known."""
    return [{"id": f"{case['id']}-{number}", **other} for number, other in enumerate(case.get("also", []), start=2)]
