"""The golden set's calendars and rules as a catalogue of the product, and its cases as the events a sender posts."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Any

from shared.catalogue import CalendarEntry, Catalogue, Department, Procedure
from shared.catalogue.model import FORM_CHANNELS, ChannelEntry
from shared.contract.accepted import REQUIRED_BY_LAW
from shared.contract.envelope import event_type
from shared.domain.calendar import DatedSessions, Session
from shared.domain.fields import Channel
from shared.domain.terms import Term, TermUnit
from tests.golden.reading import CALENDARS, CHANNELS, Calendar, Case, department_of, rules_of

CODE = "H59.15-230306-0001"
PROCEDURE = "2.000635"
EVERYWHERE = "vn"


def catalogue_of(case: Case) -> Catalogue:
    """Every calendar and channel of the set, the case's procedure in its versions and the others that it names."""
    others = (_procedure(rule, code) for code, rule in case.get("procedures", {}).items())
    versions = (*(_procedure(rule, PROCEDURE) for rule in rules_of(case)), *others)
    everywhere = CALENDARS[EVERYWHERE]
    return Catalogue(_departments(), versions, everywhere["first_day"], everywhere["last_day"], _entries(), _channels())


@cache
def _channels() -> dict[str, ChannelEntry]:
    own = {code: ChannelEntry(code, code, code, Channel(counted_as)) for code, counted_as in CHANNELS.items()}
    return own | dict(FORM_CHANNELS)


def _term(rule: dict[str, Any]) -> Term:
    return Term(rule["amount"], TermUnit(rule["unit"]))


def _procedure(rule: dict[str, Any], code: str) -> Procedure:
    return Procedure(
        code=code,
        name="Cấp bản sao văn bằng, chứng chỉ từ sổ gốc",
        department=rule.get("handled_by", [None])[0],
        departments=tuple(rule.get("handled_by", [])[1:]),
        field="Văn bằng, chứng chỉ",
        level="province",
        term=_term(rule["term"]) if "term" in rule else None,
        channel_terms={channel: _term(term) for channel, term in rule.get("channel_terms", {}).items()},
        channels=tuple(rule.get("channels", ())),
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


def sent_by(case: Case, code: str = CODE) -> Iterator[dict[str, Any]]:
    """The case's events as CloudEvents, in order; deadlines are left to intake unless the case gives one."""
    about = {"department": department_of(case), "procedure": PROCEDURE, "channel": case.get("channel", "online")}
    about |= {key: case[key] for key in ("online_level", "received_by", "follows") if key in case}
    given = {"due_at": case["due_given"].isoformat()} if "due_given" in case else {}
    if given and "term" in case:
        given["term"] = case["term"]
    opening = [{"event": name, "at": case[name]} for name in ("submitted", "received") if name in case]
    for number, event in enumerate([*opening, *case.get("events", [])]):
        said = {"submitted": about, "received": about | given}.get(event["event"])
        yield _cloud_event(code, event, _data(event) if said is None else said, number)


def _cloud_event(code: str, event: dict[str, Any], data: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"golden-{number}",
        "source": "/golden",
        "type": event_type(event["event"]),
        "subject": code,
        "time": event["at"].isoformat(),
        "data": data,
    }


def _data(event: dict[str, Any]) -> dict[str, Any]:
    carried = {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in event.items()
        if key not in ("event", "at")
    }
    if event["event"] == "corrected":
        carried["old_value"], carried["new_value"] = carried.pop("old", None), carried.pop("new", None)
    return dict.fromkeys(REQUIRED_BY_LAW.get(event["event"], ()), "as the case says") | carried
