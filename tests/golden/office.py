"""The golden set's calendars and rules as a catalogue of the product, and its cases as the events a sender posts."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Any

from shared.catalogue import CalendarEntry, Catalogue, Department, Procedure
from shared.contract.accepted import REQUIRED_BY_LAW
from shared.contract.envelope import event_type
from shared.domain.calendar import DatedSessions, Session
from shared.domain.terms import Term, TermUnit
from tests.golden.reading import CALENDARS, Calendar, Case, department_of, rules_of

PROCEDURE = "2.000635"
EVERYWHERE = "vn"


def catalogue_of(case: Case) -> Catalogue:
    """Every calendar of the set, and the case's procedure in its versions."""
    versions = tuple(_procedure(rule) for rule in rules_of(case))
    everywhere = CALENDARS[EVERYWHERE]
    return Catalogue(_departments(), versions, everywhere["first_day"], everywhere["last_day"], _entries())


def _procedure(rule: dict[str, Any]) -> Procedure:
    return Procedure(
        code=PROCEDURE,
        name="Cấp bản sao văn bằng, chứng chỉ từ sổ gốc",
        department=None,
        field="Văn bằng, chứng chỉ",
        level="province",
        term=Term(rule["term"]["amount"], TermUnit(rule["term"]["unit"])) if "term" in rule else None,
        closing_hour=rule.get("closing_hour"),
        same_day=rule.get("same_day", False),
        valid_from=rule.get("valid_from"),
        valid_to=rule.get("valid_to"),
    )


@cache
def _departments() -> dict[str, Department]:
    usual = _sessions(CALENDARS[EVERYWHERE]["hours"])
    return {own["department"]: _department(own, usual) for own in CALENDARS.values()}


def _department(own: Calendar, usual: tuple[Session, ...]) -> Department:
    code = own["department"]
    hours = tuple(
        DatedSessions(other["first"], other["last"], _sessions(other["hours"])) for other in own.get("other_hours", [])
    )
    return Department(code, code, code, _sessions(own["hours"]) if "hours" in own else usual, hours)


def _sessions(hours: list[Any]) -> tuple[Session, ...]:
    return tuple((opens, closes) for opens, closes in hours)


@cache
def _entries() -> tuple[CalendarEntry, ...]:
    return tuple(entry for name, own in CALENDARS.items() for entry in _entries_of(name, own))


def _entries_of(name: str, own: Calendar) -> Iterator[CalendarEntry]:
    where = () if name == EVERYWHERE else (own["department"],)
    for works, key in ((False, "days_off"), (True, "swapped_to_work")):
        for entry in own.get(key, []):
            first, last = entry.get("day", entry.get("first")), entry.get("day", entry.get("last"))
            for ordinal in range(first.toordinal(), last.toordinal() + 1):
                yield CalendarEntry(date.fromordinal(ordinal), works, entry["name"], own["source"], where)


def sent_by(case: Case) -> Iterator[dict[str, Any]]:
    """The case's events as CloudEvents, in order; deadlines are left to intake unless the case gives one."""
    about = {"department": department_of(case), "procedure": PROCEDURE, "channel": case.get("channel", "online")}
    if "submitted" in case:
        yield _cloud_event("submitted", case["submitted"], about, 0)
    given = {"due_at": case["due_given"].isoformat()} if "due_given" in case else {}
    if given and "term" in case:
        given["term"] = case["term"]
    yield _cloud_event("received", case["received"], about | given, 1)
    for number, event in enumerate(case.get("events", []), start=2):
        yield _cloud_event(event["event"], event["at"], _data(event), number)


def _cloud_event(name: str, at: datetime, about: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"golden-{number}",
        "source": "/golden",
        "type": event_type(name),
        "subject": "H59.15-230306-0001",
        "time": at.isoformat(),
        "data": about,
    }


def _data(event: dict[str, Any]) -> dict[str, Any]:
    carried = {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in event.items()
        if key not in ("event", "at")
    }
    if event["event"] == "corrected":
        carried = {"field": event["field"], "old_value": carried.get("old"), "new_value": carried.get("new")}
    return dict.fromkeys(REQUIRED_BY_LAW.get(event["event"], ()), "as the case says") | carried
