"""Every event as the API documents show it: its fields described, what is required, an example that works."""

from collections.abc import Iterable, Iterator
from typing import Any

from services.intake.http.service import STATUS
from shared.contract.accepted import ACCEPTED, DETAILED, REQUIRED_BY_LAW
from shared.contract.applicants import ApplicantDetails
from shared.contract.envelope import JSON, event_type
from shared.contract.http import REFERENCE
from shared.contract.schemas import components
from shared.domain.errors import Refusal
from shared.domain.terms import Term
from shared.domain.texts import DOSSIER_CODE

Schema = dict[str, Any]
DUE = "2029-12-28T17:00:00+07:00"
EXAMPLE_CODE, EXAMPLE_TIME = "H59.15-261102-0001", "2026-11-02T08:31:00+07:00"
ABOUT = {"department": "H59.15", "procedure": "2.000635", "channel": "online", "online_level": "full"}
EXAMPLES: dict[str, dict[str, Any]] = {
    "submitted": ABOUT,
    "received": ABOUT,
    "declined": {"reason": "thành phần hồ sơ không đúng quy định"},
    "processing_started": {"unit": "Phòng Hộ tịch", "officer": "o-17"},
    "supplement_requested": {"missing": "bản sao giấy khai sinh"},
    "supplemented": {},
    "payment_requested": {"amount_vnd": 50_000},
    "payment_settled": {"amount_vnd": 50_000, "paid_online": True},
    "extended": {
        "by": {"amount": 5, "unit": "working_days"},
        "legal_ground": "khoản 3 Điều 15 Nghị định 61/2018/NĐ-CP",
    },
    "apologised": {"reason": "chờ ý kiến liên ngành", "promised_at": DUE},
    "forwarded": {"agency": "Cục Thuế tỉnh", "due_at": DUE},
    "forward_answered": {"agency": "Cục Thuế tỉnh"},
    "withdrawn": {"reason": "người nộp rút hồ sơ"},
    "stopped": {"reason": "hết thời hạn bổ sung"},
    "resolved": {"outcome": "granted", "electronic_result": True},
    "returned": {"channel": "in_person"},
    "rated": {"score": 5},
    "fee_paid": {"amount_vnd": 50_000, "paid_online": True},
    "corrected": {"field": "online_level", "old_value": "full", "new_value": "partial", "reason": "nhập nhầm"},
    "assigned": {"unit": "Phòng Hộ tịch", "officer": "o-18"},
    "supplement_lapsed": {},
    "suspended": {"ground": "chờ ý kiến của cơ quan có thẩm quyền"},
    "resumed": {},
    "deadline_set": {"term": {"amount": 5, "unit": "working_days"}, "ground": "đã thông báo nghĩa vụ tài chính"},
    "transferred": {"agency": "Bộ Tư pháp", "reason": "không thuộc thẩm quyền"},
    "reopened": {"reason": "kết quả bị thu hồi", "legal_ground": "khoản 3 Điều 15 Nghị định 61/2018/NĐ-CP"},
    "voided": {"reason": "nhập hai lần", "duplicate_of": "H59.15-261102-0002"},
}
_INSTANT = {"type": "string", "format": "date-time"}


def event_schema() -> Schema:
    """One of the events in the short form, told apart by `event`."""
    return _one_of("event", {name: f"Event{_class(name)}" for name in ACCEPTED})


def cloud_event_schema() -> Schema:
    """One of the events as a CloudEvent, told apart by `type`."""
    return _one_of("type", {event_type(name): f"CloudEvent{_class(name)}" for name in ACCEPTED})


def examples(name_of: str, made: Iterable[tuple[str, Schema]]) -> Schema:
    """Named examples of a body, as OpenAPI has them."""
    return {name: {"summary": f"{name_of} {name}", "value": value} for name, value in made}


def short_form_example(name: str) -> Schema:
    """An event that happens now."""
    return {"event": name} | EXAMPLES[name]


def cloud_event_example(name: str) -> Schema:
    """An event of the examples' dossier."""
    return {
        "specversion": "1.0",
        "id": f"example-{name}",
        "source": "/centres/tra-vinh/counters/07",
        "type": event_type(name),
        "subject": EXAMPLE_CODE,
        "time": EXAMPLE_TIME,
        "datacontenttype": JSON,
        "data": EXAMPLES[name],
    }


def refusals() -> str:
    """Why an event may be refused, as a table: the code, its status, what it means."""
    rows = sorted({(kind.code, STATUS.get(kind.code, 422), _meaning(kind)) for kind in _kinds(Refusal)})
    table = "\n".join(f"| `{code}` | {status} | {meaning} |" for code, status, meaning in rows)
    return f"Refusals, by `code`:\n\n| code | status | meaning |\n|---|---|---|\n{table}"


def _kinds(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for narrower in kind.__subclasses__():
        yield narrower
        yield from _kinds(narrower)


def _meaning(kind: type[Refusal]) -> str:
    return " ".join((kind.__doc__ or "").split())


def _one_of(discriminator: str, named: dict[str, str]) -> Schema:
    references = {value: REFERENCE.format(name=name) for value, name in named.items()}
    return {
        "oneOf": [{"$ref": each} for each in references.values()],
        "discriminator": {"propertyName": discriminator, "mapping": references},
    }


def event_components() -> Schema:
    """The components of the events' schemas."""
    data = components(ACCEPTED.values(), REFERENCE)
    data[Term.__name__]["additionalProperties"] = False
    for name, field in DETAILED.items():
        data[_class(name)] = _with_details(data[_class(name)], field)
    for name, fields in REQUIRED_BY_LAW.items():
        for field in fields:
            data[_class(name)] = _requiring(data[_class(name)], field)
    short = {f"Event{_class(name)}": _short_form(name, data[_class(name)]) for name in ACCEPTED}
    cloud = {f"CloudEvent{_class(name)}": _cloud_event(name, data[_class(name)]) for name in ACCEPTED}
    return {**data, **short, **cloud}


def _class(name: str) -> str:
    return ACCEPTED[name].__name__


def _with_details(schema: Schema, field: str) -> Schema:
    """The event, who applies as an object too: that goes into the encrypted table, and a pseudonym into the event."""
    described = schema["properties"][field]
    details = {"$ref": REFERENCE.format(name=ApplicantDetails.__name__)}
    properties = schema["properties"] | {field: described | {"anyOf": [*described["anyOf"], details]}}
    return schema | {"properties": properties}


def _requiring(schema: Schema, field: str) -> Schema:
    described = schema["properties"][field]
    text = next(each for each in described["anyOf"] if each["type"] == "string")
    properties = schema["properties"] | {field: {"description": described["description"], **text}}
    return schema | {"properties": properties, "required": [*schema.get("required", ()), field]}


def _short_form(name: str, data: Schema) -> Schema:
    head = {
        "event": {"const": name, "description": "the event's name"},
        "occurred_at": {
            "anyOf": [_INSTANT, {"type": "null"}],
            "description": "when it happened, with its offset; now when missing",
        },
    }
    return data | {
        "title": name,
        "properties": head | data["properties"],
        "required": ["event", *data.get("required", ())],
        "examples": [short_form_example(name)],
    }


def _cloud_event(name: str, data: Schema) -> Schema:
    text = {"type": "string", "minLength": 1}
    properties = {
        "specversion": {"const": "1.0", "description": "the version of CloudEvents"},
        "id": text | {"maxLength": 200, "description": "the sender's; the same id with the same content is a repeat"},
        "source": text | {"maxLength": 2000, "description": "who sends it"},
        "type": {"const": event_type(name), "description": "what happened"},
        "subject": {"type": "string", "pattern": DOSSIER_CODE, "maxLength": 64, "description": "the dossier's code"},
        "time": _INSTANT | {"description": "when it happened, with its offset"},
        "datacontenttype": {"type": ["string", "null"], "default": JSON, "description": "the media type of data"},
        "data": {"$ref": REFERENCE.format(name=_class(name)), "description": "the event's own fields"},
    }
    required = ["specversion", "id", "source", "type", "subject", "time", *(["data"] if data.get("required") else [])]
    extensions = {
        "type": ["string", "integer", "boolean", "null"],
        "description": "an extension attribute, kept as it is",
    }
    return {
        "title": event_type(name),
        "description": data["description"],
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": extensions,
        "examples": [cloud_event_example(name)],
    }
