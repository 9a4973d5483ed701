"""The published JSON Schemas: one golden file per version of what travels over topics, and of what is answered over
HTTP; and the AsyncAPI document of the topics.

The schemas are made from the types as the code has them now;
a minor change of a published one only adds an optional field.
"""

import inspect
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from shared.contract.announcements import AnnouncementV1
from shared.contract.envelope import JSON, CloudEvent, event_type
from shared.contract.http import HTTP_MESSAGES
from shared.contract.status import AlertV1, DeadLetterV1, StatusV1
from shared.contract.topics import ALERTS, ANNOUNCEMENTS, DEAD_LETTERS, EVENTS, STATUS, TICKS, TOPICS, Topic
from shared.domain.dossier import Hop, Suspension
from shared.domain.events import EVENT_TYPES
from shared.domain.fields import DeadlineChange
from shared.domain.lifecycle import State
from shared.domain.texts import DEPARTMENT_CODE, DOSSIER_CODE, exactly

Schema = dict[str, Any]

FOLDER = Path(__file__).parent
ANNOTATIONS = frozenset({"title", "description", "examples", "$schema", "$id"})  # say nothing of what is valid
DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/{name}"
_OF_DECISION_20 = r"[A-Z][0-9]{2}(\.[0-9]{1,3})*"
WIDENED = {
    exactly(f"^{_OF_DECISION_20}$"): exactly(DEPARTMENT_CODE),
    exactly(f"^{_OF_DECISION_20}-[0-9]{{6}}-[0-9]{{4,}}$"): exactly(DOSSIER_CODE),
    f"^{_OF_DECISION_20}-[0-9]{{6}}-[0-9]{{4,}}$": DOSSIER_CODE,
}
"""Patterns of codes as they were published, and as they are now, which holds every code that they held."""

ASKED = frozenset(
    {
        "http.new-announcement.v1",
        "http.new-dossier.v1",
        "http.new-follow-up-answer.v1",
        "http.new-note.v1",
        "http.new-publication.v1",
        "http.follow-ups-to-send.v1",
    }
)
PUBLISHED: dict[str, type[msgspec.Struct]] = {
    "envelope.v1": CloudEvent,
    "status.v1": StatusV1,
    "alert.v1": AlertV1,
    "dead-letter.v1": DeadLetterV1,
    "announcement.v1": AnnouncementV1,
    **{f"dossier.{name}.v1": event for name, event in EVENT_TYPES.items()},
}
NAMES_IN_VERSION_1 = {Suspension.__name__: "SuspensionV1", DeadlineChange.__name__: "DeadlineV1", Hop.__name__: "HopV1"}

API_DESCRIPTION = (
    "Dossiers of public-service centres as they are received, handled and returned. Delivery is at least once, in "
    "order per dossier; `sequence` and `version` make every step idempotent. Readers ignore fields they do not know."
)
KAFKA_BINDING = "0.5.0"
TICK = "tick"
MESSAGES: dict[str, tuple[str, ...]] = {
    EVENTS.name: tuple(EVENT_TYPES),
    STATUS.name: ("status",),
    ALERTS.name: ("alert",),
    DEAD_LETTERS.name: ("dead_letter",),
    TICKS.name: (TICK,),
    ANNOUNCEMENTS.name: ("announcement",),
}
_WHOLE = {"status": StatusV1, "alert": AlertV1, "dead_letter": DeadLetterV1, "announcement": AnnouncementV1}


def schemas() -> dict[str, Schema]:
    """Every published schema by its name (`dossier.received.v1`: the data of that event;
    `http.figures.v1`: an answer)."""
    return {
        name: {"$schema": DIALECT, "$id": f"urn:motcua:{name}"} | schema_of(cls)
        for name, cls in (PUBLISHED | HTTP_MESSAGES).items()
    }


def schema_of(cls: type[msgspec.Struct]) -> Schema:
    """The schema of one type, complete in itself."""
    return {"$ref": REFERENCE.format(name=cls.__name__), "$defs": components([cls], REFERENCE)}


def components(types: Iterable[type[msgspec.Struct]], reference: str) -> dict[str, Schema]:
    """The schemas of types and of what they hold, by name;
    `reference` is how one names another, such as `#/$defs/{name}`.

    The words of an enumeration stand where they are used.
    A state is any text to a reader: later versions may have more of them.
    """
    _, definitions = msgspec.json.schema_components(types, ref_template=reference)
    instead: dict[str, Schema] = {}
    for name, definition in definitions.items():
        if "enum" in definition:
            words = {"type": "string"} if name == State.__name__ else {"enum": definition["enum"]}
        else:
            words = {"$ref": reference.format(name=NAMES_IN_VERSION_1.get(name, name))}
        instead[reference.format(name=name)] = words
    structs = {
        NAMES_IN_VERSION_1.get(name, name): definition
        for name, definition in definitions.items()
        if "enum" not in definition
    }
    return {name: _tidy(definition | {"title": name}, instead) for name, definition in structs.items()}


def read_golden(folder: Path = FOLDER) -> dict[str, Schema]:
    """The schemas that have been published."""
    return {
        path.name.removesuffix(".json"): json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))
    }


def document_text(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _tidy(schema: Any, instead: dict[str, Schema]) -> Any:
    """The same schema, its descriptions without the line breaks of the code they come from,
    other words in place of some references."""
    match schema:
        case dict():
            tidied: Schema = {}
            for key, value in schema.items():
                if key == "$ref":
                    tidied |= instead[value]
                else:
                    is_text = key == "description" and isinstance(value, str)
                    tidied[key] = _unwrapped(value) if is_text else _tidy(value, instead)
            return tidied
        case list() | tuple():
            return [_tidy(member, instead) for member in schema]
        case _:
            return schema


def _unwrapped(text: str) -> str:
    """The text with each of its paragraphs on one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in inspect.cleandoc(text).split("\n\n"))


def breaks(published: dict[str, Any], changed: dict[str, Any], *, is_asked: bool = False) -> list[str]:
    """Why `changed` is no minor change of `published`; empty when old and new understand each other both ways.

    What is asked of a service (`is_asked`) may come to be writable in more ways: no reader meets the new one.
    """
    return list(_breaks(published, changed, _ASKED if is_asked else "$"))


def _breaks(published: Any, changed: Any, path: str) -> Iterator[str]:
    if path.startswith(_ASKED) and path.endswith(".anyOf") and all(way in changed for way in published):
        return
    if isinstance(published, list) and isinstance(changed, list) and len(published) == len(changed):
        for number, (before, after) in enumerate(zip(published, changed, strict=True)):
            yield from _breaks(before, after, f"{path}[{number}]")
        return
    if not isinstance(published, dict) or not isinstance(changed, dict):
        if published != changed:
            yield f"{path}: {published!r} became {changed!r}"
        return
    wider = _WORDS if _is_wider(published, changed) else frozenset()
    for word in sorted((published.keys() | changed.keys()) - ANNOTATIONS - wider - {"properties", "required", "$defs"}):
        yield from _breaks(published.get(word), changed.get(word), f"{path}.{word}")
    yield from _properties(published.get("properties", {}), changed.get("properties", {}), path)
    yield from _required(published, changed, path)
    for name in published.get("$defs", {}).keys() & changed.get("$defs", {}).keys():
        yield from _breaks(published["$defs"][name], changed["$defs"][name], f"{path}.{name}")


_ASKED = "$asked"
_WORDS = frozenset({"enum", "type", "pattern", "maxLength"})


def _is_wider(published: dict[str, Any], changed: dict[str, Any]) -> bool:
    """Whether a text may have more values than before (docs/decisions/0018-words-that-grow.md)."""
    words = published.get("enum")
    if words is None:
        before = published.get("pattern")
        return before is not None and WIDENED.get(before) == changed.get("pattern")
    if "enum" in changed:
        return set(words) <= set(changed["enum"])
    return changed.get("type") == "string" and all(re.search(changed.get("pattern", ""), word) for word in words)


def _properties(published: dict[str, Any], changed: dict[str, Any], path: str) -> Iterator[str]:
    for name, schema in published.items():
        if name not in changed:
            yield f"{path}.{name}: the field was removed; a reader may rely on it"
        else:
            yield from _breaks(schema, changed[name], f"{path}.{name}")


def _required(published: dict[str, Any], changed: dict[str, Any], path: str) -> Iterator[str]:
    before, after = set(published.get("required", ())), set(changed.get("required", ()))
    for name in sorted(after - before):
        yield f"{path}.{name}: the field became required; what was written before lacks it"
    for name in sorted(before - after):
        yield f"{path}.{name}: the field is no longer required; a reader may rely on it"


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document of the topics: from the topics and the types, so that it cannot drift from them."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Motcua",
            "version": "1",
            "description": API_DESCRIPTION,
        },
        "defaultContentType": JSON,
        "channels": {_channel(topic): _channel_of(topic) for topic in TOPICS},
        "operations": {name: operation for topic in TOPICS for name, operation in _operations(topic)},
        "components": {"messages": _messages(), "schemas": _components()},
    }


def _channel(topic: Topic) -> str:
    """`dossier.events` of `motcua.dossier.events.v1`."""
    return topic.name.removeprefix("motcua.").removesuffix(".v1")


def _channel_of(topic: Topic) -> dict[str, Any]:
    configuration: dict[str, Any] = {"cleanup.policy": [topic.cleanup_policy]}
    if topic.cleanup_policy == "delete":
        configuration["retention.ms"] = topic.retention_ms
    partitions = {} if topic.partitions is None else {"partitions": topic.partitions}
    return {
        "address": topic.name,
        "description": (
            f"{topic.description}. Unreadable records go to "
            f"{topic.dead_letters or 'nowhere further: this is where they end'}."
        ),
        "messages": {name: _ref("messages", name) for name in MESSAGES[topic.name]},
        "bindings": {"kafka": {**partitions, "topicConfiguration": configuration, "bindingVersion": KAFKA_BINDING}},
    }


def _operations(topic: Topic) -> list[tuple[str, dict[str, Any]]]:
    channel = {"$ref": f"#/channels/{_channel(topic)}"}
    roles = [("send", who) for who in topic.producers] + [("receive", who) for who in topic.consumers]
    return [(f"{who}.{action}.{_channel(topic)}", {"action": action, "channel": channel}) for action, who in roles]


def _messages() -> dict[str, Any]:
    keys = {name: topic.key for topic in TOPICS for name in MESSAGES[topic.name]}
    return {name: _message(name, key) for name, key in keys.items()}


def _message(name: str, key: str) -> dict[str, Any]:
    title = event_type(name) if name in EVENT_TYPES else name
    bindings = {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": KAFKA_BINDING}}
    return {"name": title, "contentType": JSON, "payload": _payload(name), "bindings": bindings}


def _payload(name: str) -> dict[str, Any]:
    if name in EVENT_TYPES:
        data = {"type": {"const": event_type(name)}, "data": _ref("schemas", EVENT_TYPES[name].__name__)}
        return {"allOf": [_ref("schemas", CloudEvent.__name__), {"type": "object", "properties": data}]}
    if name == TICK:
        return {"type": "object", "description": "internal to the processor; not for others to read"}
    return _ref("schemas", _WHOLE[name].__name__)


def _components() -> dict[str, Any]:
    return dict(sorted(components(PUBLISHED.values(), "#/components/schemas/{name}").items()))


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
