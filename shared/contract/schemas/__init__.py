"""The published JSON Schemas: one golden file per version of what travels over topics, and of what is answered over HTTP.

They are made from the types as the code has them now; a minor change of a published one only adds an optional field.
"""

import inspect
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from shared.contract.announcements import AnnouncementV1
from shared.contract.envelope import CloudEvent
from shared.contract.http import REPORTING
from shared.contract.status import AlertV1, DeadLetterV1, StatusV1
from shared.domain.dossier import DeadlineChange, Hop, Suspension
from shared.domain.events import EVENT_TYPES
from shared.domain.lifecycle import State

Schema = dict[str, Any]

FOLDER = Path(__file__).parent
ANNOTATIONS = frozenset({"title", "description", "examples", "$schema", "$id"})  # say nothing of what is valid
DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/{name}"

PUBLISHED: dict[str, type[msgspec.Struct]] = {
    "envelope.v1": CloudEvent,
    "status.v1": StatusV1,
    "alert.v1": AlertV1,
    "dead-letter.v1": DeadLetterV1,
    "announcement.v1": AnnouncementV1,
    **{f"dossier.{name}.v1": event for name, event in EVENT_TYPES.items()},
}
NAMES_IN_VERSION_1 = {Suspension.__name__: "SuspensionV1", DeadlineChange.__name__: "DeadlineV1", Hop.__name__: "HopV1"}


def schemas() -> dict[str, Schema]:
    """Every published schema by its name (`dossier.received.v1`: the data of that event; `http.figures.v1`: an answer)."""
    return {name: {"$schema": DIALECT, "$id": f"urn:motcua:{name}"} | schema_of(cls) for name, cls in (PUBLISHED | REPORTING).items()}


def schema_of(cls: type[msgspec.Struct]) -> Schema:
    """The schema of one type, complete in itself."""
    return {"$ref": REFERENCE.format(name=cls.__name__), "$defs": components([cls], REFERENCE)}


def components(types: Iterable[type[msgspec.Struct]], reference: str) -> dict[str, Schema]:
    """The schemas of types and of what they hold, by name; `reference` is how one names another, such as `#/$defs/{name}`.

    The words of an enumeration stand where they are used. A state is any text to a reader: later versions may have more of them.
    """
    _, definitions = msgspec.json.schema_components(types, ref_template=reference)
    instead: dict[str, Schema] = {}
    for name, definition in definitions.items():
        if "enum" in definition:
            words = {"type": "string"} if name == State.__name__ else {"enum": definition["enum"]}
        else:
            words = {"$ref": reference.format(name=NAMES_IN_VERSION_1.get(name, name))}
        instead[reference.format(name=name)] = words
    found = {NAMES_IN_VERSION_1.get(name, name): definition for name, definition in definitions.items() if "enum" not in definition}
    return {name: _tidy(definition | {"title": name}, instead) for name, definition in found.items()}


def read_golden(folder: Path = FOLDER) -> dict[str, Schema]:
    """The schemas that have been published."""
    return {path.name.removesuffix(".json"): json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def document_text(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _tidy(schema: Any, instead: dict[str, Schema]) -> Any:
    """The same schema, its descriptions without the indentation of the code they come from, other words in place of some references."""
    match schema:
        case dict():
            tidied: Schema = {}
            for key, value in schema.items():
                if key == "$ref":
                    tidied |= instead[value]
                else:
                    tidied[key] = inspect.cleandoc(value) if key == "description" and isinstance(value, str) else _tidy(value, instead)
            return tidied
        case list() | tuple():
            return [_tidy(member, instead) for member in schema]
        case _:
            return schema


def breaks(published: dict[str, Any], changed: dict[str, Any]) -> list[str]:
    """Why `changed` is no minor change of `published`; empty when old and new understand each other both ways."""
    return list(_breaks(published, changed, "$"))


def _breaks(published: Any, changed: Any, path: str) -> Iterator[str]:
    if not isinstance(published, dict) or not isinstance(changed, dict):
        if published != changed:
            yield f"{path}: {published!r} became {changed!r}"
        return
    for word in sorted((published.keys() | changed.keys()) - ANNOTATIONS - {"properties", "required", "$defs"}):
        yield from _breaks(published.get(word), changed.get(word), f"{path}.{word}")
    yield from _properties(published.get("properties", {}), changed.get("properties", {}), path)
    yield from _required(published, changed, path)
    for name in published.get("$defs", {}).keys() & changed.get("$defs", {}).keys():
        yield from _breaks(published["$defs"][name], changed["$defs"][name], f"{path}.{name}")


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
