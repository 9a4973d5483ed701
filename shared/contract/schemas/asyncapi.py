"""The AsyncAPI 3 document of the topics: generated from the topics and the types, so that it cannot drift from them."""

from typing import Any

from shared.contract.announcements import AnnouncementV1
from shared.contract.envelope import JSON, CloudEvent, event_type
from shared.contract.schemas import PUBLISHED, components
from shared.contract.status import AlertV1, DeadLetterV1, StatusV1
from shared.contract.topics import ALERTS, ANNOUNCEMENTS, DEAD_LETTERS, EVENTS, STATUS, TICKS, TOPICS, Topic
from shared.domain.events import EVENT_TYPES

DESCRIPTION = (
    "Dossiers of public-service centres as they are received, handled and returned. Delivery is at least once, in order per dossier; "
    "`sequence` and `version` make every step idempotent. Readers ignore fields they do not know."
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


def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Motcua",
            "version": "1",
            "description": DESCRIPTION,
        },
        "defaultContentType": JSON,
        "channels": {_channel(topic): _channel_of(topic) for topic in TOPICS},
        "operations": {name: operation for topic in TOPICS for name, operation in _operations(topic)},
        "components": {"messages": _messages(), "schemas": _schemas()},
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
        "description": f"{topic.description}. Unreadable records go to {topic.dead_letters or 'nowhere further: this is where they end'}.",
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


def _schemas() -> dict[str, Any]:
    return dict(sorted(components(PUBLISHED.values(), "#/components/schemas/{name}").items()))


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
