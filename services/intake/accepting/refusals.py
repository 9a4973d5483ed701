"""What intake itself refuses, each with a stable code; and how a message says what is wrong and how to write it."""

import re
from difflib import get_close_matches
from enum import StrEnum

import msgspec

from shared.contract.accepted import EXTENSION, LONGEST_EXTENSION_TEXT, MOST_EXTENSION_KEYS
from shared.contract.applicants import (
    LONGEST_ADDRESS,
    LONGEST_EMAIL,
    LONGEST_NUMBER,
    LONGEST_PERSON,
    LONGEST_PHONE,
)
from shared.domain.errors import Refusal
from shared.domain.fields import Channel, CorrectableField, OnlineLevel, Outcome
from shared.domain.terms import TermUnit


class Wrong(StrEnum):
    """What may be wrong with a field: what machines tell it by, and the words that it is told in. Another language has
    words of its own for each."""

    MISSING = "is missing"
    NO_FIELD = "not a field of"
    NOT_KNOWN = "is not known"
    NO_VALUE = "is none of its values"
    NOT_SO_WRITTEN = "is not written as it should be"
    NO_INSTANT = "is not an instant"
    NO_OFFSET = "has no offset"
    NO_DAY = "is no day"
    EMPTY = "is empty"
    TOO_LONG = "is too long"
    TOO_SMALL = "is too small"
    TOO_LARGE = "is too large"
    A_TEXT = "is a text"
    NO_TEXT = "is not a text"
    A_WHOLE_NUMBER = "is a whole number"
    A_FRACTION = "is a number with a fraction"
    A_TRUTH = "is true or false"
    A_LIST = "is a list"
    AN_OBJECT = "is an object"
    NO_OBJECT = "is not an object"
    NULL = "is null"
    NOBODY = "names nobody"
    NO_LETTER = "holds no letter and no digit"
    NOT_JSON = "is not that of JSON"


class Malformed(Refusal):
    """Not an event of the contract: the message names the field. `what` is wrong with it, or with the `value` that is
    shown; None where it is told in words alone."""

    code = "malformed"

    def __init__(
        self, detail: str, field: str | None = None, *, what: Wrong | None = None, value: str | None = None
    ) -> None:
        super().__init__(detail, field)
        self.what, self.value = what, value


class PersonalData(Refusal):
    """A text tells who a person is; the message never repeats it."""

    code = "personal_data"


class OwnDetails(PersonalData):
    """A text has what is kept of the dossier's applicant: whoever is told so knows it, which the audit notes."""

    def __init__(self, detail: str, field: str, what: str) -> None:
        super().__init__(detail, field)
        self.what = what


class DetailsNotKept(Refusal):
    """Details of an applicant came, and this installation keeps none: no master key is set."""

    code = "details_not_kept"
    usual_field = "data.applicant"


class NoPause(Refusal):
    """A deadline given with an event that ends no pause: it would move nothing."""

    code = "no_pause"
    usual_field = "data.due_at"


class HeldBack(Refusal):
    """The content of an earlier event of the dossier was refused: once this one is in the log, its correction may come
    too late."""

    code = "held_back"
    usual_field = "subject"


class UnknownType(Refusal):
    """The type is not an event of the lifecycle."""

    code = "unknown_type"
    usual_field = "type"


class UnknownDepartment(Refusal):
    """The department is not in the catalogue."""

    code = "unknown_department"
    usual_field = "data.department"


class WrongDepartment(Refusal):
    """The catalogue gives the procedure to another department."""

    code = "wrong_department"
    usual_field = "data.department"


class UnitEnded(Refusal):
    """The unit was renamed, merged, split up or dissolved before that day; the message names who took over."""

    code = "unit_ended"
    usual_field = "data.department"


class ChannelNotOffered(Refusal):
    """The procedure is not offered by this channel, or not at this online level."""

    code = "channel_not_offered"
    usual_field = "data.channel"


class UnknownChannel(Refusal):
    """The channel is not in the catalogue."""

    code = "unknown_channel"
    usual_field = "data.channel"


class NoDeadline(Refusal):
    """What has no deadline can't be extended."""

    code = "no_deadline"
    usual_field = "data.by"


class OnlineLevelNotOnline(Refusal):
    """A dossier that did not come in online has no online level."""

    code = "online_level_not_online"
    usual_field = "data.online_level"


class UnknownProcedure(Refusal):
    """The procedure is not in the catalogue, and the event does not carry the deadline it would give."""

    code = "unknown_procedure"
    usual_field = "data.procedure"


class InFuture(Refusal):
    """The event says it happens later than the clock allows."""

    code = "in_future"
    usual_field = "time"


class IdReused(Refusal):
    """The id was accepted before with other content."""

    code = "id_reused"
    usual_field = "id"


class KeyReused(Refusal):
    """The Idempotency-Key was used before with another request."""

    code = "idempotency_key_reused"
    usual_field = "Idempotency-Key"


class Forbidden(Refusal):
    """Outside what the sender's key is for."""

    code = "forbidden"

    def __init__(self, detail: str, field: str | None = None, *, vietnamese: str) -> None:
        super().__init__(detail, field)
        self.vietnamese = vietnamese


class TooLarge(Refusal):
    """The event is larger than the service takes."""

    code = "too_large"


class DossierChanged(Refusal):
    """What intake computed from a dossier is out of date: the dossier has had another event since. Compute it again."""

    code = "dossier_changed"


DEEPEST = 32
LONGEST_ECHO = 80
LIKENESS = 0.6
INSTANT = "write it with its offset, such as 2023-12-08T08:31:00+07:00"
_AMOUNT = "write a whole number of VND, such as 50000"
_TRUTH = "write true or false"
_TEXT = "write a text of 1 to 2000 characters"
HINTS = {
    "specversion": 'write "specversion": "1.0"',
    "id": "give every event its own id of 1 to 200 characters, the same when it is sent again",
    "source": "say who sends it, such as /centres/tra-vinh/counters/07",
    "type": "write vn.motcua.dossier.<event>.v1",
    "subject": "write the dossier's code, such as H59.15-231208-0001",
    "time": f"say when it happened; {INSTANT}",
    "event": "write the event's name, such as processing_started",
    "data": "write the event's fields as a JSON object, {} when it has none",
    "data.field": f"choose one of {', '.join(CorrectableField)}",
    "data.department": "write the department's code, such as H59.15 (GET /v1/departments lists them)",
    "data.procedure": "write the procedure's code, such as 2.000635 (GET /v1/procedures lists them)",
    "data.channel": f"choose one of {', '.join(Channel)} (a dossier's own: or another of GET /v1/channels)",
    "data.online_level": f"choose one of {', '.join(OnlineLevel)}, or leave it out",
    "data.outcome": f"choose one of {', '.join(Outcome)}",
    "data.term": 'write it as {"amount": 5, "unit": "working_days"}',
    "data.term.amount": "write a whole number from 1 to 10000",
    "data.term.unit": f"choose one of {', '.join(TermUnit)}",
    "data.due_at": INSTANT,
    "data.promised_at": INSTANT,
    "data.amount_vnd": _AMOUNT,
    "data.paid_online": _TRUTH,
    "data.electronic_result": _TRUTH,
    "data.score": "write a whole number from 1 to 5",
    "data.old_value": "write what the dossier says now as a text, null when it says nothing",
    "data.new_value": "write what is right as a text, null to take the value away",
    "data.reason": _TEXT,
    "data.missing": _TEXT,
    "data.legal_ground": _TEXT,
    "data.officer": "write the officer's pseudonym, such as o-17",
    "data.unit": "write the unit's name or code",
    "data.received_by": "write the code of the unit that took it in, such as H59.20, or leave it out",
    "data.follows": "write the earlier dossier's code, such as H59.15-231208-0001",
    "data.duplicate_of": "write the other dossier's code, such as H59.15-231208-0001",
    "data.by": 'write the term that the deadline moves by, such as {"amount": 5, "unit": "working_days"}',
    "data.starts_at": INSTANT,
    "data.acceptance_due_at": f"leave it out; {INSTANT}",
    "data.channel_class": f"leave it out; one of {', '.join(Channel)}",
    "data.recompute": _TRUTH,
    "data.deadlines": "leave them out; intake computes them",
    "data.ground": _TEXT,
    "data.agency": "write the agency's name or code",
    "data.applicant": f"{_TEXT}, or an object of id_number, name, phone, email, address and birthday",
    "data.applicant.id_number": f"write the number, at most {LONGEST_NUMBER} characters, or leave it out",
    "data.applicant.name": f"write the full name, at most {LONGEST_PERSON} characters, or leave it out",
    "data.applicant.phone": f"write the number, at most {LONGEST_PHONE} characters, or leave it out",
    "data.applicant.email": f"write the address, at most {LONGEST_EMAIL} characters, or leave it out",
    "data.applicant.address": f"write the address, at most {LONGEST_ADDRESS} characters, or leave it out",
    "data.applicant.birthday": "write the day of birth, such as 1980-01-31, or leave it out",
    "data.x": (
        f"write an object of at most {MOST_EXTENSION_KEYS} keys (a-z, 0-9 and _, a letter first, 40 at most) whose "
        f"values are texts of at most {LONGEST_EXTENSION_TEXT} characters, numbers, true, false or null"
    ),
}
_PATH = re.compile(r" - at (?:`key` in )?`\$\.?([^`]*)`$")
_QUOTED = re.compile(r"`([^`]*)`")
_NO_VALUE = "Invalid enum value "
_KINDS = {
    "str": Wrong.A_TEXT,
    "int": Wrong.A_WHOLE_NUMBER,
    "float": Wrong.A_FRACTION,
    "bool": Wrong.A_TRUTH,
    "array": Wrong.A_LIST,
    "object": Wrong.AN_OBJECT,
    "null": Wrong.NULL,
}


def echo(value: str) -> str:
    """A sender's value in an answer: its beginning, quoted, without what a terminal would act on."""
    shown = value if len(value) <= LONGEST_ECHO else value[: LONGEST_ECHO - 1] + "…"
    return "'" + "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in shown) + "'"


def wrong_field(field: str, what: Wrong | str, fix: str | None = None, value: str | None = None) -> Malformed:
    """The refusal of a field: what is wrong with it, or with its value as it is shown, and how to write it."""
    hint, said = fix or _hint(field), what if value is None else f"{value} {what}"
    detail = f"{field}: {said}" + (f"; {hint}" if hint else "")
    return Malformed(detail, field, what=what if isinstance(what, Wrong) else None, value=value)


def _hint(field: str) -> str | None:
    """How to write the field, or what it lies in."""
    while field not in HINTS and field.count(".") > 1:
        field = field.rpartition(".")[0]
    return HINTS.get(field)


def unknown_field(field: str, owner: str, known: tuple[str, ...]) -> Malformed:
    """The refusal of a field that nothing reads, with the known one that was probably meant."""
    name = field.rpartition(".")[2]
    near = get_close_matches(name, known, n=1, cutoff=LIKENESS)
    meant = (
        f"did you mean {near[0]}?"
        if near
        else f"its fields are {', '.join(known)}; facts of your own go into {EXTENSION}"
    )
    return Malformed(f"{field}: {Wrong.NO_FIELD} {owner}; {meant}", field, what=Wrong.NO_FIELD)


def malformed(wrong: Exception, inside: str = "") -> Malformed:
    """What could not be read, beginning with the field; `inside` is where in the event it was read."""
    if isinstance(wrong, RecursionError):
        return too_deep(inside or "data")
    if not isinstance(wrong, msgspec.ValidationError):
        return Malformed(f"not an event: {unreadable(wrong)}", inside or None)
    text = str(wrong)
    path, reason = _PATH.search(text), _PATH.sub("", text)
    named = _QUOTED.search(reason) if reason.startswith("Object ") else None
    parts = (inside, path[1].replace("[...]", "") if path else "", named[1] if named else "")
    field = ".".join(part for part in parts if part)
    if not field:
        return Malformed("not an event: it is not a JSON object; send a CloudEvent")
    value = reason.removeprefix(_NO_VALUE) if reason.startswith(_NO_VALUE) else None
    return wrong_field(field, _plainly(reason), value=None if value is None else echo(value.strip(chr(39))))


def unreadable(wrong: Exception) -> str:
    """Why bytes are no JSON."""
    if isinstance(wrong, UnicodeDecodeError):
        return "the text is not UTF-8; save and send it as UTF-8"
    if isinstance(wrong, RecursionError):
        return f"it is nested deeper than {DEEPEST} levels; leave documents out of it"
    return f"it is not JSON ({str(wrong)[:LONGEST_ECHO]}); send one JSON object"


def too_deep(field: str) -> Malformed:
    return Malformed(
        f"{field}: is nested deeper than {DEEPEST} levels; an event's facts lie flat, leave documents out of it", field
    )


def _plainly(reason: str) -> Wrong | str:
    """What msgspec says of a value, without its types and patterns."""
    if reason.startswith("Object missing"):
        return Wrong.MISSING
    if reason.startswith("Object contains unknown"):
        return Wrong.NOT_KNOWN
    if reason.startswith(_NO_VALUE):
        return Wrong.NO_VALUE
    if "got `" in reason:
        got = _QUOTED.findall(reason)[-1]
        return _KINDS.get(got, f"is {got}")
    if "regex" in reason:
        return Wrong.NOT_SO_WRITTEN
    if "RFC3339" in reason or "out of range" in reason:
        return Wrong.NO_INSTANT
    if "timezone" in reason:
        return Wrong.NO_OFFSET
    if "of length" in reason:
        return Wrong.EMPTY if ">=" in reason else Wrong.TOO_LONG
    return Wrong.TOO_SMALL if ">=" in reason else Wrong.TOO_LARGE
