"""What a clerk may do with a dossier: the events that its state allows, and the fields that each is told with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.domain.dossier import Dossier
from shared.domain.fields import Channel, CorrectableField, OnlineLevel, Outcome
from shared.domain.lifecycle import EventKind, allowed_from
from shared.domain.localtime import LOCAL
from shared.domain.terms import TermUnit

A_MOMENT = timedelta(seconds=2)


class FieldKind(StrEnum):
    """How a field is typed."""

    WORDS = "words"
    LINE = "line"
    INSTANT = "instant"
    TERM = "term"
    AMOUNT = "amount"
    CHECK = "check"
    CHOICE = "choice"
    DOSSIER = "dossier"


@dataclass(frozen=True, slots=True)
class ActionField:
    """A field of a form; `choices` are values, shown by their words."""

    name: str
    kind: FieldKind
    required: bool = False
    choices: tuple[str, ...] = ()


class MistypedField(Exception):
    """What was typed can't be read as the field."""

    def __init__(self, field: str, key: str) -> None:
        super().__init__(field)
        self.field, self.key = field, key


_K, _F = EventKind, FieldKind
_REASON = ActionField("reason", _F.WORDS, required=True)
_GROUND = ActionField("ground", _F.WORDS, required=True)
_LEGAL_GROUND = ActionField("legal_ground", _F.WORDS, required=True)
_DUE = ActionField("due_at", _F.INSTANT)
_AGENCY = ActionField("agency", _F.LINE)
_WHO = (ActionField("unit", _F.LINE), ActionField("officer", _F.LINE))
_PAID_ONLINE = ActionField("paid_online", _F.CHECK)
ACTIONS: Mapping[EventKind, tuple[ActionField, ...]] = {
    _K.RECEIVED: (),
    _K.DECLINED: (_REASON,),
    _K.SUPPLEMENT_REQUESTED: (ActionField("missing", _F.WORDS, required=True), _DUE),
    _K.SUPPLEMENTED: (),
    _K.SUPPLEMENT_LAPSED: (),
    _K.PROCESSING_STARTED: _WHO,
    _K.ASSIGNED: (*_WHO, _DUE),
    _K.RESOLVED: (
        ActionField("outcome", _F.CHOICE, choices=tuple(Outcome)),
        ActionField("electronic_result", _F.CHECK),
    ),
    _K.RETURNED: (ActionField("channel", _F.CHOICE, choices=(Channel.IN_PERSON, Channel.POSTAL, Channel.ONLINE)),),
    _K.APOLOGISED: (_REASON, ActionField("promised_at", _F.INSTANT, required=True)),
    _K.EXTENDED: (ActionField("by", _F.TERM), _DUE, _LEGAL_GROUND),
    _K.DEADLINE_SET: (ActionField("term", _F.TERM), _DUE, _GROUND),
    _K.SUSPENDED: (_GROUND,),
    _K.RESUMED: (),
    _K.PAYMENT_REQUESTED: (ActionField("amount_vnd", _F.AMOUNT),),
    _K.PAYMENT_SETTLED: (ActionField("amount_vnd", _F.AMOUNT), _PAID_ONLINE),
    _K.FEE_PAID: (ActionField("amount_vnd", _F.AMOUNT, required=True), _PAID_ONLINE),
    _K.FORWARDED: (ActionField("agency", _F.LINE, required=True), _DUE),
    _K.FORWARD_ANSWERED: (_AGENCY,),
    _K.STOPPED: (_REASON,),
    _K.WITHDRAWN: (_REASON,),
    _K.TRANSFERRED: (_AGENCY, _REASON),
    _K.RATED: (ActionField("score", _F.CHOICE, choices=("5", "4", "3", "2", "1")),),
    _K.CORRECTED: (
        ActionField("field", _F.CHOICE, required=True, choices=tuple(CorrectableField)),
        ActionField("new_value", _F.LINE),
        ActionField("recompute", _F.CHECK),
        _REASON,
    ),
    _K.REOPENED: (_REASON, _LEGAL_GROUND, _DUE),
    _K.VOIDED: (_REASON, ActionField("duplicate_of", _F.DOSSIER)),
}
"""Every event that a dossier may have after its first, in the order in which a counter meets them."""

FORMS = {
    _K.SUPPLEMENT_REQUESTED: "02",
    _K.DECLINED: "03",
    _K.APOLOGISED: "04",
    _K.EXTENDED: "04",
    _K.STOPPED: "05",
}
"""The printed form of Circular 03/2025 that goes with an event."""

TERM_UNITS = tuple(TermUnit)
LEVELS = tuple(OnlineLevel)
_INSTANT = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})[T ](?P<hour>\d{2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2}))?"
    r"|(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{4})(?:[ ,]+(?P<h>\d{1,2})[:hg](?P<min>\d{2}))?",
    re.ASCII,
)


def actions_of(dossier: Dossier) -> list[EventKind]:
    """What the dossier's state allows: moving a deadline needs one, and a first one needs there to be none."""
    allowed = set(allowed_from(dossier.state))
    allowed.discard(EventKind.DEADLINE_SET if dossier.due_at is not None else EventKind.EXTENDED)
    return [kind for kind in ACTIONS if kind in allowed]


def instant(field: str, typed: str) -> datetime | None:
    """The local instant, as people write it (30/11/2026 08:31) or as the script does (2026-11-30T08:31:00)."""
    if not typed:
        return None
    found = _INSTANT.fullmatch(typed)
    if found is None:
        raise MistypedField(field, "mistyped_instant")
    part = found.groupdict()
    try:
        if part["year"]:
            names = ("year", "month", "day", "hour", "minute")
            year, month, day, hour, minute = (int(part[name]) for name in names)
            return datetime(year, month, day, hour, minute, int(part["second"] or 0), tzinfo=LOCAL)
        clock = int(part["h"] or 0), int(part["min"] or 0)
        return datetime(int(part["y"]), int(part["m"]), int(part["d"]), *clock, tzinfo=LOCAL)
    except ValueError as wrong:
        raise MistypedField(field, "mistyped_instant") from wrong


def event_of_form(kind: EventKind, typed: Mapping[str, str], dossier: Dossier) -> dict[str, Any]:
    """The event that a form says, as the short form of the calls has it; raises MistypedField."""
    given: dict[str, Any] = {"event": kind.value}
    at = instant("occurred_at", typed.get("occurred_at", "").strip()) or _pressed(typed, dossier)
    if at is not None:
        given["occurred_at"] = at.isoformat()
    for field in ACTIONS[kind]:
        value = _value(field, typed)
        if value is not None:
            given[field.name] = value
        elif field.required:
            raise MistypedField(field.name, "missing_field")
    if kind is EventKind.CORRECTED:
        given |= _correction(given, dossier)
    elif kind is EventKind.RECEIVED:
        given |= _application(dossier)
    return given


def _pressed(typed: Mapping[str, str], dossier: Dossier) -> datetime | None:
    """When a script's form was sent first, to the second: not before what happened within that second."""
    at = instant("occurred_at", typed.get("pressed_at", ""))
    if at is not None and timedelta(0) < dossier.last_occurred_at - at < A_MOMENT:
        return dossier.last_occurred_at
    return at


def _value(field: ActionField, typed: Mapping[str, str]) -> Any:
    text = typed.get(field.name, "").strip()
    if field.kind is FieldKind.CHECK:
        return True if text else None
    if field.kind is FieldKind.TERM:
        return _term(field.name, typed)
    if not text:
        return None
    match field.kind:
        case FieldKind.INSTANT:
            at = instant(field.name, text)
            return None if at is None else at.isoformat()
        case FieldKind.AMOUNT:
            digits = text.replace(".", "").replace(" ", "")
            if not digits.isascii() or not digits.isdigit():
                raise MistypedField(field.name, "mistyped_amount")
            return int(digits)
        case FieldKind.CHOICE if field.name == "score":
            return int(text) if text in field.choices else text
        case _:
            return text


def _term(name: str, typed: Mapping[str, str]) -> dict[str, Any] | None:
    amount = typed.get(f"{name}_amount", "").strip()
    if not amount:
        return None
    if not amount.isascii() or not amount.isdigit():
        raise MistypedField(name, "mistyped_amount")
    return {"amount": int(amount), "unit": typed.get(f"{name}_unit", TermUnit.WORKING_DAYS)}


def _correction(given: Mapping[str, Any], dossier: Dossier) -> dict[str, Any]:
    """The old value as the dossier has it now, and the new one as a correction writes it."""
    name, new = given["field"], given.get("new_value")
    if name not in tuple(CorrectableField):
        return {"old_value": None, "new_value": new}
    old = getattr(dossier, name)
    if name in (CorrectableField.DUE_AT, CorrectableField.RECEIVED_AT):
        right = None if new is None else instant("new_value", new)
        return {
            "old_value": None if old is None else old.isoformat(),
            "new_value": None if right is None else right.isoformat(),
        }
    return {"old_value": None if old is None else str(old), "new_value": new}


def _application(dossier: Dossier) -> dict[str, Any]:
    """What a receipt says again of an application that was handed in before."""
    said = {
        "department": dossier.department,
        "procedure": dossier.procedure,
        "channel": dossier.channel,
        "online_level": dossier.online_level,
        "received_by": dossier.received_by,
    }
    return {name: value for name, value in said.items() if value is not None}
